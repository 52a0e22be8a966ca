/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_LARGE_H
#define DIME_BASE_LARGE_H

#include <stddef.h>

/* Asks the system to hold memory that is read here and there, a whole dataset, in large pages: looking up
   small ones costs more than reading a picture. Changes no content; without effect where the system has no
   large pages. */
void dime_large_pages(void *memory, size_t bytes);

#endif
