/* SPDX-License-Identifier: MIT */
/* The picture streams through and becomes a grid of cells. */
#include "vision.h"

#include "vision_steps.h"

#define MOST_ROWS 255

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t dime_vision_grid(uint32_t width, uint32_t height, uint32_t capacity, uint32_t *columns,
                          uint32_t *rows) {
    uint32_t block = 0;
    do {
        block++;
        *columns = block > width ? 1 : width / block;
        *rows = block > height ? 1 : height / block;
    } while (*columns > DIME_VISION_MOST_COLUMNS || *rows > MOST_ROWS || *columns * *rows > capacity);
    return block;
}

/* The least block so that the map has enough room. */
static void size_map(struct dime_vision *vision, uint32_t room) {
    uint32_t block = 1, columns, rows;
    do {
        block++;
        columns = (vision->columns + block - 1u) / block;
        rows = (vision->rows + block - 1u) / block;
    } while (columns * rows > room);
    vision->map_block = (uint8_t)block;
    vision->map_columns = (uint8_t)columns;
    vision->map_rows = (uint8_t)rows;
}

void dime_vision_begin(struct dime_vision *vision, uint32_t width, uint32_t height, uint8_t *cells,
                       uint32_t capacity) {
    uint32_t columns, rows, block = dime_vision_grid(width, height, capacity, &columns, &rows);
    *vision = (struct dime_vision){.cells = cells};
    vision->width = (uint16_t)width;
    vision->height = (uint16_t)height;
    vision->columns = (uint8_t)columns;
    vision->rows = (uint8_t)rows;
    vision->block = (uint16_t)block;
    vision->left = vision->cell_width = (uint16_t)smaller(block, width);
    vision->lines_left = vision->cell_height = (uint16_t)smaller(block, height);
    vision->skip_x = (uint16_t)((width - columns * vision->cell_width) / 2);
    vision->skip_y = (uint16_t)((height - rows * vision->cell_height) / 2);
    /* A cell's sum is at most block * (block * 255 >> shift), which must stay below 2^16. */
    while (block * (block * 255 >> vision->shift) > UINT16_MAX) vision->shift++;
}

/* The lines of a row of cells are complete: sums become means. */
static void finish_row(struct dime_vision *vision) {
    uint8_t *cells = vision->cells + (uint32_t)vision->row * vision->columns;
    uint32_t count = (uint32_t)vision->cell_width * vision->cell_height;
    for (uint32_t i = 0; i < vision->columns; i++) {
        uint32_t sum = (uint32_t)vision->work.sums[i] << vision->shift;
        cells[i] = (uint8_t)((sum + count / 2) / count);
        vision->work.sums[i] = 0;
    }
    vision->row++;
    vision->lines_left = vision->cell_height;
}

static int is_used(const struct dime_vision *vision) {
    return vision->y >= vision->skip_y && vision->row < vision->rows;
}

static void end_line(struct dime_vision *vision) {
    if (is_used(vision) && --vision->lines_left == 0) finish_row(vision);
    vision->x = 0;
    vision->y++;
    vision->column = 0;
    vision->left = vision->cell_width;
}

/* The next pixels of a cell: as many as there are, or as it still needs. */
static uint32_t add_run(struct dime_vision *vision, const uint8_t *pixels, uint32_t count) {
    count = smaller(count, vision->left);
    for (uint32_t i = 0; i < count; i++) vision->run += pixels[i];
    vision->left = (uint16_t)(vision->left - count);
    if (vision->left == 0) {
        uint16_t *sum = &vision->work.sums[vision->column++];
        *sum = (uint16_t)(*sum + (vision->run >> vision->shift));
        vision->run = 0;
        vision->left = vision->cell_width;
    }
    return count;
}

/* Takes some of the pixels, at most to the end of the line; says how many. */
static uint32_t add_some(struct dime_vision *vision, const uint8_t *pixels, uint32_t count) {
    uint32_t rest = smaller(count, (uint32_t)vision->width - vision->x);
    if (!is_used(vision) || vision->column == vision->columns) return rest;
    if (vision->x < vision->skip_x) return smaller(rest, (uint32_t)vision->skip_x - vision->x);
    return add_run(vision, pixels, rest);
}

void dime_vision_add(struct dime_vision *vision, const uint8_t *pixels, uint32_t count) {
    while (count && !dime_vision_complete(vision)) {
        uint32_t taken = add_some(vision, pixels, count);
        vision->x = (uint16_t)(vision->x + taken);
        pixels += taken;
        count -= taken;
        if (vision->x == vision->width) end_line(vision);
    }
}

int dime_vision_complete(const struct dime_vision *vision) {
    return vision->y == vision->height;
}

/* ---- the picture is complete ---- */

enum dime_vision_finding dime_vision_finish(struct dime_vision *vision, enum dime_vision_polarity polarity,
                                            uint32_t size, uint8_t *output, struct dime_vision_found *found) {
    struct dime_vision_found ignored = {0};
    struct dime_vision_found *where = found ? found : &ignored;
    *where = ignored;
    vision->map = output; /* is not needed any more when the output is made */
    size_map(vision, smaller(size * size, DIME_VISION_BLOCKS));
    vision_remove_paper(vision, polarity, where);
    enum dime_vision_finding finding = vision_find(vision, where);
    for (uint32_t i = 0; i < size * size; i++) output[i] = 0;
    if (finding == DIME_VISION_DIGIT) vision_frame(vision, where, size, output);
    return finding;
}
