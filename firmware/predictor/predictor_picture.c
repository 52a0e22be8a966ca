/* SPDX-License-Identifier: MIT */
#include "predictor_picture.h"

#include "clock.h"

union picture_room picture_room;

static int has_model_size(const struct dime_link_picture *begun) {
    return begun->width == DIME_MODEL_INPUT_SIZE && begun->height == DIME_MODEL_INPUT_SIZE;
}

/* A camera sends an empty picture where it has seen no digit. */
static enum dime_vision_finding look(void) {
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS; i++)
        if (picture_room.grey[i] >= DIME_VISION_CONTRAST) return DIME_VISION_DIGIT;
    return DIME_VISION_EMPTY;
}

static void add_prepared(const struct dime_link_picture *part) {
    dime_link_unpack(part, picture_room.grey + part->offset);
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
    dime_vision_begin(&picture_room.vision, begun->width, begun->height, picture_room.cells, PICTURE_CELLS);
    return 1;
}

void picture_add(const struct dime_link_picture *part) {
    if (part->prepared)
        add_prepared(part);
    else
        dime_vision_add(&picture_room.vision, part->pixels, part->count);
}

static enum dime_vision_finding find(uint32_t prepared) {
    if (prepared) return look();
    return dime_vision_finish(&picture_room.vision, DIME_VISION_AUTO, DIME_MODEL_INPUT_SIZE,
                              picture_room.grey, 0);
}
#endif

void picture_read(uint32_t prepared, struct dime_link_result *result) {
    uint32_t start = cycles_now();
    *result = (struct dime_link_result){.class = DIME_LINK_NO_DIGIT, .best = DIME_LINK_NO_DIGIT};
    result->finding = find(prepared);
    if (result->finding == DIME_VISION_DIGIT) {
        struct dime_reading read;
        recognise(&picture_room.network, &read);
        if (read.sure) result->class = read.best;
        result->best = read.best;
        result->margin = read.margin;
    }
    result->cycles = cycles_now() - start;
}
