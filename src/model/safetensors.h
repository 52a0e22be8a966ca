/* SPDX-License-Identifier: MIT */
/* safetensors files: https://github.com/huggingface/safetensors (format section of its README). */
#ifndef DIME_MODEL_SAFETENSORS_H
#define DIME_MODEL_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

enum dime_dtype { DIME_U8, DIME_I8, DIME_I16, DIME_I32, DIME_I64, DIME_F32, DIME_F64 };

struct dime_tensor {
    char *name;
    enum dime_dtype type;
    uint32_t rank; /* 0..4 */
    uint64_t shape[4];
    void *data;  /* little endian, as in the file; aligned for its type */
    size_t size; /* bytes */
};
struct dime_metadata {
    char *key, *value;
};
struct dime_safetensors {
    struct dime_tensor *tensors;
    size_t tensor_count;
    struct dime_metadata *metadata;
    size_t metadata_count;
};

/* Reads and checks a whole file (at most 1 GiB; header at most 16 MiB): offsets within bounds, no holes, no
   overlap, shape x type = size, known types, unique names. Errors: IO, MALFORMED, MEMORY. */
int dime_safetensors_read(const char *path, struct dime_safetensors *file);
int dime_safetensors_parse(const char *name, const uint8_t *bytes, size_t size,
                           struct dime_safetensors *file);
void dime_safetensors_free(struct dime_safetensors *file);
/* The tensor or metadata value of that name, or NULL. */
const struct dime_tensor *dime_safetensors_find(const struct dime_safetensors *file, const char *name);
const char *dime_safetensors_meta(const struct dime_safetensors *file, const char *key);

/* Builds a file in memory order: tensors are borrowed until write; equal content gives equal bytes. */
struct dime_safetensors_writer;
struct dime_safetensors_writer *dime_safetensors_writer_new(void); /* NULL when out of memory */
/* For a writer that will not be written; NULL is fine. */
void dime_safetensors_writer_free(struct dime_safetensors_writer *writer);
/* Add returns nothing: a failed allocation is remembered and reported by write. */
void dime_safetensors_add(struct dime_safetensors_writer *writer, const char *name, enum dime_dtype type,
                          uint32_t rank, const uint64_t *shape, const void *data);
void dime_safetensors_add_meta(struct dime_safetensors_writer *writer, const char *key, const char *value);
/* Writes whole or not at all and frees the writer. */
int dime_safetensors_write(struct dime_safetensors_writer *writer, const char *path);

#endif
