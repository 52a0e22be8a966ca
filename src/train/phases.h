/* SPDX-License-Identifier: MIT */
/* Where the time of training goes, for the benchmark: two readings of the processor's clock around each part
   of a chunk, a share of a percent of it. */
#ifndef DIME_TRAIN_PHASES_H
#define DIME_TRAIN_PHASES_H

#include <stdint.h>
#include <time.h>

enum dime_phase {
    DIME_PHASE_PRODUCT,   /* matrix products of fully connected layers */
    DIME_PHASE_NORM,      /* normalisation, activation and loss, both ways */
    DIME_PHASE_QUANTIZE,  /* weights to values of their format */
    DIME_PHASE_INPUT,     /* pictures to the first layer's input, augmentation included */
    DIME_PHASE_OPTIMIZER, /* gradients summed, Adam, moving average, running statistics */
    DIME_PHASE_MAPS,      /* convolution and pooling */
    DIME_PHASE_TEACHER,   /* the answers of teachers */
    DIME_PHASE_COUNT
};

struct dime_phases {
    uint64_t ticks[DIME_PHASE_COUNT]; /* in a unit of the processor's: only shares mean anything */
};

static inline uint64_t dime_ticks(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
#endif
}

/* Adds the time since `start` to a phase; returns the present, where the next one starts. */
static inline uint64_t dime_phase_end(struct dime_phases *phases, enum dime_phase phase, uint64_t start) {
    uint64_t now = dime_ticks();
    phases->ticks[phase] += now - start;
    return now;
}

static inline void dime_phases_add(struct dime_phases *to, const struct dime_phases *from) {
    for (int i = 0; i < DIME_PHASE_COUNT; i++) to->ticks[i] += from->ticks[i];
}

#endif
