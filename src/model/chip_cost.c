/* SPDX-License-Identifier: MIT */
#include "model/chip_cost.h"

#include <string.h>

#include "engine/stage.h"
#include "model/chip_work.h"

/* ---- which work a kernel's time depends on ---- */

#define W(kind) (UINT64_C(1) << DIME_WORK_##kind)
#define FINISHING (W(SHIFTED) | W(SCALED) | W(SCALE_BITS) | W(CENTRED) | W(POSITIVE))
#define MULTIPLYING (W(PRODUCTS) | W(FACTOR_LENGTHS) | W(FACTOR_ONES) | W(FACTOR_NEGATIVES) | W(WEIGHT_ZEROS))
#define ROWS                                                                                                 \
    (W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(HIGH) | W(ACTIVE) | W(BITS) | W(BIT_PASSES) |            \
     W(BIT_WORDS) | W(FILLED) | W(BUCKETS) | W(BUCKET_WORDS) | W(MOVED) | W(LANES) | W(OFFSET) |             \
     W(CORRECTIONS) | FINISHING)
#define PLANES                                                                                               \
    (W(CALLS) | W(INPUTS) | W(ACTIVE) | W(LOW) | W(BITS) | W(FILLED) | W(BUCKETS) | W(BUCKET_WORDS) |        \
     W(FOUR_WORDS) | W(EIGHT_WORDS) | W(SETS) | W(OUTPUTS))

static uint64_t dependence(uint32_t kernel) {
    if (kernel == DIME_CHIP_WRITTEN)
        return W(CALLS) | W(CODE) | W(FINISHES) | W(DIGITS) | W(PLACES) | W(OUTPUTS);
    if (kernel >= DIME_CHIP_STAGE)
        return W(CALLS) | W(INPUTS) | W(PLACES) | W(GATHERED) | W(OUTPUTS) | W(SCALE_BITS) | W(POSITIVE) |
               W(COPIES) | MULTIPLYING;
    if (kernel >= DIME_CHIP_SUMS) return W(CALLS) | W(OUTPUTS) | MULTIPLYING;
    if (kernel >= DIME_CHIP_TABLE)
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE) | W(ACTIVE_WORDS) | W(FIVES) |
               W(FIVE_WORDS) | W(BITS) | W(LANES) | W(OFFSET) | W(CORRECTIONS) | FINISHING;
    switch (kernel) {
    case DIME_CHIP_REST:
    case DIME_CHIP_REST_REFERENCE:
        return W(CALLS) | W(LAYERS) | W(PLACES) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_ROWS:
        return ROWS;
    case DIME_CHIP_PARTS:
        return ROWS | W(LAYERS) | W(OUTPUTS) | W(COPIES);
    case DIME_CHIP_SLICES:
        return W(CALLS) | W(INPUTS) | W(ACTIVE) | W(BITS) | W(DIGITS) | W(LEVELS) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_PLANES:
        return PLANES | W(LANES) | W(LEVELS) | FINISHING;
    case DIME_CHIP_PLACES:
        return PLANES | W(PLACES) | W(SCALE_BITS) | W(POSITIVE);
    case DIME_CHIP_LOOKUP:
        return W(CALLS) | W(PLACES) | W(INPUTS) | W(PRODUCTS) | W(SCALED) | W(SCALE_BITS) | W(POSITIVE);
    case DIME_CHIP_CODE:
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE) | W(CODE) | W(OUTPUTS) | W(OFFSET) |
               W(CORRECTIONS) | FINISHING;
    case DIME_CHIP_FLAGS:
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE) | W(LANES) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_PRODUCTS:
        return W(CALLS) | W(INPUTS) | W(ACTIVE) | W(HIGH) | W(BITS) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_PAIRS:
        return W(CALLS) | W(CODE) | W(OUTPUTS) | W(FINISHES) | W(PLACES) | W(POSITIVE) | W(SCALED) |
               W(SCALE_BITS);
    case DIME_CHIP_POOLED:
        return W(CALLS) | W(CODE) | W(OUTPUTS) | W(FINISHES) | W(PLACES) | W(POSITIVE) | W(TESTS) |
               W(COPIES) | W(SCALED) | W(SCALE_BITS);
    case DIME_CHIP_WIDE:
        return W(CALLS) | W(CODE) | W(PLACES) | W(OUTPUTS);
    default: /* encoding */
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE);
    }
}

int dime_chip_depends(uint32_t kernel, enum dime_chip_work work) {
    return (int)(dependence(kernel) >> work & 1);
}

uint32_t dime_chip_worker(uint32_t kernel) {
    return kernel == DIME_CHIP_PARTS ? DIME_CHIP_ROWS : kernel;
}

/* ---- all ---- */

static void describe_encoding(const struct dime_model *model, const struct dime_layer_activity *seen,
                              struct dime_chip_part *part) {
    part->layer = model->layer_count;
    part->kernel = DIME_CHIP_ENCODE + (uint32_t)model->config.input_encoding;
    part->work[DIME_WORK_CALLS] = 1;
    part->work[DIME_WORK_INPUTS] = dime_model_input_count(model);
    part->work[DIME_WORK_WORDS] = seen->words;
    part->work[DIME_WORK_BYTES] = seen->bytes;
    part->work[DIME_WORK_ACTIVE] = seen->active;
}

static int is_finished_elsewhere(uint32_t kernel) {
    return (kernel >= DIME_CHIP_SUMS && kernel < DIME_CHIP_STAGE) ||
           (kernel >= DIME_CHIP_DOT && kernel < DIME_CHIP_WRITTEN);
}

/* The reference's layers are finished by what belongs to the rest. */
static void describe_rest(const struct dime_model *model, int is_fast, const struct dime_chip_part *parts,
                          uint32_t count, struct dime_chip_part *part) {
    part->layer = model->layer_count;
    part->kernel = is_fast ? DIME_CHIP_REST : DIME_CHIP_REST_REFERENCE;
    part->work[DIME_WORK_CALLS] = 1;
    part->work[DIME_WORK_OUTPUTS] = model->classes;
    for (uint32_t i = 1; i < count; i++) { /* the first encodes */
        int is_map = model->layers[parts[i].layer].shape.kind != DIME_LAYER_FC;
        part->work[is_map ? DIME_WORK_PLACES : DIME_WORK_LAYERS] += 1;
        if (!is_finished_elsewhere(parts[i].kernel)) continue;
        for (int kind = DIME_WORK_SHIFTED; kind <= DIME_WORK_POSITIVE; kind++)
            part->work[kind] += parts[i].work[kind];
    }
}

uint32_t dime_chip_parts(const struct dime_model *model, const struct dime_activity *activity,
                         const struct dime_chip_build *build,
                         struct dime_chip_part parts[DIME_CHIP_MOST_PARTS]) {
    struct dime_runtime runtime;
    uint32_t count = 0;
    if (dime_runtime_create(&runtime, model)) return 0;
    memset(parts, 0, DIME_CHIP_MOST_PARTS * sizeof *parts);
    describe_encoding(model, &activity->picture, &parts[count++]);
    for (uint32_t i = 0, end; i < model->layer_count; i = end) {
        end = i < runtime.network.map_count ? dime_stage_end(&runtime.network, i) : i + 1;
        if (i < runtime.network.map_count)
            dime_work_stage(model, &runtime.network, i, end, activity, build, &parts[count++]);
        else
            dime_work_connected(model, i, activity, build, &parts[count++]);
    }
    describe_rest(model, build->is_fast, parts, count, &parts[count]);
    dime_runtime_free(&runtime);
    return count + 1;
}

uint32_t dime_chip_build_index(const struct dime_chip_build *build) {
    return (uint32_t)(build->in_ram != 0) + 2 * (uint32_t)(build->is_small != 0);
}

double dime_chip_part_cycles(const struct dime_chip_part *part, const struct dime_chip_build *build) {
    const float *cost = dime_chip_costs[part->kernel][dime_chip_build_index(build)];
    double cycles = 0;
    for (int kind = 0; kind < DIME_WORK_KINDS; kind++) cycles += part->work[kind] * (double)cost[kind];
    return cycles;
}

int dime_chip_has_costs(const struct dime_chip *chip) {
    return chip == dime_chips;
}

int dime_chip_part_is_known(const struct dime_chip_part *part, const struct dime_chip_build *build) {
    if (!dime_chip_has_costs(build->chip)) return 0;
    const float *cost = dime_chip_costs[part->kernel][dime_chip_build_index(build)];
    for (int kind = 0; kind < DIME_WORK_KINDS; kind++)
        if (cost[kind] > 0) return 1;
    return 0;
}

double dime_chip_cycles(const struct dime_model *model, const struct dime_activity *activity,
                        const struct dime_chip_build *build, int with_encoding) {
    struct dime_chip_part parts[DIME_CHIP_MOST_PARTS];
    double cycles = 0;
    uint32_t count = dime_chip_parts(model, activity, build, parts);
    for (uint32_t i = 0; i < count; i++)
        if (!dime_chip_part_is_known(&parts[i], build)) return 0;
    for (uint32_t i = with_encoding ? 0 : 1; i < count; i++)
        cycles += dime_chip_part_cycles(&parts[i], build);
    return cycles;
}
