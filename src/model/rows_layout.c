/* SPDX-License-Identifier: MIT */
#include "model/rows_layout.h"

#include "engine/fast_rows.h"
#include "model/model_layer.h"

enum { MOST_OUTPUTS = 64, MOST_MOVED = 3 };

/* ---- what a format's weights become ---- */

static const struct dime_rows_plane binary[] = {{1, 1, 1, 1, 1, 0}}, ternary[] = {{1, 0, 2, 0, 1, 0}},
                                    two_bits[] = {{3, 1, 3, 1, 3, 0}}, pot3[] = {{4, 0, 8, 0, 4, 0}},
                                    four_bits[] = {{8, 0, 15, 0, 8, 0}},
                                    four_bits_symmetric[] = {{15, 1, 15, 1, 15, 0}},
                                    five_bits_symmetric[] = {{31, 1, 15, 1, 31, 0}, {31, 5, 1, 0, 0, 5}},
                                    eight_bits[] = {{128, 0, 15, 0, 0, 0}, {128, 4, 15, 0, 8, 4}};

static uint32_t find_planes(enum dime_format_id id, const struct dime_rows_plane **planes) {
    static const struct {
        enum dime_format_id id;
        const struct dime_rows_plane *planes;
        uint32_t count;
    } formats[] = {
        {DIME_FORMAT_BINARY, binary, 1},
        {DIME_FORMAT_BINARYSYM, binary, 1},
        {DIME_FORMAT_TERNARY, ternary, 1},
        {DIME_FORMAT_2BITSYM, two_bits, 1},
        {DIME_FORMAT_POT3, pot3, 1},
        {DIME_FORMAT_4BIT, four_bits, 1},
        {DIME_FORMAT_8BIT, eight_bits, 2},
        {DIME_FORMAT_4BITSYM, four_bits_symmetric, 1},
        {DIME_FORMAT_5BITSYM, five_bits_symmetric, 2},
    };
    for (uint32_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].id == id) {
            *planes = formats[i].planes;
            return formats[i].count;
        }
    return 0;
}

int dime_rows_whole(enum dime_format_id format, struct dime_rows_plane *plane) {
    const struct dime_rows_plane *planes;
    uint32_t count = find_planes(format, &planes);
    if (!count || format == DIME_FORMAT_8BIT) return 0;
    *plane = planes[0];
    if (count > 1) plane->most |= planes[1].most << 4;
    return 1;
}

static uint32_t nibble_of(const struct dime_rows_plane *plane, int32_t weight) {
    return (uint32_t)(weight + (int32_t)plane->base) >> plane->shift & 15;
}

static int32_t value_of(const struct dime_rows_plane *plane, int32_t weight) {
    return (int32_t)(nibble_of(plane, weight) << plane->scale) - (int32_t)plane->middle;
}

/* ---- parts ---- */

static int32_t weight_of(const struct dime_model_layer *layer, const struct dime_rows_part *part,
                         uint32_t input, uint32_t output) {
    return layer->value[(size_t)(part->output + output) * layer->inputs + part->input + input];
}

int dime_layout_has_negative_inputs(const struct dime_model *model, uint32_t index) {
    if (index == 0) return model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
    return model->config.norm == DIME_NORM_LAYER;
}

static int has_binary_inputs(const struct dime_model *model, uint32_t index) {
    return index == 0 && model->config.input_encoding == DIME_INPUT_BINARY;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* The collected sums of four bits of the activations fit 16 bits, those of the few rows of the bit above that
   fast_rows_sort.S adds to them included: FEW rows, 16 times each. */
static uint32_t most_inputs(const struct dime_model *model, uint32_t index,
                            const struct dime_rows_plane *plane) {
    uint32_t most = 65535 / plane->most;
    return (has_binary_inputs(model, index) ? most : (most - 16 * MOST_MOVED) / 15) / 4 * 4;
}

/* 1 where the inputs are 0 and 1 and the outputs so few that rows can be added up as they come. */
static int has_flags(const struct dime_model *model, uint32_t index) {
    enum { MOST_FLAGGED = 16 };
    return has_binary_inputs(model, index) && model->layers[0].outputs <= MOST_FLAGGED;
}

uint32_t dime_rows_words(uint32_t outputs) {
    uint32_t words = (outputs + 7) / 8;
    return words > 4 ? 8 : words > 2 ? 4 : words;
}

static struct dime_rows_part part_of(const struct dime_rows_part *whole, uint32_t input, uint32_t inputs,
                                     uint32_t output) {
    struct dime_rows_part part = *whole;
    part.input = input;
    part.inputs = least(inputs, whole->inputs - input);
    part.output = output;
    part.outputs = least(MOST_OUTPUTS, whole->outputs - output);
    part.words = whole->has_flags ? 2 : dime_rows_words(part.outputs);
    return part;
}

static int32_t total_of(const struct dime_model_layer *layer, const struct dime_rows_part *part,
                        uint32_t output) {
    int32_t total = 0;
    for (uint32_t k = 0; k < part->inputs; k++)
        total += value_of(part->plane, weight_of(layer, part, k, output));
    return total;
}

/* The nibbles of rows whose values, those of the first two once and of the others eight times, are -total. */
static int find_more(const struct dime_rows_plane *plane, int32_t total, uint32_t nibbles[DIME_ROWS_MORE]) {
    uint32_t most = 2 * plane->most, one = 1u << plane->scale;
    int32_t wanted = 18 * (int32_t)plane->middle - total; /* of nibbles << scale */
    for (uint32_t eights = 0; eights <= most; eights++) {
        int32_t ones = wanted - (int32_t)(8 * one * eights);
        if (ones < 0 || ones > (int32_t)(one * most) || ones % (int32_t)one) continue;
        nibbles[0] = (uint32_t)ones / one / 2;
        nibbles[1] = (uint32_t)ones / one - nibbles[0];
        nibbles[2] = eights / 2;
        nibbles[3] = eights - nibbles[2];
        return 1;
    }
    return 0;
}

static int has_more(const struct dime_model *model, uint32_t index, const struct dime_rows_part *part) {
    uint32_t nibbles[DIME_ROWS_MORE];
    if (!dime_layout_has_negative_inputs(model, index) || part->inputs < model->layers[index].inputs ||
        part->inputs + DIME_ROWS_MORE_TAKEN > most_inputs(model, index, part->plane))
        return 0;
    for (uint32_t m = 0; m < part->outputs; m++)
        if (!find_more(part->plane, total_of(&model->layers[index], part, m), nibbles)) return 0;
    return 1;
}

/* 8 where the weighted sums of activations, of 7 bits or 0 and 1, fit 16 bits. */
static uint32_t low_bits_of(const struct dime_model *model, uint32_t index,
                            const struct dime_rows_part *part) {
    uint32_t largest = has_binary_inputs(model, index) ? 1 : 127;
    for (uint32_t m = 0; m < part->outputs; m++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < part->inputs; k++)
            sum += nibble_of(part->plane, weight_of(&model->layers[index], part, k, m));
        if (sum * largest > 65535) return 4;
    }
    return dime_layout_has_negative_inputs(model, index) ? 4 : 8;
}

/* 1 where rows can be multiplied by the activations, which needs no sorting. */
static int has_products(const struct dime_model *model, uint32_t index, const struct dime_rows_part *part) {
    const struct dime_model_layer *layer = &model->layers[index];
    return !part->has_flags && part->inputs == layer->inputs && layer->outputs <= DIME_PRODUCTS_OUTPUTS &&
           low_bits_of(model, index, part) == 8;
}

/* Those that add to others come behind them. */
static void add_parts(struct dime_rows_plan *plan, const struct dime_rows_part *whole, uint32_t inputs) {
    for (uint32_t input = 0; input < whole->inputs; input += inputs)
        for (uint32_t output = 0; output < whole->outputs; output += MOST_OUTPUTS) {
            if (plan->count == DIME_ROWS_MOST_PARTS + 1) return;
            if (plan->count < DIME_ROWS_MOST_PARTS)
                plan->parts[plan->count] = part_of(whole, input, inputs, output);
            plan->count++;
        }
}

struct dime_rows_plan dime_rows_plan_make(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    const struct dime_rows_plane *planes;
    struct dime_rows_plan plan = {.count = 0};
    uint32_t count = find_planes(layer->format, &planes);
    for (uint32_t i = 0; i < count; i++) {
        struct dime_rows_part whole = {.plane = &planes[i],
                                       .inputs = layer->inputs,
                                       .outputs = layer->outputs,
                                       .has_flags = has_flags(model, index)};
        add_parts(&plan, &whole, most_inputs(model, index, &planes[i]));
    }
    if (plan.count > DIME_ROWS_MOST_PARTS) plan.count = 0;
    for (uint32_t i = 0; i < plan.count; i++) {
        struct dime_rows_part *part = &plan.parts[i];
        part->has_more = has_more(model, index, part);
        part->has_products = plan.count == 1 && has_products(model, index, part);
        if (part->has_products) part->words = 2;
    }
    return plan;
}

int dime_rows_adds(const struct dime_rows_part *part) {
    return part->input || part->plane->weight;
}

static uint32_t scratch_of(const struct dime_model_layer *layer) {
    return (layer->outputs + 7) / 8 * 8;
}

uint32_t dime_rows_words_added(uint32_t words, uint32_t widest) {
    return widest < 8 ? widest : words > 4 ? 8 : words > 2 ? 4 : 2;
}

uint32_t dime_rows_sums(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan,
                        uint32_t widest) {
    uint32_t entries = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_rows_part *part = &plan->parts[i];
        uint32_t first = dime_rows_adds(part) ? scratch_of(&model->layers[index]) : part->output;
        uint32_t end =
            first + 8 * (part->has_flags || part->has_products ? part->words
                                                               : dime_rows_words_added(part->words, widest));
        if (end > entries) entries = end;
    }
    return entries;
}

uint32_t dime_rows_bytes(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan) {
    enum { ROWS = 32, PART = 52, PARTS = 16 };
    uint32_t bytes = plan->count > 1 ? PARTS : 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_rows_part *part = &plan->parts[i];
        uint32_t rows = part->inputs + (part->has_more ? DIME_ROWS_MORE : 0);
        bytes += rows * 4 * part->words + ROWS + (plan->count > 1 ? PART : 0);
        if (dime_layout_has_negative_inputs(model, index) && !part->has_more) bytes += 2 * part->outputs;
    }
    return bytes;
}

/* ---- printing ---- */

/* The nibbles of a word, from the lowest, are outputs 0 4 2 6 1 5 3 7 of its eight: so lanes of 16 bits come
   out two by two in the order of the outputs (fast_rows_words.inc). */
static const uint8_t order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
static const uint8_t order_of_products[8] = {0, 2, 4, 6, 1, 3, 5, 7}; /* fast_products.S */

/* The nibble of an input, or of one of the rows behind the inputs'. */
static uint32_t nibble_in(const struct dime_model_layer *layer, const struct dime_rows_part *part,
                          uint32_t row, uint32_t output) {
    uint32_t nibbles[DIME_ROWS_MORE] = {0};
    if (row < part->inputs) return nibble_of(part->plane, weight_of(layer, part, row, output));
    find_more(part->plane, total_of(layer, part, output), nibbles);
    return nibbles[row - part->inputs];
}

static uint32_t word_of(const struct dime_model_layer *layer, const struct dime_rows_part *part, uint32_t row,
                        uint32_t first) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t output = first + (part->has_products ? order_of_products : order)[i];
        if (output < part->outputs) word |= nibble_in(layer, part, row, output) << 4 * i;
    }
    return word;
}

static void print_words(const struct dime_model_layer *layer, const struct dime_rows_part *part,
                        const char *name, FILE *stream) {
    uint32_t words = part->words, rows = part->inputs + (part->has_more ? DIME_ROWS_MORE : 0);
    fprintf(stream, "static const uint32_t %s_rows[%u] = {", name,
            rows * words + (words < 4 ? 4 - words : 0));
    for (uint32_t k = 0; k < rows; k++)
        for (uint32_t i = 0; i < words; i++)
            fprintf(stream, "%s0x%08x,", (k * words + i) % 8 ? " " : "\n    ",
                    (unsigned)word_of(layer, part, k, 8 * i));
    fputs("\n};\n\n", stream);
}

static void print_totals(const struct dime_model_layer *layer, const struct dime_rows_part *part,
                         const char *name, FILE *stream) {
    fprintf(stream, "static const int16_t %s_totals[%u] = {", name, part->outputs);
    for (uint32_t m = 0; m < part->outputs; m++)
        fprintf(stream, "%s%d,", m % 12 ? " " : "\n    ", (int)total_of(layer, part, m));
    fputs("\n};\n\n", stream);
}

void dime_rows_middle(uint32_t middle, uint32_t *bits, uint32_t *less) {
    *less = middle & (middle + 1) ? 0 : 1; /* 0, 1, 3, 15, 31; else 4, 8 */
    *bits = 0;
    while (1u << *bits < middle + *less) ++*bits;
}

static const char *flush_of(uint32_t words, uint32_t widest) {
    static const char *const names[] = {[1] = "1", [2] = "2", [4] = "4", [8] = "8"};
    if (widest == 8 && words < 8) return words > 2 ? "8_half" : "8_quarter";
    return names[widest];
}

static void print_rows(const struct dime_model *model, uint32_t index, const struct dime_rows_part *part,
                       const char *name, const char *flush, const char *finish, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    int has_totals = dime_layout_has_negative_inputs(model, index);
    uint32_t words = part->words, bits, less;
    dime_rows_middle(part->plane->middle, &bits, &less);
    print_words(layer, part, name, stream);
    if (has_totals && !part->has_more) print_totals(layer, part, name, stream);
    fprintf(stream,
            "static const struct dime_fast_rows %s_fast = {\n    .fast = {dime_%s_run, %s},\n"
            "    .rows = {\n        .words = %s_rows,\n        .stride = %u,\n        .outputs = %u,\n",
            name,
            part->has_flags      ? "flags"
            : part->has_products ? "products"
                                 : "rows",
            finish, name, 4 * words, part->has_products ? (part->outputs + 1) / 2 * 2 : 8 * words);
    if (!part->has_flags && !part->has_products)
        fprintf(stream, "        .flush = dime_rows_flush_%s,\n", flush);
    if (part->has_more)
        fprintf(stream, "        .totals = &%s_rows[%u],\n", name, words * part->inputs);
    else if (has_totals)
        fprintf(stream, "        .totals = %s_totals,\n        .correct = dime_fast_correct,\n", name);
    fprintf(stream,
            "        .scale = %u,\n        .middle_bits = %u,\n        .middle_less = %u,\n        .low_bits "
            "= %u,\n"
            "    },\n};\n\n",
            part->plane->scale, bits, less, low_bits_of(model, index, part));
}

static void print_part(const struct dime_rows_part *part, const char *name, FILE *stream) {
    fprintf(
        stream,
        "    {\n        .layer = {.fast = &%s_fast.fast, .inputs = %u, .outputs = %u},\n"
        "        .input = %u,\n        .output = %u,\n        .adds = %d,\n        .shift = %u,\n    },\n",
        name, part->inputs, part->outputs, part->input, part->output, dime_rows_adds(part),
        part->plane->weight);
}

static void print_parts(const struct dime_model_layer *layer, uint32_t number,
                        const struct dime_rows_plan *plan, const char *finish, FILE *stream) {
    char name[40];
    fprintf(stream, "static const struct dime_part layer%u_parts[%u] = {\n", number, plan->count);
    for (uint32_t i = 0; i < plan->count; i++) {
        snprintf(name, sizeof name, "layer%u_part%u", number, i + 1);
        print_part(&plan->parts[i], name, stream);
    }
    fprintf(stream,
            "};\n\nstatic const struct dime_fast_parts layer%u_fast = {\n    .fast = {dime_parts_run, %s},\n"
            "    .parts = layer%u_parts,\n    .count = %u,\n    .scratch = %u,\n};\n\n",
            number, finish, number, plan->count, scratch_of(layer));
}

void dime_rows_print(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan,
                     uint32_t widest, const char *finish, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    char name[40];
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct dime_rows_part *part = &plan->parts[i];
        const char *flush = flush_of(part->words, widest);
        snprintf(name, sizeof name, plan->count > 1 ? "layer%u_part%u" : "layer%u", index + 1, i + 1);
        print_rows(model, index, part, name, flush, plan->count > 1 ? "dime_fast_finish_none" : finish,
                   stream);
    }
    if (plan->count > 1) print_parts(layer, index + 1, plan, finish, stream);
}
