/* SPDX-License-Identifier: MIT */
/* The network's layers: from the list `layers`, or from the widths that a kind of network has. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/config_draft.h"
#include "model/layer_shape.h"

static const char convolutional[] = "CNNMNIST";

/* ---- one entry of the list ---- */

static int is_given(const uint8_t *given, enum layer_id id) {
    return given[id] != 0;
}

static int refuse_key(const struct config_draft *draft, size_t line, uint32_t index, enum layer_id id,
                      const char *type, const char *instead) {
    return config_error(DIME_ERROR_CONFIG, draft->name, line,
                        "layers, entry %u: '%s' does not go with type '%s'%s%s", index + 1,
                        config_layer_keys[id].name, type, *instead ? "; " : "", instead);
}

/* Keys that say nothing for this type of layer are mistakes. */
static int check_keys(const struct config_draft *draft, size_t line, uint32_t index,
                      const struct layer_entry *entry, const uint8_t *given) {
    static const enum layer_id not_fc[] = {LAYER_KERNEL,  LAYER_SIZE,   LAYER_STRIDE,
                                           LAYER_PADDING, LAYER_GROUPS, LAYER_NORM_TYPE},
                               not_conv[] = {LAYER_SIZE}, not_depthwise[] = {LAYER_SIZE, LAYER_GROUPS},
                               not_pool[] = {LAYER_OUTPUTS,        LAYER_KERNEL,     LAYER_PADDING,
                                             LAYER_GROUPS,         LAYER_QUANT_TYPE, LAYER_NORM_TYPE,
                                             LAYER_ACTIVATION_BITS};
    static const struct {
        const enum layer_id *ids;
        size_t count;
    } refused[] = {[DIME_LAYER_FC] = {not_fc, sizeof not_fc / sizeof *not_fc},
                   [DIME_LAYER_CONV2D] = {not_conv, sizeof not_conv / sizeof *not_conv},
                   [DIME_LAYER_DEPTHWISE] = {not_depthwise, sizeof not_depthwise / sizeof *not_depthwise},
                   [DIME_LAYER_MAX_POOL] = {not_pool, sizeof not_pool / sizeof *not_pool},
                   [DIME_LAYER_AVG_POOL] = {not_pool, sizeof not_pool / sizeof *not_pool}};
    enum dime_layer_kind kind = entry->layer.kind;
    for (size_t i = 0; i < refused[kind].count; i++) {
        enum layer_id id = refused[kind].ids[i];
        const char *instead = id == LAYER_SIZE     ? "a convolution has a 'kernel'"
                              : id == LAYER_KERNEL ? "pooling has a 'size'"
                                                   : "";
        if (kind == DIME_LAYER_FC) instead = "";
        if (is_given(given, id))
            return refuse_key(draft, line, index, id, dime_layer_type_name(kind), instead);
    }
    if (kind != DIME_LAYER_CONV2D || is_given(given, LAYER_OUTPUTS)) return 0;
    return config_error(DIME_ERROR_CONFIG, draft->name, line,
                        "layers, entry %u has no 'outputs', its channels", index + 1);
}

int config_layer_finish(struct config_draft *draft, size_t line, uint32_t index, struct layer_entry *entry,
                        const uint8_t *given) {
    struct dime_layer_config *layer = &entry->layer;
    int error = check_keys(draft, line, index, entry, given);
    if (error) return error;
    int pool = dime_kind_is_pool(layer->kind);
    if (pool) layer->kernel = is_given(given, LAYER_SIZE) ? entry->size : 2;
    if (!pool && layer->kind != DIME_LAYER_FC && !is_given(given, LAYER_KERNEL)) layer->kernel = 3;
    if (layer->kind != DIME_LAYER_FC && !is_given(given, LAYER_STRIDE))
        layer->stride = pool ? layer->kernel : 1;
    layer->wide = is_given(given, LAYER_NORM_TYPE);
    draft->groups[index] = is_given(given, LAYER_GROUPS) ? entry->groups : 1;
    draft->layer_line[index] = line;
    draft->config.layers[index] = *layer;
    return 0;
}

/* ---- from the widths ---- */

static void add_map(struct dime_layer_config *layers, uint32_t *count, enum dime_layer_kind kind,
                    const struct dime_config *config) {
    struct dime_layer_config *layer = &layers[(*count)++];
    int pool = dime_kind_is_pool(kind);
    *layer = (struct dime_layer_config){.kind = kind,
                                        .format = config->format,
                                        .kernel = pool ? 2 : 3,
                                        .stride = pool ? 2 : 1,
                                        .wide = !pool};
    if (kind == DIME_LAYER_CONV2D) layer->outputs = config->cnn_width;
    if (!pool && config->format != DIME_FORMAT_NONE) layer->format = DIME_FORMAT_8BIT;
}

/* What stands before the fully connected layers in BitNetMCU's CNNMNIST. */
static uint32_t convolutions(const struct dime_config *config, struct dime_layer_config *layers) {
    uint32_t count = 0;
    add_map(layers, &count, DIME_LAYER_CONV2D, config);
    add_map(layers, &count, DIME_LAYER_DEPTHWISE, config);
    add_map(layers, &count, DIME_LAYER_MAX_POOL, config);
    add_map(layers, &count, DIME_LAYER_DEPTHWISE, config);
    add_map(layers, &count, DIME_LAYER_MAX_POOL, config);
    return count;
}

uint32_t config_layers_from_widths(const struct dime_config *config, struct dime_layer_config *layers) {
    uint32_t count = 0;
    int maps = !strcmp(config->model, convolutional);
    memset(layers, 0, DIME_MAX_LAYERS * sizeof *layers);
    if (maps) count = convolutions(config, layers);
    for (int i = 0; i < 3; i++) {
        if (!config->width[i]) continue;
        int narrow =
            maps && i == 0 && config->format != DIME_FORMAT_NONE; /* as BitNetMCU's models.py has it */
        layers[count].outputs = config->width[i];
        layers[count++].format = narrow ? DIME_FORMAT_2BITSYM : config->format;
    }
    layers[count].outputs = 0; /* the classes */
    layers[count++].format = config->format;
    return count;
}

static int equal_layers(const struct dime_layer_config *a, const struct dime_layer_config *b) {
    return a->outputs == b->outputs && a->format == b->format && a->kind == b->kind &&
           a->kernel == b->kernel && a->stride == b->stride && a->padding == b->padding &&
           a->activation_bits == b->activation_bits && a->wide == b->wide;
}

int dime_config_made_from_widths(const struct dime_config *config) {
    struct dime_layer_config layers[DIME_MAX_LAYERS];
    if (config->layer_count != config_layers_from_widths(config, layers)) return 0;
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (!equal_layers(&config->layers[i], &layers[i])) return 0;
    return 1;
}

/* ---- the whole ---- */

static int refuse_groups(const struct config_draft *draft, uint32_t index, uint32_t channels) {
    char depthwise[64] = "";
    if (channels > 1)
        snprintf(depthwise, sizeof depthwise, " and %u (as many as there are channels)", channels);
    return config_error(DIME_ERROR_CONFIG, draft->name, draft->layer_line[index],
                        "layers, entry %u: groups %u; 1 (each output sees every channel)%s %s possible",
                        index + 1, draft->groups[index], depthwise, channels > 1 ? "are" : "is");
}

/* `groups` equal to the channels that go in is a depthwise convolution; others than that and 1 are not known.
 */
static int settle_groups(struct config_draft *draft) {
    struct dime_config *config = &draft->config;
    uint32_t channels = 1;
    for (uint32_t i = 0; i < config->layer_count; i++) {
        struct dime_layer_config *layer = &config->layers[i];
        uint32_t groups = draft->groups[i];
        if (layer->kind == DIME_LAYER_CONV2D && groups > 1) {
            if (groups != channels) return refuse_groups(draft, i, channels);
            layer->kind = DIME_LAYER_DEPTHWISE;
        }
        if (layer->kind == DIME_LAYER_CONV2D) channels = layer->outputs;
    }
    return 0;
}

int config_layers_settle(struct config_draft *draft) {
    struct dime_config *config = &draft->config;
    if (draft->given[KEY_LAYERS]) draft->layers_listed = 1;
    for (enum config_id id = KEY_NETWORK_WIDTH1; draft->layers_listed && id <= KEY_NETWORK_WIDTH3; id++)
        if (draft->given[id])
            return config_error(DIME_ERROR_CONFIG, draft->name,
                                draft->line[id] > draft->line[KEY_LAYERS] ? draft->line[id]
                                                                          : draft->line[KEY_LAYERS],
                                "%s contradicts the list `layers`; keep one of them", config_keys[id].name);
    if (!draft->layers_listed) {
        config->layer_count = config_layers_from_widths(config, config->layers);
        return 0;
    }
    memset(config->width, 0, sizeof config->width);
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (config->layers[i].format == FORMAT_OF_NETWORK) config->layers[i].format = config->format;
    return settle_groups(draft);
}

static int is_pool(const struct dime_layer_config *layer) {
    return dime_kind_is_pool(layer->kind);
}

static int check_formats(const struct config_draft *draft) {
    const struct dime_config *config = &draft->config;
    uint32_t floats = 0, weighted = 0;
    for (uint32_t i = 0; i < config->layer_count; i++) {
        weighted += !is_pool(&config->layers[i]);
        floats += !is_pool(&config->layers[i]) && config->layers[i].format == DIME_FORMAT_NONE;
    }
    if (!floats || floats == weighted) return 0;
    return config_error(
        DIME_ERROR_CONFIG, draft->name, draft->line[KEY_LAYERS],
        "layers mix QuantType 'None' (float) with integer formats; make all of them 'None' or none");
}

/* Where a shape is to blame: the entry, or else what made the layers. */
static size_t blamed_line(const struct config_draft *draft, uint32_t index) {
    if (draft->layers_listed) return draft->layer_line[index];
    return draft->line[KEY_INPUT_SIZE] > draft->line[KEY_MODEL] ? draft->line[KEY_INPUT_SIZE]
                                                                : draft->line[KEY_MODEL];
}

static int has_maps(const struct dime_config *config) {
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (config->layers[i].kind != DIME_LAYER_FC) return 1;
    return 0;
}

int config_layers_check(const struct config_draft *draft) {
    const struct dime_config *config = &draft->config;
    for (uint32_t i = 0; i + 1 < config->layer_count; i++)
        if (!config->layers[i].outputs && config->layers[i].kind == DIME_LAYER_FC)
            return config_error(DIME_ERROR_CONFIG, draft->name, draft->layer_line[i],
                                "layers, entry %u has no 'outputs'; only the last may leave them out", i + 1);
    int error = check_formats(draft);
    if (error || !has_maps(config)) return error; /* the others depend on the number of classes */
    struct dime_layer_shape shapes[DIME_MAX_LAYERS];
    uint32_t wrong = 0;
    if (!dime_layer_shapes(config, 0, shapes, &wrong)) return 0;
    char message[512];
    snprintf(message, sizeof message, "%s", dime_error_message());
    return config_error(DIME_ERROR_CONFIG, draft->name, blamed_line(draft, wrong),
                        "layers, entry %u (%s): %s", wrong + 1,
                        dime_layer_type_name(config->layers[wrong].kind), message);
}
