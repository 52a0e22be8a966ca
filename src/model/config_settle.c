/* SPDX-License-Identifier: MIT */
/* Keys that depend on each other, and combinations that cannot be. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "model/config_draft.h"

/* The line of the later one of two keys: that is where the contradiction shows. */
static size_t later_line(const struct config_draft *draft, enum config_id a, enum config_id b) {
    return draft->line[a] > draft->line[b] ? draft->line[a] : draft->line[b];
}

uint32_t config_layers_from_widths(const struct dime_config *config, struct dime_layer_config *layers) {
    uint32_t count = 0;
    memset(layers, 0, DIME_MAX_LAYERS * sizeof *layers);
    for (int i = 0; i < 3; i++)
        if (config->width[i]) layers[count++].outputs = config->width[i];
    layers[count++].outputs = 0; /* the classes */
    for (uint32_t i = 0; i < count; i++) layers[i].format = config->format;
    return count;
}

int config_made_from_widths(const struct dime_config *config) {
    struct dime_layer_config layers[DIME_MAX_LAYERS];
    if (config->layer_count != config_layers_from_widths(config, layers)) return 0;
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (config->layers[i].outputs != layers[i].outputs || config->layers[i].format != layers[i].format)
            return 0;
    return 1;
}

/* `quantscale` alone is RiscV's clipping; beside a key of BitNetMCU's it only names the scale. */
static int settle_clipping(struct config_draft *draft) {
    struct dime_config *config = &draft->config;
    const uint8_t *given = draft->given;
    if (given[KEY_QUANTSCALE] && given[KEY_MAXW_QUANTSCALE] && draft->quantscale != draft->maxw_quantscale)
        return config_error(DIME_ERROR_CONFIG, draft->name,
                            later_line(draft, KEY_QUANTSCALE, KEY_MAXW_QUANTSCALE),
                            "quantscale %g contradicts maxw_quantscale %g; keep one of them",
                            (double)draft->quantscale, (double)draft->maxw_quantscale);
    if (given[KEY_MAXW_QUANTSCALE]) config->clip_scale = draft->maxw_quantscale;
    if (given[KEY_QUANTSCALE]) config->clip_scale = draft->quantscale;
    if (given[KEY_MAXW_ALGO] || given[KEY_MAXW_QUANTSCALE]) {
        config->clip_update = DIME_CLIP_EVERY_EPOCH;
    } else if (given[KEY_QUANTSCALE]) {
        config->clip = DIME_CLIP_PROP;
        config->clip_update = DIME_CLIP_EVERY_STEP;
    }
    if (config->clip_until_epoch == UNTIL_LAST_EPOCH) config->clip_until_epoch = config->epochs;
    return 0;
}

static int settle_layers(struct config_draft *draft) {
    struct dime_config *config = &draft->config;
    if (draft->given[KEY_LAYERS]) draft->layers_listed = 1;
    for (enum config_id id = KEY_NETWORK_WIDTH1; draft->layers_listed && id <= KEY_NETWORK_WIDTH3; id++)
        if (draft->given[id])
            return config_error(DIME_ERROR_CONFIG, draft->name, later_line(draft, id, KEY_LAYERS),
                                "%s contradicts the list `layers`; keep one of them", config_keys[id].name);
    if (!draft->layers_listed) {
        config->layer_count = config_layers_from_widths(config, config->layers);
        return 0;
    }
    memset(config->width, 0, sizeof config->width);
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (config->layers[i].format == FORMAT_OF_NETWORK) config->layers[i].format = config->format;
    return 0;
}

/* Kinds of network: the one place to change when another one arrives. */
static int check_model(const struct config_draft *draft) {
    static const char convolutional[] = "CNNMNIST", known[] = "FCMNIST";
    const char *model = draft->config.model;
    size_t line = draft->line[KEY_MODEL];
    if (!strcmp(model, known)) return 0;
    if (!strcmp(model, convolutional))
        return config_error(
            DIME_ERROR_CONFIG, draft->name, line,
            "model 'CNNMNIST' needs convolutions, which are not there yet; write model: FCMNIST, "
            "or give --set model=FCMNIST");
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, model);
    dime_nearest_offer(&nearest, known);
    return config_error(DIME_ERROR_CONFIG, draft->name, line, "model '%s' is unknown; %s'FCMNIST'", model,
                        nearest.name ? "did you mean " : "known is ");
}

static int check_bits(const struct config_draft *draft) {
    enum dime_format_id format = draft->config.format;
    double bits = dime_format_bits(format), found = (double)draft->bpw;
    if (!draft->given[KEY_BPW] || fabs(found - bits) < 1e-3) return 0;
    if (format == DIME_FORMAT_TERNARY && found == 2) return 0; /* its codes before packing */
    return config_error(
        DIME_ERROR_CONFIG, draft->name, later_line(draft, KEY_BPW, KEY_QUANT_TYPE),
        "BPW %g contradicts QuantType '%s', whose weights have %g bits; leave BPW out or make it %g", found,
        dime_format_name(format), bits, bits);
}

static int check_layers(const struct config_draft *draft) {
    const struct dime_config *config = &draft->config;
    size_t line = draft->line[KEY_LAYERS];
    uint32_t floats = 0;
    for (uint32_t i = 0; i < config->layer_count; i++) {
        floats += config->layers[i].format == DIME_FORMAT_NONE;
        if (!config->layers[i].outputs && i + 1 < config->layer_count)
            return config_error(DIME_ERROR_CONFIG, draft->name, line,
                                "layers, entry %u has no 'outputs'; only the last may leave them out", i + 1);
    }
    if (!floats || floats == config->layer_count) return 0;
    return config_error(
        DIME_ERROR_CONFIG, draft->name, line,
        "layers mix QuantType 'None' (float) with integer formats; make all of them 'None' or none");
}

static int check_training(const struct config_draft *draft) {
    const struct dime_config *config = &draft->config;
    if (config->norm == DIME_NORM_BATCH && config->batch_size < 2)
        return config_error(DIME_ERROR_CONFIG, draft->name, later_line(draft, KEY_NORM_TYPE, KEY_BATCH_SIZE),
                            "NormType 'BatchNorm' needs a batch_size of 2 or more, found %u",
                            config->batch_size);
    if (config->warmup_epochs > config->epochs)
        return config_error(
            DIME_ERROR_CONFIG, draft->name, later_line(draft, KEY_WARMUP_EPOCHS, KEY_NUM_EPOCHS),
            "warmup_epochs %u is more than num_epochs %u", config->warmup_epochs, config->epochs);
    if (strchr(config->runtag, '/'))
        return config_error(DIME_ERROR_CONFIG, draft->name, draft->line[KEY_RUNTAG],
                            "runtag '%s' contains '/', but it is part of a folder's name", config->runtag);
    return 0;
}

int config_draft_settle(struct config_draft *draft) {
    int error = settle_clipping(draft);
    if (!error) error = settle_layers(draft);
    if (!error) error = check_model(draft);
    if (!error) error = check_bits(draft);
    if (!error) error = check_layers(draft);
    if (!error) error = check_training(draft);
    return error;
}
