/* SPDX-License-Identifier: MIT */
/* The one table of keys: reading, defaults, writing and the documentation all go by it. */
#include "model/config.h"

#include <stdio.h>
#include <string.h>

#include "model/config_draft.h"

#define CHOICES(function, ...)                                                                               \
    static const char *function(uint32_t value) {                                                            \
        static const char *const names[] = {__VA_ARGS__};                                                    \
        return value < sizeof names / sizeof *names ? names[value] : NULL;                                   \
    }
CHOICES(norm_choice, "RMS", "Lin", "LayerNorm", "BatchNorm")
CHOICES(wscale_choice, "PerTensor", "PerOutput")
CHOICES(clip_choice, "octav", "prop", "lsq")
CHOICES(schedule_choice, "StepLR", "Cosine", "CosineWarmRestarts")
CHOICES(selection_choice, "best", "last")
CHOICES(encoding_choice, "mean-subtracted", "unsigned", "binary", "unsigned4")
CHOICES(layer_choice, "fc", "conv2d", "depthwise", "maxpool", "avgpool") /* enum dime_layer_kind */
CHOICES(layer_norm_choice, "None")
static const char *format_choice(uint32_t value) {
    return value < DIME_FORMAT_COUNT ? dime_format_name((enum dime_format_id)value) : NULL;
}

/* Choices are stored through their key's offset as 32-bit values. */
_Static_assert(sizeof(enum dime_format_id) == 4 && sizeof(enum dime_norm) == 4 &&
                   sizeof(enum dime_wscale) == 4 && sizeof(enum dime_clip) == 4 &&
                   sizeof(enum dime_schedule) == 4 && sizeof(enum dime_selection) == 4 &&
                   sizeof(enum dime_input_encoding) == 4 && sizeof(enum dime_layer_kind) == 4 &&
                   sizeof(int) == 4,
               "an enumeration is not 32 bits wide");

#define IN(member) offsetof(struct config_draft, member)
#define UINT(member, low, high) TYPE_UINT, IN(member), low, high, NULL
#define INT(member, low, high) TYPE_INT, IN(member), low, high, NULL
#define FLOAT(member, low, high) TYPE_FLOAT, IN(member), low, high, NULL
#define BOOL(member) TYPE_BOOL, IN(member), 0, 1, NULL
#define CHOICE(member, function) TYPE_CHOICE, IN(member), 0, 0, function
#define TEXT(member, least) TYPE_TEXT, IN(member), least, sizeof(((struct config_draft *)0)->member) - 1, NULL

#define RISCV "RiscV" /* dhanvantibhavsar/RiscV, whose parameter file came first */
#define PEER "BitNetMCU"
#define OWN "dime"

static const char network[] = "Network", data[] = "Data and input", quantization[] = "Quantization",
                  training[] = "Training", schedule[] = "Learning-rate schedule", augment[] = "Augmentation",
                  pruning[] = "Accepted without effect";

const struct config_key config_keys[KEY_COUNT] = {
    [KEY_MODEL] = {"model", TEXT(config.model, 1), "FCMNIST", network, PEER, "",
                   "Kind of network. `FCMNIST`: fully connected layers; `CNNMNIST`: BitNetMCU's convolutions "
                   "before them."},
    [KEY_NETWORK_WIDTH1] = {"network_width1", UINT(config.width[0], 0, 4096), "64", network, RISCV, "outputs",
                            "Width of the first hidden layer; 0 leaves it out."},
    [KEY_NETWORK_WIDTH2] = {"network_width2", UINT(config.width[1], 0, 4096), "64", network, RISCV, "outputs",
                            "Width of the second hidden layer; 0 leaves it out."},
    [KEY_NETWORK_WIDTH3] = {"network_width3", UINT(config.width[2], 0, 4096), "64", network, RISCV, "outputs",
                            "Width of the third hidden layer; 0 leaves it out."},
    [KEY_LAYERS] = {"layers", TYPE_LAYERS, IN(config.layers), 1, DIME_MAX_LAYERS, NULL, NULL, network, OWN,
                    "", "Every layer by itself, instead of `network_width1..3`; see below."},
    [KEY_CNN_WIDTH] = {"cnn_width", UINT(config.cnn_width, 1, 4096), "64", network, PEER, "channels",
                       "Channels of the convolutions of `CNNMNIST`."},
    [KEY_RUNTAG] = {"runtag", TEXT(config.runtag, 0), "\"\"", network, RISCV, "",
                    "Start of the run folder's name; must not contain `/`."},

    [KEY_DATASET] = {"dataset", TEXT(config.dataset, 1), "MNIST", data, PEER, "",
                     "Name of a dataset, or the path of your own."},
    [KEY_VALIDATION_SIZE] = {"validation_size", UINT(config.validation_size, 0, 10000000), "5000", data, OWN,
                             "images",
                             "Taken out of the training images to choose by; the test images stay unseen."},
    [KEY_INPUT_SIZE] = {"input_size", UINT(config.input_size, 4, 64), "16", data, OWN, "pixels",
                        "Height and width to which pictures are resized."},
    [KEY_INPUT_ENCODING] = {"input_encoding", CHOICE(config.input_encoding, encoding_choice),
                            "mean-subtracted", data, OWN, "",
                            "How grey levels become the first layer's inputs; see below."},
    [KEY_INPUT_THRESHOLD] = {"input_threshold", UINT(config.input_threshold, 1, 255), "73", data, OWN,
                             "grey level",
                             "A pixel this bright or brighter is 1 when `input_encoding` is `binary`."},

    [KEY_QUANT_TYPE] = {"QuantType", CHOICE(config.format, format_choice), "4bitsym", quantization, RISCV, "",
                        "Weight format; `None` trains float weights."},
    [KEY_BPW] = {"BPW", FLOAT(bpw, 1, 32), NULL, quantization, RISCV, "bits a weight",
                 "Only checked against `QuantType`, which decides."},
    [KEY_NORM_TYPE] = {"NormType", CHOICE(config.norm, norm_choice), "RMS", quantization, RISCV, "",
                       "Normalization of each layer."},
    [KEY_WSCALE] = {"WScale", CHOICE(config.wscale, wscale_choice), "PerTensor", quantization, RISCV, "",
                    "One weight scale for a layer, or one for each of its outputs."},
    [KEY_ACTIVATION_BITS] = {"activation_bits", UINT(config.activation_bits, 2, 8), "8", quantization, OWN,
                             "bits", "Width of the activations between layers, sign included."},
    [KEY_ACTIVATION_CLIP] = {"activation_clip", FLOAT(config.activation_clip, 0, 100), "0.0", quantization,
                             OWN, "deviations",
                             "With `BatchNorm`: activations between layers are clipped here, 0.5 or more; 0: "
                             "at 6, and earlier with fewer `activation_bits`."},
    [KEY_QUANTSCALE] = {"quantscale", FLOAT(quantscale, 0.001, 100), NULL, quantization, RISCV, "",
                        "Clipping as RiscV does it: `prop` with this scale, anew in every step; see below."},
    [KEY_MAXW_ALGO] =
        {"maxw_algo", CHOICE(config.clip, clip_choice), "octav", quantization, PEER, "",
         "How the clipping value of the weights is found: anew in every epoch, or learned with them; "
         "see below."},
    [KEY_MAXW_QUANTSCALE] = {"maxw_quantscale", FLOAT(maxw_quantscale, 0.001, 100), "0.25", quantization,
                             PEER, "", "For `prop`: mean magnitude of the weights / clipping value."},
    [KEY_MAXW_UNTIL] =
        {"maxw_update_until_epoch", UINT(config.clip_until_epoch, 0, 100000), "num_epochs", quantization,
         PEER, "epochs",
         "Clipping values that are renewed every epoch, or learned, are frozen after this one."},

    [KEY_SEED] = {"seed", TYPE_UINT64, IN(config.seed), 0, 18446744073709551615.0, NULL, "1", training, OWN,
                  "", "Start of all random numbers; the same seed gives the same model."},
    [KEY_BATCH_SIZE] = {"batch_size", UINT(config.batch_size, 1, 65536), "128", training, RISCV, "images",
                        "Images between two steps of the optimizer."},
    [KEY_NUM_EPOCHS] = {"num_epochs", UINT(config.epochs, 1, 100000), "60", training, RISCV, "epochs",
                        "Passes over the training images."},
    [KEY_LEARNING_RATE] = {"learning_rate", FLOAT(config.learning_rate, 1e-9, 10), "0.001", training, RISCV,
                           "", "Adam's step at the start of the schedule."},
    [KEY_WARMUP_EPOCHS] = {"warmup_epochs", UINT(config.warmup_epochs, 0, 100000), "0", training, OWN,
                           "epochs", "The learning rate rises linearly over these; at most `num_epochs`."},
    [KEY_WEIGHT_DECAY] = {"weight_decay", FLOAT(config.weight_decay, 0, 10), "0.0", training, OWN, "",
                          "Decoupled (AdamW); 0 is plain Adam."},
    [KEY_BETA1] = {"beta1", FLOAT(config.adam_beta1, 0, 0.9999), "0.9", training, OWN, "",
                   "Adam's decay of the gradient's mean."},
    [KEY_BETA2] = {"beta2", FLOAT(config.adam_beta2, 0, 0.999999), "0.999", training, OWN, "",
                   "Adam's decay of the gradient's mean square."},
    [KEY_WEIGHT_AVERAGING] =
        {"weight_averaging", FLOAT(config.weight_averaging, 0, 0.99999), "0.0", training, OWN, "",
         "Decay of a moving average of the weights, which is validated and kept instead of "
         "them; 0: none."},
    [KEY_SELECTION] =
        {"selection", CHOICE(config.selection, selection_choice), "last", training, OWN, "",
         "Which epoch's network is kept: the one with the best validation accuracy, or the last."},

    [KEY_BATCHNORM_IMAGES] = {"batchnorm_images", UINT(config.batchnorm_images, 0, 1000000), "0", training,
                              OWN, "images",
                              "Untouched training images that give the validated network its statistics for "
                              "`BatchNorm`; 0: the running statistics of training."},
    [KEY_REVIVE] =
        {"revive", BOOL(config.revive), "True", training, OWN, "",
         "In the first half of training, draw hidden units anew that no image of an epoch activated."},
    [KEY_TEACHER] = {"teacher", TYPE_TEXTS, IN(config.teacher), 1, DIME_MAX_TEACHERS, NULL, NULL, training,
                     OWN, "",
                     "Models whose answers are learned beside the labels, or configurations to train such "
                     "models by first; see below."},
    [KEY_TEACHER_WEIGHT] = {"teacher_weight", FLOAT(config.teacher_weight, 0, 1), "0.5", training, OWN, "",
                            "Share of the teachers in the loss; the rest is the labels'."},
    [KEY_TEACHER_TEMPERATURE] = {"teacher_temperature", FLOAT(config.teacher_temperature, 0.1, 100), "2.0",
                                 training, OWN, "",
                                 "Both sides' logits are divided by it, so that the smaller answers count."},

    [KEY_SCHEDULER] = {"scheduler", CHOICE(config.schedule, schedule_choice), "Cosine", schedule, RISCV, "",
                       "Course of the learning rate over the epochs."},
    [KEY_LR_DECAY] = {"lr_decay", FLOAT(config.lr_decay, 0, 1), "0.1", schedule, RISCV, "",
                      "`StepLR`: factor every `step_size` epochs."},
    [KEY_STEP_SIZE] = {"step_size", UINT(config.step_size, 1, 100000), "10", schedule, RISCV, "epochs",
                       "`StepLR`: epochs between two decays."},
    [KEY_T_0] = {"T_0", UINT(config.t_0, 1, 100000), "10", schedule, PEER, "epochs",
                 "`CosineWarmRestarts`: length of the first period."},
    [KEY_T_MULT] = {"T_mult", UINT(config.t_mult, 1, 1000), "1", schedule, PEER, "",
                    "`CosineWarmRestarts`: each period is this much longer than the one before."},
    [KEY_HALVE_LR_EPOCH] = {"halve_lr_epoch", INT(config.halve_lr_epoch, -1, 100000), "-1", schedule, PEER,
                            "epoch", "The learning rate is halved after this epoch; -1: never."},

    [KEY_AUGMENTATION] = {"augmentation", BOOL(config.augmentation), "True", augment, RISCV, "",
                          "Train on distorted copies of the images too, drawn anew each epoch."},
    [KEY_KEEP_ORIGINAL] = {"keep_original", BOOL(config.keep_original), "True", augment, OWN, "",
                           "Train on the untouched images beside the distorted ones."},
    [KEY_BILINEAR] = {"bilinear", BOOL(config.bilinear), "False", augment, OWN, "",
                      "Sample distorted images between pixels instead of at the nearest one; always so where "
                      "they become smaller."},
    [KEY_ROTATION1] = {"rotation1", FLOAT(config.rotation1, 0, 180), "10.0", augment, RISCV, "degrees",
                       "First rotation, by -`rotation1` .. `rotation1`."},
    [KEY_ROTATION2] = {"rotation2", FLOAT(config.rotation2, 0, 180), "10.0", augment, RISCV, "degrees",
                       "Second rotation, in one step with translation, scale and shear."},
    [KEY_TRANSLATION] = {"translation", FLOAT(config.translation, 0, 0.5), "0.1", augment, OWN,
                         "share of the picture", "Shift in each direction, at most."},
    [KEY_SCALE] = {"scale", FLOAT(config.scale, 0, 0.9), "0.1", augment, OWN, "",
                   "Size is multiplied by 1 - `scale` .. 1 + `scale`."},
    [KEY_SHEAR] = {"shear", FLOAT(config.shear, 0, 60), "0.0", augment, OWN, "degrees",
                   "Horizontal shear, by -`shear` .. `shear`."},
    [KEY_ELASTIC_PROBABILITY] = {"elastictransformprobability", FLOAT(config.elastic_probability, 0, 1),
                                 "0.0", augment, PEER, "",
                                 "Share of the distorted copies that are also bent elastically."},
    [KEY_ELASTIC_ALPHA] = {"elastic_alpha", FLOAT(config.elastic_alpha, 0, 1000), "40.0", augment, OWN,
                           "pixels of 28", "Elastic distortion: strength of the displacements."},
    [KEY_ELASTIC_SIGMA] = {"elastic_sigma", FLOAT(config.elastic_sigma, 0.1, 100), "4.0", augment, OWN,
                           "pixels of 28", "Elastic distortion: smoothness of the displacements."},

    [KEY_PHOTOS] = {"photos", FLOAT(config.photos, 0, 1), "0.0", augment, OWN, "",
                    "Share of the distorted copies that are drawn as a camera's pictures instead and found "
                    "again by device/vision; for digits."},

    [KEY_LAMBDA_L1] = {"lambda_l1", FLOAT(lambda_l1, 0, 1e6), NULL, pruning, PEER, "",
                       "Mask regularization."},
    [KEY_PRUNE_EPOCH] = {"prune_epoch", INT(prune_epoch, -1, 100000), NULL, pruning, PEER, "epoch",
                         "When groups of channels are pruned."},
    [KEY_PRUNE_GROUPS] = {"prune_groupstoprune", UINT(prune_groups, 0, 65536), NULL, pruning, PEER, "groups",
                          "How many groups of channels are pruned."},
    [KEY_PRUNE_TOTAL] = {"prune_totalgroups", UINT(prune_total, 0, 65536), NULL, pruning, PEER, "groups",
                         "Into how many groups the channels are divided."},
};

#define IN_LAYER(member) offsetof(struct layer_entry, member)
#define LAYER_UINT(text, member, least, most)                                                                \
    { .name = text, .type = TYPE_UINT, .offset = IN_LAYER(member), .low = (least), .high = (most) }
#define LAYER_CHOICE(text, member, function)                                                                 \
    { .name = text, .type = TYPE_CHOICE, .offset = IN_LAYER(member), .choice = function }
const struct config_key config_layer_keys[LAYER_KEY_COUNT] = {
    [LAYER_TYPE] = LAYER_CHOICE("type", layer.kind, layer_choice),
    [LAYER_OUTPUTS] = LAYER_UINT("outputs", layer.outputs, 1, 4096),
    [LAYER_KERNEL] = LAYER_UINT("kernel", layer.kernel, 1, 16),
    [LAYER_SIZE] = LAYER_UINT("size", size, 1, 16),
    [LAYER_STRIDE] = LAYER_UINT("stride", layer.stride, 1, 16),
    [LAYER_PADDING] = LAYER_UINT("padding", layer.padding, 0, 15),
    [LAYER_GROUPS] = LAYER_UINT("groups", groups, 1, 4096),
    [LAYER_QUANT_TYPE] = LAYER_CHOICE("QuantType", layer.format, format_choice),
    [LAYER_NORM_TYPE] = LAYER_CHOICE("NormType", norm, layer_norm_choice),
    [LAYER_ACTIVATION_BITS] = LAYER_UINT("activation_bits", layer.activation_bits, 2, 8),
};

int config_key_find(const char *name, size_t length) {
    for (int id = 0; id < KEY_COUNT; id++) {
        const char *known = config_keys[id].name;
        if (strlen(known) == length && !memcmp(known, name, length)) return id;
    }
    return -1;
}

static void list_choices(const struct config_key *key, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "one of");
    const char *name;
    for (uint32_t value = 0; (name = key->choice(value)) && used < size; value++)
        used += (size_t)snprintf(text + used, size - used, "%s %s", value ? "," : "", name);
}

void config_key_expected(const struct config_key *key, char *text, size_t size) {
    switch (key->type) {
    case TYPE_UINT:
    case TYPE_INT:
        snprintf(text, size, "a whole number %.0f .. %.0f", key->low, key->high);
        break;
    case TYPE_UINT64:
        snprintf(text, size, "a whole number 0 .. 18446744073709551615");
        break;
    case TYPE_FLOAT:
        snprintf(text, size, "a number %.9g .. %.9g", key->low, key->high);
        break;
    case TYPE_BOOL:
        snprintf(text, size, "True or False");
        break;
    case TYPE_CHOICE:
        list_choices(key, text, size);
        break;
    case TYPE_TEXT:
        snprintf(text, size, "text of %.0f .. %.0f bytes", key->low, key->high);
        break;
    case TYPE_TEXTS:
        snprintf(text, size, "a path, or a list of up to %.0f", key->high);
        break;
    case TYPE_LAYERS:
        snprintf(text, size, "a list of %.0f .. %.0f maps", key->low, key->high);
        break;
    }
}

size_t dime_config_key_count(void) {
    return KEY_COUNT;
}

void dime_config_key_describe(size_t index, struct dime_config_key *key) {
    const struct config_key *entry = &config_keys[index];
    *key = (struct dime_config_key){
        .group = entry->group,
        .owner = entry->owner,
        .name = entry->name,
        .default_value = entry->default_value ? entry->default_value : "",
        .unit = entry->unit,
        .meaning = entry->meaning,
    };
    config_key_expected(entry, key->expected, sizeof key->expected);
}

static const char *known_or_unknown(const char *name) {
    return name ? name : "unknown";
}

const char *dime_norm_name(enum dime_norm norm) {
    return known_or_unknown(norm_choice((uint32_t)norm));
}

const char *dime_wscale_name(enum dime_wscale wscale) {
    return known_or_unknown(wscale_choice((uint32_t)wscale));
}

const char *dime_clip_name(enum dime_clip clip) {
    return known_or_unknown(clip_choice((uint32_t)clip));
}

const char *dime_schedule_name(enum dime_schedule id) {
    return known_or_unknown(schedule_choice((uint32_t)id));
}

const char *dime_input_encoding_name(enum dime_input_encoding encoding) {
    return known_or_unknown(encoding_choice((uint32_t)encoding));
}

const char *dime_layer_type_name(enum dime_layer_kind kind) {
    return known_or_unknown(layer_choice((uint32_t)kind));
}
