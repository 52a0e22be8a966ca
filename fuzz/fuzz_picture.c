/* SPDX-License-Identifier: MIT */
/* Any bytes as a PNG, PGM or PPM picture; what is accepted is resized too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/picture.h"
#include "data/resize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_picture picture;
    if (dime_picture_parse("fuzz", bytes, size, &picture)) {
        if (picture.pixels || strpbrk(dime_error_message(), "\n\r\033")) abort();
        return 0;
    }
    uint8_t target[16 * 16];
    if (picture.height < 1 || picture.height > 4096 || picture.width < 1 || picture.width > 4096) abort();
    if (dime_resize(picture.pixels, picture.height, picture.width, target, 16, 16)) abort();
    dime_picture_free(&picture);
    return 0;
}
