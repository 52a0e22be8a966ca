/* SPDX-License-Identifier: MIT */
#include "model/conv_stage.h"

#include <string.h>

#include "engine/fast_planes.h"
#include "engine/stage.h"
#include "model/conv_channel.h"
#include "model/conv_multiply.h"
#include "model/conv_written.h"
#include "model/lookup_layout.h"
#include "model/planes_layout.h"

/* ---- what suits ---- */

static int32_t input_least(const struct dime_model *model, uint32_t index) {
    int is_signed = index == 0 && model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
    return is_signed || (index && model->config.norm == DIME_NORM_LAYER) ? -127 : 0;
}

static int32_t input_most(const struct dime_model *model, uint32_t index) {
    return (int32_t)model->layers[index].shape.input_largest;
}

/* Why the stage cannot be code for pairs of outputs, or NULL. */
static const char *pairs_refusal(const struct dime_model *model, const struct dime_network *network,
                                 const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *layer = &network->layers[stage->first], *last = &network->layers[stage->last];
    const char *refusal =
        dime_conv_pairs_refusal(layer, model->layers[stage->first].value, input_least(model, stage->first),
                                input_most(model, stage->first));
    if (refusal || layer == last) return refusal;
    return stage->last == stage->first + 1 && dime_is_plain_pool(last) ? NULL : "its pooling is not 2x2 max";
}

static int suits_planes(const struct dime_model *model, const struct dime_network *network,
                        const struct dime_conv_stage_plan *stage, struct dime_planes_shape *shape) {
    const struct dime_layer *layer = &network->layers[stage->first];
    if (stage->first != stage->last || layer->kind != DIME_LAYER_CONV2D || layer->padding ||
        layer->requantize != DIME_REQUANTIZE_FIXED || !layer->affine)
        return 0;
    return dime_planes_shape_of(&model->layers[stage->first], input_least(model, stage->first),
                                input_most(model, stage->first), shape) &&
           shape->bits == DIME_PLANES_BITS;
}

/* By look-up sums have to fit as those of code do. */
static int suits_lookup(const struct dime_model *model, const struct dime_network *network,
                        const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *layer = &network->layers[stage->first];
    const int16_t *values = model->layers[stage->first].value;
    if (stage->first != stage->last || layer->kernel != 3 || dime_map_size(layer) < 2) return 0;
    for (uint32_t i = 0; i < (uint32_t)layer->inputs * layer->outputs; i++)
        if (values[i] < -1 || values[i] > 1) return 0;
    return 1;
}

static const char *wide_refusal(const struct dime_network *network,
                                const struct dime_conv_stage_plan *stage) {
    if (network->layers[stage->first].requantize != DIME_REQUANTIZE_WIDE)
        return "its activations have 8 bits";
    if (network->layers[stage->first].channels > 1) return "it sees more than one channel";
    for (uint32_t i = stage->first; i <= stage->last; i++) {
        const struct dime_layer *layer = &network->layers[i];
        if (dime_is_pool(layer) && layer->kind != DIME_LAYER_MAX_POOL) return "its pooling is no maximum";
        if (!dime_is_pool(layer) && dime_conv_map_refusal(layer)) return dime_conv_map_refusal(layer);
    }
    return NULL;
}

static void list_values(const struct dime_model *model, const struct dime_conv_stage_plan *stage,
                        const int16_t *values[DIME_MAX_LAYERS]) {
    for (uint32_t i = stage->first; i <= stage->last; i++) values[i - stage->first] = model->layers[i].value;
}

static const char *multiply_refusal(const struct dime_model *model, const struct dime_network *network,
                                    const struct dime_conv_stage_plan *stage) {
    const int16_t *values[DIME_MAX_LAYERS];
    list_values(model, stage, values);
    return dime_conv_channel_refusal(&network->layers[stage->first], &network->layers[stage->last], values);
}

static const char *written_refusal(const struct dime_model *model, const struct dime_network *network,
                                   const struct dime_conv_stage_plan *stage) {
    const int16_t *values[DIME_MAX_LAYERS];
    list_values(model, stage, values);
    return dime_conv_written_refusal(&network->layers[stage->first], &network->layers[stage->last], values);
}

/* ---- code ---- */

static uint32_t write_pairs(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                            const struct dime_network *network, FILE *stream) {
    const struct dime_layer *layer = &network->layers[stage->first];
    char symbol[32];
    snprintf(symbol, sizeof symbol, "layer%u_pair", stage->first + 1);
    return dime_conv_pairs_write(layer, model->layers[stage->first].value, symbol, stream).bytes;
}

static uint32_t write_finish(const struct dime_conv_stage_plan *stage, const struct dime_network *network,
                             FILE *stream) {
    char symbol[32];
    snprintf(symbol, sizeof symbol, "layer%u_finish", stage->first + 1);
    return dime_conv_finish_write(&network->layers[stage->first], &network->layers[stage->last], symbol,
                                  stream)
        .bytes;
}

static uint32_t write_maps(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                           const struct dime_network *network, FILE *stream) {
    uint32_t bytes = 0;
    for (uint32_t m = 0; m < network->layers[stage->first].outputs; m++)
        for (uint32_t i = stage->first; i <= stage->last; i++) {
            const struct dime_layer *layer = &network->layers[i];
            if (dime_is_pool(layer)) continue;
            char symbol[32];
            snprintf(symbol, sizeof symbol, "layer%u_map%u", i + 1, m);
            const int16_t *values = model->layers[i].value + (size_t)m * layer->inputs;
            bytes += 4 + dime_conv_map_write(layer, values, i > stage->first, symbol, stream).bytes;
        }
    return bytes;
}

static void write_planes(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                         const struct dime_network *network, FILE *c) {
    const struct dime_layer *layer = &network->layers[stage->first];
    struct dime_planes_shape shape;
    char head[64];
    snprintf(head, sizeof head, "static const struct dime_planes layer%u_planes = ", stage->first + 1);
    if (!suits_planes(model, network, stage, &shape)) return;
    dime_planes_print(&model->layers[stage->first], &shape,
                      &(struct dime_planes_print){.number = stage->first + 1,
                                                  .places = (uint32_t)layer->kernel * layer->kernel,
                                                  .run = (uint32_t)layer->kernel * layer->channels,
                                                  .step = (uint32_t)layer->width * layer->channels,
                                                  .runs = layer->kernel,
                                                  .head = head,
                                                  .tail = ";"},
                      c);
}

static void write_multiply(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                           const struct dime_network *network, FILE *assembly, FILE *c) {
    const int16_t *values[DIME_MAX_LAYERS];
    list_values(model, stage, values);
    dime_conv_multiply_print(&network->layers[stage->first], &network->layers[stage->last], values,
                             input_least(model, stage->first) ? DIME_CONV_BLANK : 0,
                             input_most(model, stage->first), stage->first + 1, assembly, c);
}

static void write_written(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                          const struct dime_network *network, FILE *assembly, FILE *c) {
    const int16_t *values[DIME_MAX_LAYERS];
    list_values(model, stage, values);
    dime_conv_written_print(&network->layers[stage->first], &network->layers[stage->last], values,
                            stage->first + 1, assembly, c);
}

/* ---- what there is to choose from ---- */

static uint32_t products_of(const struct dime_network *network, const struct dime_conv_stage_plan *stage) {
    uint32_t products = 0;
    for (uint32_t i = stage->first; i <= stage->last; i++)
        products +=
            network->layers[i].inputs * network->layers[i].outputs * dime_map_size(&network->layers[i]);
    return products;
}

struct candidate {
    uint32_t bytes[DIME_CONV_METHODS]; /* 0: the method does not suit */
    uint32_t cycles[DIME_CONV_METHODS];
    uint32_t slices;  /* entries of `sums` with planes */
    uint32_t written; /* the same with code that is written meanwhile */
    const char *why;  /* nothing suits, or no code for pairs */
};

/* Cycles of a product, and what sums cost by code and by table, in hundredths: measured,
 * docs/chip-convolutions.md. */
enum {
    PAIR_CYCLES = 120,
    LOOKUP_CYCLES = 240,
    PLANES_CYCLES = 450,
    WIDE_CYCLES = 1020,
    WRITTEN_CYCLES = 600,
    MULTIPLY_CYCLES = 400,
    FINISH_CYCLES = 2700,
    SCALE_CYCLES = 4500
};

static uint32_t finished(const struct dime_network *network, const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *last = &network->layers[stage->last];
    return last->outputs * dime_map_size(last);
}

static void offer(struct candidate *candidate, enum dime_conv_method method, uint32_t bytes,
                  uint32_t cycles) {
    candidate->bytes[method] = bytes;
    candidate->cycles[method] = cycles;
}

static void offer_pairs(struct candidate *candidate, const struct dime_model *model,
                        const struct dime_network *network, const struct dime_conv_stage_plan *stage) {
    uint32_t table = (uint32_t)sizeof(struct dime_affine) * network->layers[stage->first].outputs;
    uint32_t pairs = write_pairs(stage, model, network, NULL), finish = write_finish(stage, network, NULL);
    uint32_t cycles = PAIR_CYCLES * products_of(network, stage), count = finished(network, stage);
    offer(candidate, DIME_CONV_PAIRS, pairs + finish, cycles + FINISH_CYCLES * count);
    offer(candidate, DIME_CONV_SUMS, pairs + table, cycles + SCALE_CYCLES * count);
}

/* One of them: multiplications are faster than code that is written meanwhile, and that is faster and smaller
   than code of the exporter. */
static void offer_wide(struct candidate *candidate, const struct dime_model *model,
                       const struct dime_network *network, const struct dime_chip *chip,
                       const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *first = &network->layers[stage->first], *last = &network->layers[stage->last];
    const int16_t *values[DIME_MAX_LAYERS];
    uint32_t products = products_of(network, stage);
    candidate->why = NULL;
    if (chip->has_multiplier && !multiply_refusal(model, network, stage)) {
        offer(candidate, DIME_CONV_MULTIPLY, dime_conv_multiply_bytes(first, last),
              MULTIPLY_CYCLES * products);
        return;
    }
    if (!written_refusal(model, network, stage)) {
        list_values(model, stage, values);
        candidate->written = dime_conv_written_sums(first, last, values);
        offer(candidate, DIME_CONV_WRITTEN, dime_conv_written_bytes(first, last), WRITTEN_CYCLES * products);
        return;
    }
    candidate->why = wide_refusal(network, stage);
    if (candidate->why) return;
    offer(candidate, DIME_CONV_WIDE, write_maps(stage, model, network, NULL), WIDE_CYCLES * products);
}

static struct candidate candidate_of(const struct dime_model *model, const struct dime_network *network,
                                     const struct dime_chip *chip, const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *layer = &network->layers[stage->first];
    const char *refusal = pairs_refusal(model, network, stage);
    uint32_t products = products_of(network, stage);
    uint32_t table = (uint32_t)sizeof *layer->affine * layer->outputs;
    struct candidate candidate = {.why = refusal};
    struct dime_planes_shape shape;
    if (!refusal) offer_pairs(&candidate, model, network, stage);
    if (!refusal && suits_lookup(model, network, stage))
        offer(&candidate, DIME_CONV_LOOKUP, dime_lookup_bytes(layer) + table,
              LOOKUP_CYCLES * products + SCALE_CYCLES * finished(network, stage));
    if (suits_planes(model, network, stage, &shape)) {
        offer(&candidate, DIME_CONV_PLANES, dime_planes_bytes(&model->layers[stage->first], &shape) + table,
              PLANES_CYCLES * products);
        candidate.slices = dime_planes_slices(&shape);
    }
    if (layer->requantize == DIME_REQUANTIZE_WIDE) offer_wide(&candidate, model, network, chip, stage);
    return candidate;
}

static void take(struct dime_conv_plan *plan, uint32_t index, enum dime_conv_method method, uint32_t bytes) {
    struct dime_conv_stage_plan *stage = &plan->stages[index];
    plan->bytes += bytes - stage->bytes;
    stage->method = method;
    stage->bytes = bytes;
}

/* ---- place by place ---- */

/* The method that takes least bytes; the reference: there is none. */
static enum dime_conv_method smallest_of(const struct candidate *candidate) {
    enum dime_conv_method smallest = DIME_CONV_REFERENCE;
    for (int method = DIME_CONV_PAIRS; method <= DIME_CONV_PLANES; method++)
        if (candidate->bytes[method] && (!smallest || candidate->bytes[method] < candidate->bytes[smallest]))
            smallest = (enum dime_conv_method)method;
    return smallest;
}

/* Another method for a stage, and what it gains. */
struct change {
    uint32_t stage;
    enum dime_conv_method method;
    uint32_t bytes, cycles; /* more, fewer */
};

/* The change that gains most cycles for its bytes, within `room`; its method is the reference where there is
   none. */
static struct change best_change(const struct dime_conv_plan *plan, const struct candidate *candidates,
                                 uint32_t room) {
    struct change best = {0};
    for (uint32_t i = 0; i < plan->count; i++)
        for (int method = DIME_CONV_PAIRS; method <= DIME_CONV_PLANES; method++) {
            const struct candidate *one = &candidates[i];
            enum dime_conv_method now = plan->stages[i].method;
            if (!one->bytes[method] || one->cycles[method] >= one->cycles[now]) continue;
            struct change change = {i, (enum dime_conv_method)method, one->bytes[method] - one->bytes[now],
                                    one->cycles[now] - one->cycles[method]};
            if (one->bytes[method] < one->bytes[now]) change.bytes = 0;
            if (change.bytes > room - plan->bytes) continue;
            if (!best.method || (uint64_t)change.cycles * best.bytes > (uint64_t)best.cycles * change.bytes)
                best = change;
        }
    return best;
}

static int choose_by_places(struct dime_conv_plan *plan, const struct candidate *candidates, uint32_t room) {
    for (uint32_t i = 0; i < plan->count; i++) {
        enum dime_conv_method smallest = smallest_of(&candidates[i]);
        if (!smallest) return 0;
        take(plan, i, smallest, candidates[i].bytes[smallest]);
    }
    if (plan->bytes > room) return 0;
    for (struct change change; (change = best_change(plan, candidates, room)).method;)
        take(plan, change.stage, change.method, candidates[change.stage].bytes[change.method]);
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].method != DIME_CONV_PAIRS)
            plan->stages[i].why =
                candidates[i].bytes[DIME_CONV_PAIRS] ? "code for all of it does not fit" : candidates[i].why;
    plan->is_by_places = 1;
    return 1;
}

/* ---- channel by channel ---- */

static enum dime_conv_method channel_method(const struct candidate *candidate) {
    if (candidate->bytes[DIME_CONV_MULTIPLY]) return DIME_CONV_MULTIPLY;
    return candidate->bytes[DIME_CONV_WRITTEN] ? DIME_CONV_WRITTEN : DIME_CONV_WIDE;
}

static uint32_t channel_bytes(const struct candidate *candidate) {
    return candidate->bytes[channel_method(candidate)];
}

/* The stage that gains most for its bytes. */
static uint32_t best_wide(const struct dime_conv_plan *plan, const struct candidate *candidates,
                          uint32_t room) {
    uint32_t best = plan->count;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct candidate *one = &candidates[i], *other = &candidates[best];
        uint32_t bytes = channel_bytes(one);
        if (plan->stages[i].method || !bytes || bytes > room - plan->bytes) continue;
        if (best == plan->count || (uint64_t)one->cycles[channel_method(one)] * channel_bytes(other) >
                                       (uint64_t)other->cycles[channel_method(other)] * bytes)
            best = i;
    }
    return best;
}

static void choose_by_channels(struct dime_conv_plan *plan, const struct candidate *candidates,
                               uint32_t room) {
    for (uint32_t i = 0; i < plan->count; i++) take(plan, i, DIME_CONV_REFERENCE, 0);
    for (uint32_t best; (best = best_wide(plan, candidates, room)) < plan->count;)
        take(plan, best, channel_method(&candidates[best]), channel_bytes(&candidates[best]));
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct candidate *one = &candidates[i];
        if (plan->stages[i].method) continue;
        plan->stages[i].why = channel_bytes(one) ? "its code does not fit"
                              : smallest_of(one) ? "fast kernels do not fit, or not every layer has one"
                                                 : one->why;
    }
}

/* ---- memory ---- */

static uint32_t sums_of(const struct dime_network *network, const struct dime_conv_stage_plan *stage,
                        const struct candidate *candidate) {
    const struct dime_layer *first = &network->layers[stage->first], *last = &network->layers[stage->last];
    if (stage->method == DIME_CONV_WIDE) return last->outputs * dime_map_size(last) + dime_map_size(first);
    if (stage->method == DIME_CONV_MULTIPLY) return dime_conv_multiply_sums(first, last);
    if (stage->method == DIME_CONV_WRITTEN) return candidate->written;
    if (stage->method == DIME_CONV_PLANES) return candidate->slices;
    if (stage->method == DIME_CONV_REFERENCE) return network->sums;
    if (stage->method == DIME_CONV_LOOKUP) return (first->outputs + 1u) & ~1u;
    return 2u * first->outputs;
}

static uint32_t round_up(uint32_t size) {
    return (size + 3) & ~UINT32_C(3);
}

uint32_t dime_conv_overlapped(const struct dime_layer *first, const struct dime_layer *last, int is_upward) {
    uint32_t in_row = (uint32_t)first->width * first->channels, input = round_up(in_row * first->height);
    uint32_t out_row = (uint32_t)last->out_width * last->outputs,
             output = round_up(out_row * last->out_height);
    uint32_t pool = first == last ? 1 : last->stride, most = input > output ? input : output;
    for (uint32_t y = 0; y < last->out_height; y++) {
        uint32_t begin = y * pool * first->stride;
        uint32_t end = begin + (pool - 1) * first->stride + first->kernel;
        uint32_t down = input - begin * in_row + (y + 1) * out_row;
        uint32_t up = output - y * out_row + end * in_row;
        uint32_t size = is_upward ? up : down;
        if (size > most) most = size;
    }
    return round_up(most);
}

/* The picture lies at the beginning. A stage that ends with ShiftNorm has read its whole input before it
   writes, but for code that is written meanwhile. */
static uint32_t activations_of(const struct dime_network *network, const struct dime_conv_plan *plan) {
    const struct dime_layer *picture = network->layers;
    uint32_t most = round_up(network->widest);
    uint32_t before = round_up((uint32_t)picture->channels * picture->height * picture->width);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_layer *first = &network->layers[plan->stages[i].first],
                                *last = &network->layers[plan->stages[i].last];
        uint32_t output = round_up(last->outputs * dime_map_size(last));
        uint32_t size = before + output;
        if (last->requantize == DIME_REQUANTIZE_SHIFT && plan->stages[i].method != DIME_CONV_WRITTEN)
            size = before > output ? before : output;
        if (plan->is_by_places) size = dime_conv_overlapped(first, last, i % 2 == 0);
        if (size > most) most = size;
        before = output;
    }
    return most;
}

/* ---- the plan ---- */

struct dime_conv_plan dime_conv_plan_make(const struct dime_model *model, const struct dime_network *network,
                                          const struct dime_chip *chip, uint32_t room) {
    struct dime_conv_plan plan = {.sums = network->widest};
    struct candidate candidates[DIME_MAX_LAYERS + 1] = {{.why = NULL}};
    if (!network->map_count) return plan;
    for (uint32_t first = 0; first < network->map_count; first = dime_stage_end(network, first)) {
        struct dime_conv_stage_plan *stage = &plan.stages[plan.count];
        *stage = (struct dime_conv_stage_plan){.first = first, .last = dime_stage_end(network, first) - 1};
        candidates[plan.count] = candidate_of(model, network, chip, stage);
        memcpy(stage->offers, candidates[plan.count++].bytes, sizeof stage->offers);
    }
    if (!choose_by_places(&plan, candidates, room)) choose_by_channels(&plan, candidates, room);
    for (uint32_t i = 0; i < plan.count; i++) {
        uint32_t sums = sums_of(network, &plan.stages[i], &candidates[i]);
        if (sums > plan.sums) plan.sums = sums;
    }
    plan.activations = activations_of(network, &plan);
    return plan;
}

const char *dime_conv_method_name(enum dime_conv_method method) {
    static const char *const names[] = {"reference",
                                        "code for two outputs at once",
                                        "code for two outputs at once, scaled by a table",
                                        "look-up",
                                        "planes",
                                        "code for a map at once",
                                        "code written meanwhile, a map at once",
                                        "multiplications, a map at once"};
    return names[method];
}

const struct dime_conv_stage_plan *dime_conv_plan_stage(const struct dime_conv_plan *plan, uint32_t index) {
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].first <= index && index <= plan->stages[i].last) return &plan->stages[i];
    return NULL;
}

/* ---- the table ---- */

static void write_map_table(const struct dime_conv_stage_plan *stage, const struct dime_network *network,
                            FILE *c) {
    for (int declare = 1; declare >= 0; declare--) {
        if (!declare) fprintf(c, "static dime_conv_map *const layer%u_maps[] = {", stage->first + 1);
        for (uint32_t m = 0; m < network->layers[stage->first].outputs; m++)
            for (uint32_t i = stage->first; i <= stage->last; i++)
                if (!dime_is_pool(&network->layers[i]))
                    fprintf(c, declare ? "dime_conv_map layer%u_map%u;\n" : "\n    layer%u_map%u,", i + 1, m);
    }
    fputs("\n};\n", c);
}

static void write_entry(const struct dime_conv_stage_plan *stage, FILE *c) {
    uint32_t number = stage->first + 1;
    if (stage->method == DIME_CONV_PAIRS)
        fprintf(c, "    {.run = dime_conv_pairs_run, .pair = layer%u_pair, .finish = layer%u_finish},\n",
                number, number);
    else if (stage->method == DIME_CONV_SUMS)
        fprintf(c, "    {.run = dime_conv_pairs_run, .pair = layer%u_pair, .finish = dime_conv_scale_%s},\n",
                number, stage->first == stage->last ? "pair" : "window");
    else if (stage->method == DIME_CONV_LOOKUP)
        fprintf(c, "    {.run = dime_conv_lookup_run, .lookup = &layer%u_lookup},\n", number);
    else if (stage->method == DIME_CONV_PLANES)
        fprintf(c, "    {.run = dime_conv_planes_run, .planes = &layer%u_planes},\n", number);
    else if (stage->method == DIME_CONV_WRITTEN)
        fprintf(c, "    {.run = dime_conv_written_run, .written = &layer%u_written},\n", number);
    else if (stage->method == DIME_CONV_MULTIPLY)
        fprintf(c, "    {.run = dime_conv_multiply_run, .multiply = &layer%u_multiply},\n", number);
    else if (stage->method == DIME_CONV_WIDE)
        fprintf(c, "    {.run = dime_conv_wide_run, .map = layer%u_maps},\n", number);
    else
        fputs("    {.run = dime_conv_reference_run},\n", c);
}

void dime_conv_plan_write(const struct dime_conv_plan *plan, const struct dime_model *model,
                          const struct dime_network *network, FILE *assembly, FILE *c) {
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_conv_stage_plan *stage = &plan->stages[i];
        if (stage->method == DIME_CONV_LOOKUP)
            dime_lookup_print(&network->layers[stage->first], model->layers[stage->first].value,
                              stage->first + 1, c);
        if (stage->method == DIME_CONV_PLANES) write_planes(stage, model, network, c);
        if (stage->method == DIME_CONV_WRITTEN) write_written(stage, model, network, assembly, c);
        if (stage->method == DIME_CONV_MULTIPLY) write_multiply(stage, model, network, assembly, c);
        if (stage->method == DIME_CONV_WIDE) {
            write_maps(stage, model, network, assembly);
            write_map_table(stage, network, c);
        }
        if (stage->method == DIME_CONV_PAIRS || stage->method == DIME_CONV_SUMS) {
            write_pairs(stage, model, network, assembly);
            fprintf(c, "dime_conv_pair layer%u_pair;\n", stage->first + 1);
        }
        if (stage->method == DIME_CONV_PAIRS) {
            write_finish(stage, network, assembly);
            fprintf(c, "dime_conv_finish layer%u_finish;\n", stage->first + 1);
        }
    }
    fputs("static const struct dime_conv_stage conv_stages[] = {\n", c);
    for (uint32_t i = 0; i < plan->count; i++) write_entry(&plan->stages[i], c);
    fputs("};\n\nstatic const int8_t *run_maps(const struct dime_network *network, const int8_t *input, "
          "int32_t *sums,\n"
          "                              int8_t *activations) {\n"
          "    return dime_conv_run(network, conv_stages, input, sums, activations);\n}\n\n",
          c);
}
