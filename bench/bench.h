/* SPDX-License-Identifier: MIT */
/* Timing for the benchmarks. The best of several rounds is what counts: everything that disturbs a
   measurement makes it longer. */
#ifndef DIME_BENCH_H
#define DIME_BENCH_H

#include <stdint.h>

/* Seconds of a clock that only goes forward. */
double bench_now(void);

/* Calls body(context) until a second has passed, at least three times after one call to warm up, and prints
       name      12345 unit/s   (1.23 ms)
   where one call does `work` units. Returns the seconds of the fastest call. */
double bench_run(const char *name, void (*body)(void *context), void *context, double work, const char *unit);

/* Prints how many times faster `seconds` is than `baseline_seconds`, which the line names. */
void bench_ratio(const char *baseline, double baseline_seconds, double seconds);

/* Keeps the compiler from leaving out a computation whose result nobody reads. */
void bench_use(const void *memory);

/* A buffer of `count` bytes of fixed pseudo-random content; ends the program when memory is out. */
uint8_t *bench_random_bytes(uint64_t seed, uint64_t count);

#endif
