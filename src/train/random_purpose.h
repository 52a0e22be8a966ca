/* SPDX-License-Identifier: MIT */
#ifndef DIME_TRAIN_RANDOM_PURPOSE_H
#define DIME_TRAIN_RANDOM_PURPOSE_H

/* Purposes of random streams, see base/random.h. Numbers are part of what makes a run reproducible: never
   reuse one. */
enum dime_random_purpose {
    DIME_RANDOM_WEIGHTS = 1,    /* index: layer */
    DIME_RANDOM_SHUFFLE = 2,    /* index: epoch */
    DIME_RANDOM_AUGMENT = 3,    /* index: epoch * 2^32 + image */
    DIME_RANDOM_VALIDATION = 4, /* index: 0 */
    DIME_RANDOM_REVIVE = 5,     /* index: epoch * 2^32 + layer */
    DIME_RANDOM_PHOTO = 16,     /* index: epoch * 2^32 + image */
};

#endif
