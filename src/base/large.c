/* SPDX-License-Identifier: MIT */
#include "base/large.h"

#include <stdint.h>
#include <sys/mman.h>

#define LARGE_PAGE ((uintptr_t)1 << 21)

#if defined(__linux__) && !defined(MADV_COLLAPSE)
#define MADV_COLLAPSE 25 /* Linux 6.1; older ones refuse it */
#endif

void dime_large_pages(void *memory, size_t bytes) {
#ifdef __linux__
    uintptr_t first = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uintptr_t last = ((uintptr_t)memory + bytes) & ~(LARGE_PAGE - 1);
    if (last <= first) return;
    madvise((void *)first, last - first, MADV_HUGEPAGE);
    madvise((void *)first, last - first, MADV_COLLAPSE);
#else
    (void)memory, (void)bytes;
#endif
}
