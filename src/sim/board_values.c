/* SPDX-License-Identifier: MIT */
/* Values of a board file, and the messages about them. */
#include "sim/board_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"

enum { MESSAGE = 256 };

/* ---- messages ------------------------------------------------------------------------------------------ */

int board_wrong(const struct board_reader *reader, const yaml_node_t *node, const char *format, ...) {
    char text[MESSAGE];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return dime_error_set(DIME_ERROR_CONFIG, "%s, line %zu: %s", reader->name,
                          node ? node->start_mark.line + 1 : 1, text);
}

/* A scalar's text in full; messages show it cut, and without what a terminal might take for commands. */
const char *board_text(const yaml_node_t *node) {
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

const char *board_shown(const yaml_node_t *node, char text[BOARD_SHOWN]) {
    if (node->type != YAML_SCALAR_NODE) return node->type == YAML_SEQUENCE_NODE ? "a list" : "a map";
    snprintf(text, BOARD_SHOWN, "%s", (const char *)node->data.scalar.value);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7E) *at = '?';
    return text;
}

int board_expected(const struct board_value *value, const char *what) {
    char text[BOARD_SHOWN];
    return board_wrong(value->reader, value->node, "%s: %s; expected %s", value->key,
                       board_shown(value->node, text), what);
}

/* ---- scalars ------------------------------------------------------------------------------------------- */

int board_number(const struct board_value *value, int64_t least, int64_t most, int64_t *number) {
    char range[BOARD_SHOWN], *end;
    const char *text = board_text(value->node);
    *number = strtoll(text, &end, 10);
    if (*text && !*end && *number >= least && *number <= most) return DIME_OK;
    snprintf(range, sizeof range, "a whole number, %lld..%lld", (long long)least, (long long)most);
    return board_expected(value, range);
}

/* "1.5" in units of 1/unit. */
int board_fraction(const struct board_value *value, double most, double unit, uint32_t *number) {
    char range[BOARD_SHOWN], *end;
    const char *text = board_text(value->node);
    double read = strtod(text, &end);
    if (*text && !*end && read >= 0 && read <= most) {
        *number = (uint32_t)(read * unit + 0.5);
        return DIME_OK;
    }
    snprintf(range, sizeof range, "a number, 0..%g", most);
    return board_expected(value, range);
}

int board_word(const struct board_value *value, char word[SIM_BOARD_NAME]) {
    const char *text = board_text(value->node);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", text[i])) length = 0;
    if (!length || length >= SIM_BOARD_NAME)
        return board_expected(value, "a name of 1..31 letters, digits, '-' and '_'");
    memcpy(word, text, length + 1);
    return DIME_OK;
}

/* "PC0": ports A, C and D have pins 0..7. */
static int parse_pin(const char *text, struct sim_pin *pin) {
    static const char ports[] = "ACD";
    const char *port = text[0] == 'P' && text[1] ? strchr(ports, text[1]) : NULL;
    if (!port || text[2] < '0' || text[2] > '7' || text[3]) return -1;
    *pin = (struct sim_pin){(uint8_t)(port - ports), (uint8_t)(text[2] - '0')};
    return 0;
}

int board_pin(const struct board_value *value, struct sim_pin *pin) {
    if (!parse_pin(board_text(value->node), pin)) return DIME_OK;
    return board_expected(value, "a pin such as PC0, of port A, C or D");
}

static int find_chip(const struct board_value *value, const char *name, uint32_t *chip) {
    char text[BOARD_SHOWN];
    int found = sim_board_find_chip(value->reader->board, name);
    if (found < 0)
        return board_wrong(value->reader, value->node, "%s: %s: no chip of that name under `chips:`",
                           value->key, board_shown(value->node, text));
    *chip = (uint32_t)found;
    return DIME_OK;
}

int board_chip(const struct board_value *value, uint32_t *chip) {
    return find_chip(value, board_text(value->node), chip);
}

/* "camera.PD5" */
int board_chip_pin(const struct board_value *value, uint32_t *chip, struct sim_pin *pin) {
    char name[SIM_BOARD_NAME];
    const char *text = board_text(value->node), *dot = strrchr(text, '.');
    if (!dot || dot - text >= SIM_BOARD_NAME || parse_pin(dot + 1, pin))
        return board_expected(value, "a chip and its pin, such as camera.PD5");
    memcpy(name, text, (size_t)(dot - text));
    name[dot - text] = 0;
    return find_chip(value, name, chip);
}

/* Pins in a list; `-` leaves one unwired where that is allowed. */
int board_pins(const struct board_value *value, struct sim_pin *pins, uint32_t count, int may_lack) {
    char text[BOARD_SHOWN];
    yaml_node_t *list = value->node;
    if (list->type != YAML_SEQUENCE_NODE ||
        list->data.sequence.items.top - list->data.sequence.items.start != (ptrdiff_t)count) {
        snprintf(text, sizeof text, "a list of %u pins", (unsigned)count);
        return board_expected(value, text);
    }
    for (uint32_t i = 0; i < count; i++) {
        yaml_node_t *node =
            yaml_document_get_node(&value->reader->document, list->data.sequence.items.start[i]);
        struct board_value item = {value->reader, value->key, node};
        pins[i] = (struct sim_pin){SIM_PIN_UNWIRED, 0};
        if (may_lack && !strcmp(board_text(node), "-")) continue;
        int status = board_pin(&item, &pins[i]);
        if (status) return status;
    }
    return DIME_OK;
}

/* ---- maps ---------------------------------------------------------------------------------------------- */

static int unknown_key(const struct board_reader *reader, const yaml_node_t *node,
                       const struct board_key *keys) {
    char text[BOARD_SHOWN];
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, board_text(node));
    for (const struct board_key *key = keys; key->name; key++) dime_nearest_offer(&nearest, key->name);
    if (nearest.name)
        return board_wrong(reader, node, "key '%s' is unknown; did you mean '%s'?", board_shown(node, text),
                           nearest.name);
    return board_wrong(reader, node, "key '%s' is unknown; docs/hardware.md lists the keys",
                       board_shown(node, text));
}

static const struct board_key *find_key(const struct board_key *keys, const char *name) {
    for (const struct board_key *key = keys; key->name; key++)
        if (!strcmp(key->name, name)) return key;
    return NULL;
}

static int store_pair(struct board_reader *reader, const yaml_node_pair_t *pair, const struct board_key *keys,
                      void *part, uint32_t *given) {
    yaml_node_t *name = yaml_document_get_node(&reader->document, pair->key);
    const struct board_key *key = find_key(keys, board_text(name));
    if (!key) return unknown_key(reader, name, keys);
    uint32_t bit = 1U << (key - keys);
    if (*given & bit) return board_wrong(reader, name, "key '%s' is given twice", key->name);
    *given |= bit;
    struct board_value value = {reader, key->name, yaml_document_get_node(&reader->document, pair->value)};
    return key->store(&value, part);
}

/* Reads a map into `part` by its table of at most 32 keys. */
int board_map(struct board_reader *reader, yaml_node_t *node, const struct board_key *keys, void *part) {
    uint32_t given = 0;
    if (node->type != YAML_MAPPING_NODE)
        return board_wrong(reader, node, "expected a map, such as {%s: ...}", keys->name);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        int status = store_pair(reader, pair, keys, part, &given);
        if (status) return status;
    }
    for (const struct board_key *key = keys; key->name; key++)
        if (key->needed && !(given >> (key - keys) & 1))
            return board_wrong(reader, node, "key '%s' is missing", key->name);
    return DIME_OK;
}
