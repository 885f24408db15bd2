// How long a file system lets one wait: stat, open, read of 4 KiB and close, of one path every two milliseconds.
// usage: pulse SECONDS <PATHS
// Prints for each the milliseconds of the stat, and of the open with its read.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { MOST_PATHS = 1 << 18, PAUSE_NS = 2000000 };

static char* paths[MOST_PATHS];

/** Milliseconds. */
static double now_ms(void) { return now() * 1e3; }

static size_t read_paths(void) {
  static char line[4096];
  size_t count = 0;
  while (count < MOST_PATHS && fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    paths[count++] = strdup(line);
  }
  return count;
}

static void look(const char* path) {
  static char block[4096];
  struct stat stat_of;
  const double start = now_ms();
  if (stat(path, &stat_of) != 0) fail(path);
  const double looked = now_ms();
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, block, sizeof block) < 0) fail(path);
  const double read_at = now_ms();
  close(fd);
  printf("%.4f %.4f\n", looked - start, read_at - looked);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const size_t count = read_paths();
  if (count == 0) return 2;
  const double end = now_ms() + atof(argv[1]) * 1e3;
  unsigned long seed = 88172645463325252ul;
  while (now_ms() < end) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    look(paths[seed % count]);
    const struct timespec pause = {0, PAUSE_NS};
    nanosleep(&pause, NULL);
  }
  return 0;
}
