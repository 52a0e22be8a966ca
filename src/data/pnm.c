/* SPDX-License-Identifier: MIT */
/* PGM and PPM, plain (P2, P3) and raw (P5, P6): https://netpbm.sourceforge.net/doc/ (pgm, ppm). Only the
   first picture of a file is read. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "data/picture_formats.h"

struct pnm {
    const char *name;
    const uint8_t *cursor, *end;
    uint32_t height, width;
    uint32_t channels; /* 1 grey, 3 colour */
    uint32_t most;     /* sample value that means full brightness, 1..65535 */
    int plain;         /* samples are written as decimal numbers */
};

static int is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* White space and comments, which run from # to the end of the line. */
static void skip_space(struct pnm *pnm) {
    int comment = 0;
    for (; pnm->cursor < pnm->end; pnm->cursor++) {
        uint8_t c = *pnm->cursor;
        if (c == '#') comment = 1;
        if (c == '\n' || c == '\r') comment = 0;
        if (!comment && !is_space(c)) return;
    }
}

static int read_number(struct pnm *pnm, const char *what, uint32_t most, uint32_t *number) {
    skip_space(pnm);
    const uint8_t *start = pnm->cursor;
    uint32_t value = 0;
    for (; pnm->cursor < pnm->end && *pnm->cursor >= '0' && *pnm->cursor <= '9'; pnm->cursor++)
        if (value <= most) value = 10 * value + (*pnm->cursor - (uint32_t)'0');
    if (pnm->cursor == start && start == pnm->end)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: breaks off before its %s", pnm->name, what);
    if (pnm->cursor == start || value > most)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: its %s is not a number within 0..%u", pnm->name,
                              what, most);
    *number = value;
    return 0;
}

static int read_header(struct pnm *pnm) {
    int code = read_number(pnm, "width", DIME_PICTURE_MAX_SIDE, &pnm->width);
    if (!code) code = read_number(pnm, "height", DIME_PICTURE_MAX_SIDE, &pnm->height);
    if (!code) code = dime_picture_check_size(pnm->name, pnm->height, pnm->width);
    if (!code) code = read_number(pnm, "greatest value", 65535, &pnm->most);
    if (code) return code;
    if (!pnm->most) return dime_error_set(DIME_ERROR_MALFORMED, "%s: its greatest value is 0", pnm->name);
    if (pnm->plain) return 0;
    if (pnm->cursor == pnm->end || !is_space(*pnm->cursor))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: no white space between its header and its pixels",
                              pnm->name);
    pnm->cursor++;
    return 0;
}

/* Checked before memory is taken: a plain sample takes a digit and a separator. */
static int check_content(const struct pnm *pnm) {
    uint64_t samples = (uint64_t)pnm->height * pnm->width * pnm->channels;
    uint64_t needed = pnm->plain ? 2 * samples - 1 : samples * (pnm->most > 255 ? 2 : 1);
    uint64_t found = (uint64_t)(pnm->end - pnm->cursor);
    if (found >= needed) return 0;
    return dime_error_set(
        DIME_ERROR_MALFORMED, "%s: %llu bytes of pixels, expected %llu%s; the file is cut off", pnm->name,
        (unsigned long long)found, (unsigned long long)needed, pnm->plain ? " at least" : "");
}

static int read_sample(struct pnm *pnm, uint32_t *sample) {
    if (pnm->plain) return read_number(pnm, "pixel", pnm->most, sample);
    *sample = *pnm->cursor++;
    if (pnm->most > 255) *sample = *sample << 8 | *pnm->cursor++;
    if (*sample <= pnm->most) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: a pixel of %u, above the greatest value %u", pnm->name,
                          *sample, pnm->most);
}

/* Grey levels 0..255, halves to even, as Pillow's reader scales them. */
static uint8_t to_byte(uint32_t sample, uint32_t most) {
    return most == 255 ? (uint8_t)sample : (uint8_t)rint((double)sample / most * 255);
}

static int read_level(struct pnm *pnm, uint8_t *level) {
    uint32_t sample = 0;
    int code = read_sample(pnm, &sample);
    if (!code) *level = to_byte(sample, pnm->most);
    return code;
}

static int read_pixel(struct pnm *pnm, uint8_t *grey) {
    if (pnm->channels == 1) return read_level(pnm, grey);
    uint8_t rgb[3] = {0};
    for (int i = 0; i < 3; i++) {
        int code = read_level(pnm, &rgb[i]);
        if (code) return code;
    }
    *grey = dime_luma(rgb);
    return 0;
}

static int read_pixels(struct pnm *pnm, struct dime_picture *picture) {
    size_t count = (size_t)pnm->height * pnm->width;
    picture->pixels = count ? malloc(count) : NULL; /* the header has been checked: never 0 */
    if (!picture->pixels) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", pnm->name);
    for (size_t i = 0; i < count; i++) {
        int code = read_pixel(pnm, &picture->pixels[i]);
        if (code) {
            dime_picture_free(picture);
            return code;
        }
    }
    picture->height = pnm->height;
    picture->width = pnm->width;
    return 0;
}

int dime_pnm_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_picture *picture) {
    char kind = (char)bytes[1];
    struct pnm pnm = {.name = name, .cursor = bytes + 2, .end = bytes + size};
    pnm.channels = kind == '3' || kind == '6' ? 3 : 1;
    pnm.plain = kind == '2' || kind == '3';
    int code = read_header(&pnm);
    if (!code) code = check_content(&pnm);
    return code ? code : read_pixels(&pnm, picture);
}
