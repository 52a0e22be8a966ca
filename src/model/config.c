/* SPDX-License-Identifier: MIT */
#include "model/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "model/config_draft.h"

/* The defaults of the table, not settled yet. */
static void draft_start(struct config_draft *draft, const char *name) {
    memset(draft, 0, sizeof *draft);
    draft->name = name;
    for (int id = 0; id < KEY_COUNT; id++) {
        const char *text = config_keys[id].default_value;
        if (!text || id == KEY_MAXW_UNTIL) continue;
        int quoted = !strcmp(text, "\"\"");
        struct config_scalar scalar = {quoted ? "" : text, quoted ? 0 : strlen(text), !quoted, name, 0};
        config_scalar_store(&config_keys[id], &scalar, draft); /* cannot fail; test_config reads each back */
    }
    draft->config.clip_scale = draft->maxw_quantscale;
    draft->config.clip_until_epoch = UNTIL_LAST_EPOCH;
}

void dime_config_default(struct dime_config *config) {
    struct config_draft draft;
    draft_start(&draft, "default");
    config_draft_settle(&draft);
    *config = draft.config;
}

/* Most often somebody named the data in place of the configuration. */
static int no_configuration(int error, const char *name, const char *reason) {
    return dime_error_set(
        error, "%s: %s; expected a configuration in YAML, whose key `dataset:` names the data", name, reason);
}

static int too_large(const char *name) {
    char reason[80];
    snprintf(reason, sizeof reason, "larger than %d bytes, the most a configuration may have",
             CONFIG_LARGEST_FILE);
    return no_configuration(DIME_ERROR_MALFORMED, name, reason);
}

int dime_config_parse(const char *name, const char *text, size_t size, struct dime_config *config) {
    if (size > CONFIG_LARGEST_FILE) return too_large(name);
    struct config_draft draft;
    draft_start(&draft, name);
    draft.has_lines = 1;
    int error = config_yaml_read(&draft, text, size);
    if (!error) error = config_draft_settle(&draft);
    if (!error) *config = draft.config;
    return error;
}

/* A draft that says what the configuration says, with stand-ins where a key follows another. */
static void draft_resume(struct config_draft *draft, const struct dime_config *config) {
    memset(draft, 0, sizeof *draft);
    draft->config = *config;
    draft->quantscale = draft->maxw_quantscale = config->clip_scale;
    draft->layers_listed = !dime_config_made_from_widths(config);
    if (config->clip_until_epoch == config->epochs) draft->config.clip_until_epoch = UNTIL_LAST_EPOCH;
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (config->layers[i].format == config->format) draft->config.layers[i].format = FORMAT_OF_NETWORK;
}

static int unknown_assignment(const char *name, const char *assignment, size_t length) {
    char key[64];
    config_printable(assignment, length, key, sizeof key);
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, key);
    for (int id = 0; id < KEY_COUNT; id++) dime_nearest_offer(&nearest, config_keys[id].name);
    if (!nearest.name)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "%s: key '%s' is unknown; docs/configuration.md lists all keys", name, key);
    return dime_error_set(DIME_ERROR_CONFIG, "%s: key '%s' is unknown; did you mean '%s'?", name, key,
                          nearest.name);
}

static int assign(struct config_draft *draft, const char *assignment) {
    char name[96], shown[80];
    config_printable(assignment, strlen(assignment), shown, sizeof shown);
    snprintf(name, sizeof name, "--set %s", shown);
    const char *equals = strchr(assignment, '=');
    if (!equals) return dime_error_set(DIME_ERROR_CONFIG, "%s: expected KEY=VALUE", name);
    int id = config_key_find(assignment, (size_t)(equals - assignment));
    if (id < 0) return unknown_assignment(name, assignment, (size_t)(equals - assignment));
    draft->name = name;
    draft->given[id] = 1;
    int error = config_yaml_read_value(draft, (enum config_id)id, equals + 1, strlen(equals + 1));
    draft->name = "--set";
    return error;
}

int dime_config_set(struct dime_config *config, const char *const *assignments, size_t count) {
    struct config_draft draft;
    draft_resume(&draft, config);
    draft.name = "--set";
    for (size_t i = 0; i < count; i++) {
        int error = assign(&draft, assignments[i]);
        if (error) return error;
    }
    int error = config_draft_settle(&draft);
    if (!error) *config = draft.config;
    return error;
}

/* The kind of network is what decides whether the rest can be read at all, so an override of it comes before
   the file's own value is judged; all else is set on a configuration that is sound in itself. */
static int parse_for_model(struct config_draft *draft, const char *const *assignments, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int error = strncmp(assignments[i], "model=", 6) ? 0 : assign(draft, assignments[i]);
        if (error) return error;
    }
    return 0;
}

static int parse_and_set(const char *path, const char *text, size_t size, const char *const *assignments,
                         size_t count, struct dime_config *config) {
    struct config_draft draft;
    draft_start(&draft, path);
    draft.has_lines = 1;
    int error = config_yaml_read(&draft, text, size);
    if (!error) error = parse_for_model(&draft, assignments, count);
    draft.name = path;
    if (!error) error = config_draft_settle(&draft);
    if (error) return error;
    *config = draft.config;
    return count ? dime_config_set(config, assignments, count) : 0;
}

int dime_config_read(const char *path, const char *const *assignments, size_t count,
                     struct dime_config *config) {
    uint8_t *bytes;
    size_t size;
    if (dime_is_folder(path)) return no_configuration(DIME_ERROR_IO, path, "is a folder");
    int error = dime_file_read(path, CONFIG_LARGEST_FILE, &bytes, &size);
    if (error) return error == DIME_ERROR_MALFORMED ? too_large(path) : error;
    error = parse_and_set(path, (const char *)bytes, size, assignments, count, config);
    free(bytes);
    return error;
}
