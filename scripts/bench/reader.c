// The measuring end of the benchmark: reads, writes, walks and opens as fast as one thread can.
// usage: reader seq FILE BLOCK PASSES | four FILE BLOCK PASSES | rand FILE BLOCK COUNT | map FILE PASSES
//               | walk FOLDER | open FOLDER | make FOLDER COUNT | write FILE BLOCK BYTES
// Prints the amount done (bytes or files) and the seconds it took.
//        reader follow BYTE <PATHS
// Opens each path of its input, whose content must begin with that byte, and prints the times
// (CLOCK_MONOTONIC, seconds) at which the first and the last were open.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static uint64_t done;

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

#define READERS 4

/** Four processes read the whole file each; what they did together counts. */
static void read_in_parallel(const char* path, size_t size, int passes) {
  for (int reader = 0; reader < READERS; ++reader) {
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child > 0) continue;
    read_sequentially(path, size, passes);
    _exit(0);
  }
  struct stat stat;
  close(open_file(path, &stat));
  for (int reader = 0; reader < READERS; ++reader) {
    int status;
    if (wait(&status) < 0 || status != 0) fail("a reader");
  }
  done = (uint64_t)READERS * (uint64_t)passes * (uint64_t)stat.st_size;
}

/** Touches a word in each cache line, so that memory bandwidth is in it as it is in read(2). */
static void read_mapped(const char* path, int passes) {
  struct stat stat;
  const int fd = open_file(path, &stat);
  volatile uint64_t sum = 0;
  while (passes-- > 0) {
    const uint64_t* words = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED) fail(path);
    for (off_t at = 0; at < stat.st_size / 8; at += 8) sum += words[at];
    munmap((void*)words, (size_t)stat.st_size);
    done += (uint64_t)stat.st_size;
  }
  close(fd);
}

static void make_and_remove(const char* folder, long count) {
  static char block[4096];
  char path[4096];
  for (long number = 0; number < count; ++number) {
    snprintf(path, sizeof path, "%s/made-%ld", folder, number);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || write(fd, block, sizeof block) != sizeof block || close(fd) != 0) fail(path);
    ++done;
  }
  for (long number = 0; number < count; ++number) {
    snprintf(path, sizeof path, "%s/made-%ld", folder, number);
    if (unlink(path) != 0) fail(path);
  }
}

static void write_sequentially(const char* path, size_t size, uint64_t bytes) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) fail(path);
  char* block = block_of(size);
  for (; done < bytes; done += size) {
    if (write(fd, block, size) != (ssize_t)size) fail(path);
  }
  close(fd);
  if (unlink(path) != 0) fail(path);
}

static int follow(char expected) {
  char path[4096];
  double first = 0;
  while (fgets(path, sizeof path, stdin) != NULL) {
    path[strcspn(path, "\n")] = 0;
    char found;
    const int fd = open(path, O_RDONLY);
    if (fd < 0) fail(path);
    if (first == 0) first = now();
    if (read(fd, &found, 1) != 1 || found != expected) {
      fprintf(stderr, "%s is stale\n", path);
      return 1;
    }
    close(fd);
  }
  printf("%.9f %.9f\n", first, now());
  return 0;
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
  if (strcmp(argv[1], "follow") == 0) return follow(argv[2][0]);
  const double start = now();
  if (strcmp(argv[1], "seq") == 0) read_sequentially(argv[2], strtoul(argv[3], NULL, 10), atoi(argv[4]));
  else if (strcmp(argv[1], "rand") == 0) read_randomly(argv[2], strtoul(argv[3], NULL, 10), atol(argv[4]));
  else if (strcmp(argv[1], "four") == 0) read_in_parallel(argv[2], strtoul(argv[3], NULL, 10), atoi(argv[4]));
  else if (strcmp(argv[1], "map") == 0) read_mapped(argv[2], atoi(argv[3]));
  else if (strcmp(argv[1], "make") == 0) make_and_remove(argv[2], atol(argv[3]));
  else if (strcmp(argv[1], "write") == 0) write_sequentially(argv[2], strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
  else if (strcmp(argv[1], "walk") == 0) each_file(argv[2], look);
  else if (strcmp(argv[1], "open") == 0) each_file(argv[2], open_and_read);
  else return 2;
  printf("%llu %.9f\n", (unsigned long long)done, now() - start);
  return 0;
}
