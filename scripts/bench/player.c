// A player with a frame clock: sleeps until each tick, then needs its frame.
// usage: player FILE BACKING RANGES FPS SECONDS
// Reads one frame of RANGES (lines of offset and size) at each tick, and prints how many milliseconds
// after its tick each frame was there. Whatever BACKING has in the page cache is dropped at the start
// of each pass, so that frames come from the disk.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { MOST_FRAMES = 1 << 16, LARGEST = 1 << 24 };

struct range {
  off_t at;
  size_t size;
};

static struct range ranges[MOST_FRAMES];
static char block[LARGEST];

static size_t read_ranges(const char* path) {
  FILE* file = fopen(path, "r");
  if (file == NULL) fail(path);
  size_t count = 0;
  long long at;
  unsigned long long size;
  while (count < MOST_FRAMES && fscanf(file, "%lld %llu", &at, &size) == 2) {
    if (size > LARGEST) fail("a frame is too large");
    ranges[count++] = (struct range){(off_t)at, (size_t)size};
  }
  fclose(file);
  if (count == 0) fail("no frames");
  return count;
}

static void drop_from_cache(const char* path) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) fail(path);
  close(fd);
}

static void sleep_until(double due) {
  const struct timespec until = {(time_t)due, (long)((due - (double)(time_t)due) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) continue;
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const char* path = argv[1];
  const size_t frames = read_ranges(argv[3]);
  const double fps = atof(argv[4]);
  const size_t ticks = (size_t)(atof(argv[5]) * fps);
  memset(block, 1, LARGEST);
  const int fd = open(path, O_RDONLY);
  if (fd < 0) fail(path);
  const double start = now() + 0.1;
  for (size_t tick = 0; tick < ticks; ++tick) {
    const struct range range = ranges[tick % frames];
    if (tick % frames == 0) drop_from_cache(argv[2]);
    const double due = start + (double)tick / fps;
    sleep_until(due);
    if (pread(fd, block, range.size, range.at) != (ssize_t)range.size) fail(path);
    printf("%.4f\n", (now() - due) * 1e3);
  }
  close(fd);
  return 0;
}
