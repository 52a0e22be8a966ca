/* SPDX-License-Identifier: MIT */
#include "model/chip_cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/stage.h"
#include "model/bits.h"
#include "model/conv_written.h"
#include "model/fast_layout.h"
#include "model/planes_layout.h"
#include "model/rows_layout.h"
#include "model/weight_code.h"

enum { BUCKET = 15, PLANES_BUCKET = 16, PASS_WORDS = 4 };

/* ---- which work a kernel's time depends on ---- */

#define W(kind) (UINT64_C(1) << DIME_WORK_##kind)
#define FINISHING (W(SHIFTED) | W(SCALED) | W(SCALE_BITS) | W(CENTRED) | W(POSITIVE))
#define MULTIPLYING (W(INPUT_LENGTHS) | W(INPUT_ONES) | W(WEIGHT_LENGTHS) | W(WEIGHT_ONES))
#define ROWS                                                                                                 \
    (W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(HIGH) | W(ACTIVE) | W(BITS) | W(BIT_PASSES) |            \
     W(BIT_WORDS) | W(BUCKETS) | W(BUCKET_WORDS) | W(LANES) | W(OFFSET) | W(CORRECTIONS) | FINISHING)
#define PLANES                                                                                               \
    (W(CALLS) | W(INPUTS) | W(ACTIVE) | W(BITS) | W(BIT_WORDS) | W(BUCKETS) | W(BUCKET_WORDS) | W(SETS) |    \
     W(OUTPUTS))

static uint64_t dependence(uint32_t kernel) {
    if (kernel == DIME_CHIP_WRITTEN)
        return W(CALLS) | W(CODE) | W(FINISHES) | W(DIGITS) | W(PLACES) | W(OUTPUTS);
    if (kernel >= DIME_CHIP_STAGE) return W(CALLS) | W(PLACES) | W(PRODUCTS) | W(OUTPUTS) | MULTIPLYING;
    if (kernel >= DIME_CHIP_SUMS) return W(CALLS) | W(OUTPUTS) | W(PRODUCTS) | MULTIPLYING;
    if (kernel >= DIME_CHIP_TABLE)
        return W(CALLS) | W(INPUTS) | W(ACTIVE) | W(ACTIVE_WORDS) | W(BITS) | W(LANES) | W(OFFSET) |
               W(CORRECTIONS) | FINISHING;
    switch (kernel) {
    case DIME_CHIP_REST:
    case DIME_CHIP_REST_REFERENCE:
        return W(CALLS) | W(LAYERS) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_ROWS:
        return ROWS;
    case DIME_CHIP_PARTS:
        return ROWS | W(OUTPUTS);
    case DIME_CHIP_SLICES:
        return W(CALLS) | W(INPUTS) | W(ACTIVE) | W(BITS) | W(DIGITS) | W(LEVELS) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_PLANES:
        return PLANES | W(WORDS) | W(BYTES) | FINISHING;
    case DIME_CHIP_PLACES:
        return PLANES | W(PLACES) | W(SCALE_BITS) | W(POSITIVE);
    case DIME_CHIP_LOOKUP:
        return W(CALLS) | W(PLACES) | W(INPUTS) | W(PRODUCTS) | W(SCALED) | W(SCALE_BITS) | W(POSITIVE);
    case DIME_CHIP_CODE:
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE) | W(CODE) | W(OUTPUTS) | W(OFFSET) |
               W(CORRECTIONS) | FINISHING;
    case DIME_CHIP_FLAGS:
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE) | W(LANES) | W(OUTPUTS) | FINISHING;
    case DIME_CHIP_PAIRS:
        return W(CALLS) | W(CODE) | W(FINISHES) | W(PLACES) | W(POSITIVE) | W(SCALED) | W(SCALE_BITS);
    case DIME_CHIP_POOLED:
        return W(CALLS) | W(CODE) | W(FINISHES) | W(PLACES) | W(POSITIVE) | W(TESTS) | W(COPIES) | W(SCALED) |
               W(SCALE_BITS);
    case DIME_CHIP_WIDE:
        return W(CALLS) | W(CODE) | W(PLACES) | W(OUTPUTS);
    default: /* encoding */
        return W(CALLS) | W(INPUTS) | W(WORDS) | W(BYTES) | W(ACTIVE);
    }
}

int dime_chip_depends(uint32_t kernel, enum dime_chip_work work) {
    return (int)(dependence(kernel) >> work & 1);
}

/* ---- estimates ---- */

/* Buckets of a size that n rows fill, the last one in part; of a mean, with a spread about it. */
static double buckets_of(double n, uint32_t size, int exact) {
    if (exact || n < 1e-6) return ceil(n / size);
    if (n > 10000) return n / size + 0.5; /* the same, and nobody's file can make this loop long */
    double spread = 0.3 * n + 0.7, sum = 0, weight = 0;
    int least = (int)fmax(0, n - 3 * spread), most = (int)(n + 3 * spread);
    for (int at = least; at <= most; at++) {
        double likely = exp(-0.5 * (at - n) * (at - n) / (spread * spread));
        sum += likely * ceil((double)at / size);
        weight += likely;
    }
    return sum / weight;
}

/* Levels until the last of n carries has ended, each of which ends at a level with one chance in two. */
static double levels_of(uint32_t n) {
    double levels = 0;
    for (int level = 0; n && level < 18; level++) levels += 1 - pow(1 - pow(0.5, level), n);
    return levels;
}

static double mean_levels(const struct dime_model_layer *layer) {
    double sum = 0;
    for (uint32_t k = 0; k < layer->inputs; k++) {
        uint32_t count = 0;
        for (uint32_t m = 0; m < layer->outputs; m++)
            count += layer->value[(size_t)m * layer->inputs + k] != 0;
        sum += levels_of(count);
    }
    return sum / layer->inputs;
}

/* ---- fully connected layers ---- */

/* Work on `share` of a layer's inputs, with rows of so many words. */
static void add_activity(const struct dime_layer_activity *activity, double share, double words,
                         uint32_t bucket, int exact, double *work) {
    double passes = ceil(words / PASS_WORDS), bits = 0, buckets = 0;
    for (uint32_t b = 0; b < 8; b++) {
        bits += share * activity->bits[b];
        buckets += buckets_of(share * activity->bits[b], bucket, exact && share > 0.999);
    }
    work[DIME_WORK_WORDS] += share * activity->words;
    work[DIME_WORK_BYTES] += share * activity->bytes;
    work[DIME_WORK_HIGH] += share * activity->high;
    work[DIME_WORK_ACTIVE] += share * activity->active;
    work[DIME_WORK_ACTIVE_WORDS] += share * activity->active * words;
    work[DIME_WORK_DIGITS] += share * activity->digits;
    work[DIME_WORK_BITS] += bits;
    work[DIME_WORK_BUCKETS] += buckets;
    work[DIME_WORK_BIT_PASSES] += bits * passes;
    work[DIME_WORK_BIT_WORDS] += bits * words;
    work[DIME_WORK_BUCKET_WORDS] += buckets * words;
    work[DIME_WORK_LANES] += 8 * words;
}

static void add_rows(const struct dime_model *model, uint32_t index, const struct dime_layer_activity *seen,
                     int exact, double *work) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_rows_plan plan = dime_rows_plan_make(model, index);
    uint32_t widest = dime_layout_widest_rows(model);
    work[DIME_WORK_CALLS] = plan.count;
    work[DIME_WORK_INPUTS] = work[DIME_WORK_OUTPUTS] = 0;
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct dime_rows_part *part = &plan.parts[i];
        work[DIME_WORK_INPUTS] += part->inputs;
        work[DIME_WORK_OUTPUTS] += part->outputs;
        uint32_t words = dime_rows_words_added(dime_rows_words(part->outputs), widest);
        add_activity(seen, (double)part->inputs / layer->inputs, words, BUCKET, exact, work);
    }
}

/* At each of so many places. */
static void add_planes(const struct dime_model *model, uint32_t index, const struct dime_layer_activity *seen,
                       double places, int exact, double *work) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_layer_activity at_place;
    struct dime_planes_shape shape;
    if (!dime_planes_shape_of(layer, 0, (int32_t)layer->shape.input_largest, &shape)) return;
    const double *from = (const double *)seen;
    double *to = (double *)&at_place;
    for (uint32_t i = 0; i < DIME_ACTIVITY_NUMBERS; i++) to[i] = from[i] / places;
    add_activity(&at_place, 1, shape.words, PLANES_BUCKET, exact, work);
    for (int kind = 0; kind < DIME_WORK_KINDS; kind++) work[kind] *= places;
    work[DIME_WORK_SETS] = places * shape.sets;
}

static void add_finish(const struct dime_model *model, uint32_t index,
                       const struct dime_layer_activity *activity, double *work) {
    const struct dime_model_layer *layer = &model->layers[index];
    int is_last = index + 1 == model->layer_count;
    if (layer->affine) work[DIME_WORK_SCALED] = layer->outputs;
    for (uint32_t m = 0; layer->affine && m < layer->outputs; m++)
        work[DIME_WORK_SCALE_BITS] += dime_ones(layer->affine[m].multiplier);
    if (is_last) return;
    if (model->config.norm != DIME_NORM_BATCH) work[DIME_WORK_SHIFTED] = layer->outputs;
    if (model->config.norm == DIME_NORM_LAYER) work[DIME_WORK_CENTRED] = layer->outputs;
    work[DIME_WORK_POSITIVE] = activity->positive;
}

/* What multiplication bit by bit depends on, with a layer's weights used so many times. */
static void add_products(const struct dime_model_layer *layer, const struct dime_layer_activity *seen,
                         double times, double *work) {
    work[DIME_WORK_INPUT_LENGTHS] += layer->outputs * seen->lengths;
    work[DIME_WORK_INPUT_ONES] += layer->outputs * seen->ones;
    for (size_t i = 0; i < (size_t)layer->outputs * layer->inputs; i++) {
        uint32_t weight = (uint32_t)abs(layer->value[i]);
        work[DIME_WORK_WEIGHT_LENGTHS] += times * dime_bit_length(weight);
        work[DIME_WORK_WEIGHT_ONES] += times * dime_ones(weight);
    }
}

static uint32_t fc_kernel(const struct dime_model_layer *layer, enum dime_layout layout) {
    switch (layout) {
    case DIME_LAYOUT_ROWS:
        return DIME_CHIP_ROWS;
    case DIME_LAYOUT_CODE:
        return DIME_CHIP_CODE;
    case DIME_LAYOUT_PARTS:
        return DIME_CHIP_PARTS;
    case DIME_LAYOUT_SLICES:
        return DIME_CHIP_SLICES;
    case DIME_LAYOUT_PLANES:
        return DIME_CHIP_PLANES;
    case DIME_LAYOUT_TABLE:
        return DIME_CHIP_TABLE + (uint32_t)layer->format;
    case DIME_LAYOUT_MULTIPLY:
    case DIME_LAYOUT_REFERENCE:
        break;
    }
    return DIME_CHIP_SUMS + (uint32_t)layer->format;
}

static void describe_fc(const struct dime_model *model, uint32_t index, const struct dime_activity *activity,
                        int exact, const struct dime_chip_build *build, struct dime_chip_part *part) {
    const struct dime_model_layer *layer = &model->layers[index];
    const struct dime_layer_activity *seen = &activity->layers[index];
    enum dime_layout layout = build->is_fast ? dime_layout_choose(model, index) : DIME_LAYOUT_REFERENCE;
    double *work = part->work;
    if (build->is_fast && build->convolutions && build->convolutions->code_layers >> index & 1)
        layout = DIME_LAYOUT_CODE;
    part->layer = index;
    part->kernel = fc_kernel(layer, layout);
    if (layout == DIME_LAYOUT_ROWS && dime_rows_plan_make(model, index).parts[0].has_flags)
        part->kernel = DIME_CHIP_FLAGS;
    work[DIME_WORK_CALLS] = 1;
    work[DIME_WORK_INPUTS] = layer->inputs;
    work[DIME_WORK_OUTPUTS] = layer->outputs;
    if (layout == DIME_LAYOUT_ROWS || layout == DIME_LAYOUT_PARTS)
        add_rows(model, index, seen, exact, work);
    else if (layout == DIME_LAYOUT_PLANES)
        add_planes(model, index, seen, 1, exact, work);
    else
        add_activity(seen, 1, (layer->outputs + 7) / 8, BUCKET, exact, work);
    if (layout == DIME_LAYOUT_CODE)
        work[DIME_WORK_CODE] = seen->active * dime_weight_code_length(model, index);
    if (layout == DIME_LAYOUT_SLICES) work[DIME_WORK_LEVELS] = seen->digits * mean_levels(layer);
    work[DIME_WORK_OFFSET] = seen->offset * work[DIME_WORK_INPUTS];
    work[DIME_WORK_CORRECTIONS] = seen->least_bits * work[DIME_WORK_OUTPUTS];
    work[DIME_WORK_PRODUCTS] = (double)layer->outputs * layer->inputs;
    add_products(layer, seen, 1, work);
    add_finish(model, index, seen, work);
}

/* ---- stages of maps ---- */

static double mean_ones(const struct dime_layer *layer) {
    double sum = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) sum += dime_ones(layer->affine[m].multiplier);
    return sum / layer->outputs;
}

/* Windows of pooling that are not copied. */
static double count_windows(const struct dime_layer *first, const struct dime_layer *last,
                            const struct dime_layer_activity *activity, double *work) {
    int tests = first->channels == 1 && ((first->kernel + first->stride) | first->width) % 2 == 0;
    double windows = dime_map_size(last), copied = tests ? fmax(0, activity->blank - 1) : 0;
    work[DIME_WORK_TESTS] = tests ? windows : 0;
    work[DIME_WORK_COPIES] = copied * first->outputs;
    return windows - copied;
}

static void describe_code(const struct dime_model *model, const struct dime_network *network,
                          const struct dime_conv_stage_plan *stage,
                          const struct dime_layer_activity *activity, struct dime_chip_part *part) {
    const struct dime_layer *first = &network->layers[stage->first], *last = &network->layers[stage->last];
    const int16_t *values = model->layers[stage->first].value;
    int pooled = first != last;
    double *work = part->work, windows = first->out_height * ceil(first->out_width / 2.0);
    part->kernel = pooled ? DIME_CHIP_POOLED : DIME_CHIP_PAIRS;
    if (pooled) windows = count_windows(first, last, activity, work);
    work[DIME_WORK_CODE] = (pooled ? 2 : 1) * windows * dime_conv_pairs_write(first, values, "", NULL).cycles;
    work[DIME_WORK_PLACES] = windows;
    work[DIME_WORK_POSITIVE] = activity->positive;
    if (stage->method == DIME_CONV_PAIRS) {
        work[DIME_WORK_FINISHES] = windows * dime_conv_finish_write(first, last, "", NULL).cycles;
    } else {
        work[DIME_WORK_SCALED] = windows * first->outputs;
        work[DIME_WORK_SCALE_BITS] = activity->positive * mean_ones(first);
    }
}

static void describe_planes(const struct dime_model *model, const struct dime_network *network,
                            const struct dime_conv_stage_plan *stage,
                            const struct dime_layer_activity *activity, struct dime_chip_part *part) {
    const struct dime_layer *layer = &network->layers[stage->first];
    double places = dime_map_size(layer), *work = part->work;
    part->kernel = DIME_CHIP_PLACES;
    memset(work, 0, sizeof part->work);
    add_planes(model, stage->first, activity, places, 0, work);
    work[DIME_WORK_CALLS] = 1;
    work[DIME_WORK_PLACES] = places;
    work[DIME_WORK_INPUTS] = places * layer->inputs;
    work[DIME_WORK_OUTPUTS] = places * layer->outputs;
    work[DIME_WORK_POSITIVE] = activity->positive;
    work[DIME_WORK_SCALE_BITS] = activity->positive * mean_ones(layer);
}

static void describe_lookup(const struct dime_network *network, const struct dime_conv_stage_plan *stage,
                            const struct dime_layer_activity *activity, struct dime_chip_part *part) {
    const struct dime_layer *layer = &network->layers[stage->first];
    double pairs = ceil(dime_map_size(layer) / 2.0), *work = part->work;
    part->kernel = DIME_CHIP_LOOKUP;
    work[DIME_WORK_PLACES] = pairs;
    work[DIME_WORK_INPUTS] = pairs * layer->channels;
    work[DIME_WORK_PRODUCTS] = pairs * layer->channels * layer->outputs;
    work[DIME_WORK_SCALED] = pairs * layer->outputs;
    work[DIME_WORK_POSITIVE] = activity->positive;
    work[DIME_WORK_SCALE_BITS] = activity->positive * mean_ones(layer);
}

static void describe_maps(const struct dime_model *model, const struct dime_network *network,
                          const struct dime_conv_stage_plan *stage, struct dime_chip_part *part) {
    double *work = part->work;
    part->kernel = DIME_CHIP_WIDE;
    for (uint32_t i = stage->first; i <= stage->last; i++) {
        const struct dime_layer *layer = &network->layers[i];
        uint32_t count = layer->outputs * dime_map_size(layer);
        if (dime_is_pool(layer)) {
            work[DIME_WORK_OUTPUTS] += count;
            continue;
        }
        work[DIME_WORK_PLACES] += count;
        for (uint32_t m = 0; m < layer->outputs; m++)
            work[DIME_WORK_CODE] +=
                dime_conv_map_write(layer, model->layers[i].value + (size_t)m * layer->inputs,
                                    i > stage->first, "", NULL)
                    .cycles;
    }
}

static void describe_written(const struct dime_model *model, const struct dime_network *network,
                             const struct dime_conv_stage_plan *stage, struct dime_chip_part *part) {
    const int16_t *values[DIME_MAX_LAYERS];
    int is_signed = stage->first == 0 && model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
    for (uint32_t i = stage->first; i <= stage->last; i++) values[i - stage->first] = model->layers[i].value;
    struct dime_conv_written_work written = dime_conv_written_work_of(
        &network->layers[stage->first], &network->layers[stage->last], values,
        is_signed ? DIME_CONV_BLANK : 0, (int32_t)model->layers[stage->first].shape.input_largest);
    part->kernel = DIME_CHIP_WRITTEN;
    part->work[DIME_WORK_CODE] = written.cycles;
    part->work[DIME_WORK_FINISHES] = written.sums;
    part->work[DIME_WORK_DIGITS] = written.instructions;
    part->work[DIME_WORK_PLACES] = written.rows;
    part->work[DIME_WORK_OUTPUTS] = written.outputs;
}

static void describe_reference(const struct dime_model *model, const struct dime_network *network,
                               uint32_t first, uint32_t end, const struct dime_activity *activity,
                               struct dime_chip_part *part) {
    double *work = part->work;
    int is_dense = network->layers[first].kind == DIME_LAYER_CONV2D &&
                   network->layers[first].requantize != DIME_REQUANTIZE_WIDE;
    part->kernel =
        (uint32_t)(is_dense ? DIME_CHIP_STAGE : DIME_CHIP_DEPTHWISE) + (uint32_t)model->layers[first].format;
    for (uint32_t i = first; i < end; i++) {
        const struct dime_layer *layer = &network->layers[i];
        double places = dime_map_size(layer), count = layer->outputs * places;
        if (i + 1 == end) work[DIME_WORK_OUTPUTS] = count;
        if (dime_is_pool(layer)) continue;
        work[DIME_WORK_PLACES] += count;
        work[DIME_WORK_PRODUCTS] += count * layer->inputs;
        if (is_dense) add_products(&model->layers[i], &activity->layers[i], places, work);
    }
}

static void describe_stage(const struct dime_model *model, const struct dime_network *network, uint32_t first,
                           uint32_t end, const struct dime_activity *activity,
                           const struct dime_chip_build *build, struct dime_chip_part *part) {
    const struct dime_conv_stage_plan *stage =
        build->is_fast && build->convolutions ? dime_conv_plan_stage(build->convolutions, first) : NULL;
    part->layer = first;
    part->work[DIME_WORK_CALLS] = 1;
    if (stage && stage->method == DIME_CONV_PLANES)
        describe_planes(model, network, stage, &activity->layers[first], part);
    else if (stage && stage->method == DIME_CONV_LOOKUP)
        describe_lookup(network, stage, &activity->layers[first], part);
    else if (stage && (stage->method == DIME_CONV_PAIRS || stage->method == DIME_CONV_SUMS))
        describe_code(model, network, stage, &activity->layers[first], part);
    else if (stage && stage->method == DIME_CONV_WRITTEN)
        describe_written(model, network, stage, part);
    else if (stage && stage->method == DIME_CONV_WIDE)
        describe_maps(model, network, stage, part);
    else
        describe_reference(model, network, first, end, activity, part);
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

/* The reference's layers are finished by what belongs to the rest. */
static void describe_rest(const struct dime_model *model, int is_fast, const struct dime_chip_part *parts,
                          uint32_t count, struct dime_chip_part *part) {
    part->layer = model->layer_count;
    part->kernel = is_fast ? DIME_CHIP_REST : DIME_CHIP_REST_REFERENCE;
    part->work[DIME_WORK_CALLS] = 1;
    part->work[DIME_WORK_LAYERS] = model->layer_count;
    part->work[DIME_WORK_OUTPUTS] = model->classes;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].kernel < DIME_CHIP_SUMS || parts[i].kernel >= DIME_CHIP_STAGE) continue;
        for (int kind = DIME_WORK_SHIFTED; kind <= DIME_WORK_POSITIVE; kind++)
            part->work[kind] += parts[i].work[kind];
    }
}

uint32_t dime_chip_parts(const struct dime_model *model, const struct dime_activity *activity, int exact,
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
            describe_stage(model, &runtime.network, i, end, activity, build, &parts[count++]);
        else
            describe_fc(model, i, activity, exact, build, &parts[count++]);
    }
    describe_rest(model, build->is_fast, parts, count, &parts[count]);
    dime_runtime_free(&runtime);
    return count + 1;
}

double dime_chip_part_cycles(const struct dime_chip_part *part, const struct dime_chip_build *build) {
    const float *cost = dime_chip_costs[part->kernel][build->in_ram];
    double cycles = 0;
    for (int kind = 0; kind < DIME_WORK_KINDS; kind++) cycles += part->work[kind] * (double)cost[kind];
    return cycles;
}

/* Stages by the reference are not: too few shapes of them fit the chip to tell their work apart. */
int dime_chip_part_is_known(const struct dime_chip_part *part, const struct dime_chip_build *build) {
    int is_written = part->kernel == DIME_CHIP_WRITTEN;
    if (part->kernel >= DIME_CHIP_STAGE && !is_written) return 0;
    if (build->is_compact && part->kernel >= DIME_CHIP_SUMS && !is_written) return 0;
    const float *cost = dime_chip_costs[part->kernel][build->in_ram];
    for (int kind = 0; kind < DIME_WORK_KINDS; kind++)
        if (cost[kind] > 0) return 1;
    return 0;
}

double dime_chip_cycles(const struct dime_model *model, const struct dime_activity *activity,
                        const struct dime_chip_build *build, int with_encoding) {
    struct dime_chip_part parts[DIME_CHIP_MOST_PARTS];
    double cycles = 0;
    uint32_t count = dime_chip_parts(model, activity, 0, build, parts);
    for (uint32_t i = 0; i < count; i++)
        if (!dime_chip_part_is_known(&parts[i], build)) return 0;
    for (uint32_t i = with_encoding ? 0 : 1; i < count; i++)
        cycles += dime_chip_part_cycles(&parts[i], build);
    return cycles;
}
