// What the measuring programs share: a clock, and an end with a word about why.
#ifndef PROXYFS_BENCH_CLOCK_H
#define PROXYFS_BENCH_CLOCK_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void fail(const char* what) {
  perror(what);
  exit(1);
}

/** Seconds of a clock that nobody sets. */
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
