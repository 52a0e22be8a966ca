/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_RANDOM_H
#define DIME_BASE_RANDOM_H

#include <stdint.h>

/* Counter-based random numbers: a stream is named by (seed, purpose, index), so any part of a run can draw
   its numbers without a state that must be saved, and in any order or number of threads. SplitMix64 (Steele,
   Lea and Flood 2014) over a hashed start. */
struct dime_random {
    uint64_t state;
};

static inline uint64_t dime_random_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static inline struct dime_random dime_random_stream(uint64_t seed, uint64_t purpose, uint64_t index) {
    uint64_t state = dime_random_mix(seed + UINT64_C(0x9E3779B97F4A7C15));
    state = dime_random_mix(state ^ (purpose * UINT64_C(0xD1B54A32D192ED03) + 1));
    return (struct dime_random){dime_random_mix(state ^ (index * UINT64_C(0x8CB92BA72F3D8DD7) + 1))};
}

#define DIME_RANDOM_STEP UINT64_C(0x9E3779B97F4A7C15)
static inline uint64_t dime_random_next(struct dime_random *random) {
    return dime_random_mix(random->state += DIME_RANDOM_STEP);
}

/* Uniform in [0, 1), 24 bits. */
static inline float dime_random_unit(struct dime_random *random) {
    return (float)(dime_random_next(random) >> 40) * 0x1p-24f;
}

/* Uniform in [low, high). */
static inline float dime_random_range(struct dime_random *random, float low, float high) {
    return low + (high - low) * dime_random_unit(random);
}

/* Uniform in 0 .. bound-1; bound >= 1. The bias is below bound / 2^32. */
static inline uint32_t dime_random_below(struct dime_random *random, uint32_t bound) {
    return (uint32_t)(((dime_random_next(random) >> 32) * bound) >> 32);
}

#endif
