/* SPDX-License-Identifier: MIT */
#include "model/conv_stage.h"

#include "engine/stage.h"

/* ---- what suits ---- */

static int32_t input_least(const struct dime_model *model, uint32_t index) {
    int is_signed = index == 0 && model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
    return is_signed || (index && model->config.norm == DIME_NORM_LAYER) ? -127 : 0;
}

static int32_t input_most(const struct dime_model *model, uint32_t index) {
    return (int32_t)model->layers[index].shape.input_largest;
}

static int is_plain_window(const struct dime_layer *pool) {
    return pool->kind == DIME_LAYER_MAX_POOL && pool->kernel == 2 && pool->stride == 2;
}

static int suits_pairs(const struct dime_model *model, const struct dime_network *network, uint32_t first,
                       uint32_t last) {
    const struct dime_layer *layer = &network->layers[first];
    if (last > first + 1 || (last > first && !is_plain_window(&network->layers[last]))) return 0;
    return !dime_conv_pairs_refusal(layer, model->layers[first].value, input_least(model, first),
                                    input_most(model, first));
}

static int suits_wide(const struct dime_network *network, uint32_t first, uint32_t last) {
    if (network->layers[first].requantize != DIME_REQUANTIZE_WIDE || network->layers[first].channels > 1)
        return 0;
    for (uint32_t i = first; i <= last; i++) {
        const struct dime_layer *layer = &network->layers[i];
        if (dime_is_pool(layer) ? layer->kind != DIME_LAYER_MAX_POOL : dime_conv_map_refusal(layer) != NULL)
            return 0;
    }
    return 1;
}

/* ---- code ---- */

static uint32_t write_pairs(const struct dime_conv_stage_plan *stage, const struct dime_model *model,
                            const struct dime_network *network, FILE *stream) {
    const struct dime_layer *layer = &network->layers[stage->first], *last = &network->layers[stage->last];
    char symbol[32];
    snprintf(symbol, sizeof symbol, "layer%u_pair", stage->first + 1);
    uint32_t bytes = dime_conv_pairs_write(layer, model->layers[stage->first].value, symbol, stream).bytes;
    snprintf(symbol, sizeof symbol, "layer%u_finish", stage->first + 1);
    return bytes + dime_conv_finish_write(layer, last, symbol, stream).bytes;
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

static uint32_t write_stage(const struct dime_conv_stage_plan *stage, enum dime_conv_method method,
                            const struct dime_model *model, const struct dime_network *network,
                            FILE *stream) {
    if (method == DIME_CONV_PAIRS) return write_pairs(stage, model, network, stream);
    return method == DIME_CONV_WIDE ? write_maps(stage, model, network, stream) : 0;
}

/* ---- choice ---- */

static uint32_t products_of(const struct dime_network *network, const struct dime_conv_stage_plan *stage) {
    uint32_t products = 0;
    for (uint32_t i = stage->first; i <= stage->last; i++)
        products +=
            network->layers[i].inputs * network->layers[i].outputs * dime_map_size(&network->layers[i]);
    return products;
}

static uint32_t sums_of(const struct dime_network *network, const struct dime_conv_stage_plan *stage) {
    const struct dime_layer *first = &network->layers[stage->first], *last = &network->layers[stage->last];
    if (stage->method == DIME_CONV_WIDE) return last->outputs * dime_map_size(last) + dime_map_size(first);
    return stage->method == DIME_CONV_PAIRS ? 2u * first->outputs : 0;
}

struct candidate {
    enum dime_conv_method method; /* REFERENCE: none, or taken already */
    uint32_t bytes, products;
};

static struct candidate candidate_of(const struct dime_model *model, const struct dime_network *network,
                                     const struct dime_conv_stage_plan *stage) {
    struct candidate candidate = {DIME_CONV_REFERENCE, 0, products_of(network, stage)};
    if (suits_pairs(model, network, stage->first, stage->last)) candidate.method = DIME_CONV_PAIRS;
    if (suits_wide(network, stage->first, stage->last)) candidate.method = DIME_CONV_WIDE;
    candidate.bytes = write_stage(stage, candidate.method, model, network, NULL);
    return candidate;
}

/* The candidate within `room` with most products for its bytes; count: none. */
static uint32_t best_of(const struct candidate *candidates, uint32_t count, uint32_t room) {
    uint32_t best = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct candidate *one = &candidates[i], *other = &candidates[best];
        if (one->method == DIME_CONV_REFERENCE || one->bytes > room) continue;
        if (best == count || (uint64_t)one->products * other->bytes > (uint64_t)other->products * one->bytes)
            best = i;
    }
    return best;
}

struct dime_conv_plan dime_conv_plan_make(const struct dime_model *model, const struct dime_network *network,
                                          uint32_t room) {
    struct dime_conv_plan plan = {.sums = network->sums};
    struct candidate candidates[DIME_MAX_LAYERS + 1] = {{0}};
    for (uint32_t first = 0; first < network->map_count; first = dime_stage_end(network, first)) {
        struct dime_conv_stage_plan *stage = &plan.stages[plan.count];
        *stage =
            (struct dime_conv_stage_plan){first, dime_stage_end(network, first) - 1, DIME_CONV_REFERENCE, 0};
        candidates[plan.count++] = candidate_of(model, network, stage);
    }
    for (uint32_t best; (best = best_of(candidates, plan.count, room - plan.bytes)) < plan.count;) {
        struct dime_conv_stage_plan *stage = &plan.stages[best];
        stage->method = candidates[best].method;
        stage->bytes = candidates[best].bytes;
        candidates[best].method = DIME_CONV_REFERENCE;
        plan.bytes += stage->bytes;
        if (sums_of(network, stage) > plan.sums) plan.sums = sums_of(network, stage);
    }
    return plan;
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
    else if (stage->method == DIME_CONV_WIDE)
        fprintf(c, "    {.run = dime_conv_wide_run, .map = layer%u_maps},\n", number);
    else
        fputs("    {.run = dime_conv_reference_run},\n", c);
}

void dime_conv_plan_write(const struct dime_conv_plan *plan, const struct dime_model *model,
                          const struct dime_network *network, FILE *assembly, FILE *c) {
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_conv_stage_plan *stage = &plan->stages[i];
        write_stage(stage, stage->method, model, network, assembly);
        if (stage->method == DIME_CONV_WIDE) write_map_table(stage, network, c);
        if (stage->method == DIME_CONV_PAIRS)
            fprintf(c, "dime_conv_pair layer%u_pair;\ndime_conv_finish layer%u_finish;\n", stage->first + 1,
                    stage->first + 1);
    }
    fputs("static const struct dime_conv_stage conv_stages[] = {\n", c);
    for (uint32_t i = 0; i < plan->count; i++) write_entry(&plan->stages[i], c);
    fputs("};\n\nstatic const int8_t *run_maps(const struct dime_network *network, const int8_t *input, "
          "int32_t *sums,\n"
          "                              int8_t *activations) {\n"
          "    return dime_conv_run(network, conv_stages, input, sums, activations);\n}\n\n",
          c);
}
