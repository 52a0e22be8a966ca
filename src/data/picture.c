/* SPDX-License-Identifier: MIT */
#include "data/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "data/picture_formats.h"

/* The largest picture as a P3 file with its comments, generously. */
enum { PICTURE_MAX_BYTES = 1 << 28 };

int dime_picture_check_size(const char *name, uint32_t height, uint32_t width) {
    if (height >= 1 && height <= DIME_PICTURE_MAX_SIDE && width >= 1 && width <= DIME_PICTURE_MAX_SIDE)
        return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: %u x %u pixels, expected 1..%d each way", name, width,
                          height, DIME_PICTURE_MAX_SIDE);
}

static int is_pnm(const uint8_t *bytes, uint64_t size) {
    return size >= 2 && bytes[0] == 'P' && bytes[1] && strchr("2356", bytes[1]);
}

int dime_picture_parse(const char *name, const uint8_t *bytes, uint64_t size, struct dime_picture *picture) {
    memset(picture, 0, sizeof *picture);
    if (size >= 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8))
        return dime_png_parse(name, bytes, size, picture);
    if (is_pnm(bytes, size)) return dime_pnm_parse(name, bytes, size, picture);
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: neither PNG nor PGM/PPM (P2, P3, P5, P6) by its first bytes", name);
}

int dime_picture_read(const char *path, struct dime_picture *picture) {
    uint8_t *bytes;
    size_t size;
    memset(picture, 0, sizeof *picture);
    int code = dime_file_read(path, PICTURE_MAX_BYTES, &bytes, &size);
    if (code) return code;
    code = dime_picture_parse(path, bytes, size, picture);
    free(bytes);
    return code;
}

void dime_picture_free(struct dime_picture *picture) {
    free(picture->pixels);
    memset(picture, 0, sizeof *picture);
}
