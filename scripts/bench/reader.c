// The measuring end of the benchmark: reads, walks and opens as fast as one thread can.
// usage: reader seq FILE BLOCK PASSES | rand FILE BLOCK COUNT | walk FOLDER | open FOLDER
// Prints the amount done (bytes or files) and the seconds it took.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t done;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int open_file(const char* path, struct stat* stat) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, stat) != 0) fail(path);
  return fd;
}

static char* block_of(size_t size) {
  void* block;
  if (posix_memalign(&block, 4096, size) != 0) fail("memory");
  memset(block, 1, size);
  return block;
}

static void read_sequentially(const char* path, size_t size, int passes) {
  struct stat stat;
  const int fd = open_file(path, &stat);
  char* block = block_of(size);
  while (passes-- > 0) {
    ssize_t got;
    for (off_t at = 0; (got = pread(fd, block, size, at)) > 0; at += got) done += (uint64_t)got;
    if (got < 0) fail(path);
  }
  close(fd);
}

static void read_randomly(const char* path, size_t size, long count) {
  struct stat stat;
  const int fd = open_file(path, &stat);
  char* block = block_of(size);
  const uint64_t blocks = (uint64_t)stat.st_size / size;
  uint64_t seed = 88172645463325252ull;
  while (count-- > 0) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    const ssize_t got = pread(fd, block, size, (off_t)(seed % blocks * size));
    if (got != (ssize_t)size) fail(path);
    done += (uint64_t)got;
  }
  close(fd);
}

static void look(const char* path) {
  struct stat stat;
  if (lstat(path, &stat) != 0) fail(path);
}

static void open_and_read(const char* path) {
  static char block[4096];
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, block, sizeof block) < 0) fail(path);
  close(fd);
}

static void each_file(const char* folder, void (*visit)(const char*)) {
  DIR* stream = opendir(folder);
  if (stream == NULL) fail(folder);
  char path[4096];
  for (struct dirent* entry; (entry = readdir(stream)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    struct stat stat;
    int is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) is_folder = lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode);
    if (is_folder) {
      each_file(path, visit);
      continue;
    }
    visit(path);
    ++done;
  }
  closedir(stream);
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const double start = now();
  if (strcmp(argv[1], "seq") == 0) read_sequentially(argv[2], strtoul(argv[3], NULL, 10), atoi(argv[4]));
  else if (strcmp(argv[1], "rand") == 0) read_randomly(argv[2], strtoul(argv[3], NULL, 10), atol(argv[4]));
  else if (strcmp(argv[1], "walk") == 0) each_file(argv[2], look);
  else if (strcmp(argv[1], "open") == 0) each_file(argv[2], open_and_read);
  else return 2;
  printf("%llu %.9f\n", (unsigned long long)done, now() - start);
  return 0;
}
