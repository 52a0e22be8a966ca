/* SPDX-License-Identifier: MIT */
/* PNG through libpng. Samples of 16 bits keep their high byte; gamma and colour profiles are not applied,
   which is also what Pillow does. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/picture_formats.h"

/* libpng leaves through longjmp: everything that must be freed lives here, not in local variables. */
struct reading {
    const char *name;
    const uint8_t *bytes;
    size_t size, taken;
    png_structp png;
    png_infop info;
    uint32_t height, width, channels; /* after libpng's transformations */
    uint8_t *samples;                 /* height x width x channels */
    char reason[128], warning[60];
};

static void fail(png_structp png, png_const_charp message) {
    struct reading *r = png_get_error_ptr(png);
    snprintf(r->reason, sizeof r->reason, "%s%s%s", message, r->warning[0] ? ": " : "", r->warning);
    for (char *c = r->reason; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    png_longjmp(png, 1);
}

/* What is wrong with a header comes as warnings, followed by a general error. */
static void note_warning(png_structp png, png_const_charp message) {
    struct reading *r = png_get_error_ptr(png);
    snprintf(r->warning, sizeof r->warning, "%s", message);
}

static void take_bytes(png_structp png, png_bytep target, size_t wanted) {
    struct reading *r = png_get_io_ptr(png);
    if (wanted > r->size - r->taken) png_error(png, "the file is cut off");
    memcpy(target, r->bytes + r->taken, wanted);
    r->taken += wanted;
}

/* Every kind of PNG becomes 8-bit grey, grey + alpha, RGB or RGB + alpha. */
static void ask_for_bytes(png_structp png, png_infop info) {
    png_set_expand(png); /* palettes, 1 to 4 bits, transparent colours */
    png_set_strip_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

/* A deflate stream unpacks to at most 1032 times its size: a small file cannot make us take much memory. */
static void check_plausible(const struct reading *r, size_t packed_row_bytes) {
    if (packed_row_bytes * r->height / 1032 > r->size) png_error(r->png, "the file is cut off");
}

static void read_header(struct reading *r) {
    png_set_read_fn(r->png, r, take_bytes);
    png_set_user_limits(r->png, DIME_PICTURE_MAX_SIDE, DIME_PICTURE_MAX_SIDE);
    png_set_chunk_malloc_max(r->png, 1 << 20);
    png_read_info(r->png, r->info);
    r->height = png_get_image_height(r->png, r->info);
    r->width = png_get_image_width(r->png, r->info);
    check_plausible(r, png_get_rowbytes(r->png, r->info));
    ask_for_bytes(r->png, r->info);
    r->channels = png_get_channels(r->png, r->info);
}

/* Interlaced pictures pass several times over the same rows. */
static void read_samples(struct reading *r) {
    size_t row_bytes = (size_t)r->width * r->channels;
    if (png_get_rowbytes(r->png, r->info) != row_bytes) png_error(r->png, "unexpected row size");
    r->samples = calloc(r->height, row_bytes);
    if (!r->samples) return;
    int passes =
        png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_ADAM7 ? PNG_INTERLACE_ADAM7_PASSES : 1;
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < r->height; y++) png_read_row(r->png, r->samples + y * row_bytes, NULL);
    png_read_end(r->png, NULL);
}

/* The only function that libpng jumps back to. It changes no local variable after setjmp. */
static int run_libpng(struct reading *r) {
    if (setjmp(png_jmpbuf(r->png)))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: not a sound PNG picture: %s", r->name, r->reason);
    read_header(r);
    read_samples(r);
    return r->samples ? 0 : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", r->name);
}

/* One pixel of 1..4 samples, laid over black. */
static uint8_t grey_of(const uint8_t *sample, uint32_t channels) {
    uint32_t grey = channels >= 3 ? dime_luma(sample) : sample[0];
    if (channels % 2 == 1) return (uint8_t)grey;
    return (uint8_t)((grey * sample[channels - 1] + 127) / 255);
}

static int take_grey(const struct reading *r, struct dime_picture *picture) {
    picture->pixels = calloc(r->height, r->width);
    if (!picture->pixels) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", r->name);
    size_t count = (size_t)r->height * r->width;
    for (size_t i = 0; i < count; i++)
        picture->pixels[i] = grey_of(r->samples + i * r->channels, r->channels);
    picture->height = r->height;
    picture->width = r->width;
    return 0;
}

int dime_png_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_picture *picture) {
    struct reading r = {.name = name, .bytes = bytes, .size = size};
    int code = DIME_ERROR_MEMORY;
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, fail, note_warning);
    if (r.png) r.info = png_create_info_struct(r.png);
    if (r.info)
        code = run_libpng(&r);
    else
        dime_error_set(code, "%s: out of memory", name);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    if (!code) code = take_grey(&r, picture);
    free(r.samples);
    return code;
}
