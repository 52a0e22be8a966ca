/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the known name nearest to a misspelt one. */
#ifndef DIME_BASE_NEAREST_H
#define DIME_BASE_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap two neighbours) that turn one name into the other, letter case
   ignored: optimal string alignment distance. Names longer than 63 bytes are never near: SIZE_MAX. */
size_t dime_name_distance(const char *a, const char *b);

/* A search: start with the misspelt word, offer every known name, then read `name`: the first of the nearest
   within a third of the word's length (at least one edit), or NULL. */
struct dime_nearest {
    const char *word;
    const char *name;
    size_t distance;
};
void dime_nearest_start(struct dime_nearest *nearest, const char *word);
void dime_nearest_offer(struct dime_nearest *nearest, const char *name);

#endif
