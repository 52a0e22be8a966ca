/* SPDX-License-Identifier: MIT */
/* The functions of the C library that compilers call for assignments and plain loops. Byte by byte: nothing
   that counts uses them. The attribute keeps the compiler from making them call themselves. */
#include <stddef.h>

#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns"), used))

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

PLAIN void *memcpy(void *restrict target, const void *restrict source, size_t size) {
    unsigned char *to = target;
    for (const unsigned char *from = source; size; size--) *to++ = *from++;
    return target;
}

PLAIN void *memmove(void *target, const void *source, size_t size) {
    unsigned char *to = target;
    const unsigned char *from = source;
    if (to < from)
        for (; size; size--) *to++ = *from++;
    else
        while (size--) to[size] = from[size];
    return target;
}

PLAIN void *memset(void *target, int value, size_t size) {
    for (unsigned char *to = target; size; size--) *to++ = (unsigned char)value;
    return target;
}

PLAIN int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *left = a, *right = b;
    for (; size; size--, left++, right++)
        if (*left != *right) return *left - *right;
    return 0;
}
