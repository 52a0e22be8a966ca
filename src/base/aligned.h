/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_ALIGNED_H
#define DIME_BASE_ALIGNED_H

#include <stddef.h>

/* Like calloc, but at the start of a cache line, so that no vector lies across two of them; to be freed with
   free. NULL when there is no memory. */
void *dime_aligned_zeros(size_t count, size_t size);

#endif
