/* SPDX-License-Identifier: MIT */
#include "predictor_recognise.h"

#include "clock.h"
#include "encode.h"
#include "engine.h"
#include "model.h"
#include "vision.h"

/* 2048 bytes less what the stack, two waiting frames and everything else need. */
#define RAM_FOR_PICTURES 1424
#define MARGIN_SHIFT 5 /* a digit leads by at least this part, 1/32, of the range of all logits */

/* The network's input; grey levels until they are encoded in place. */
static union {
    _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
    int8_t input[DIME_MODEL_INPUTS];
} picture;

struct scratch {
    int32_t sums[DIME_MODEL_SUMS];
    _Alignas(4) int8_t activations[DIME_MODEL_ACTIVATIONS];
};

#ifdef DIME_PREPARED_ONLY
#define CELLS 0
static union { struct scratch network; } room;
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
    struct scratch network;
} room;
#endif

static uint8_t prepared;

uint32_t recognise_cells(void) {
    return CELLS;
}

int recognise_begin(const struct dime_link_picture *begun) {
    prepared = begun->prepared;
    if (prepared) return begun->width == DIME_MODEL_INPUT_SIZE && begun->height == DIME_MODEL_INPUT_SIZE;
#ifdef DIME_PREPARED_ONLY
    return 0;
#else
    dime_vision_begin(&room.vision.state, begun->width, begun->height, room.vision.cells, CELLS);
    return 1;
#endif
}

void recognise_add(const struct dime_link_picture *part) {
    if (prepared) {
        for (uint32_t i = 0; i < part->count; i++) picture.grey[part->offset + i] = part->pixels[i];
        return;
    }
#ifndef DIME_PREPARED_ONLY
    dime_vision_add(&room.vision.state, part->pixels, part->count);
#endif
}

/* A camera sends an empty picture where it has seen no digit. */
static enum dime_vision_finding look(void) {
    if (!prepared) {
#ifndef DIME_PREPARED_ONLY
        return dime_vision_finish(&room.vision.state, DIME_VISION_AUTO, DIME_MODEL_INPUT_SIZE, picture.grey,
                                  0);
#endif
    }
    uint32_t brightest = 0;
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS; i++)
        if (picture.grey[i] > brightest) brightest = picture.grey[i];
    return brightest < DIME_VISION_CONTRAST ? DIME_VISION_EMPTY : DIME_VISION_DIGIT;
}

/* Logits are below 2^24, so that no difference overflows. */
static void judge(struct dime_link_result *result) {
    const int32_t *logits = room.network.sums;
    int32_t best = logits[result->best], second = INT32_MIN, least = best;
    for (uint32_t i = 0; i < DIME_MODEL_CLASSES; i++) {
        if (logits[i] < least) least = logits[i];
        if (i != result->best && logits[i] > second) second = logits[i];
    }
    result->margin = best - second;
    if (result->margin > (best - least) >> MARGIN_SHIFT) result->class = result->best;
}

void recognise_finish(struct dime_link_result *result) {
    uint32_t start = cycles_now();
    *result = (struct dime_link_result){.class = DIME_LINK_NO_DIGIT, .best = DIME_LINK_NO_DIGIT};
    result->finding = (uint8_t)look();
    if (result->finding == DIME_VISION_DIGIT) {
        dime_encode(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture.grey, DIME_MODEL_INPUTS,
                    picture.input);
        result->best = (uint8_t)dime_network_infer(&dime_model_network, picture.input, room.network.sums,
                                                   room.network.activations);
        judge(result);
    }
    result->cycles = cycles_now() - start;
}
