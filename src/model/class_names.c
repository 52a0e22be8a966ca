/* SPDX-License-Identifier: MIT */
#include "model/class_names.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/json_guard.h"

/* Names are printed on terminals, where U+0000..1F and U+7F..9F (C2 80..9F in UTF-8) are commands. */
static int has_control(const char *name) {
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0)) return 1;
    return 0;
}

/* What is wrong with a name, as a phrase, or NULL. */
static const char *fault_of(const char *name) {
    size_t size = strlen(name);
    if (size == 0) return "is empty";
    if (size > DIME_CLASS_NAME_BYTES) return "is longer than 63 bytes";
    if (!dime_utf8_valid(name, size)) return "is not UTF-8";
    return has_control(name) ? "has a control character" : NULL;
}

int dime_class_names_check(const char *where, char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const char *fault = fault_of(names[i]);
        if (fault)
            return dime_error_set(
                DIME_ERROR_MALFORMED,
                "%s: the name of class %u %s; 1 to %d bytes of printable UTF-8 are expected", where, i, fault,
                DIME_CLASS_NAME_BYTES);
    }
    return 0;
}

int dime_class_names_are_numbers(char *const *names, uint32_t count) {
    char number[16];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%u", i);
        if (strcmp(names[i], number)) return 0;
    }
    return 1;
}

static int out_of_memory(const char *where) {
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for class names", where);
}

int dime_class_names_copy(const char *where, char *const *names, uint32_t count, char ***copy) {
    *copy = NULL;
    if (!names || dime_class_names_are_numbers(names, count)) return 0;
    int code = dime_class_names_check(where, names, count);
    if (code) return code;
    char **made = calloc(count, sizeof *made);
    int failed = !made;
    for (uint32_t i = 0; i < count && !failed; i++) failed = !(made[i] = strdup(names[i]));
    if (failed) {
        dime_class_names_free(made, count);
        return out_of_memory(where);
    }
    *copy = made;
    return 0;
}

void dime_class_names_free(char **names, uint32_t count) {
    for (uint32_t i = 0; names && i < count; i++) free(names[i]);
    free(names);
}

/* The strings of an array; they stay the array's. */
static int take_strings(const char *where, const cJSON *array, uint32_t count, char **names) {
    uint32_t found = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (!cJSON_IsString(item) || found == count) break;
        names[found++] = item->valuestring;
    }
    if (cJSON_IsArray(array) && found == count && (uint32_t)cJSON_GetArraySize(array) == count) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: metadata class_names is not a JSON array of %u strings",
                          where, count);
}

static int copy_strings(const char *where, const cJSON *array, uint32_t count, char ***names) {
    char **borrowed = calloc(count, sizeof *borrowed);
    if (!borrowed) return out_of_memory(where);
    int code = take_strings(where, array, count, borrowed);
    if (!code) code = dime_class_names_copy(where, borrowed, count, names);
    free(borrowed);
    return code;
}

int dime_class_names_parse(const char *where, const char *json, uint32_t count, char ***names) {
    static const struct dime_json_limits limits = {1, 256, 0};
    size_t length = strlen(json);
    *names = NULL;
    const char *wrong = dime_json_guard(json, length, &limits);
    if (wrong) return dime_error_set(DIME_ERROR_MALFORMED, "%s: metadata class_names has %s", where, wrong);
    cJSON *array = cJSON_ParseWithLengthOpts(json, length + 1, NULL, 1);
    int code = copy_strings(where, array, count, names);
    cJSON_Delete(array);
    return code;
}

char *dime_class_names_format(char *const *names, uint32_t count) {
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; i < count; i++) {
        cJSON *string = cJSON_CreateString(names[i]);
        if (cJSON_AddItemToArray(array, string)) continue;
        cJSON_Delete(string);
        cJSON_Delete(array);
        return NULL;
    }
    char *text = cJSON_PrintUnformatted(array);
    cJSON_Delete(array);
    return text;
}
