/* SPDX-License-Identifier: MIT */
#include "data/png_write.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

int dime_png_write(const char *path, const uint8_t *pixels, uint32_t height, uint32_t width) {
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_GRAY};
    png_alloc_size_t size = 0;
    int written = png_image_write_to_memory(&image, NULL, &size, 0, pixels, 0, NULL);
    void *bytes = written ? malloc(size) : NULL;
    if (!bytes) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for a PNG", path);
    int code = png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL)
                   ? dime_file_write(path, bytes, size)
                   : dime_error_set(DIME_ERROR_IO, "%s: %s", path, image.message);
    free(bytes);
    return code;
}
