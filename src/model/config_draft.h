/* SPDX-License-Identifier: MIT */
/* Inside the configuration reader: the table of keys, and a configuration in the making. Used by config*.c
 * only. */
#ifndef DIME_MODEL_CONFIG_DRAFT_H
#define DIME_MODEL_CONFIG_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "model/config.h"

enum { CONFIG_LARGEST_FILE = 1 << 20 };

/* In the order in which they are written and documented. */
enum config_id {
    KEY_MODEL,
    KEY_NETWORK_WIDTH1,
    KEY_NETWORK_WIDTH2,
    KEY_NETWORK_WIDTH3,
    KEY_LAYERS,
    KEY_CNN_WIDTH,
    KEY_RUNTAG,
    KEY_DATASET,
    KEY_VALIDATION_SIZE,
    KEY_INPUT_SIZE,
    KEY_INPUT_ENCODING,
    KEY_INPUT_THRESHOLD,
    KEY_QUANT_TYPE,
    KEY_BPW,
    KEY_NORM_TYPE,
    KEY_WSCALE,
    KEY_ACTIVATION_BITS,
    KEY_ACTIVATION_CLIP,
    KEY_QUANTSCALE,
    KEY_MAXW_ALGO,
    KEY_MAXW_QUANTSCALE,
    KEY_MAXW_UNTIL,
    KEY_SEED,
    KEY_BATCH_SIZE,
    KEY_NUM_EPOCHS,
    KEY_LEARNING_RATE,
    KEY_WARMUP_EPOCHS,
    KEY_WEIGHT_DECAY,
    KEY_BETA1,
    KEY_BETA2,
    KEY_WEIGHT_AVERAGING,
    KEY_SELECTION,
    KEY_BATCHNORM_IMAGES,
    KEY_REVIVE,
    KEY_TEACHER,
    KEY_TEACHER_WEIGHT,
    KEY_TEACHER_TEMPERATURE,
    KEY_SCHEDULER,
    KEY_LR_DECAY,
    KEY_STEP_SIZE,
    KEY_T_0,
    KEY_T_MULT,
    KEY_HALVE_LR_EPOCH,
    KEY_AUGMENTATION,
    KEY_KEEP_ORIGINAL,
    KEY_BILINEAR,
    KEY_ROTATION1,
    KEY_ROTATION2,
    KEY_TRANSLATION,
    KEY_SCALE,
    KEY_SHEAR,
    KEY_ELASTIC_PROBABILITY,
    KEY_ELASTIC_ALPHA,
    KEY_ELASTIC_SIGMA,
    KEY_PHOTOS,
    KEY_LAMBDA_L1,
    KEY_PRUNE_EPOCH,
    KEY_PRUNE_GROUPS,
    KEY_PRUNE_TOTAL,
    KEY_COUNT
};

enum config_type {
    TYPE_UINT,
    TYPE_INT,
    TYPE_UINT64,
    TYPE_FLOAT,
    TYPE_BOOL,
    TYPE_CHOICE,
    TYPE_TEXT,
    TYPE_TEXTS,
    TYPE_LAYERS
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset;    /* of its field in the struct that it is read into: a draft, or a layer entry */
    double low, high; /* numbers: both inclusive; TEXT: least and most bytes */
    const char *(*choice)(uint32_t value); /* CHOICE: name of a value, NULL past the last */
    const char *default_value;             /* as YAML; NULL: none */
    const char *group, *owner, *unit, *meaning;
};
extern const struct config_key config_keys[KEY_COUNT];

/* One map of the `layers:` list. */
enum layer_id {
    LAYER_TYPE,
    LAYER_OUTPUTS,
    LAYER_KERNEL,
    LAYER_SIZE,
    LAYER_STRIDE,
    LAYER_PADDING,
    LAYER_GROUPS,
    LAYER_QUANT_TYPE,
    LAYER_NORM_TYPE,
    LAYER_ACTIVATION_BITS,
    LAYER_KEY_COUNT
};
struct layer_entry {
    struct dime_layer_config layer;
    uint32_t size, groups;
    uint32_t norm; /* NormType: None is the only one */
};
extern const struct config_key config_layer_keys[LAYER_KEY_COUNT];

/* Stand-ins that config_draft_settle replaces, because they follow a key that may come later. */
#define FORMAT_OF_NETWORK DIME_FORMAT_COUNT
#define UNTIL_LAST_EPOCH UINT32_MAX

/* What has been read so far. */
struct config_draft {
    const char *name; /* of the source, for messages */
    int has_lines;    /* it is a file, so messages give lines */
    struct dime_config config;
    int layers_listed; /* the layers are a list of their own, not made from network_width1..3 */
    size_t layer_line[DIME_MAX_LAYERS]; /* of each entry of that list */
    uint32_t groups[DIME_MAX_LAYERS];   /* `groups` of each entry */
    uint8_t given[KEY_COUNT];
    size_t line[KEY_COUNT]; /* where it was given, from 1 */
    /* keys without a field of their own in the configuration */
    float bpw, quantscale, maxw_quantscale;
    float lambda_l1;
    int32_t prune_epoch;
    uint32_t prune_groups, prune_total;
};

/* A YAML scalar and where it stands. */
struct config_scalar {
    const char *text;
    size_t length;
    int plain; /* not in quotes, so it may be a number, a truth value or null */
    const char *name;
    size_t line; /* 0: no lines in this source */
};

/* config_scalar.c: converts a scalar to the key's type and stores it at base + key->offset. */
int config_scalar_store(const struct config_key *key, const struct config_scalar *scalar, void *base);
/* "key 'batch_size' is 'abc'; expected a whole number 1 .. 65536"; `found` as it shall be shown. */
int config_wrong_value(const struct config_key *key, const char *name, size_t line, const char *found);
/* "FILE:LINE: MESSAGE", without the line where it is 0; returns `code`. */
int config_error(int code, const char *name, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A copy of `text` fit for a one-line message: control characters become '?', and what does not fit "...". */
void config_printable(const char *text, size_t length, char *shown, size_t size);

/* config_keys.c */
int config_key_find(const char *name, size_t length); /* index in config_keys, or -1 */
void config_key_expected(const struct config_key *key, char *text, size_t size);

/* config_yaml.c: reads a mapping of keys, or the value of one key, into the draft. */
int config_yaml_read(struct config_draft *draft, const char *text, size_t size);
int config_yaml_read_value(struct config_draft *draft, enum config_id id, const char *text, size_t size);

/* config_settle.c: makes one configuration of what was read and refuses what contradicts itself. */
int config_draft_settle(struct config_draft *draft);

/* config_layers.c. Takes an entry of the list over into the draft; given: by layer_id. */
int config_layer_finish(struct config_draft *draft, size_t line, uint32_t index, struct layer_entry *entry,
                        const uint8_t *given);
/* Fills in the layers that the kind of network, its widths and QuantType ask for, or what the list left open.
 */
int config_layers_settle(struct config_draft *draft);
/* Refuses layers that cannot be. */
int config_layers_check(const struct config_draft *draft);
/* The layers that network_width1..3, cnn_width and QuantType ask for. Returns their number. */
uint32_t config_layers_from_widths(const struct dime_config *config, struct dime_layer_config *layers);

#endif
