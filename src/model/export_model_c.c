/* SPDX-License-Identifier: MIT */
/* model.c: the layers of an exported model with their weights, as the reference or a chip's kernels take
 * them. */
#include "model/export_parts.h"
#include "model/fast_layout.h"
#include "model/model_layer.h"

static uint32_t array_bytes(const struct dime_layer *layer) {
    return dime_format_row_bytes(layer->format, layer->inputs) * layer->outputs;
}

/* 1 where the layer's affine step has become code. */
static int has_affine_code(const struct dime_export *export, uint32_t index) {
    enum dime_conv_method method = dime_export_method(export, index);
    return method == DIME_CONV_PAIRS || method == DIME_CONV_WIDE;
}

/* Packed weights are written as the words that the engine reads, so the file suits either byte order. */
static void print_words(FILE *stream, const void *block, uint32_t bytes, uint32_t word) {
    uint32_t a_line = word == 4 ? 8 : 12;
    for (uint32_t i = 0; i < bytes / word; i++) {
        fputs(i % a_line ? " " : "\n    ", stream);
        if (word == 4)
            fprintf(stream, "0x%08x,", (unsigned)((const uint32_t *)block)[i]);
        else
            fprintf(stream, "0x%04x,", (unsigned)((const uint16_t *)block)[i]);
    }
}

static void print_affine(FILE *stream, const struct dime_layer *layer, uint32_t number) {
    if (!layer->affine) return;
    fprintf(stream, "static const struct dime_affine layer%u_affine[%u] = {", number, layer->outputs);
    for (uint32_t m = 0; m < layer->outputs; m++)
        fprintf(stream, "%s{%d, %u, %u},", m % 6 ? " " : "\n    ", layer->affine[m].bias,
                layer->affine[m].multiplier, layer->affine[m].shift);
    fputs("\n};\n\n", stream);
}

static const char *kind_text(uint8_t kind) {
    static const char *const texts[] = {"fully connected", "convolution", "depthwise convolution",
                                        "max pooling", "average pooling"};
    return texts[kind];
}

static void print_maps(FILE *stream, const struct dime_layer *layer) {
    fprintf(stream, "%u x %u x %u to %u x %u x %u, %ux%u, stride %u, padding %u", layer->channels,
            layer->height, layer->width, layer->outputs, layer->out_height, layer->out_width, layer->kernel,
            layer->kernel, layer->stride, layer->padding);
}

static void print_headline(FILE *stream, const struct dime_layer *layer, uint32_t number) {
    if (layer->kind == DIME_LAYER_FC) {
        fprintf(stream, "/* Layer %u: %u outputs of %u inputs, %s. */\n", number, layer->outputs,
                layer->inputs, layer->format->name);
        return;
    }
    fprintf(stream, "/* Layer %u: %s, ", number, kind_text(layer->kind));
    print_maps(stream, layer);
    fprintf(stream, "%s%s. */\n", layer->format ? ", " : "", layer->format ? layer->format->name : "");
}

static void print_weights(FILE *stream, const struct dime_layer *layer, uint32_t number) {
    print_headline(stream, layer, number);
    if (!layer->format) {
        fputc('\n', stream);
        return;
    }
    uint32_t word = layer->format->row_alignment, bytes = array_bytes(layer);
    fprintf(stream, "_Alignas(4) static const uint%u_t layer%u_weights[%u] = {", word * 8, number,
            bytes / word);
    print_words(stream, layer->weights, bytes, word);
    fputs("\n};\n\n", stream);
}

static const char *requantize_symbol(uint8_t requantize) {
    static const char *const symbols[] = {"DIME_REQUANTIZE_SHIFT", "DIME_REQUANTIZE_FIXED",
                                          "DIME_REQUANTIZE_NONE", "DIME_REQUANTIZE_WIDE"};
    return symbols[requantize];
}

static const char *kind_symbol(uint8_t kind) {
    static const char *const symbols[] = {"DIME_LAYER_FC", "DIME_LAYER_CONV2D", "DIME_LAYER_DEPTHWISE",
                                          "DIME_LAYER_MAX_POOL", "DIME_LAYER_AVG_POOL"};
    return symbols[kind];
}

static void print_member(FILE *stream, const char *member, uint32_t value) {
    fprintf(stream, "        .%s = %u,\n", member, value);
}

static void print_shape(FILE *stream, const struct dime_layer *layer) {
    fprintf(stream, "        .kind = %s,\n", kind_symbol(layer->kind));
    print_member(stream, "kernel", layer->kernel);
    print_member(stream, "stride", layer->stride);
    print_member(stream, "padding", layer->padding);
    print_member(stream, "channels", layer->channels);
    print_member(stream, "height", layer->height);
    print_member(stream, "width", layer->width);
    print_member(stream, "out_height", layer->out_height);
    print_member(stream, "out_width", layer->out_width);
}

/* symbol: of the weight format, or NULL where a fast kernel has the weights in a layout of its own. */
static void print_layer(FILE *stream, const struct dime_layer *layer, uint32_t number, const char *symbol) {
    fputs("    {\n", stream);
    if (!symbol)
        fprintf(stream, "        .fast = &layer%u_fast.fast,\n", number);
    else if (layer->format)
        fprintf(stream, "        .format = &%s,\n        .weights = layer%u_weights,\n", symbol, number);
    if (layer->affine) fprintf(stream, "        .affine = layer%u_affine,\n", number);
    print_member(stream, "inputs", layer->inputs);
    print_member(stream, "outputs", layer->outputs);
    fprintf(stream, "        .requantize = %s,\n", requantize_symbol(layer->requantize));
    print_member(stream, "activation_bits", layer->activation_bits);
    print_member(stream, "centre", layer->centre);
    print_member(stream, "bias_shift", layer->bias_shift);
    if (layer->kind != DIME_LAYER_FC) print_shape(stream, layer);
    fputs("    },\n", stream);
}

static void print_network(const struct dime_export *export, FILE *stream) {
    const struct dime_network *network = &export->runtime.network;
    fprintf(stream,
            "const struct dime_network dime_model_network = {\n    .layers = layers,\n"
            "    .layer_count = DIME_MODEL_LAYERS,\n    .widest = %u,\n",
            network->widest);
    if (network->map_count)
        fprintf(stream,
                "    .map_count = %u,\n    .sums = DIME_MODEL_SUMS,\n"
                "    .activations = DIME_MODEL_ACTIVATIONS,\n    .maps = %s,\n",
                network->map_count, export->chip ? "run_maps" : "dime_maps_run");
    fputs("};\n", stream);
}

static void print_tables(const struct dime_export *export, FILE *stream, uint32_t index) {
    const struct dime_layer *layer = &export->runtime.network.layers[index];
    enum dime_layout layout = dime_export_layout(export, index);
    if (dime_export_method(export, index) != DIME_CONV_REFERENCE) {
        print_headline(stream, layer, index + 1);
        if (!has_affine_code(export, index)) print_affine(stream, layer, index + 1);
        return;
    }
    if (layout == DIME_LAYOUT_REFERENCE)
        print_weights(stream, layer, index + 1);
    else
        dime_layout_print(export->chip, export->model, index, layout, stream);
    print_affine(stream, layer, index + 1);
}

/* What all layers with tables share. */
static void print_shared(const struct dime_export *export, FILE *stream) {
    int has_tables = 0;
    for (uint32_t i = 0; i < export->model->layer_count; i++)
        has_tables |= dime_export_layout(export, i) == DIME_LAYOUT_TABLE;
    if (has_tables) fputs("struct dime_table_input dime_table_group[DIME_TABLE_INPUTS];\n\n", stream);
}

static void print_entry(const struct dime_export *export, FILE *stream, uint32_t index) {
    struct dime_layer layer = export->runtime.network.layers[index];
    const char *symbol = dime_format_symbol(export->model->layers[index].format);
    if (dime_export_method(export, index) != DIME_CONV_REFERENCE) layer.format = NULL;
    if (has_affine_code(export, index)) layer.affine = NULL;
    print_layer(stream, &layer, index + 1,
                dime_export_layout(export, index) == DIME_LAYOUT_REFERENCE ? symbol : NULL);
}

/* Convolutions as code, and what runs them. */
static int make_code(struct dime_export *export) {
    int code = dime_export_text_open(export, &export->model_s);
    if (code) return code;
    dime_export_print_origin(export, export->model_s.stream);
    dime_conv_plan_write(&export->convolutions, export->model, &export->runtime.network,
                         export->model_s.stream, export->model_c.stream);
    return dime_export_text_close(export, &export->model_s);
}

int dime_export_make_model_c(struct dime_export *export) {
    const struct dime_network *network = &export->runtime.network;
    int code = dime_export_text_open(export, &export->model_c);
    if (code) return code;
    FILE *stream = export->model_c.stream;
    dime_export_print_origin(export, stream);
    fputs("#include \"model.h\"\n\n#include <stdint.h>\n\n", stream);
    if (export->chip)
        fputs("#include \"fast_code.h\"\n#include \"fast_conv.h\"\n#include \"fast_multiply.h\"\n#include "
              "\"fast_parts.h\"\n#include "
              "\"fast_planes.h\"\n#include "
              "\"fast_rows.h\"\n"
              "#include \"fast_slices.h\"\n"
              "#include \"fast_table.h\"\n\n",
              stream);
    for (uint32_t i = 0; i < network->layer_count; i++) print_tables(export, stream, i);
    print_shared(export, stream);
    fputs("static const struct dime_layer layers[DIME_MODEL_LAYERS] = {\n", stream);
    for (uint32_t i = 0; i < network->layer_count; i++) print_entry(export, stream, i);
    fputs("};\n\n", stream);
    if (export->chip && network->map_count) code = make_code(export);
    print_network(export, stream);
    int closed = dime_export_text_close(export, &export->model_c);
    return code ? code : closed;
}
