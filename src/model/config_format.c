/* SPDX-License-Identifier: MIT */
/* Writes a configuration so that both dime_config_parse and PyYAML read back the same values. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/config_draft.h"

/* The shortest decimal that reads back as the same float, in the form that YAML 1.1 takes for a float: with a
   point, 1.0e-05 rather than 1e-05. */
static void write_float(FILE *stream, float value) {
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        int is_short = fabsf(value) < 1e-4f || !strchr(text, 'e'); /* 10.0 rather than 1.0e+01 */
        if (is_short && strtof(text, NULL) == value) break;
    }
    size_t mantissa = strcspn(text, "e");
    int pointed = memchr(text, '.', mantissa) != NULL;
    fprintf(stream, "%.*s%s%s", (int)mantissa, text, pointed ? "" : ".0", text + mantissa);
}

static void write_text(FILE *stream, const char *text) {
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(stream, "\\%c", *text);
        else if (iscntrl((unsigned char)*text))
            fprintf(stream, "\\x%02X", (unsigned char)*text);
        else
            fputc(*text, stream);
    }
    fputc('"', stream);
}

static void write_layer(FILE *stream, const struct dime_layer_config *layer) {
    int pool = layer->kind == DIME_LAYER_MAX_POOL || layer->kind == DIME_LAYER_AVG_POOL;
    fprintf(stream, "\n  - {type: %s", dime_layer_type_name(layer->kind));
    if (layer->outputs) fprintf(stream, ", outputs: %" PRIu32, layer->outputs);
    if (layer->kind != DIME_LAYER_FC)
        fprintf(stream, ", %s: %" PRIu32 ", stride: %" PRIu32, pool ? "size" : "kernel", layer->kernel,
                layer->stride);
    if (layer->padding) fprintf(stream, ", padding: %" PRIu32, layer->padding);
    if (!pool) fprintf(stream, ", QuantType: %s", dime_format_name(layer->format));
    if (layer->wide) fputs(", NormType: None", stream);
    if (layer->activation_bits) fprintf(stream, ", activation_bits: %" PRIu32, layer->activation_bits);
    fputc('}', stream);
}

static void write_layers(FILE *stream, const struct dime_config *config) {
    for (uint32_t i = 0; i < config->layer_count; i++) write_layer(stream, &config->layers[i]);
}

static void write_teachers(FILE *stream, const struct dime_config *config) {
    fputc('[', stream);
    for (uint32_t i = 0; i < config->teacher_count; i++) {
        if (i) fputs(", ", stream);
        write_text(stream, config->teacher[i]);
    }
    fputc(']', stream);
}

static void write_value(FILE *stream, const struct config_key *key, const struct config_draft *draft) {
    const char *field = (const char *)draft + key->offset;
    uint32_t word = 0;
    uint64_t wide = 0;
    float number = 0;
    const char *name = NULL;
    if (key->type != TYPE_TEXT) memcpy(&word, field, sizeof word);
    switch (key->type) {
    case TYPE_UINT:
        fprintf(stream, "%" PRIu32, word);
        break;
    case TYPE_INT:
        fprintf(stream, "%" PRId32, (int32_t)word);
        break;
    case TYPE_UINT64:
        memcpy(&wide, field, sizeof wide);
        fprintf(stream, "%" PRIu64, wide);
        break;
    case TYPE_FLOAT:
        memcpy(&number, field, sizeof number);
        write_float(stream, number);
        break;
    case TYPE_BOOL:
        fputs(word ? "True" : "False", stream);
        break;
    case TYPE_CHOICE:
        name = key->choice(word);
        fputs(name ? name : "unknown", stream);
        break;
    case TYPE_TEXT:
        write_text(stream, field);
        break;
    case TYPE_TEXTS:
        write_teachers(stream, &draft->config);
        break;
    case TYPE_LAYERS:
        write_layers(stream, &draft->config);
        break;
    }
}

/* Two ways to say clipping and layers: the one that was meant is written. Keys without effect are not. */
static int is_written(enum config_id id, const struct dime_config *config) {
    int every_step = config->clip_update == DIME_CLIP_EVERY_STEP;
    switch (id) {
    case KEY_NETWORK_WIDTH1:
    case KEY_NETWORK_WIDTH2:
    case KEY_NETWORK_WIDTH3:
        return dime_config_made_from_widths(config);
    case KEY_LAYERS:
        return !dime_config_made_from_widths(config);
    case KEY_QUANTSCALE:
        return every_step;
    case KEY_MAXW_ALGO:
    case KEY_MAXW_QUANTSCALE:
        return !every_step;
    case KEY_BPW:
    case KEY_LAMBDA_L1:
    case KEY_PRUNE_EPOCH:
    case KEY_PRUNE_GROUPS:
    case KEY_PRUNE_TOTAL:
        return 0;
    default:
        return 1;
    }
}

static void write_keys(FILE *stream, const struct config_draft *draft) {
    const char *group = NULL;
    for (enum config_id id = 0; id < KEY_COUNT; id++) {
        const struct config_key *key = &config_keys[id];
        if (!is_written(id, &draft->config)) continue;
        if (key->group != group) fprintf(stream, "%s# %s\n", group ? "\n" : "", key->group);
        group = key->group;
        fprintf(stream, "%s:%s", key->name, key->type == TYPE_LAYERS ? "" : " ");
        write_value(stream, key, draft);
        fputc('\n', stream);
    }
}

char *dime_config_format(const struct dime_config *config) {
    struct config_draft draft;
    memset(&draft, 0, sizeof draft);
    draft.config = *config;
    draft.quantscale = draft.maxw_quantscale = config->clip_scale;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    write_keys(stream, &draft);
    int failed = ferror(stream);
    if (fclose(stream) || failed) {
        free(text);
        return NULL;
    }
    return text;
}
