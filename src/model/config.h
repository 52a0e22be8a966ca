/* SPDX-License-Identifier: MIT */
/* A training configuration: the keys of trainingparameters.yaml of both peers, and our own.
   docs/configuration.md lists each with its range and default. */
#ifndef DIME_MODEL_CONFIG_H
#define DIME_MODEL_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "model/formats.h"
#include "vision/encode.h"

enum dime_norm { DIME_NORM_RMS, DIME_NORM_LIN, DIME_NORM_LAYER, DIME_NORM_BATCH };
enum dime_wscale { DIME_WSCALE_PER_TENSOR, DIME_WSCALE_PER_OUTPUT };
enum dime_clip { DIME_CLIP_OCTAV, DIME_CLIP_PROP, DIME_CLIP_LSQ };
/* LEARNED: by gradient, and always so with CLIP_LSQ. */
enum dime_clip_update { DIME_CLIP_EVERY_EPOCH, DIME_CLIP_EVERY_STEP, DIME_CLIP_LEARNED };
enum dime_selection { DIME_SELECT_BEST, DIME_SELECT_LAST };
enum dime_schedule { DIME_SCHEDULE_STEP, DIME_SCHEDULE_COSINE, DIME_SCHEDULE_COSINE_WARM_RESTARTS };

#define DIME_MAX_LAYERS 16
#define DIME_MAX_TEACHERS 4

/* One entry of `layers:`. */
struct dime_layer_config {
    uint32_t outputs; /* 1..4096; the last layer's equals the number of classes, 0 there means "classes"; a
                         depthwise convolution's and pooling's are 0 */
    enum dime_format_id format;       /* its own QuantType, or the network's; pooling: the network's */
    enum dime_layer_kind kind;        /* DIME_LAYER_FC, and so on */
    uint32_t kernel, stride, padding; /* convolution and pooling; layer_shape.h has the limits */
    uint32_t activation_bits;         /* 2..8; 0: the network's */
    int wide;                         /* 1: `NormType: None`: 32-bit activations as BitNetMCU's */
};

struct dime_config {
    char model[32];             /* "FCMNIST" */
    char dataset[256];          /* "MNIST", another name, or a path */
    enum dime_format_id format; /* QuantType */
    enum dime_norm norm;
    enum dime_wscale wscale;
    enum dime_clip clip;
    enum dime_clip_update clip_update; /* EVERY_STEP when RiscV's `quantscale` is given */
    uint32_t clip_until_epoch;         /* maxw_update_until_epoch; frozen afterwards */
    float clip_scale; /* maxw_quantscale or quantscale: mean weight magnitude / clipping value */

    uint32_t batch_size, epochs;
    enum dime_schedule schedule;
    float learning_rate, lr_decay;
    uint32_t step_size;     /* StepLR: epochs between decays */
    uint32_t t_0, t_mult;   /* CosineWarmRestarts */
    int32_t halve_lr_epoch; /* -1: never */

    int augmentation;           /* 1: an augmented copy of every training image beside the untouched one */
    float rotation1, rotation2; /* degrees: each draws uniformly from -r .. r */
    float elastic_probability;

    uint32_t width[3]; /* network_width1..3; 0 leaves the layer out */
    uint32_t cnn_width;
    char runtag[64];

    /* our own keys */
    uint32_t input_size; /* 16, 28, any 4..64: height and width of the network's input */
    enum dime_input_encoding input_encoding;
    uint32_t input_threshold; /* grey level 1..255 at and above which BINARY input is 1 */
    uint32_t validation_size; /* taken from the end of a seeded shuffle of the training set */
    uint64_t seed;
    uint32_t activation_bits; /* 2..8 */
    float activation_clip; /* BatchNorm: largest activation, in standard deviations; 0: by activation_bits */
    float weight_decay;    /* AdamW, decoupled; 0 = plain Adam */
    float adam_beta1, adam_beta2;
    float weight_averaging;    /* decay per step of the moving average of the weights; 0: none */
    uint32_t batchnorm_images; /* untouched training pictures that give the validated network's statistics; 0:
                                  running statistics of training */
    int revive; /* 1: units that an epoch never activated are drawn anew, in the first half of training */
    enum dime_selection selection;        /* BEST falls back to LAST without a validation set */
    char teacher[DIME_MAX_TEACHERS][256]; /* paths of models, or of configurations to train first */
    uint32_t teacher_count;
    float teacher_weight;               /* share of the loss that is the teachers', 0..1 */
    float teacher_temperature;          /* divides both sides' logits there */
    uint32_t warmup_epochs;             /* learning rate rises linearly over these */
    float translation;                  /* share of the picture, peers: 0.1 */
    float scale;                        /* peers: 0.1, so 0.9 .. 1.1 */
    float shear;                        /* degrees, 0 */
    float elastic_alpha, elastic_sigma; /* pixels of the 28-pixel original: 40 and 4 as the peers */
    int bilinear;                       /* interpolation of distorted images: 1 between pixels, 0 nearest */
    float photos;      /* share of the augmented images that are taken as a camera's pictures instead, 0..1 */
    int keep_original; /* 1: untouched images are trained beside the augmented ones (peers) */

    uint32_t layer_count; /* of the `layers:` list (width[] is then 0), or made from network_width1..3 */
    struct dime_layer_config layers[DIME_MAX_LAYERS];
};

/* Every key at its default. */
void dime_config_default(struct dime_config *config);
/* Reads a YAML file of at most 1 MiB. On an error *config is unchanged. Errors: IO, MEMORY, MALFORMED (not
   YAML), CONFIG (unknown key, wrong value, contradiction), the last two with "FILE:LINE: ...". */
int dime_config_read(const char *path, const char *const *assignments, size_t count,
                     struct dime_config *config);
int dime_config_parse(const char *name, const char *text, size_t size, struct dime_config *config);
/* Applies KEY=VALUE pairs (`--set`, VALUE is YAML) over an already parsed configuration, the last of equal
   keys winning, then checks the whole again. What followed another key goes on following it: a layer in the
   network's QuantType, a maxw_update_until_epoch equal to num_epochs. On an error *config is unchanged. */
int dime_config_set(struct dime_config *config, const char *const *assignments, size_t count);
/* Every key spelled out, as YAML that dime_config_parse reads back to the same struct. malloc'ed; NULL when
   out of memory. */
char *dime_config_format(const struct dime_config *config);

/* 1 where the layers are those that model, network_width1..3, cnn_width and QuantType stand for. */
int dime_config_made_from_widths(const struct dime_config *config);

const char *dime_norm_name(enum dime_norm norm);
const char *dime_wscale_name(enum dime_wscale wscale);
const char *dime_clip_name(enum dime_clip clip);
const char *dime_schedule_name(enum dime_schedule schedule);
const char *dime_input_encoding_name(enum dime_input_encoding encoding);
const char *dime_layer_type_name(enum dime_layer_kind kind); /* "fc", "conv2d", ... */

/* One key as documentation shows it. */
struct dime_config_key {
    const char *group;         /* "Quantization" */
    const char *owner;         /* who introduced it: "RiscV", "BitNetMCU" or "dime" */
    const char *name;          /* "learning_rate" */
    const char *default_value; /* as YAML, "" where there is none */
    const char *unit;          /* "epochs", "" where there is none */
    const char *meaning;
    char expected[160]; /* type and range: "a whole number 1 .. 65536" */
};
size_t dime_config_key_count(void);
/* The key at index 0 .. count-1, in the order of dime_config_format. */
void dime_config_key_describe(size_t index, struct dime_config_key *key);

#endif
