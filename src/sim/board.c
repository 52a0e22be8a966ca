/* SPDX-License-Identifier: MIT */
/* Reads a board file: YAML of two levels, every value a scalar, a list or a map as a table of keys says. */
#include "sim/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sim/board_reader.h"

enum { MILLION = 1000000 };

/* ---- chips --------------------------------------------------------------------------------------------- */

static int store_application(const struct board_value *value, void *part) {
    return board_word(value, ((struct sim_board_chip *)part)->application);
}

/* A file beside the board file, unless it is an absolute path. */
static int store_firmware(const struct board_value *value, void *part) {
    struct sim_board_chip *chip = part;
    const char *name = value->reader->name, *slash = strrchr(name, '/'), *text = board_text(value->node);
    if (!*text) return board_expected(value, "an ELF file");
    int folder = slash && *text != '/' ? (int)(slash + 1 - name) : 0;
    if (asprintf(&chip->firmware, "%.*s%s", folder, name, text) >= 0) return DIME_OK;
    chip->firmware = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
}

static int store_ppm(const struct board_value *value, void *part) {
    int64_t number;
    int status = board_number(value, -30000, 30000, &number);
    if (!status) ((struct sim_board_chip *)part)->ppm = (int32_t)number;
    return status;
}

static const struct board_key chip_keys[] = {
    {"application", 0, store_application},
    {"firmware", 0, store_firmware},
    {"clock_ppm", 0, store_ppm},
    {NULL, 0, NULL},
};

static int read_chip(struct board_reader *reader, const yaml_node_pair_t *pair) {
    struct sim_board *board = reader->board;
    struct board_value name = {reader, "chips", yaml_document_get_node(&reader->document, pair->key)};
    char word[SIM_BOARD_NAME];
    int status = board_word(&name, word);
    if (status) return status;
    if (board->chip_count == SIM_WORLD_CHIPS)
        return board_wrong(reader, name.node, "chips: at most %d", SIM_WORLD_CHIPS);
    if (sim_board_find_chip(board, word) >= 0)
        return board_wrong(reader, name.node, "chips: '%s' is given twice", word);
    struct sim_board_chip *chip = &board->chips[board->chip_count++];
    memcpy(chip->name, word, sizeof word);
    yaml_node_t *node = yaml_document_get_node(&reader->document, pair->value);
    if (node->type == YAML_SCALAR_NODE && !*board_text(node)) return DIME_OK; /* "camera:" alone */
    return board_map(reader, node, chip_keys, chip);
}

/* Parts name chips, so these are read before everything else, wherever they stand. */
static int read_chips(const struct board_value *value) {
    yaml_node_t *node = value->node;
    if (node->type != YAML_MAPPING_NODE) return board_expected(value, "a map of names, such as {camera: {}}");
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        int status = read_chip(value->reader, pair);
        if (status) return status;
    }
    return DIME_OK;
}

/* ---- parts --------------------------------------------------------------------------------------------- */

#define STORE(part_type, name, expression)                                                                   \
    static int store_##part_type##_##name(const struct board_value *value, void *any) {                      \
        struct sim_board_##part_type *part = any;                                                            \
        return (expression);                                                                                 \
    }

STORE(camera, chip, board_chip(value, &part->chip))
STORE(camera, sda, board_pin(value, &part->settings.sda))
STORE(camera, scl, board_pin(value, &part->settings.scl))
STORE(camera, xclk, board_pin(value, &part->settings.xclk))
STORE(camera, vsync, board_pin(value, &part->settings.vsync))
STORE(camera, href, board_pin(value, &part->settings.href))
STORE(camera, pclk, board_pin(value, &part->settings.pclk))
STORE(camera, data, board_pins(value, part->settings.data, SIM_OV7670_DATA_PINS, 1))
STORE(camera, noise, board_fraction(value, 64, 16, &part->settings.noise))

static int store_camera_exposure(const struct board_value *value, void *any) {
    struct sim_board_camera *part = any;
    part->settings.exposure =
        !strcmp(board_text(value->node), "fixed") ? SIM_EXPOSURE_FIXED : SIM_EXPOSURE_AUTO;
    if (part->settings.exposure == SIM_EXPOSURE_FIXED || !strcmp(board_text(value->node), "auto"))
        return DIME_OK;
    return board_expected(value, "auto or fixed");
}

static int store_camera_padding(const struct board_value *value, void *any) {
    int64_t number;
    int status = board_number(value, 0, 3, &number);
    if (!status) ((struct sim_board_camera *)any)->settings.padding = (uint32_t)number;
    return status;
}

static int store_camera_seed(const struct board_value *value, void *any) {
    int64_t number;
    int status = board_number(value, 0, INT64_MAX, &number);
    if (!status) ((struct sim_board_camera *)any)->settings.seed = (uint64_t)number;
    return status;
}

static const struct board_key camera_keys[] = {
    {"chip", 1, store_camera_chip},
    {"sda", 1, store_camera_sda},
    {"scl", 1, store_camera_scl},
    {"xclk", 1, store_camera_xclk},
    {"vsync", 1, store_camera_vsync},
    {"href", 1, store_camera_href},
    {"pclk", 1, store_camera_pclk},
    {"data", 1, store_camera_data},
    {"exposure", 0, store_camera_exposure},
    {"noise", 0, store_camera_noise},
    {"padding", 0, store_camera_padding},
    {"seed", 0, store_camera_seed},
    {NULL, 0, NULL},
};

STORE(button, chip, board_chip(value, &part->chip))
STORE(button, pin, board_pin(value, &part->pin))

static int store_button_closes(const struct board_value *value, void *any) {
    struct sim_board_button *part = any;
    part->closes_high = !strcmp(board_text(value->node), "high");
    return part->closes_high || !strcmp(board_text(value->node), "low")
               ? DIME_OK
               : board_expected(value, "low or high");
}

static int store_button_bounce(const struct board_value *value, void *any) {
    int64_t number;
    int status = board_number(value, 0, 50000, &number);
    if (!status) ((struct sim_board_button *)any)->bounce_us = (uint32_t)number;
    return status;
}

static const struct board_key button_keys[] = {
    {"chip", 1, store_button_chip},
    {"pin", 1, store_button_pin},
    {"closes", 0, store_button_closes},
    {"bounce_us", 0, store_button_bounce},
    {NULL, 0, NULL},
};

STORE(led, chip, board_chip(value, &part->chip))
STORE(led, pin, board_pin(value, &part->pin))
static const struct board_key led_keys[] = {
    {"chip", 1, store_led_chip}, {"pin", 1, store_led_pin}, {NULL, 0, NULL}};

STORE(display, data, board_pin(value, &part->data))
STORE(display, clock, board_pin(value, &part->clock))
STORE(display, latch, board_pin(value, &part->latch))
static const struct board_key register_keys[] = {
    {"data", 1, store_display_data},
    {"clock", 1, store_display_clock},
    {"latch", 1, store_display_latch},
    {NULL, 0, NULL},
};

STORE(display, chip, board_chip(value, &part->chip))
STORE(display, segments, board_pins(value, part->segments, SIM_DISPLAY_SEGMENTS, 0))

static int store_display_shift_register(const struct board_value *value, void *any) {
    ((struct sim_board_display *)any)->shifted = 1;
    return board_map(value->reader, value->node, register_keys, any);
}

static const struct board_key display_keys[] = {
    {"chip", 1, store_display_chip},
    {"segments", 0, store_display_segments},
    {"shift_register", 0, store_display_shift_register},
    {NULL, 0, NULL},
};

static int store_wire_from(const struct board_value *value, void *any) {
    struct sim_board_wire *part = any;
    return board_chip_pin(value, &part->from, &part->tx);
}

static int store_wire_to(const struct board_value *value, void *any) {
    struct sim_board_wire *part = any;
    return board_chip_pin(value, &part->to, &part->rx);
}

static int store_wire_baud(const struct board_value *value, void *any) {
    int64_t number;
    int status = board_number(value, 1200, 1000000, &number);
    if (!status) ((struct sim_board_wire *)any)->baud = (uint32_t)number;
    return status;
}

static int store_wire_seed(const struct board_value *value, void *any) {
    int64_t number;
    int status = board_number(value, 0, INT64_MAX, &number);
    if (!status) ((struct sim_board_wire *)any)->damage.seed = (uint64_t)number;
    return status;
}

/* Percent of the bytes. */
STORE(wire, drop, board_fraction(value, 30, MILLION / 100, &part->damage.drop))
STORE(wire, flip, board_fraction(value, 30, MILLION / 100, &part->damage.flip))
STORE(wire, insert, board_fraction(value, 30, MILLION / 100, &part->damage.insert))

static const struct board_key wire_keys[] = {
    {"from", 1, store_wire_from}, {"to", 1, store_wire_to},
    {"baud", 0, store_wire_baud}, {"drop", 0, store_wire_drop},
    {"flip", 0, store_wire_flip}, {"insert", 0, store_wire_insert},
    {"seed", 0, store_wire_seed}, {NULL, 0, NULL},
};

/* ---- lists of parts ------------------------------------------------------------------------------------ */

/* The list's items in turn: `part` makes room for one, or returns NULL where there is none. */
static int read_list(const struct board_value *value, const struct board_key *keys,
                     void *(*part)(struct sim_board *board)) {
    struct board_reader *reader = value->reader;
    yaml_node_t *list = value->node;
    if (list->type != YAML_SEQUENCE_NODE)
        return board_expected(value, "a list of maps, each line beginning with '-'");
    for (yaml_node_item_t *item = list->data.sequence.items.start; item < list->data.sequence.items.top;
         item++) {
        yaml_node_t *node = yaml_document_get_node(&reader->document, *item);
        void *room = part(reader->board);
        if (!room) return board_wrong(reader, node, "%s: too many", value->key);
        int status = board_map(reader, node, keys, room);
        if (status) return status;
    }
    return DIME_OK;
}

static void *next_camera(struct sim_board *board) {
    if (board->camera_count == SIM_BOARD_PARTS) return NULL;
    struct sim_board_camera *camera = &board->cameras[board->camera_count++];
    camera->settings.padding = 1;
    return camera;
}

static void *next_button(struct sim_board *board) {
    return board->button_count == SIM_BOARD_PARTS ? NULL : &board->buttons[board->button_count++];
}

static void *next_led(struct sim_board *board) {
    return board->led_count == SIM_BOARD_PARTS ? NULL : &board->leds[board->led_count++];
}

static void *next_display(struct sim_board *board) {
    if (board->display_count == SIM_BOARD_PARTS) return NULL;
    struct sim_board_display *display = &board->displays[board->display_count++];
    display->segments[0].port = SIM_PIN_UNWIRED;
    return display;
}

static void *next_wire(struct sim_board *board) {
    if (board->wire_count == SIM_WORLD_WIRES) return NULL;
    struct sim_board_wire *wire = &board->wires[board->wire_count++];
    wire->baud = 115200;
    return wire;
}

static int store_cameras(const struct board_value *value, void *part) {
    (void)part;
    return read_list(value, camera_keys, next_camera);
}

static int store_buttons(const struct board_value *value, void *part) {
    (void)part;
    return read_list(value, button_keys, next_button);
}

static int store_leds(const struct board_value *value, void *part) {
    (void)part;
    return read_list(value, led_keys, next_led);
}

static int store_displays(const struct board_value *value, void *part) {
    (void)part;
    int status = read_list(value, display_keys, next_display);
    const struct sim_board *board = value->reader->board;
    for (uint32_t i = 0; !status && i < board->display_count; i++)
        if (board->displays[i].shifted == (board->displays[i].segments[0].port != SIM_PIN_UNWIRED))
            status = board_wrong(value->reader, value->node,
                                 "displays: each needs either 'segments', seven pins, or 'shift_register'");
    return status;
}

static int store_wires(const struct board_value *value, void *part) {
    (void)part;
    return read_list(value, wire_keys, next_wire);
}

static int store_chips(const struct board_value *value, void *part) {
    (void)value, (void)part;
    return DIME_OK; /* read already */
}

static const struct board_key board_keys[] = {
    {"chips", 1, store_chips}, {"cameras", 0, store_cameras},   {"buttons", 0, store_buttons},
    {"leds", 0, store_leds},   {"displays", 0, store_displays}, {"wires", 0, store_wires},
    {NULL, 0, NULL},
};

/* ---- the file ------------------------------------------------------------------------------------------ */

static int syntax_error(const char *name, const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while reading", name);
    return dime_error_set(DIME_ERROR_MALFORMED, "%s, line %zu: not valid YAML: %s", name,
                          parser->problem_mark.line + 1,
                          parser->problem ? parser->problem : "unknown reason");
}

static int read_chips_first(struct board_reader *reader, const yaml_node_t *root) {
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
         pair++) {
        yaml_node_t *name = yaml_document_get_node(&reader->document, pair->key);
        if (strcmp(board_text(name), "chips")) continue;
        struct board_value value = {reader, "chips", yaml_document_get_node(&reader->document, pair->value)};
        return read_chips(&value);
    }
    return DIME_OK;
}

static int read_board(struct board_reader *reader) {
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root || root->type != YAML_MAPPING_NODE)
        return board_wrong(reader, root,
                           "expected a board: a map with the keys chips, cameras, displays ...");
    int status = read_chips_first(reader, root);
    if (!status) status = board_map(reader, root, board_keys, reader->board);
    if (!status && !reader->board->chip_count) status = board_wrong(reader, root, "chips: a board needs one");
    return status;
}

int sim_board_parse(const char *name, const char *text, size_t size, struct sim_board *board) {
    struct board_reader reader = {.name = name, .board = board};
    yaml_parser_t parser;
    int status;
    *board = (struct sim_board){0};
    if (!yaml_parser_initialize(&parser))
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory while reading", name);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    if (!yaml_parser_load(&parser, &reader.document)) {
        status = syntax_error(name, &parser);
    } else {
        status = read_board(&reader);
        yaml_document_delete(&reader.document);
    }
    yaml_parser_delete(&parser);
    return status;
}

int sim_board_read(const char *path, struct sim_board *board) {
    uint8_t *bytes;
    size_t size;
    *board = (struct sim_board){0};
    int status = dime_file_read(path, SIM_BOARD_LARGEST_FILE, &bytes, &size);
    if (status) return status;
    status = sim_board_parse(path, (const char *)bytes, size, board);
    free(bytes);
    return status;
}

void sim_board_free(struct sim_board *board) {
    for (uint32_t i = 0; i < board->chip_count; i++) free(board->chips[i].firmware);
    *board = (struct sim_board){0};
}

int sim_board_find_chip(const struct sim_board *board, const char *name) {
    for (uint32_t i = 0; i < board->chip_count; i++)
        if (!strcmp(board->chips[i].name, name)) return (int)i;
    return -1;
}
