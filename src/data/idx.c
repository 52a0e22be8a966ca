/* SPDX-License-Identifier: MIT */
#include "data/idx.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "data/gunzip.h"
#include "data/part.h"

enum { IDX_UNSIGNED_BYTE = 0x08, HEADER_MOST = 4 + 4 * DIME_IDX_MAX_RANK };

static uint32_t big_endian_32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static size_t header_size(uint32_t rank) {
    return 4 + 4 * (size_t)rank;
}

static int check_magic(const char *name, const uint8_t *head, size_t size, uint32_t rank) {
    if (size < 4)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: only %zu bytes, too short for an IDX file", name,
                              size);
    uint32_t found = big_endian_32(head), expected = IDX_UNSIGNED_BYTE << 8 | rank;
    if (found == expected) return 0;
    return dime_error_set(
        DIME_ERROR_MALFORMED,
        "%s: begins with %08x, expected %08x (an IDX file of unsigned bytes with %u dimension%s)", name,
        found, expected, rank, rank == 1 ? "" : "s");
}

/* Shape and size from the header. The product is checked at each step, so that it cannot overflow. */
static int parse_header(const char *name, const uint8_t *head, size_t size, uint32_t rank,
                        struct dime_idx *idx) {
    int code = check_magic(name, head, size, rank);
    if (code) return code;
    if (size < header_size(rank))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: breaks off within its header of %zu bytes", name,
                              header_size(rank));
    uint64_t total = 1;
    for (uint32_t i = 0; i < rank; i++) {
        idx->shape[i] = big_endian_32(head + 4 + 4 * i);
        total *= idx->shape[i];
        if (total == 0)
            return dime_error_set(DIME_ERROR_MALFORMED, "%s: dimension %u is 0, nothing is in this file",
                                  name, i + 1);
        if (total > DIME_IDX_MAX_BYTES)
            return dime_error_set(DIME_ERROR_MALFORMED,
                                  "%s: its header asks for more than %u bytes of data, the most that is read",
                                  name, DIME_IDX_MAX_BYTES);
    }
    idx->size = (size_t)total;
    return 0;
}

static int check_size(const char *name, size_t found, size_t expected) {
    if (found == expected) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED,
                          "%s: %zu bytes of content, its header promises %zu; the file is %s", name, found,
                          expected, found < expected ? "cut off" : "followed by something else");
}

/* Replaces gzip content by what it unpacks to, which may not be more than the header promised. */
static int unpack(const char *name, uint8_t **bytes, size_t *size, size_t limit) {
    uint8_t *content;
    size_t unpacked;
    int code = dime_gunzip(name, *bytes, *size, limit, &content, &unpacked);
    if (code) return code;
    free(*bytes);
    *bytes = content;
    *size = unpacked;
    return 0;
}

/* Leaves the data at the start of *bytes. */
static int parse(const char *name, uint8_t **bytes, size_t size, uint32_t rank, struct dime_idx *idx) {
    uint8_t unpacked[HEADER_MOST];
    const uint8_t *head = *bytes;
    size_t head_size = size, header = header_size(rank);
    int packed = dime_is_gzip(*bytes, size);
    if (packed) {
        head = unpacked;
        head_size = dime_gunzip_head(*bytes, size, unpacked, header);
    }
    int code = parse_header(name, head, head_size, rank, idx);
    if (!code && packed) code = unpack(name, bytes, &size, header + idx->size);
    if (!code) code = check_size(name, size, header + idx->size);
    if (!code) memmove(*bytes, *bytes + header, idx->size);
    return code;
}

int dime_idx_parse(const char *name, uint8_t *bytes, size_t size, uint32_t rank, struct dime_idx *idx) {
    memset(idx, 0, sizeof *idx);
    int code = parse(name, &bytes, size, rank, idx);
    if (code) {
        free(bytes);
        return code;
    }
    idx->data = bytes;
    return 0;
}

void dime_idx_free(struct dime_idx *idx) {
    free(idx->data);
    memset(idx, 0, sizeof *idx);
}

static int read_idx(const char *path, uint32_t rank, struct dime_idx *idx) {
    uint8_t *bytes;
    size_t size;
    int code = dime_file_read(path, (size_t)DIME_IDX_MAX_BYTES + HEADER_MOST, &bytes, &size);
    return code ? code : dime_idx_parse(path, bytes, size, rank, idx);
}

int dime_idx_read_pair(const char *pictures, const char *labels, struct dime_dataset *set) {
    struct dime_idx grey = {0}, label = {0};
    memset(set, 0, sizeof *set);
    int code = read_idx(pictures, 3, &grey);
    if (code) return code;
    code = read_idx(labels, 1, &label);
    if (!code && grey.shape[0] != label.shape[0])
        code = dime_error_set(DIME_ERROR_MALFORMED, "%s: %u labels, but %s has %u pictures", labels,
                              label.shape[0], pictures, grey.shape[0]);
    if (!code) code = dime_part_check_size(pictures, grey.shape[1], grey.shape[2]);
    if (code) {
        dime_idx_free(&grey);
        dime_idx_free(&label);
        return code;
    }
    *set = (struct dime_dataset){.count = grey.shape[0],
                                 .height = grey.shape[1],
                                 .width = grey.shape[2],
                                 .pixels = grey.data,
                                 .labels = label.data};
    return 0;
}
