/* SPDX-License-Identifier: MIT */
#include "predictor_picture.h"

#include "clock.h"
#include "recognise.h"
#include "vision.h"

/* Of 2048 bytes, what is left beside received bytes, stack, code in RAM, and everything else. */
#define RAM_FOR_PICTURES 1448

static union recognise_picture picture;

#ifdef DIME_PREPARED_ONLY
#define CELLS 0
static union { struct recognise_scratch network; } room;
#else
/* The finest grid that there is room for; 28x28 pictures keep their pixels in the first. */
#define FITS(cells) (DIME_MODEL_INPUTS + (cells) + sizeof(struct dime_vision) <= RAM_FOR_PICTURES)
#define CELLS (FITS(784) ? 784 : FITS(560) ? 560 : 270)
/* The grid is used up before the network runs. */
static union {
    struct {
        struct dime_vision state;
        uint8_t cells[CELLS];
    } vision;
    struct recognise_scratch network;
} room;
#endif

const uint32_t picture_cells = CELLS;

static int has_model_size(const struct dime_link_picture *begun) {
    return begun->width == DIME_MODEL_INPUT_SIZE && begun->height == DIME_MODEL_INPUT_SIZE;
}

/* A camera sends an empty picture where it has seen no digit. */
static enum dime_vision_finding look(void) {
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS; i++)
        if (picture.grey[i] >= DIME_VISION_CONTRAST) return DIME_VISION_DIGIT;
    return DIME_VISION_EMPTY;
}

static void add_prepared(const struct dime_link_picture *part) {
    for (uint32_t i = 0; i < part->count; i++) picture.grey[part->offset + i] = part->pixels[i];
}

#ifdef DIME_PREPARED_ONLY
int picture_begin(const struct dime_link_picture *begun) {
    return begun->prepared && has_model_size(begun);
}

void picture_add(const struct dime_link_picture *part) {
    add_prepared(part);
}

static enum dime_vision_finding find(uint32_t prepared) {
    (void)prepared;
    return look();
}
#else
int picture_begin(const struct dime_link_picture *begun) {
    if (begun->prepared) return has_model_size(begun);
    dime_vision_begin(&room.vision.state, begun->width, begun->height, room.vision.cells, CELLS);
    return 1;
}

void picture_add(const struct dime_link_picture *part) {
    if (part->prepared)
        add_prepared(part);
    else
        dime_vision_add(&room.vision.state, part->pixels, part->count);
}

static enum dime_vision_finding find(uint32_t prepared) {
    if (prepared) return look();
    return dime_vision_finish(&room.vision.state, DIME_VISION_AUTO, DIME_MODEL_INPUT_SIZE, picture.grey, 0);
}
#endif

void picture_read(uint32_t prepared, struct dime_link_result *result) {
    uint32_t start = cycles_now();
    *result = (struct dime_link_result){.class = DIME_LINK_NO_DIGIT, .best = DIME_LINK_NO_DIGIT};
    result->finding = find(prepared);
    if (result->finding == DIME_VISION_DIGIT) {
        struct recognised read;
        recognise(&picture, &room.network, &read);
        if (read.sure) result->class = read.best;
        result->best = read.best;
        result->margin = read.margin;
    }
    result->cycles = cycles_now() - start;
}
