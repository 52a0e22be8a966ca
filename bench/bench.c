/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"

enum { LEAST_ROUNDS = 3 };
static const double ENOUGH_SECONDS = 1.0;

double bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_run(const char *name, void (*body)(void *context), void *context, double work,
                 const char *unit) {
    body(context);
    double best = 1e30;
    const double started = bench_now();
    for (int round = 0; round < LEAST_ROUNDS || bench_now() - started < ENOUGH_SECONDS; round++) {
        const double begin = bench_now();
        body(context);
        const double seconds = bench_now() - begin;
        if (seconds < best) best = seconds;
    }
    printf("  %-44s %12.0f %s/s   (%.3f ms)\n", name, work / best, unit, 1e3 * best);
    fflush(stdout);
    return best;
}

void bench_ratio(const char *baseline, double baseline_seconds, double seconds) {
    printf("  %-44s %12.2f times as fast\n", baseline, baseline_seconds / seconds);
}

void bench_use(const void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

uint8_t *bench_random_bytes(uint64_t seed, uint64_t count) {
    uint8_t *bytes = malloc(count ? count : 1);
    if (!bytes) {
        fputs("bench: out of memory\n", stderr);
        exit(1);
    }
    struct dime_random random = dime_random_stream(seed, 0, 0);
    for (uint64_t i = 0; i < count; i++) bytes[i] = (uint8_t)dime_random_next(&random);
    return bytes;
}
