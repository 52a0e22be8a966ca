/* SPDX-License-Identifier: MIT */
/* Adds up the rows of a bucket, two words of eight 4-bit weights each. */
#include "fast_rows_words.inc"

    define_flush 2
