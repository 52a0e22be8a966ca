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
    if (config->clip == DIME_CLIP_LSQ) config->clip_update = DIME_CLIP_LEARNED;
    if (config->clip_until_epoch == UNTIL_LAST_EPOCH) config->clip_until_epoch = config->epochs;
    return 0;
}

static int check_model(const struct config_draft *draft) {
    static const char *const known[] = {"FCMNIST", "CNNMNIST"};
    const char *model = draft->config.model;
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, model);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(model, known[i])) return 0;
        dime_nearest_offer(&nearest, known[i]);
    }
    return config_error(DIME_ERROR_CONFIG, draft->name, draft->line[KEY_MODEL],
                        "model '%s' is unknown; %s'%s'", model,
                        nearest.name ? "did you mean " : "known are 'FCMNIST' and ",
                        nearest.name ? nearest.name : "CNNMNIST");
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

/* A norm that scales each picture anew (ShiftNorm) clips nothing. */
static int check_activations(const struct config_draft *draft) {
    const struct dime_config *config = &draft->config;
    double clip = (double)config->activation_clip;
    if (clip == 0) return 0;
    if (clip < 0.5)
        return config_error(
            DIME_ERROR_CONFIG, draft->name, draft->line[KEY_ACTIVATION_CLIP],
            "activation_clip %g clips nearly everything; make it 0.5 or more, or 0 for that of "
            "activation_bits",
            clip);
    if (config->norm == DIME_NORM_BATCH) return 0;
    return config_error(DIME_ERROR_CONFIG, draft->name, later_line(draft, KEY_ACTIVATION_CLIP, KEY_NORM_TYPE),
                        "activation_clip %g needs NormType 'BatchNorm', found '%s', which scales activations "
                        "instead of clipping them",
                        clip, dime_norm_name(config->norm));
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
    if (!error) error = check_model(draft);
    if (!error) error = config_layers_settle(draft);
    if (!error) error = check_bits(draft);
    if (!error) error = config_layers_check(draft);
    if (!error) error = check_activations(draft);
    if (!error) error = check_training(draft);
    return error;
}
