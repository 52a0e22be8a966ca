/* SPDX-License-Identifier: MIT */
/* Reads YAML event by event, so that nothing deeper or longer than the keys allow is ever held in memory. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/nearest.h"
#include "model/config_draft.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one read; zeroed before the first */
    struct config_draft *draft;
    const char *text;
    size_t size;
};

static size_t line_of(const struct reader *reader) {
    return reader->draft->has_lines ? reader->event.start_mark.line + 1 : 0;
}

/* libyaml gives bytes that are no characters by their offset alone. */
static size_t line_of_offset(const struct reader *reader, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset && i < reader->size; i++) line += reader->text[i] == '\n';
    return line;
}

static int syntax_error(const struct reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    const char *name = reader->draft->name;
    if (parser->error == YAML_MEMORY_ERROR)
        return config_error(DIME_ERROR_MEMORY, name, 0, "out of memory while reading");
    size_t line = parser->error == YAML_READER_ERROR ? line_of_offset(reader, parser->problem_offset)
                                                     : parser->problem_mark.line + 1;
    return config_error(DIME_ERROR_MALFORMED, name, reader->draft->has_lines ? line : 0,
                        "not valid YAML: %s%s%s", parser->problem ? parser->problem : "unknown reason",
                        parser->context ? " " : "", parser->context ? parser->context : "");
}

static int refuse_references(const struct reader *reader) {
    const yaml_event_t *event = &reader->event;
    int anchored = 0, tagged = 0;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        anchored = 1;
        break;
    case YAML_SCALAR_EVENT:
        anchored = event->data.scalar.anchor != NULL;
        tagged = event->data.scalar.tag != NULL;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchored = event->data.sequence_start.anchor != NULL;
        tagged = event->data.sequence_start.tag != NULL;
        break;
    case YAML_MAPPING_START_EVENT:
        anchored = event->data.mapping_start.anchor != NULL;
        tagged = event->data.mapping_start.tag != NULL;
        break;
    default:
        break;
    }
    if (!anchored && !tagged) return 0;
    return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                        "%s are not taken here; write the value itself",
                        anchored ? "anchors and aliases" : "tags");
}

static int next(struct reader *reader) {
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event)) return syntax_error(reader);
    return refuse_references(reader);
}

static int reader_open(struct reader *reader, struct config_draft *draft, const char *text, size_t size) {
    memset(reader, 0, sizeof *reader);
    reader->draft = draft;
    reader->text = text;
    reader->size = size;
    if (!yaml_parser_initialize(&reader->parser))
        return config_error(DIME_ERROR_MEMORY, draft->name, 0, "out of memory while reading");
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, size);
    return next(reader); /* the start of the stream */
}

static void reader_close(struct reader *reader) {
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

static struct config_scalar scalar_of(const struct reader *reader) {
    return (struct config_scalar){
        .text = (const char *)reader->event.data.scalar.value,
        .length = reader->event.data.scalar.length,
        .plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
        .name = reader->draft->name,
        .line = line_of(reader),
    };
}

/* Stores the scalar that is the current event. */
static int store_scalar(const struct reader *reader, const struct config_key *key, void *base) {
    if (reader->event.type == YAML_SCALAR_EVENT) {
        struct config_scalar scalar = scalar_of(reader);
        return config_scalar_store(key, &scalar, base);
    }
    const char *found = reader->event.type == YAML_SEQUENCE_START_EVENT ? "a list" : "a map";
    return config_wrong_value(key, reader->draft->name, line_of(reader), found);
}

static int unknown_key(const struct reader *reader, const struct config_key *keys, size_t count,
                       const char *where) {
    if (reader->event.type != YAML_SCALAR_EVENT)
        return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                            "%sa list or map stands where the name of a key is expected", where);
    const char *name = (const char *)reader->event.data.scalar.value;
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, name);
    for (size_t i = 0; i < count; i++) dime_nearest_offer(&nearest, keys[i].name);
    char shown[64];
    config_printable(name, reader->event.data.scalar.length, shown, sizeof shown);
    if (nearest.name)
        return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                            "%skey '%s' is unknown; did you mean '%s'?", where, shown, nearest.name);
    return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                        "%skey '%s' is unknown; docs/configuration.md lists all keys", where, shown);
}

static int find_layer_key(const struct reader *reader) {
    if (reader->event.type != YAML_SCALAR_EVENT) return -1;
    const char *name = (const char *)reader->event.data.scalar.value;
    for (int id = 0; id < LAYER_KEY_COUNT; id++)
        if (!strcmp(config_layer_keys[id].name, name)) return id;
    return -1;
}

/* One map of the `layers:` list; the current event is its start. */
static int read_layer(struct reader *reader, uint32_t index) {
    char where[32];
    snprintf(where, sizeof where, "layers, entry %u: ", index + 1);
    struct layer_entry entry = {.layer = {.format = FORMAT_OF_NETWORK}};
    uint8_t given[LAYER_KEY_COUNT] = {0};
    size_t start = line_of(reader);
    int error;
    while (!(error = next(reader)) && reader->event.type != YAML_MAPPING_END_EVENT) {
        int id = find_layer_key(reader);
        if (id < 0) return unknown_key(reader, config_layer_keys, LAYER_KEY_COUNT, where);
        if (given[id]++)
            return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                                "%skey '%s' is given twice", where, config_layer_keys[id].name);
        if ((error = next(reader)) || (error = store_scalar(reader, &config_layer_keys[id], &entry)))
            return error;
    }
    return error ? error : config_layer_finish(reader->draft, start, index, &entry, given);
}

/* The current event is the start of the value. */
static int read_layers(struct reader *reader) {
    struct config_draft *draft = reader->draft;
    const struct config_key *key = &config_keys[KEY_LAYERS];
    if (reader->event.type != YAML_SEQUENCE_START_EVENT) return store_scalar(reader, key, draft);
    size_t start = line_of(reader);
    uint32_t count = 0;
    memset(draft->config.layers, 0, sizeof draft->config.layers);
    int error;
    while (!(error = next(reader)) && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        if (count == DIME_MAX_LAYERS)
            return config_wrong_value(key, draft->name, line_of(reader), "a longer list");
        if (reader->event.type != YAML_MAPPING_START_EVENT)
            return config_error(DIME_ERROR_CONFIG, draft->name, line_of(reader),
                                "layers, entry %u: expected a map such as {outputs: 64, QuantType: 4bitsym}",
                                count + 1);
        if ((error = read_layer(reader, count))) return error;
        count++;
    }
    if (!error && !count) return config_wrong_value(key, draft->name, start, "an empty list");
    draft->config.layer_count = count;
    return error;
}

/* One path of `teacher`; the current event is its scalar. */
static int read_teacher(const struct reader *reader, uint32_t index) {
    struct config_draft *draft = reader->draft;
    struct config_key key = config_keys[KEY_TEACHER];
    key.type = TYPE_TEXT;
    key.offset += index * sizeof draft->config.teacher[0];
    key.low = 1;
    key.high = sizeof draft->config.teacher[0] - 1;
    if (index == DIME_MAX_TEACHERS)
        return config_wrong_value(&config_keys[KEY_TEACHER], draft->name, line_of(reader), "a longer list");
    int error = store_scalar(reader, &key, draft);
    if (!error) draft->config.teacher_count = index + 1;
    return error;
}

/* A path, or a list of them, which may be empty. The current event is the start of the value. */
static int read_teachers(struct reader *reader) {
    struct dime_config *config = &reader->draft->config;
    memset(config->teacher, 0, sizeof config->teacher);
    config->teacher_count = 0;
    if (reader->event.type == YAML_MAPPING_START_EVENT)
        return store_scalar(reader, &config_keys[KEY_TEACHER], reader->draft);
    if (reader->event.type != YAML_SEQUENCE_START_EVENT) return read_teacher(reader, 0);
    int error;
    while (!(error = next(reader)) && reader->event.type != YAML_SEQUENCE_END_EVENT)
        if ((error = read_teacher(reader, config->teacher_count))) break;
    return error;
}

/* The current event is the start of the value. */
static int read_value(struct reader *reader, enum config_id id) {
    if (id == KEY_TEACHER) return read_teachers(reader);
    if (id == KEY_LAYERS) return read_layers(reader);
    return store_scalar(reader, &config_keys[id], reader->draft);
}

/* The current event is the key. */
static int read_pair(struct reader *reader) {
    struct config_draft *draft = reader->draft;
    const yaml_event_t *event = &reader->event;
    int id = -1;
    if (event->type == YAML_SCALAR_EVENT)
        id = config_key_find((const char *)event->data.scalar.value, event->data.scalar.length);
    if (id < 0) return unknown_key(reader, config_keys, KEY_COUNT, "");
    if (draft->given[id])
        return config_error(DIME_ERROR_CONFIG, draft->name, line_of(reader),
                            "key '%s' is given twice, first on line %zu; keep one of them",
                            config_keys[id].name, draft->line[id]);
    draft->given[id] = 1;
    draft->line[id] = line_of(reader);
    int error = next(reader);
    return error ? error : read_value(reader, (enum config_id)id);
}

static int read_mapping(struct reader *reader) {
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return config_error(
            DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
            "expected a configuration in YAML: lines such as 'batch_size: 128'; data goes into its "
            "key `dataset:`");
    int error;
    while (!(error = next(reader)) && reader->event.type != YAML_MAPPING_END_EVENT)
        if ((error = read_pair(reader))) break;
    return error;
}

/* After the value: the end of the document and of the stream. */
static int read_end(struct reader *reader) {
    int error = next(reader);
    if (!error) error = next(reader);
    if (error || reader->event.type == YAML_STREAM_END_EVENT) return error;
    return config_error(DIME_ERROR_CONFIG, reader->draft->name, line_of(reader),
                        "a second YAML document begins here; only one is taken");
}

int config_yaml_read(struct config_draft *draft, const char *text, size_t size) {
    struct reader reader;
    int error = reader_open(&reader, draft, text, size);
    if (!error) error = next(&reader);
    if (!error && reader.event.type != YAML_STREAM_END_EVENT) { /* else nothing but comments: every default */
        error = next(&reader);
        if (!error) error = read_mapping(&reader);
        if (!error) error = read_end(&reader);
    }
    reader_close(&reader);
    return error;
}

/* "--set runtag=": no document at all is the empty value. */
static int store_nothing(struct config_draft *draft, enum config_id id) {
    struct config_scalar nothing = {"", 0, 1, draft->name, 0};
    return config_scalar_store(&config_keys[id], &nothing, draft);
}

/* The one value that a document consists of. The current event is the document's start. */
static int read_document(struct reader *reader, enum config_id id) {
    int error = next(reader);
    if (!error) error = read_value(reader, id);
    return error ? error : read_end(reader);
}

int config_yaml_read_value(struct config_draft *draft, enum config_id id, const char *text, size_t size) {
    struct reader reader;
    int error = reader_open(&reader, draft, text, size);
    if (!error) error = next(&reader);
    if (!error && reader.event.type == YAML_STREAM_END_EVENT)
        error = store_nothing(draft, id);
    else if (!error)
        error = read_document(&reader, id);
    reader_close(&reader);
    return error;
}
