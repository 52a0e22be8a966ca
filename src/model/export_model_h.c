/* SPDX-License-Identifier: MIT */
/* model.h: the names and sizes of an exported model. */
#include "model/export_parts.h"
#include "model/fast_layout.h"
#include "model/model_layer.h"

static const char *encoding_symbol(enum dime_input_encoding encoding) {
    switch (encoding) {
    case DIME_INPUT_MEAN_SUBTRACTED:
        return "DIME_INPUT_MEAN_SUBTRACTED";
    case DIME_INPUT_UNSIGNED:
        return "DIME_INPUT_UNSIGNED";
    case DIME_INPUT_BINARY:
        return "DIME_INPUT_BINARY";
    case DIME_INPUT_UNSIGNED4:
        return "DIME_INPUT_UNSIGNED4";
    }
    return NULL;
}

static uint32_t affine_bytes(const struct dime_layer *layer) {
    return layer->affine ? (uint32_t)sizeof *layer->affine * layer->outputs : 0;
}

enum dime_layout dime_export_layout(const struct dime_export *export, uint32_t index) {
    if (export->convolutions.code_layers >> index & 1) return DIME_LAYOUT_CODE;
    return export->chip ? dime_layout_on(export->chip, export->model, index) : DIME_LAYOUT_REFERENCE;
}

enum dime_conv_method dime_export_method(const struct dime_export *export, uint32_t index) {
    const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(&export->convolutions, index);
    return stage ? stage->method : DIME_CONV_REFERENCE;
}

static uint32_t sums_of(const struct dime_export *export) {
    if (!export->chip) return export->runtime.network.sums;
    uint32_t entries = export->convolutions.sums;
    for (uint32_t i = export->runtime.network.map_count; i < export->runtime.network.layer_count; i++) {
        uint32_t needed = dime_layout_sums(export->chip, export->model, i, dime_export_layout(export, i));
        if (needed > entries) entries = needed;
    }
    return entries;
}

static uint32_t activations_of(const struct dime_export *export) {
    const struct dime_network *network = &export->runtime.network;
    return network->map_count ? export->convolutions.activations : network->activations;
}

/* Entries of a scratch buffer: fast kernels write whole words of weights. */
static uint32_t entries_of(const struct dime_export *export, uint32_t count) {
    return export->chip ? (count + 7) / 8 * 8 : count;
}

static void print_number(FILE *stream, const char *macro, uint32_t value, const char *comment) {
    fprintf(stream, "#define DIME_MODEL_%s %u /* %s */\n", macro, value, comment);
}

static uint32_t most(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static void print_sizes(const struct dime_export *export, FILE *stream) {
    const struct dime_network *network = &export->runtime.network;
    uint32_t weights = 0, affine = 0;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        weights += (uint32_t)dime_layer_packed_bytes(&export->model->layers[i]);
        affine += affine_bytes(&network->layers[i]);
    }
    print_number(stream, "INPUT_SIZE", export->model->config.input_size,
                 "height and width of the input, pixels");
    print_number(stream, "INPUTS", dime_model_input_count(export->model), "inputs of the first layer, bytes");
    print_number(stream, "CLASSES", export->model->classes, "outputs of the last layer");
    print_number(stream, "LAYERS", network->layer_count, "layers");
    print_number(stream, "SUMS", entries_of(export, sums_of(export)),
                 "entries of the scratch buffer of 32-bit sums");
    print_number(stream, "ACTIVATIONS", entries_of(export, activations_of(export)),
                 "entries of that of 8-bit activations");
    print_number(stream, "ROOM",
                 entries_of(export, most(dime_model_input_count(export->model), activations_of(export))),
                 "entries of the latter where the input is to lie at its beginning");
    print_number(stream, "WIDEST", most(network->sums, network->activations),
                 "entries that suit either of them");
    print_number(stream, "SCRATCH_BYTES", dime_model_scratch_bytes(export->model), "RAM: both of them");
    print_number(stream, "WEIGHT_BYTES", weights, "flash: packed weights");
    print_number(stream, "AFFINE_BYTES", affine, "flash: scale and bias of each output");
}

int dime_export_make_model_h(struct dime_export *export) {
    const struct dime_config *config = &export->model->config;
    int code = dime_export_text_open(export, &export->model_h);
    if (code) return code;
    FILE *stream = export->model_h.stream;
    dime_export_print_origin(export, stream);
    fputs("#ifndef DIME_EXPORTED_MODEL_H\n#define DIME_EXPORTED_MODEL_H\n\n"
          "#include \"encode.h\"\n#include \"engine.h\"\n\n#define DIME_MODEL_NAME ",
          stream);
    dime_export_print_literal(stream, export->name);
    fputs("\n#define DIME_MODEL_GENERATOR \"" DIME_EXPORT_GENERATOR "\"\n", stream);
    print_sizes(export, stream);
    fprintf(stream, "#define DIME_MODEL_INPUT_ENCODING %s\n", encoding_symbol(config->input_encoding));
    print_number(stream, "INPUT_THRESHOLD", config->input_threshold, "used by DIME_INPUT_BINARY only");
    fputs("\nextern const struct dime_network dime_model_network;\n\n#endif\n", stream);
    return dime_export_text_close(export, &export->model_h);
}
