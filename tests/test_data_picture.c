/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "data/picture.h"
#include "data_files.h"

/* ---- making PNG files ---- */

struct buffer {
    uint8_t bytes[1 << 16];
    size_t size;
};

static void append(png_structp png, png_bytep bytes, size_t size) {
    struct buffer *buffer = png_get_io_ptr(png);
    assert_true(buffer->size + size <= sizeof buffer->bytes);
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static void flush(png_structp png) {
    (void)png;
}

struct recipe {
    uint32_t height, width;
    int colour_type, depth, interlaced;
    const uint8_t *rows; /* packed as in the file */
    size_t row_bytes;
    const png_color *palette; /* 4 colours */
    const uint8_t *alphas;    /* of the palette */
    const png_color_16 *transparent;
};

static void set_chunks(png_structp png, png_infop info, const struct recipe *r) {
    png_set_IHDR(png, info, r->width, r->height, r->depth, r->colour_type,
                 r->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (r->palette) png_set_PLTE(png, info, r->palette, 4);
    if (r->alphas) png_set_tRNS(png, info, r->alphas, 4, NULL);
    if (r->transparent) png_set_tRNS(png, info, NULL, 0, r->transparent);
}

static void make_png(const struct recipe *r, struct buffer *buffer) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    buffer->size = 0;
    if (setjmp(png_jmpbuf(png))) fail_msg("libpng cannot write");
    png_set_write_fn(png, buffer, append, flush);
    set_chunks(png, info, r);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < r->height; y++) png_write_row(png, r->rows + y * r->row_bytes);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

/* A copy exactly as long as the content, so that a sanitizer sees a read beyond it. */
static int parse(const uint8_t *bytes, size_t size, struct dime_picture *picture) {
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) memcpy(copy, bytes, size);
    int code = dime_picture_parse("file", copy, size, picture);
    free(copy);
    return code;
}

static void assert_picture(const uint8_t *bytes, size_t size, uint32_t height, uint32_t width,
                           const uint8_t *expected) {
    struct dime_picture picture;
    int code = parse(bytes, size, &picture);
    if (code) print_error("%s\n", dime_error_message());
    assert_int_equal(code, 0);
    assert_int_equal(picture.height, height);
    assert_int_equal(picture.width, width);
    assert_memory_equal(picture.pixels, expected, (size_t)height * width);
    dime_picture_free(&picture);
}

static void assert_png(struct recipe recipe, const uint8_t *expected) {
    static struct buffer buffer;
    for (recipe.interlaced = 0; recipe.interlaced <= 1; recipe.interlaced++) {
        make_png(&recipe, &buffer);
        assert_picture(buffer.bytes, buffer.size, recipe.height, recipe.width, expected);
    }
}

/* ---- PNG ---- */

static void reads_grey_of_all_depths(void **state) {
    (void)state;
    static const uint8_t bits[] = {0xa5, 0x80}, pairs[] = {0x1b, 0xc0}, nibbles[] = {0x07, 0xf8, 0x10};
    assert_png((struct recipe){.height = 1, .width = 9, .depth = 1, .rows = bits, .row_bytes = 2},
               (const uint8_t[]){255, 0, 255, 0, 0, 255, 0, 255, 255});
    assert_png((struct recipe){.height = 1, .width = 5, .depth = 2, .rows = pairs, .row_bytes = 2},
               (const uint8_t[]){0, 85, 170, 255, 255});
    assert_png((struct recipe){.height = 1, .width = 5, .depth = 4, .rows = nibbles, .row_bytes = 3},
               (const uint8_t[]){0, 119, 255, 136, 17});
    static const uint8_t bytes[] = {0, 1, 127, 128, 254, 255};
    assert_png((struct recipe){.height = 2, .width = 3, .depth = 8, .rows = bytes, .row_bytes = 3}, bytes);
    static const uint8_t words[] = {0x00, 0xff, 0x7f, 0xff, 0xff, 0x00};
    assert_png((struct recipe){.height = 3, .width = 1, .depth = 16, .rows = words, .row_bytes = 2},
               (const uint8_t[]){0x00, 0x7f, 0xff});
}

/* Greys by Pillow's convert('L'). */
static const uint8_t colours[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 12, 200, 77, 254, 1, 99};
static const uint8_t greys[] = {76, 150, 29, 255, 130, 88};

static void reads_colour(void **state) {
    (void)state;
    assert_png((struct recipe){.height = 2,
                               .width = 3,
                               .depth = 8,
                               .colour_type = PNG_COLOR_TYPE_RGB,
                               .rows = colours,
                               .row_bytes = 9},
               greys);
    uint8_t wide[sizeof colours * 2]; /* 16 bits: the low bytes do not matter */
    for (size_t i = 0; i < sizeof colours; i++) {
        wide[2 * i] = colours[i];
        wide[2 * i + 1] = (uint8_t)(200 + i);
    }
    assert_png((struct recipe){.height = 2,
                               .width = 3,
                               .depth = 16,
                               .colour_type = PNG_COLOR_TYPE_RGB,
                               .rows = wide,
                               .row_bytes = 18},
               greys);
}

static void lays_transparency_over_black(void **state) {
    (void)state;
    static const uint8_t rgba[] = {255, 255, 255, 0, 255, 255, 255, 128, 12, 200, 77, 255, 0, 0, 0, 77};
    assert_png((struct recipe){.height = 1,
                               .width = 4,
                               .depth = 8,
                               .colour_type = PNG_COLOR_TYPE_RGB_ALPHA,
                               .rows = rgba,
                               .row_bytes = 16},
               (const uint8_t[]){0, 128, 130, 0});
    static const uint8_t grey_alpha[] = {200, 0, 200, 255, 200, 127, 255, 1};
    assert_png((struct recipe){.height = 1,
                               .width = 4,
                               .depth = 8,
                               .colour_type = PNG_COLOR_TYPE_GRAY_ALPHA,
                               .rows = grey_alpha,
                               .row_bytes = 8},
               (const uint8_t[]){0, 200, 100, 1});
    static const png_color_16 transparent = {.gray = 9};
    static const uint8_t keyed[] = {8, 9, 10};
    assert_png(
        (struct recipe){
            .height = 1, .width = 3, .depth = 8, .rows = keyed, .row_bytes = 3, .transparent = &transparent},
        (const uint8_t[]){8, 0, 10});
}

static void reads_palettes(void **state) {
    (void)state;
    static const png_color palette[4] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {12, 200, 77}};
    static const uint8_t alphas[4] = {255, 0, 255, 128}, row[] = {0x1b}, bytes[] = {3, 2, 1, 0};
    struct recipe recipe = {.height = 1,
                            .width = 4,
                            .depth = 2,
                            .colour_type = PNG_COLOR_TYPE_PALETTE,
                            .rows = row,
                            .row_bytes = 1,
                            .palette = palette};
    assert_png(recipe, (const uint8_t[]){76, 150, 29, 130});
    recipe.alphas = alphas;
    assert_png(recipe, (const uint8_t[]){76, 0, 29, 65});
    recipe.depth = 8;
    recipe.rows = bytes;
    recipe.row_bytes = 4;
    assert_png(recipe, (const uint8_t[]){65, 29, 0, 76});
}

static void make_large_png(struct buffer *buffer) {
    static uint8_t rows[40 * 30];
    for (size_t i = 0; i < sizeof rows; i++) rows[i] = (uint8_t)(i * i >> 2);
    make_png(&(struct recipe){.height = 40, .width = 30, .depth = 8, .rows = rows, .row_bytes = 30}, buffer);
}

static void assert_refused(const uint8_t *bytes, size_t size, int code, const char *message) {
    struct dime_picture picture;
    assert_int_equal(parse(bytes, size, &picture), code);
    assert_null(picture.pixels);
    assert_message(message);
}

static void refuses_every_cut_png(void **state) {
    (void)state;
    static struct buffer buffer;
    make_large_png(&buffer);
    for (size_t cut = 8; cut < buffer.size; cut++)
        assert_refused(buffer.bytes, cut, DIME_ERROR_MALFORMED, "file: not a sound PNG picture: ");
    for (size_t cut = 0; cut < 8; cut++)
        assert_refused(buffer.bytes, cut, DIME_ERROR_UNSUPPORTED, "neither PNG nor PGM/PPM");
}

/* Every bit of the header, of the data and of their checksums matters. */
static void refuses_every_damaged_png(void **state) {
    (void)state;
    static struct buffer buffer;
    make_large_png(&buffer);
    for (size_t i = 12; i < buffer.size; i++) {
        struct dime_picture picture;
        buffer.bytes[i] ^= 0x10;
        assert_true(parse(buffer.bytes, buffer.size, &picture) < 0);
        assert_null(picture.pixels);
        buffer.bytes[i] ^= 0x10;
    }
}

static void put_size(struct buffer *buffer, uint32_t width, uint32_t height) {
    uint8_t *header = buffer->bytes + 16;
    for (int i = 0; i < 4; i++) {
        header[i] = (uint8_t)(width >> (24 - 8 * i));
        header[4 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    uint32_t sum = (uint32_t)crc32(0, buffer->bytes + 12, 17);
    for (int i = 0; i < 4; i++) header[13 + i] = (uint8_t)(sum >> (24 - 8 * i));
}

static void refuses_hostile_png_sizes(void **state) {
    (void)state;
    static struct buffer buffer;
    make_large_png(&buffer);
    put_size(&buffer, 30, 40);
    struct dime_picture picture;
    assert_int_equal(parse(buffer.bytes, buffer.size, &picture), 0);
    dime_picture_free(&picture);
    put_size(&buffer, 4097, 1);
    assert_refused(buffer.bytes, buffer.size, DIME_ERROR_MALFORMED, "Image width exceeds user limit");
    put_size(&buffer, 1, UINT32_MAX);
    assert_refused(buffer.bytes, buffer.size, DIME_ERROR_MALFORMED, "not a sound PNG");
    put_size(&buffer, 0, 40);
    assert_refused(buffer.bytes, buffer.size, DIME_ERROR_MALFORMED, "Image width is zero");
    put_size(&buffer, 4096,
             4096); /* far more than so small a file can hold: refused before memory is taken */
    assert_refused(buffer.bytes, buffer.size, DIME_ERROR_MALFORMED, "the file is cut off");
}

/* ---- PGM and PPM ---- */

static void assert_pnm(const char *text, uint32_t height, uint32_t width, const uint8_t *expected) {
    assert_picture((const uint8_t *)text, strlen(text), height, width, expected);
}

static void reads_plain_pnm(void **state) {
    (void)state;
    static const uint8_t four[] = {0, 128, 255, 7};
    assert_pnm("P2 2 2 255 0 128 255 7", 2, 2, four);
    assert_pnm("P2\n# a comment 9 9\n2\t2\r\n255\n0 128\n255 7\n", 2, 2, four);
    assert_pnm("P2#c\n2 2#\n#\n255 0 128 #x\n255 7 ", 2, 2, four);
    assert_pnm("P2 5 1 4 0 1 2 3 4", 1, 5, (const uint8_t[]){0, 64, 128, 191, 255});
    assert_pnm("P2 3 1 65535 0 32768 65535", 1, 3, (const uint8_t[]){0, 128, 255});
    assert_pnm("P3 3 2 255  255 0 0  0 255 0  0 0 255  255 255 255  12 200 77  254 1 99", 2, 3, greys);
}

static void reads_raw_pnm(void **state) {
    (void)state;
    assert_pnm("P5\n2 2\n255\nAz\n ", 2, 2, (const uint8_t *)"Az\n ");
    assert_pnm("P5 1 2 127 @\x7f", 2, 1, (const uint8_t[]){129, 255});
    assert_picture((const uint8_t *)"P5 2 1 65535 \x80\x00\xff\xff", 17, 1, 2, (const uint8_t[]){128, 255});
    uint8_t bytes[64] = "P6 3 2 255\n";
    memcpy(bytes + 11, colours, sizeof colours);
    assert_picture(bytes, 11 + sizeof colours, 2, 3, greys);
    assert_picture(bytes, 11 + sizeof colours + 5, 2, 3, greys); /* more pictures may follow */
}

static void refuses_wrong_pnm(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"P5", "breaks off before its width"},
        {"P5 x", "its width is not a number within 0..4096"},
        {"P5 5000 1 255 ", "its width is not a number within 0..4096"},
        {"P5 99999999999999999999 1 255 ", "its width is not a number within 0..4096"},
        {"P5 0 1 255 ", "0 x 1 pixels, expected 1..4096 each way"},
        {"P5 1 0 255 ", "1 x 0 pixels, expected 1..4096 each way"},
        {"P5 1 1 0 a", "its greatest value is 0"},
        {"P5 1 1 65536 a", "its greatest value is not a number within 0..65535"},
        {"P5 1 1 255", "no white space between its header and its pixels"},
        {"P5 1 1 255x", "no white space between its header and its pixels"},
        {"P5 2 2 255 abc", "3 bytes of pixels, expected 4; the file is cut off"},
        {"P5 1 1 256 a", "1 bytes of pixels, expected 2; the file is cut off"},
        {"P5 1 1 64 a", "a pixel of 97, above the greatest value 64"},
        {"P6 1 1 255 ab", "2 bytes of pixels, expected 3; the file is cut off"},
        {"P5 4096 4096 255 a", "1 bytes of pixels, expected 16777216; the file is cut off"},
        {"P2 4096 4096 255 1 2", "expected 33554431 at least; the file is cut off"},
        {"P2 2 1 255 1  ", "breaks off before its pixel"},
        {"P2 2 1 255 1 x", "its pixel is not a number within 0..255"},
        {"P2 2 1 255 1 256", "its pixel is not a number within 0..255"},
        {"P2 2 1 255 -1 2", "its pixel is not a number within 0..255"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused((const uint8_t *)cases[i][0], strlen(cases[i][0]), DIME_ERROR_MALFORMED, cases[i][1]);
}

static void refuses_other_files(void **state) {
    (void)state;
    static const char *const others[] = {"", "P", "P1 1 1 0", "P4", "GIF89a", "\xff\xd8\xff\xe0", "\x89PNG"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_refused((const uint8_t *)others[i], strlen(others[i]), DIME_ERROR_UNSUPPORTED,
                       "neither PNG nor PGM");
}

static void reads_files(void **state) {
    (void)state;
    struct dime_picture picture;
    scratch_write_pgm("a.pgm", 3, 2, 99);
    assert_int_equal(dime_picture_read(scratch_path("a.pgm"), &picture), 0);
    assert_int_equal(picture.height, 3);
    assert_int_equal(picture.pixels[5], 99);
    dime_picture_free(&picture);
    assert_int_equal(dime_picture_read(scratch_path("none.png"), &picture), DIME_ERROR_IO);
    assert_message("none.png: cannot open");
    assert_null(picture.pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_grey_of_all_depths),
        cmocka_unit_test(reads_colour),
        cmocka_unit_test(lays_transparency_over_black),
        cmocka_unit_test(reads_palettes),
        cmocka_unit_test(refuses_every_cut_png),
        cmocka_unit_test(refuses_every_damaged_png),
        cmocka_unit_test(refuses_hostile_png_sizes),
        cmocka_unit_test(reads_plain_pnm),
        cmocka_unit_test(reads_raw_pnm),
        cmocka_unit_test(refuses_wrong_pnm),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test_setup_teardown(reads_files, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
