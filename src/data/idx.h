/* SPDX-License-Identifier: MIT */
/* IDX files of unsigned bytes, plain or gzip: http://yann.lecun.com/exdb/mnist/ (FILE FORMATS). */
#ifndef DIME_DATA_IDX_H
#define DIME_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "data/dataset.h"

enum {
    DIME_IDX_MAX_RANK = 3,
    DIME_IDX_MAX_BYTES = 1 << 30, /* of one file's content without its header */
};

struct dime_idx {
    uint32_t shape[DIME_IDX_MAX_RANK]; /* the first `rank` dimensions, each at least 1 */
    uint8_t *data;                     /* product of the dimensions, malloc'ed */
    size_t size;
};

/* Parses a file of `rank` dimensions, 1 or 3. `bytes` must be malloc'ed and is taken over: it becomes the
   data, or is freed, also on error. The header is believed only as far as the content bears it out: a wrong
   magic number, a zero dimension, too few or too many bytes are MALFORMED. Errors: MALFORMED, MEMORY. */
int dime_idx_parse(const char *name, uint8_t *bytes, size_t size, uint32_t rank, struct dime_idx *idx);
void dime_idx_free(struct dime_idx *idx);

/* Reads a file of pictures and its file of labels. classes is left 0. Errors: IO, MALFORMED, MEMORY. */
int dime_idx_read_pair(const char *pictures, const char *labels, struct dime_dataset *set);

#endif
