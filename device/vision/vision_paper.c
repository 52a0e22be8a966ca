/* SPDX-License-Identifier: MIT */
/* What is paper and what is ink. `flip` is 0 for dark ink on light paper and 0xFF for the reverse; after an
   exclusive or with it, paper is bright. The map holds one value for each block of cells. */
#include "vision_steps.h"

#define RANK_SHARE 200 /* one cell in so many may be brighter than "the brightest" */
#define LEAST_RANK 4
#define MEAN_PASSES 12

static uint32_t count_cells(const struct dime_vision *vision) {
    return (uint32_t)vision->rows * vision->columns;
}

/* ---- the map ---- */

/* The cells of one block. */
struct block {
    const uint8_t *first;
    uint8_t columns, rows, stride, flip;
};

/* Between the two brightest cells: a single bright one may be noise. */
static uint32_t bright_of_block(const struct block *block) {
    uint32_t first = 0, second = 0;
    const uint8_t *row = block->first;
    for (uint32_t y = block->rows; y; y--, row += block->stride) {
        for (uint32_t x = 0; x < block->columns; x++) {
            uint32_t value = row[x] ^ block->flip;
            if (value > first) {
                second = first;
                first = value;
            } else if (value > second) {
                second = value;
            }
        }
    }
    return block->columns * block->rows > 1 ? (first + second + 1) / 2 : first;
}

static uint32_t mean_of_block(const struct block *block) {
    uint32_t sum = 0, cells = (uint32_t)block->columns * block->rows;
    const uint8_t *row = block->first;
    for (uint32_t y = block->rows; y; y--, row += block->stride)
        for (uint32_t x = 0; x < block->columns; x++) sum += row[x] ^ block->flip;
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all cells are set
    return (sum + cells / 2) / cells;
}

/* What a block counts with. No pointers to functions: whoever measures stacks must take those to reach
   anything. */
enum measure { BRIGHT, AVERAGE };

static uint8_t smaller(uint32_t a, uint32_t b) {
    return (uint8_t)(a < b ? a : b);
}

static void fill_map(struct dime_vision *vision, uint32_t flip, enum measure measure) {
    uint8_t *map = vision->map;
    struct block block = {.stride = vision->columns, .flip = (uint8_t)flip};
    for (uint32_t y = 0; y < vision->rows; y += vision->map_block) {
        block.rows = smaller(vision->map_block, vision->rows - y);
        for (uint32_t x = 0; x < vision->columns; x += vision->map_block) {
            block.first = vision->cells + y * vision->columns + x;
            block.columns = smaller(vision->map_block, vision->columns - x);
            *map++ = (uint8_t)(measure == BRIGHT ? bright_of_block(&block) : mean_of_block(&block));
        }
    }
}

enum filter { BRIGHTEST, DARKEST, MEAN };

static uint32_t largest(uint32_t a, uint32_t b, uint32_t c) {
    a = a > b ? a : b;
    return a > c ? a : c;
}

/* Each value of a line becomes that of itself and its neighbours. The darkest is the brightest of what has
   been turned over. */
static void filter_line(uint8_t *line, uint32_t count, uint32_t stride, enum filter filter) {
    uint32_t flip = filter == DARKEST ? 0xFF : 0, here = line[0] ^ flip, before = here;
    for (; count; count--, line += stride) {
        uint32_t after = count > 1 ? line[stride] ^ flip : here;
        uint32_t value = filter == MEAN ? (before + 2 * here + after + 2) / 4 : largest(before, here, after);
        *line = (uint8_t)(value ^ flip);
        before = here;
        here = after;
    }
}

static void filter_map(struct dime_vision *vision, enum filter filter) {
    for (uint32_t j = 0; j < vision->map_rows; j++)
        filter_line(vision->map + j * vision->map_columns, vision->map_columns, 1, filter);
    for (uint32_t i = 0; i < vision->map_columns; i++)
        filter_line(vision->map + i, vision->map_rows, vision->map_columns, filter);
}

/* At the picture's border a closing takes the dark end of a gradient for ink. There the map goes on as it
   does before, at most to half of that. */
static void extend_line(uint8_t *line, uint32_t count, int32_t stride, uint32_t passes) {
    if (count < passes + 2) return;
    for (line += (int32_t)(passes - 1) * stride; passes; passes--, line -= stride) {
        uint32_t near = line[stride], far = line[2 * stride];
        uint32_t value = far < near + near / 2 ? 2 * near - far : near / 2;
        if (value < *line) *line = (uint8_t)value;
    }
}

static void extend_map(struct dime_vision *vision, uint32_t passes) {
    int32_t columns = vision->map_columns;
    uint8_t *last = vision->map + (vision->map_rows - 1) * columns;
    for (uint32_t j = 0; j < vision->map_rows; j++) {
        uint8_t *row = vision->map + (int32_t)j * columns;
        extend_line(row, vision->map_columns, 1, passes);
        extend_line(row + columns - 1, vision->map_columns, -1, passes);
    }
    for (int32_t i = 0; i < columns; i++) {
        extend_line(vision->map + i, vision->map_rows, columns, passes);
        extend_line(last + i, vision->map_rows, -columns, passes);
    }
}

/* What the paper would look like without strokes: a closing with a window wider than strokes. Light and
   shadow stay. One pass makes the window three blocks wide, which is wider than what a pen writes in a
   photograph; strokes of small pictures that keep their pixels are wider. */
static void map_paper(struct dime_vision *vision, uint32_t flip) {
    uint32_t passes = vision->block == 1 ? 2 : 1;
    fill_map(vision, flip, BRIGHT);
    for (uint32_t i = 0; i < passes; i++) filter_map(vision, BRIGHTEST);
    for (uint32_t i = 0; i < passes; i++) filter_map(vision, DARKEST);
    extend_map(vision, passes);
}

/* ---- the map between its values: bilinear, values hold for the middle of a block ---- */

/* Row `y` of cells between the rows of the map, 8.8 bits, one value for each of the map's columns. */
static void map_row(struct dime_vision *vision, uint32_t y) {
    uint32_t twice = 2u * vision->map_block, place = 2 * y + 1, index = 0;
    for (place += vision->map_block; place >= twice; place -= twice) index++;
    uint32_t upper = index ? index - 1 : 0, lower = index < vision->map_rows ? index : upper;
    const uint8_t *above = vision->map + upper * vision->map_columns;
    const uint8_t *below = vision->map + lower * vision->map_columns;
    uint32_t weight = (place << 8) / twice;
    for (uint32_t i = 0; i < vision->map_columns; i++)
        vision->work.sums[i] = (uint16_t)(above[i] * 256 + (below[i] - above[i]) * (int32_t)weight);
}

/* Walks along a row of cells: `value` is the map at the present cell, in 1/65536. */
struct walk {
    const uint16_t *line;
    uint32_t count, block, next, left;
    int32_t value, step;
};

static void walk_turn(struct walk *walk) {
    uint32_t from = walk->next ? walk->next - 1 : 0, to = walk->next < walk->count ? walk->next : from;
    int32_t a = walk->line[from] * 256, b = walk->line[to] * 256;
    /* Nearly always two, and a division is slow. */
    walk->step = walk->block == 2 ? (b - a) / 2 : (b - a) / (int32_t)walk->block;
    walk->value = a;
    walk->next++;
}

/* The first half block lies before the middle of the first one. With an even block the cells are half a step
   beside the middles. */
static void walk_begin(struct walk *walk, const struct dime_vision *vision) {
    *walk = (struct walk){.line = vision->work.sums, .count = vision->map_columns};
    walk->block = vision->map_block;
    walk_turn(walk);
    walk->left = walk->block / 2;
}

static uint32_t walk_next(struct walk *walk) {
    if (walk->left == 0) {
        walk_turn(walk);
        if (walk->block % 2 == 0) walk->value += walk->step / 2;
        walk->left = walk->block;
    }
    uint32_t value = (uint32_t)walk->value;
    walk->value += walk->step;
    walk->left--;
    return (value + 0x8000) >> 16;
}

/* ---- polarity ---- */

/* Ink is the minority near it, so differences from the mean around are larger and fewer on its side: the sum
   of their cubes has its sign. Differences are halved: |d|^3 < 2^21, times 16320 cells would be 2^35, so the
   cubes are divided by 2^5 first. */
static int is_dark_on_light(struct dime_vision *vision) {
    struct walk walk;
    int32_t sum = 0;
    const uint8_t *cell = vision->cells;
    fill_map(vision, 0, AVERAGE);
    for (uint32_t i = 0; i < MEAN_PASSES; i++) filter_map(vision, MEAN);
    for (uint32_t y = 0; y < vision->rows; y++) {
        map_row(vision, y);
        walk_begin(&walk, vision);
        for (uint32_t x = 0; x < vision->columns; x++) {
            int32_t difference = (*cell++ - (int32_t)walk_next(&walk)) / 2;
            /* On paper it is noise. */
            if (difference > 3 || difference < -3) sum += difference * difference * difference / 32;
        }
    }
    return sum < 0;
}

/* ---- ink ---- */

/* What the cell takes from the light of the paper: 0 nothing .. 255 all. paper: 1..255. */
static uint32_t ink_of(uint32_t paper, uint32_t value) {
    if (value >= paper) return 0;
    uint32_t taken = paper - value;
    return ((taken << 8) - taken + paper / 2) / paper;
}

static void subtract_paper(struct dime_vision *vision, uint32_t flip) {
    struct walk walk;
    uint8_t *cell = vision->cells;
    for (uint32_t y = 0; y < vision->rows; y++) {
        map_row(vision, y);
        walk_begin(&walk, vision);
        for (uint32_t x = 0; x < vision->columns; x++, cell++)
            *cell = (uint8_t)ink_of(walk_next(&walk), *cell ^ flip);
    }
}

/* Of the cells whose upper four bits are `upper`, or all where that is 16: their next four bits' least value
   that at most `*rank` cells exceed, of which those that do are taken away. */
static uint32_t nibble_of_rank(const struct dime_vision *vision, uint32_t upper, uint32_t *rank) {
    uint16_t counts[16] = {0};
    const uint8_t *cell = vision->cells;
    for (uint32_t i = count_cells(vision); i; i--, cell++) {
        if (upper == 16)
            counts[*cell >> 4]++;
        else if (*cell >> 4 == (int)upper)
            counts[*cell & 15]++;
    }
    uint32_t value = 15;
    for (; value && counts[value] <= *rank; value--) *rank -= counts[value];
    return value;
}

/* The least level that at most `rank` cells exceed. */
static uint32_t level_of_rank(const struct dime_vision *vision, uint32_t rank) {
    uint32_t upper = nibble_of_rank(vision, 16, &rank);
    return upper << 4 | nibble_of_rank(vision, upper, &rank);
}

/* What is usual on the paper becomes 0, and the usual ink 255. */
static uint32_t stretch(struct dime_vision *vision) {
    uint32_t count = count_cells(vision), rank = count / RANK_SHARE;
    uint32_t ink = level_of_rank(vision, rank < LEAST_RANK ? LEAST_RANK - 1 : rank);
    uint32_t floor = 2 * level_of_rank(vision, count / 2);
    if (floor > ink / 4) floor = ink / 4;
    if (ink <= floor) return 0;
    uint32_t gain = (255u << 8) / (ink - floor); /* below 2^16: times 255 below 2^24 */
    for (uint8_t *cell = vision->cells; count; count--, cell++) {
        uint32_t above = *cell > floor ? *cell - floor : 0;
        uint32_t value = (gain * above + 128) >> 8;
        *cell = (uint8_t)(value > 255 ? 255 : value);
    }
    return ink - floor;
}

void vision_remove_paper(struct dime_vision *vision, enum dime_vision_polarity polarity,
                         struct dime_vision_found *found) {
    found->inverted = (uint8_t)(polarity == DIME_VISION_AUTO ? is_dark_on_light(vision)
                                                             : polarity == DIME_VISION_DARK_ON_LIGHT);
    uint32_t flip = found->inverted ? 0 : 0xFF;
    map_paper(vision, flip);
    subtract_paper(vision, flip);
    found->contrast = (uint8_t)stretch(vision);
}
