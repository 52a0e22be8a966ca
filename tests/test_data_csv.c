/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/csv.h"
#include "data/part.h"

/* A copy exactly as long as the content, so that a sanitizer sees a read beyond it. */
static int parse_copy(const void *content, size_t size, struct dime_dataset *set) {
    uint8_t *bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    if (size) memcpy(bytes, content, size);
    int code = dime_csv_parse("d.csv", bytes, size, set);
    free(bytes);
    return code;
}

static int parse(const char *text, struct dime_dataset *set) {
    return parse_copy(text, strlen(text), set);
}

static void assert_refused(const char *text, const char *message) {
    struct dime_dataset set;
    assert_int_equal(parse(text, &set), DIME_ERROR_MALFORMED);
    assert_null(set.pixels);
    assert_null(set.labels);
    assert_string_equal(dime_error_message(), message);
}

/* Two pictures, 7: 1 2 3 4 and 0: 255 0 9 10. */
static void assert_two_pictures(const char *text) {
    struct dime_dataset set;
    int code = parse(text, &set);
    if (code) print_error("%s\n", dime_error_message());
    assert_int_equal(code, 0);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.height, 2);
    assert_int_equal(set.width, 2);
    assert_memory_equal(set.labels, ((const uint8_t[]){7, 0}), 2);
    assert_memory_equal(set.pixels, ((const uint8_t[]){1, 2, 3, 4, 255, 0, 9, 10}), 8);
    dime_part_free(&set);
}

static void reads_all_ways_of_writing(void **state) {
    (void)state;
    assert_two_pictures("7,1,2,3,4\n0,255,0,9,10\n");
    assert_two_pictures("7,1,2,3,4\n0,255,0,9,10");
    assert_two_pictures("7,1,2,3,4\r\n0,255,0,9,10\r\n");
    assert_two_pictures("label,a,b,c,d\n7,1,2,3,4\n0,255,0,9,10\n");
    assert_two_pictures("label,1x1,1x2,2x1,2x2\r\n7,1,2,3,4\r\n0,255,0,9,10\r\n");
    assert_two_pictures("\xEF\xBB\xBFlabel,a,b,c,d\n7,1,2,3,4\n0,255,0,9,10\n");
    assert_two_pictures(" 7 , 1,\t2, 3 ,4 \n\n   \n00,255,000,009,10\n\r\n");
    assert_two_pictures("\n\n7,1,2,3,4\n0,255,0,9,10\n");
}

static void header_gives_shape(void **state) {
    (void)state;
    struct dime_dataset set;
    assert_int_equal(parse("label,1x1,1x2,1x3\n4,1,2,3\n", &set), 0);
    assert_int_equal(set.height, 1);
    assert_int_equal(set.width, 3);
    dime_part_free(&set);
    assert_int_equal(parse("\"label\",\"p\",\"2x1\"\n4,1,2\n", &set), 0);
    assert_int_equal(set.height, 2);
    assert_int_equal(set.width, 1);
    dime_part_free(&set);
    assert_int_equal(parse("label,p,q,r,9x9\n4,1,2,3,4\n", &set), 0); /* does not fit: square */
    assert_int_equal(set.width, 2);
    dime_part_free(&set);
}

static void errors_name_the_line(void **state) {
    (void)state;
    assert_refused("7,1,2,3,4\n0,1,2,3\n", "d.csv:2: 4 columns, expected 5 (a label and 4 pixels)");
    assert_refused("label,a,b,c,d\r\n\r\n7,1,2,3,4,5\n",
                   "d.csv:3: 6 columns, expected 5 (a label and 4 pixels)");
    assert_refused("7,1,2,256,4\n", "d.csv:1: pixel 3 is '256', expected a whole number 0..255");
    assert_refused("7,1,2,3,4\n7,1,,3,4\n", "d.csv:2: pixel 2 is '', expected a whole number 0..255");
    assert_refused("7,1,2,3,4\n7,1,2,3,\n", "d.csv:2: pixel 4 is '', expected a whole number 0..255");
    assert_refused("1,2\n1,",
                   "d.csv:2: pixel 1 is '', expected a whole number 0..255"); /* beyond the room? */
    assert_refused("7,1,2,-3,4\n", "d.csv:1: pixel 3 is '-3', expected a whole number 0..255");
    assert_refused("7,1,2,0.5,4\n", "d.csv:1: pixel 3 is '0.5', expected a whole number 0..255");
    assert_refused("255,1,2,3,4\n", "d.csv:1: label is '255', expected a whole number 0..254");
    assert_refused("7,1,2,3,4\nseven,1,2,3,4\n", "d.csv:2: label is 'seven', expected a whole number 0..254");
    assert_refused("7,1,2,99999999999999999999,4\n",
                   "d.csv:1: pixel 3 is '99999999999999999999', expected a whole number 0..255");
    assert_refused("7,1 2,2,3,4\n", "d.csv:1: pixel 1 is '1 2', expected a whole number 0..255");
    assert_refused("7,1,2,3,4\n7,\033[1m,2,3,4\n", "d.csv:2: pixel 1 is '', expected a whole number 0..255");
}

static void refuses_files_without_pictures(void **state) {
    (void)state;
    assert_refused("", "d.csv: empty, expected a label and pixels on each line");
    assert_refused("\n \r\n", "d.csv: empty, expected a label and pixels on each line");
    assert_refused("\xEF\xBB\xBF", "d.csv: empty, expected a label and pixels on each line");
    assert_refused("label,a,b,c,d\n\n", "d.csv: a header line, but no pictures");
    assert_refused("7\n", "d.csv:1: 0 pixels a picture, expected 1..65536 after the label");
    assert_refused("7,1,2\n", "d.csv:1: 2 pixels are no square picture; name the columns "
                              "label,1x1,1x2,...,ROWSxCOLUMNS in a header line");
    assert_refused("label,1x300,2x300\n", "d.csv:1: 2 pixels are no square picture; name the columns "
                                          "label,1x1,1x2,...,ROWSxCOLUMNS in a header line");
}

static void refuses_too_many_columns(void **state) {
    (void)state;
    enum { COLUMNS = 1 + 65537 };
    static char text[2 * COLUMNS + 1];
    for (int i = 0; i < COLUMNS; i++) memcpy(text + 2 * i, "1,", 2);
    text[2 * COLUMNS - 1] = 0;
    assert_refused(text, "d.csv:1: 65537 pixels a picture, expected 1..65536 after the label");
}

/* The shortest lines there can be fill exactly the room that was taken for them. */
static void shortest_lines_fit(void **state) {
    (void)state;
    enum { ROWS = 1000 };
    static char text[ROWS * 4 + 8];
    for (int with_newline = 0; with_newline <= 1; with_newline++) {
        struct dime_dataset set;
        for (int i = 0; i < ROWS; i++) memcpy(text + 4 * i, "1,2\n", 5);
        if (!with_newline) text[4 * ROWS - 1] = 0;
        assert_int_equal(parse(text, &set), 0);
        assert_int_equal(set.count, ROWS);
        dime_part_free(&set);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_ways_of_writing), cmocka_unit_test(header_gives_shape),
        cmocka_unit_test(errors_name_the_line),      cmocka_unit_test(refuses_files_without_pictures),
        cmocka_unit_test(refuses_too_many_columns),  cmocka_unit_test(shortest_lines_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
