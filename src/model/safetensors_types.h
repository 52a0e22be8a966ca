/* SPDX-License-Identifier: MIT */
/* What the safetensors reader and writer share. Private to src/model. */
#ifndef DIME_MODEL_SAFETENSORS_TYPES_H
#define DIME_MODEL_SAFETENSORS_TYPES_H

#include "model/safetensors.h"

#define DIME_SAFETENSORS_FILE_LIMIT (UINT64_C(1) << 30)
#define DIME_SAFETENSORS_HEADER_LIMIT (UINT64_C(16) << 20)
#define DIME_SAFETENSORS_MAX_RANK 4
/* A tensor of rank 4 has 11 values: room for more than 20,000 tensors in about 30 MB of cJSON's tree. */
#define DIME_SAFETENSORS_MAX_VALUES 262144

struct dime_dtype_info {
    const char *name;
    size_t size;
};

/* Indexed by enum dime_dtype. */
#define DIME_DTYPE_COUNT 7
extern const struct dime_dtype_info dime_dtypes[DIME_DTYPE_COUNT];

/* Bytes of a tensor of this type and shape; UINT64_MAX where they are more than 2^64. */
uint64_t dime_tensor_bytes(enum dime_dtype type, uint32_t rank, const uint64_t *shape);

#endif
