/* SPDX-License-Identifier: MIT */
#include "model/chip_work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fast_rows.h"
#include "engine/stage.h"
#include "model/bits.h"
#include "model/conv_written.h"
#include "model/fast_layout.h"
#include "model/planes_layout.h"
#include "model/rows_layout.h"
#include "model/weight_code.h"

enum { BUCKET = 15, PASS_WORDS = 4 };

/* ---- estimates ---- */

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

/* Work on `share` of a layer's inputs, with rows of so many words. Buckets of a share: half of the last one
   of each bit is not filled. */
static void add_activity(const struct dime_layer_activity *activity, double share, double words,
                         double *work) {
    double passes = ceil(words / PASS_WORDS), bits = 0, moved = share * activity->moved,
           buckets = activity->begun_15, filled = activity->filled_15;
    for (uint32_t b = 0; b < 8; b++) bits += share * activity->bits[b];
    if (share < 0.999) {
        filled = fmax(0, bits / BUCKET - 4);
        buckets = bits / BUCKET + 4;
    }
    work[DIME_WORK_WORDS] += share * activity->words;
    work[DIME_WORK_BYTES] += share * activity->bytes;
    work[DIME_WORK_HIGH] += share * activity->high;
    work[DIME_WORK_LOW] += share * activity->low;
    work[DIME_WORK_ACTIVE] += share * activity->active;
    work[DIME_WORK_ACTIVE_WORDS] += share * activity->active * words;
    work[DIME_WORK_FIVES] += activity->fives;
    work[DIME_WORK_FIVE_WORDS] += activity->fives * words;
    work[DIME_WORK_DIGITS] += share * activity->digits;
    work[DIME_WORK_BITS] += bits;
    work[DIME_WORK_FILLED] += filled;
    work[DIME_WORK_BUCKETS] += buckets;
    work[DIME_WORK_MOVED] += moved;
    work[DIME_WORK_BIT_PASSES] += (bits + moved) * passes;
    work[DIME_WORK_BIT_WORDS] += (bits + moved) * words;
    work[DIME_WORK_BUCKET_WORDS] += buckets * words;
    work[DIME_WORK_LANES] += 8 * words;
}

/* The four rows whose activations are the smallest one's distance from 0, and eight times that. */
static void add_more(const struct dime_layer_activity *seen, double words, double *work) {
    double rows = seen->offset * DIME_ROWS_MORE, bits = DIME_ROWS_MORE * seen->least_bits;
    work[DIME_WORK_WORDS] += seen->offset;
    work[DIME_WORK_BYTES] += rows;
    work[DIME_WORK_HIGH] += rows;
    work[DIME_WORK_ACTIVE] += rows;
    work[DIME_WORK_BITS] += bits;
    work[DIME_WORK_FILLED] += bits / BUCKET;
    work[DIME_WORK_BUCKETS] += bits / BUCKET;
    work[DIME_WORK_BIT_PASSES] += bits * ceil(words / PASS_WORDS);
    work[DIME_WORK_BIT_WORDS] += bits * words;
    work[DIME_WORK_BUCKET_WORDS] += bits / BUCKET * words;
}

static void add_rows(const struct dime_model *model, uint32_t index, const struct dime_layer_activity *seen,
                     const struct dime_chip *chip, double *work) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_rows_plan plan = dime_rows_plan_make(model, index);
    uint32_t widest = dime_layout_widest_rows(chip, model);
    work[DIME_WORK_CALLS] = plan.count;
    work[DIME_WORK_INPUTS] = work[DIME_WORK_CORRECTIONS] = 0;
    work[DIME_WORK_LAYERS] = 1;
    for (uint32_t i = 0; i < plan.count; i++) {
        const struct dime_rows_part *part = &plan.parts[i];
        work[DIME_WORK_INPUTS] += part->inputs;
        if (!part->has_more) work[DIME_WORK_CORRECTIONS] += seen->least_bits * part->outputs;
        if (dime_rows_adds(part)) work[DIME_WORK_COPIES] += part->outputs;
        uint32_t words = dime_rows_words_added(dime_rows_words(part->outputs), widest);
        add_activity(seen, (double)part->inputs / layer->inputs, words, work);
        if (part->has_more) add_more(seen, words, work);
    }
}

/* The activity is that of all places. */
static void add_planes(const struct dime_model *model, uint32_t index, const struct dime_layer_activity *seen,
                       double places, double *work) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_planes_shape shape;
    if (!dime_planes_shape_of(layer, 0, (int32_t)layer->shape.input_largest, &shape)) return;
    add_activity(seen, 1, shape.words, work);
    work[DIME_WORK_FILLED] = seen->filled_16;
    work[DIME_WORK_BUCKETS] = seen->begun_16;
    work[DIME_WORK_BUCKET_WORDS] = seen->begun_16 * shape.words;
    work[DIME_WORK_FOUR_WORDS] = seen->fours * shape.words;
    work[DIME_WORK_EIGHT_WORDS] = seen->eights * shape.words;
    work[DIME_WORK_SETS] = places * shape.sets;
    work[DIME_WORK_LANES] = shape.bits > 16 ? places * layer->outputs : 0;
    work[DIME_WORK_LEVELS] = shape.bits > 16 ? places * layer->outputs * (shape.bits - 16) : 0;
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

/* What the multiplication of firmware/multiply.S depends on: the digits of its second factor, which of them
   are set, and its sign. The compiler makes that the weight, but for the formats whose weights come without a
   branch. The layer's weights are used so many times. */
static void add_products(const struct dime_model_layer *layer, const struct dime_layer_activity *seen,
                         double times, double *work) {
    int by_inputs = layer->format == DIME_FORMAT_4BIT || layer->format == DIME_FORMAT_8BIT ||
                    layer->format == DIME_FORMAT_NF4;
    work[DIME_WORK_PRODUCTS] += times * layer->outputs * layer->inputs;
    for (size_t i = 0; i < (size_t)layer->outputs * layer->inputs && !by_inputs; i++) {
        uint32_t weight = (uint32_t)abs(layer->value[i]);
        work[DIME_WORK_FACTOR_LENGTHS] += times * dime_bit_length(weight);
        work[DIME_WORK_FACTOR_ONES] += times * dime_ones(weight);
        work[DIME_WORK_FACTOR_NEGATIVES] += times * (layer->value[i] < 0);
        work[DIME_WORK_WEIGHT_ZEROS] += times * (weight == 0);
    }
    if (!by_inputs) return;
    work[DIME_WORK_FACTOR_LENGTHS] += layer->outputs * seen->lengths;
    work[DIME_WORK_FACTOR_ONES] += layer->outputs * seen->ones;
    work[DIME_WORK_FACTOR_NEGATIVES] += layer->outputs * seen->negative;
}

int dime_format_has_dot(enum dime_format_id format) {
    return format == DIME_FORMAT_2BITSYM || format == DIME_FORMAT_4BITSYM || format == DIME_FORMAT_TERNARY ||
           format == DIME_FORMAT_POT3 || format == DIME_FORMAT_BINARY || format == DIME_FORMAT_BINARYSYM ||
           format == DIME_FORMAT_FP130;
}

/* The dot products of fast_dot.S pass over inputs that are 0, but for Ternary and Binary: of those that are
   not, the weights' bits. */
static void add_nonzero(const struct dime_model_layer *layer, const struct dime_layer_activity *seen,
                        double *work) {
    double share = (seen->offset > 0.5 ? layer->inputs : seen->active) / layer->inputs;
    work[DIME_WORK_NONZERO] = share * work[DIME_WORK_PRODUCTS];
    if (layer->format == DIME_FORMAT_TERNARY || layer->format == DIME_FORMAT_BINARY ||
        layer->format == DIME_FORMAT_BINARYSYM)
        share = 1;
    work[DIME_WORK_FACTOR_ONES] *= share;
    work[DIME_WORK_FACTOR_NEGATIVES] *= share;
    work[DIME_WORK_WEIGHT_ZEROS] *= share;
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

void dime_work_connected(const struct dime_model *model, uint32_t index, const struct dime_activity *activity,
                         const struct dime_chip_build *build, struct dime_chip_part *part) {
    const struct dime_model_layer *layer = &model->layers[index];
    const struct dime_layer_activity *seen = &activity->layers[index];
    enum dime_layout layout =
        build->is_fast ? dime_layout_on(build->chip, model, index) : DIME_LAYOUT_REFERENCE;
    double *work = part->work;
    if (build->is_fast && build->convolutions && build->convolutions->code_layers >> index & 1)
        layout = DIME_LAYOUT_CODE;
    part->layer = index;
    part->kernel = fc_kernel(layer, layout);
    if (!build->is_fast && build->is_compact && dime_format_has_dot(layer->format))
        part->kernel = DIME_CHIP_DOT + (uint32_t)layer->format;
    if (layout == DIME_LAYOUT_ROWS) {
        struct dime_rows_plan plan = dime_rows_plan_make(model, index);
        if (plan.parts[0].has_flags) part->kernel = DIME_CHIP_FLAGS;
        if (plan.parts[0].has_products) part->kernel = DIME_CHIP_PRODUCTS;
    }
    work[DIME_WORK_CALLS] = 1;
    work[DIME_WORK_INPUTS] = layer->inputs;
    work[DIME_WORK_OUTPUTS] = layer->outputs;
    work[DIME_WORK_CORRECTIONS] = seen->least_bits * layer->outputs;
    if (layout == DIME_LAYOUT_ROWS || layout == DIME_LAYOUT_PARTS)
        add_rows(model, index, seen, build->chip, work);
    else if (layout == DIME_LAYOUT_PLANES)
        add_planes(model, index, seen, 1, work);
    else
        add_activity(seen, 1, (layer->outputs + 7) / 8, work);
    if (layout == DIME_LAYOUT_CODE) work[DIME_WORK_CODE] = seen->code;
    if (layout == DIME_LAYOUT_SLICES) work[DIME_WORK_LEVELS] = seen->digits * mean_levels(layer);
    work[DIME_WORK_OFFSET] = seen->offset * work[DIME_WORK_INPUTS];
    add_products(layer, seen, 1, work);
    if (part->kernel >= DIME_CHIP_DOT) add_nonzero(layer, seen, work);
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
        double cycles = dime_conv_finish_write(first, last, "", NULL).cycles;
        work[DIME_WORK_OUTPUTS] = windows * first->outputs;
        work[DIME_WORK_FINISHES] = activity->positive * cycles / first->outputs;
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
    add_planes(model, stage->first, activity, places, work);
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
    work[DIME_WORK_SEEN] = activity->seen;
    work[DIME_WORK_PRODUCTS] = activity->seen * layer->outputs;
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

/* Digits of the numbers from 0 to `count` - 1, and how many of them are 1, on average. */
static void mean_digits(uint32_t count, double *lengths, double *ones) {
    *lengths = *ones = 0;
    for (uint32_t i = 0; i < count; i++) {
        *lengths += dime_bit_length(i) / (double)count;
        *ones += dime_ones(i) / (double)count;
    }
}

/* A multiplication by `factor`, so many times. */
static void add_factor(uint32_t factor, double times, double *work) {
    work[DIME_WORK_FACTOR_LENGTHS] += times * dime_bit_length(factor);
    work[DIME_WORK_FACTOR_ONES] += times * dime_ones(factor);
}

/* Patches are gathered at each place, of a depthwise layer for each channel: an address is a row times the
   width. */
static void add_patches(const struct dime_layer *layer, double places, double *work) {
    double patches = places * (layer->kind == DIME_LAYER_CONV2D ? 1 : layer->outputs), lengths, ones;
    double channels = layer->kind == DIME_LAYER_CONV2D ? layer->channels : 1;
    double gathered = patches * channels * layer->kernel * layer->kernel;
    mean_digits(layer->height, &lengths, &ones);
    work[DIME_WORK_GATHERED] += gathered;
    work[DIME_WORK_INPUTS] += patches * channels;
    work[DIME_WORK_CALLS] += patches;
    work[DIME_WORK_FACTOR_LENGTHS] += (gathered + 2 * patches) * lengths;
    work[DIME_WORK_FACTOR_ONES] += (gathered + 2 * patches) * ones;
    add_factor(layer->kernel, patches, work);
    add_factor(layer->height, patches * channels, work);
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
        if (dime_is_pool(layer)) {
            work[DIME_WORK_COPIES] += count * layer->kernel * layer->kernel;
            continue;
        }
        work[DIME_WORK_PLACES] += count;
        add_products(&model->layers[i], &activity->layers[i], places, work);
        add_factor(dime_format_row_bytes(layer->format, layer->inputs), count, work);
        if (i == first || is_dense) add_patches(layer, places, work);
        if (layer->affine) work[DIME_WORK_SCALE_BITS] += count * mean_ones(layer);
    }
    work[DIME_WORK_POSITIVE] = activity->layers[first].positive;
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

void dime_work_stage(const struct dime_model *model, const struct dime_network *network, uint32_t first,
                     uint32_t end, const struct dime_activity *activity, const struct dime_chip_build *build,
                     struct dime_chip_part *part) {
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
    else if (stage && stage->method == DIME_CONV_WIDE)
        describe_maps(model, network, stage, part);
    else if (stage && stage->method == DIME_CONV_WRITTEN)
        describe_written(model, network, stage, part);
    else
        describe_reference(model, network, first, end, activity, part);
}
