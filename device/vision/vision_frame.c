/* SPDX-License-Identifier: MIT */
/* Where the ink is, and how it comes into the frame. */
#include "vision_steps.h"

#define INK 80u        /* a cell with so much may belong to a stroke ... */
#define STRONG 160u    /* ... and with so much it does */
#define MARK 1u        /* bit of a cell: belongs to a stroke */
#define LEAST_LONGER 5 /* cells: a digit's longer side */
#define FRAME 28       /* MNIST: sides of the field and of the digit's box */
#define BOX 20
#define UNIT 256 /* parts of a cell in coordinates */

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* ---- the box ---- */

/* Cells: begin <= x < end. */
struct box {
    uint32_t left, top, right, bottom;
};

/* 1 where one of the eight cells around has at least the value of `least` or the bits of `bits`. */
static int has_neighbour(const struct dime_vision *vision, uint32_t x, uint32_t y, uint32_t least,
                         uint32_t bits) {
    uint32_t left = x ? x - 1 : 0, right = smaller(x + 2, vision->columns),
             bottom = smaller(y + 2, vision->rows);
    for (uint32_t j = y ? y - 1 : 0; j < bottom; j++) {
        const uint8_t *row = vision->cells + j * vision->columns;
        for (uint32_t i = left; i < right; i++)
            if ((i != x || j != y) && (row[i] >= least || (row[i] & bits))) return 1;
    }
    return 0;
}

/* Marks where a stroke surely is. One cell alone is none. */
static void mark_strong(struct dime_vision *vision) {
    uint8_t *cell = vision->cells;
    for (uint32_t i = (uint32_t)vision->columns * vision->rows; i; i--, cell++) *cell &= (uint8_t)~MARK;
    cell = vision->cells;
    for (uint32_t y = 0; y < vision->rows; y++)
        for (uint32_t x = 0; x < vision->columns; x++, cell++)
            if (*cell >= STRONG && has_neighbour(vision, x, y, INK, 0)) *cell |= MARK;
}

/* Marks go on through everything that may be a stroke. Edges of shadows and the like, which are nowhere
   strong, get none (hysteresis as in Canny, "A computational approach to edge detection", 1986). */
static uint32_t spread_marks(struct dime_vision *vision) {
    uint8_t *cell = vision->cells;
    uint32_t changes = 0;
    for (uint32_t y = 0; y < vision->rows; y++) {
        for (uint32_t x = 0; x < vision->columns; x++, cell++) {
            if (*cell < INK || (*cell & MARK) || !has_neighbour(vision, x, y, 256, MARK)) continue;
            *cell |= MARK;
            changes++;
        }
    }
    return changes;
}

/* Returns the number of cells that are strokes. */
static uint32_t find_box(struct dime_vision *vision, struct box *box) {
    uint32_t count = 0;
    const uint8_t *cell = vision->cells;
    mark_strong(vision);
    while (spread_marks(vision)) {
    }
    *box = (struct box){vision->columns, vision->rows, 0, 0};
    for (uint32_t y = 0; y < vision->rows; y++) {
        for (uint32_t x = 0; x < vision->columns; x++, cell++) {
            if (!(*cell & MARK)) continue;
            count++;
            box->left = smaller(box->left, x);
            box->right = larger(box->right, x + 1);
            box->top = smaller(box->top, y);
            box->bottom = y + 1;
        }
    }
    return count;
}

/* The most ink of a row or column of cells within the box. */
static uint32_t most_ink(const struct dime_vision *vision, uint32_t first, uint32_t count, uint32_t stride) {
    uint32_t most = 0;
    for (const uint8_t *cell = vision->cells + first; count; count--, cell += stride)
        most = larger(most, *cell);
    return most;
}

/* An edge cell that is only partly covered counts as much as it is. `inner` is the last line of the box,
   `outer` the one beyond it, or the same at the picture's border. Returns the share of both, 0..512. */
static uint32_t edge(const struct dime_vision *vision, uint32_t inner, uint32_t outer, uint32_t count,
                     uint32_t stride) {
    uint32_t share = most_ink(vision, inner, count, stride) + 1;
    if (outer != inner) share += most_ink(vision, outer, count, stride);
    return share;
}

static void measure_edges(const struct dime_vision *vision, const struct box *box,
                          struct dime_vision_found *found) {
    uint32_t columns = vision->columns, width = box->right - box->left, height = box->bottom - box->top;
    uint32_t first = box->top * columns + box->left, last = (box->bottom - 1) * columns + box->left;
    uint32_t top = edge(vision, first, box->top ? first - columns : first, width, 1);
    uint32_t bottom = edge(vision, last, box->bottom < vision->rows ? last + columns : last, width, 1);
    uint32_t left = edge(vision, first, box->left ? first - 1 : first, height, columns);
    last = first + width - 1;
    uint32_t right = edge(vision, last, box->right < columns ? last + 1 : last, height, columns);
    found->top = (uint16_t)((box->top + 1) * UNIT - smaller(top, (box->top + 1) * UNIT));
    found->left = (uint16_t)((box->left + 1) * UNIT - smaller(left, (box->left + 1) * UNIT));
    found->bottom = (uint16_t)((box->bottom - 1) * UNIT + bottom);
    found->right = (uint16_t)((box->right - 1) * UNIT + right);
}

/* What is more than a cell away from a stroke is no part of the digit. */
static void clear_outside(struct dime_vision *vision) {
    uint8_t *cell = vision->cells;
    for (uint32_t y = 0; y < vision->rows; y++)
        for (uint32_t x = 0; x < vision->columns; x++, cell++)
            if (*cell && !(*cell & MARK) && !has_neighbour(vision, x, y, 256, MARK)) *cell = 0;
}

/* moment / mass in 1/256 cells; mass <= 16320 * 255 < 2^22, so the remainder times 256 stays below 2^30. */
static uint16_t centre(uint32_t moment, uint32_t mass) {
    return (uint16_t)(moment / mass * UNIT + moment % mass * UNIT / mass + UNIT / 2);
}

/* moment <= 2^22 * 254 < 2^30 */
static void measure_mass(const struct dime_vision *vision, struct dime_vision_found *found) {
    uint32_t mass = 0, across = 0, down = 0;
    const uint8_t *cell = vision->cells;
    for (uint32_t y = 0; y < vision->rows; y++) {
        uint32_t row = 0;
        for (uint32_t x = 0; x < vision->columns; x++, cell++) {
            row += *cell;
            if (*cell) across += *cell * x;
        }
        mass += row;
        down += row * y;
    }
    if (!mass) return;
    found->centre_x = centre(across, mass);
    found->centre_y = centre(down, mass);
}

enum dime_vision_finding vision_find(struct dime_vision *vision, struct dime_vision_found *found) {
    struct box box;
    if (found->contrast < DIME_VISION_CONTRAST) return DIME_VISION_EMPTY;
    uint32_t count = find_box(vision, &box);
    if (!count) return DIME_VISION_SMALL;
    if (2 * count > (uint32_t)vision->columns * vision->rows) return DIME_VISION_FULL;
    if (larger(box.right - box.left, box.bottom - box.top) < LEAST_LONGER) return DIME_VISION_SMALL;
    clear_outside(vision);
    measure_edges(vision, &box, found);
    measure_mass(vision, found);
    return DIME_VISION_DIGIT;
}

/* ---- the frame ---- */

/* Where the frame lies on the grid, in 1/256 cells: output pixel i is around begin + (i + 1/2) * step. */
struct frame {
    int32_t begin_x, begin_y;
    uint32_t step; /* of an output pixel */
};

/* Side of the frame in 1/256 cells when the digit's longer side fills the box. */
static uint32_t frame_side(const struct dime_vision_found *found) {
    uint32_t longer = larger((uint32_t)found->right - found->left, (uint32_t)found->bottom - found->top);
    return longer * FRAME / BOX;
}

/* The frame begins so that the centre of mass is its centre, but never cuts the digit. */
static int32_t frame_begin(uint32_t mass, uint32_t side, uint32_t low, uint32_t high) {
    int32_t begin = (int32_t)mass - (int32_t)side / 2;
    if (begin > (int32_t)low) begin = (int32_t)low;
    if (begin + (int32_t)side < (int32_t)high) begin = (int32_t)(high - side);
    return begin;
}

static int is_near(uint32_t value, uint32_t wanted, uint32_t tolerance) {
    return value + tolerance >= wanted && value <= wanted + tolerance;
}

/* A picture from MNIST is in its frame. Its box was measured before it was smoothed, and its centre rounded
   to a pixel: that is what the tolerances are for. */
static int is_framed(const struct dime_vision *vision, const struct dime_vision_found *found) {
    uint32_t side = vision->columns * UNIT, pixel = side / FRAME;
    if (vision->block != 1 || vision->columns != vision->rows || vision->columns > FRAME) return 0;
    return is_near(frame_side(found), side, side / 8) && is_near(found->centre_x, side / 2, pixel * 3 / 2) &&
           is_near(found->centre_y, side / 2, pixel * 3 / 2);
}

static struct frame place_frame(const struct dime_vision *vision, struct dime_vision_found *found,
                                uint32_t size) {
    found->kept = (uint8_t)is_framed(vision, found);
    if (found->kept) return (struct frame){0, 0, vision->columns * UNIT / size};
    uint32_t side = frame_side(found);
    return (struct frame){frame_begin(found->centre_x, side, found->left, found->right),
                          frame_begin(found->centre_y, side, found->top, found->bottom), side / size};
}

/* Cells that an output pixel sees along one axis, weighted by a triangle as wide as two output pixels, at
   least two cells (the filter of PIL's Image.BILINEAR). */
struct taps {
    uint32_t first, count, total; /* total: of the weights */
    int32_t middle, reach;        /* 1/256 cells */
};

static uint32_t weight(const struct taps *taps, int32_t cell) {
    int32_t distance = cell * UNIT + UNIT / 2 - taps->middle;
    distance = distance < 0 ? -distance : distance;
    return distance < taps->reach ? (uint32_t)(taps->reach - distance) : 0;
}

/* Right shift rounds towards minus infinity, as the engine expects, too. */
static int32_t floor_cell(int32_t place) {
    return place >> 8;
}

/* Outside of the grid is paper, so the weights there count, too. Reach <= 64 * 256 * 28 / 20 / 4 = 5734, so
   the weights are below 2^13, their sum over at most 46 cells below 2^19, and times 255 below 2^27. */
static struct taps find_taps(int32_t begin, uint32_t step, uint32_t index, uint32_t cells) {
    struct taps taps = {.middle = begin + (int32_t)(index * step + step / 2)};
    taps.reach = (int32_t)larger(step, UNIT);
    int32_t low = floor_cell(taps.middle - taps.reach), high = floor_cell(taps.middle + taps.reach) + 1;
    for (int32_t cell = low; cell < high; cell++) taps.total += weight(&taps, cell);
    taps.first = (uint32_t)(low > 0 ? low : 0);
    uint32_t end = high > 0 ? smaller((uint32_t)high, cells) : 0;
    taps.count = end > taps.first ? end - taps.first : 0;
    return taps;
}

static uint8_t blend(const struct taps *taps, const uint8_t *cell, uint32_t stride) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < taps->count; i++, cell += stride)
        if (*cell) sum += weight(taps, (int32_t)(taps->first + i)) * *cell;
    return (uint8_t)(sum ? smaller((sum + taps->total / 2) / taps->total, 255) : 0);
}

void vision_frame(struct dime_vision *vision, struct dime_vision_found *found, uint32_t size,
                  uint8_t *output) {
    struct frame frame = place_frame(vision, found, size);
    uint8_t *line = vision->work.line;
    for (uint32_t j = 0; j < size; j++, output += size) {
        struct taps down = find_taps(frame.begin_y, frame.step, j, vision->rows);
        const uint8_t *cell = vision->cells + down.first * vision->columns;
        uint32_t any = 0;
        if (!down.count) continue;
        for (uint32_t x = 0; x < vision->columns; x++) any |= line[x] = blend(&down, cell++, vision->columns);
        for (uint32_t i = 0; any && i < size; i++) {
            struct taps across = find_taps(frame.begin_x, frame.step, i, vision->columns);
            if (across.count) output[i] = blend(&across, line + across.first, 1);
        }
    }
}
