/* SPDX-License-Identifier: MIT */
/* Inside the reader of board files: a YAML document, and how tables of keys turn its maps into structs. Used
   by board*.c only. */
#ifndef DIME_SIM_BOARD_READER_H
#define DIME_SIM_BOARD_READER_H

#include <yaml.h>

#include "sim/board.h"

enum { BOARD_SHOWN = 64 }; /* bytes of a value that a message shows */

struct board_reader {
    const char *name; /* of the file */
    yaml_document_t document;
    struct sim_board *board;
};

/* A value with the name of its key, as messages give it. */
struct board_value {
    struct board_reader *reader;
    const char *key;
    yaml_node_t *node;
};

/* Tables of keys end with a NULL name and have at most 32. */
struct board_key {
    const char *name;
    int needed;
    int (*store)(const struct board_value *value, void *part);
};

/* All of these return 0, or CONFIG with a message that names file and line. */
int board_wrong(const struct board_reader *reader, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int board_expected(const struct board_value *value, const char *what);
int board_number(const struct board_value *value, int64_t least, int64_t most, int64_t *number);
/* A fraction such as 1.5, as a multiple of 1/unit. */
int board_fraction(const struct board_value *value, double most, double unit, uint32_t *number);
int board_word(const struct board_value *value, char word[SIM_BOARD_NAME]);
int board_pin(const struct board_value *value, struct sim_pin *pin);
/* A list of `count` pins; with may_lack a `-` leaves one unwired. */
int board_pins(const struct board_value *value, struct sim_pin *pins, uint32_t count, int may_lack);
int board_chip(const struct board_value *value, uint32_t *chip);
int board_chip_pin(const struct board_value *value, uint32_t *chip, struct sim_pin *pin);
int board_map(struct board_reader *reader, yaml_node_t *node, const struct board_key *keys, void *part);

/* A scalar's text, "" for a list or a map. */
const char *board_text(const yaml_node_t *node);
/* The same for messages: cut, without bytes that a terminal might take for commands. */
const char *board_shown(const yaml_node_t *node, char text[BOARD_SHOWN]);

#endif
