/* SPDX-License-Identifier: MIT */
/* Own data from every kind of place, and what a damaged or missing cache says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "data/dataset.h"
#include "data/registry.h"
#include "data_files.h"

static void open_own(const char *name, struct dime_dataset_pair *pair) {
    int code = dime_dataset_open(scratch_path(name), NULL, pair);
    if (code) print_error("%s\n", dime_error_message());
    assert_int_equal(code, 0);
}

static void assert_refused(const char *name, int code, const char *message) {
    struct dime_dataset_pair pair;
    assert_int_equal(dime_dataset_open(scratch_path(name), NULL, &pair), code);
    assert_null(pair.train.pixels);
    assert_null(pair.class_names);
    assert_message(message);
}

/* ---- CSV ---- */

/* Row i is label i % classes and four pixels i. */
static void write_csv(const char *name, int rows, int classes) {
    char text[4096] = "";
    size_t used = 0;
    for (int i = 0; i < rows; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%d,%d,%d,%d,%d\n", i % classes, i, i, i, i);
    scratch_write_text(name, text);
}

static void every_sixth_of_a_class_becomes_test(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    write_csv("d.csv", 26, 2); /* 13 of each class */
    open_own("d.csv", &pair);
    assert_int_equal(pair.train.count, 22);
    assert_int_equal(pair.test.count, 4);
    assert_memory_equal(pair.test.labels, ((const uint8_t[]){0, 1, 0, 1}), 4);
    static const uint8_t expected[] = {10, 11, 22, 23};
    for (int i = 0; i < 4; i++) assert_int_equal(pair.test.pixels[4 * i + 3], expected[i]);
    for (uint32_t i = 0, row = 0; i < pair.train.count; i++, row++) {
        while (row == 10 || row == 11 || row == 22 || row == 23) row++;
        assert_int_equal(pair.train.pixels[4 * i], row);
        assert_int_equal(pair.train.labels[i], row % 2);
    }
    assert_int_equal(pair.train.classes, 2);
    assert_int_equal(pair.test.classes, 2);
    assert_string_equal(pair.class_names[1], "1");
    dime_dataset_close(&pair);
}

static void too_few_pictures_for_a_test(void **state) {
    (void)state;
    write_csv("d.csv", 10, 2);
    assert_refused("d.csv", DIME_ERROR_MALFORMED, "no class has 6 pictures");
    write_csv("d.csv", 12, 1);
    assert_refused("d.csv", DIME_ERROR_MALFORMED, "1 class, expected 2..255");
}

static void reads_csv_folders(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    write_csv("f/train.csv", 5, 3);
    write_csv("f/test.csv", 4, 4); /* the greatest label may be in the test part */
    open_own("f", &pair);
    assert_int_equal(pair.train.count, 5);
    assert_int_equal(pair.test.count, 4);
    assert_int_equal(pair.train.classes, 4);
    assert_string_equal(pair.class_names[3], "3");
    dime_dataset_close(&pair);
    scratch_write_text("f/test.csv", "0,1\n1,1\n");
    assert_refused("f", DIME_ERROR_MALFORMED, "training pictures have 2x2 pixels, test pictures 1x1");
    assert_int_equal(unlink(scratch_path("f/test.csv")), 0);
    write_csv("f/train.csv", 12, 2);
    open_own("f", &pair);
    assert_int_equal(pair.test.count, 2);
    dime_dataset_close(&pair);
}

/* Labels that count from 1 would make a class 0 that never occurs. */
static void refuses_labels_from_one(void **state) {
    (void)state;
    scratch_write_text("d.csv", "1,9\n2,9\n1,9\n2,9\n1,9\n2,9\n1,9\n1,9\n1,9\n");
    assert_refused("d.csv", DIME_ERROR_MALFORMED,
                   "d.csv: no picture has label 0; labels count from 0, but the least one here is 1");
    scratch_write_text("f/train.csv", "1,9\n2,9\n");
    scratch_write_text("f/test.csv", "0,9\n1,9\n");
    assert_refused("f", DIME_ERROR_MALFORMED, "no picture has label 0");
    struct dime_dataset_pair pair;
    scratch_write_text("f/train.csv", "2,9\n0,9\n"); /* a gap above 0 is no sign of it */
    open_own("f", &pair);
    assert_int_equal(pair.train.classes, 3);
    dime_dataset_close(&pair);
}

/* ---- IDX ---- */

static void write_idx(const char *pictures, const char *labels, uint32_t count, int packed) {
    static uint8_t bytes[16 + 1024];
    size_t size = idx_header(bytes, 3, (const uint32_t[]){count, 2, 3}) + 6 * (size_t)count;
    uint8_t *content = packed ? gzip(bytes, size, &size) : NULL;
    scratch_write(pictures, content ? content : bytes, size);
    free(content);
    size = idx_header(bytes, 1, &count) + count;
    for (uint32_t i = 0; i < count; i++) bytes[8 + i] = (uint8_t)(i % 3);
    content = packed ? gzip(bytes, size, &size) : NULL;
    scratch_write(labels, content ? content : bytes, size);
    free(content);
}

static void reads_idx_folders(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    write_idx("f/train-images-idx3-ubyte.gz", "f/train-labels-idx1-ubyte.gz", 18, 1);
    open_own("f", &pair);
    assert_int_equal(pair.train.count, 15);
    assert_int_equal(pair.test.count, 3);
    dime_dataset_close(&pair);
    write_idx("f/t10k-images-idx3-ubyte", "f/t10k-labels-idx1-ubyte", 4, 0);
    open_own("f", &pair);
    assert_int_equal(pair.train.count, 18);
    assert_int_equal(pair.test.count, 4);
    assert_int_equal(pair.train.height, 2);
    assert_int_equal(pair.train.width, 3);
    assert_int_equal(pair.train.classes, 3);
    dime_dataset_close(&pair);
    assert_int_equal(unlink(scratch_path("f/t10k-labels-idx1-ubyte")), 0);
    assert_refused("f", DIME_ERROR_IO, "t10k-labels-idx1-ubyte: cannot open");
}

/* ---- folders of pictures ---- */

static void sorts_classes_as_numbers(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    char name[64];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "p/train/%d/a.pgm", i);
        scratch_write_pgm(name, 2, 2, (uint8_t)i);
        snprintf(name, sizeof name, "p/test/%d/a.pgm", i);
        if (i % 2) scratch_write_pgm(name, 2, 2, (uint8_t)i);
    }
    open_own("p", &pair);
    assert_int_equal(pair.train.classes, 12);
    assert_int_equal(pair.test.count, 6);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(pair.train.labels[i], i);
        assert_int_equal(pair.train.pixels[4 * i], i);
        snprintf(name, sizeof name, "%d", i);
        assert_string_equal(pair.class_names[i], name);
    }
    for (int i = 0; i < 6; i++) assert_int_equal(pair.test.pixels[4 * i], pair.test.labels[i]);
    dime_dataset_close(&pair);
}

static void sorts_classes_as_text(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    static const char *const names[] = {"10", "2", "cat"};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 6; j++) {
            char name[64];
            snprintf(name, sizeof name, "p/%s/%d.pgm", names[i], j);
            scratch_write_pgm(name, 1, 1, (uint8_t)(10 * i + j));
        }
    scratch_write_text("p/README.txt", "beside the classes anything may lie");
    scratch_write_text("p/cat/.DS_Store", "hidden");
    scratch_write_text("p/cat/Thumbs.db", "litter");
    open_own("p", &pair);
    assert_int_equal(pair.train.count, 15);
    assert_int_equal(pair.test.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(pair.class_names[i], names[i]);
        assert_int_equal(pair.test.pixels[i], 10 * i + 5); /* the sixth by name */
    }
    dime_dataset_close(&pair);
}

static void first_picture_sets_the_size(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    scratch_write_pgm("p/train/a/1.pgm", 6, 4, 10);
    scratch_write_pgm("p/train/b/1.pgm", 60, 3, 20);
    scratch_write_pgm("p/test/b/1.pgm", 1, 1, 30);
    open_own("p", &pair);
    assert_int_equal(pair.train.height, 6);
    assert_int_equal(pair.test.width, 4);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(pair.train.pixels[24 + i], 20);
        assert_int_equal(pair.test.pixels[i], 30);
    }
    dime_dataset_close(&pair);
    scratch_write_pgm("p/train/a/1.pgm", 1024, 300, 10); /* a photograph */
    open_own("p", &pair);
    assert_int_equal(pair.train.height, 256);
    assert_int_equal(pair.train.width, 75);
    dime_dataset_close(&pair);
}

static void says_what_is_wrong_with_a_folder(void **state) {
    (void)state;
    scratch_write_pgm("p/a/1.pgm", 2, 2, 1);
    assert_refused("p", DIME_ERROR_MALFORMED, "p: 1 sub-folders, expected one for each class, 2..255");
    assert_int_equal(dime_make_folders(scratch_path("p/b")), 0);
    assert_refused("p", DIME_ERROR_MALFORMED, "p/b: no pictures in this folder");
    scratch_write_text("p/b/photo.jpg", "x");
    assert_refused("p", DIME_ERROR_UNSUPPORTED, "p/b/photo.jpg: not named as a PNG, PGM or PPM picture");
    assert_int_equal(unlink(scratch_path("p/b/photo.jpg")), 0);
    scratch_write_text("p/b/1.png", "no png");
    assert_refused("p", DIME_ERROR_UNSUPPORTED, "p/b/1.png: neither PNG nor PGM/PPM");
    scratch_write_pgm("p/b/1.png", 2, 2, 1); /* the first bytes decide */
    assert_refused("p", DIME_ERROR_MALFORMED, "no class has 6 pictures");
    scratch_write_pgm("q/train/a/1.pgm", 2, 2, 1);
    scratch_write_pgm("q/train/b/1.pgm", 2, 2, 1);
    scratch_write_pgm("q/test/c/1.pgm", 2, 2, 1);
    assert_refused("q", DIME_ERROR_MALFORMED, "q/test/c: the training part has no class of this name");
}

/* ---- names ---- */

/* The message says where a relative name was looked for. */
static void assert_looked_for(const char *name) {
    char *here = getcwd(NULL, 0), *place = NULL;
    assert_true(asprintf(&place, "; looked for the folder or file %s/%s too", here, name) > 0);
    assert_message(place);
    free(place);
    free(here);
}

static void says_what_is_wrong_with_a_name(void **state) {
    (void)state;
    struct dime_dataset_pair pair;
    assert_int_equal(dime_dataset_open("mnits", NULL, &pair), DIME_ERROR_UNSUPPORTED);
    static const char nearest[] =
        "mnits: no dataset of this name; did you mean mnist? (known: mnist, fashion-mnist)";
    assert_int_equal(strncmp(dime_error_message(), nearest, strlen(nearest)), 0);
    assert_looked_for("mnits");
    assert_int_equal(dime_dataset_open("./mnits", NULL, &pair), DIME_ERROR_IO);
    assert_message("./mnits: No such file or directory");
    assert_looked_for("mnits");
    assert_int_equal(dime_dataset_open("/mnits", NULL, &pair), DIME_ERROR_IO);
    assert_string_equal(dime_error_message(), "/mnits: No such file or directory");
    scratch_write_text("d.txt", "1,2\n");
    assert_refused("d.txt", DIME_ERROR_UNSUPPORTED, "d.txt: not a dataset: expected a .csv file");
    assert_int_equal(dime_dataset_fetch("mnits", NULL, NULL), DIME_ERROR_UNSUPPORTED);
}

static void knows_names_in_any_case(void **state) {
    (void)state;
    assert_ptr_equal(dime_registry_find("MNIST"), dime_registry_find("mnist"));
    assert_non_null(dime_registry_find("mnist"));
    assert_ptr_equal(dime_registry_find("FashionMNIST"), dime_registry_find("fashion-mnist"));
    assert_ptr_equal(dime_registry_find("FASHION_MNIST"), dime_registry_find("fashion-mnist"));
    assert_non_null(dime_registry_find("fashion-mnist"));
    assert_null(dime_registry_find("mnis"));
    assert_null(dime_registry_find("mnistx"));
    assert_null(dime_registry_find(""));
}

static void cache_folder_follows_the_environment(void **state) {
    (void)state;
    const struct dime_registry_entry *mnist = dime_registry_find("mnist");
    char *folder;
    static const char *const variables[][2] = {
        {"HOME", "/h/.cache/dime/mnist"}, {"XDG_CACHE_HOME", "/h/dime/mnist"}, {"DIME_CACHE", "/h/mnist"}};
    for (int i = 0; i < 3; i++) unsetenv(variables[i][0]);
    assert_int_equal(dime_registry_folder(mnist, NULL, &folder), DIME_ERROR_CONFIG);
    assert_null(folder);
    for (int i = 0; i < 3; i++) { /* each goes before the ones set so far */
        setenv(variables[i][0], "/h", 1);
        assert_int_equal(dime_registry_folder(mnist, NULL, &folder), 0);
        assert_string_equal(folder, variables[i][1]);
        free(folder);
    }
    assert_int_equal(dime_registry_folder(mnist, "/own", &folder), 0);
    assert_string_equal(folder, "/own/mnist");
    free(folder);
}

static void assert_cache_refused(int code, const char *message) {
    struct dime_dataset_pair pair;
    char advice[600];
    snprintf(advice, sizeof advice, "; run `dime data fetch mnist --dir %s`", scratch_path("cache"));
    assert_int_equal(dime_dataset_open("mnist", scratch_path("cache"), &pair), code);
    assert_message(message);
    assert_message(advice);
}

static void damaged_cache_says_fetch(void **state) {
    (void)state;
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    const struct dime_registry_entry *mnist = dime_registry_find("mnist");
    assert_cache_refused(DIME_ERROR_IO, "mnist/train-images-idx3-ubyte: has not been fetched");
    for (int i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof name, "cache/mnist/%s", names[i]);
        scratch_write(name, "", 0);
        assert_cache_refused(DIME_ERROR_CHECKSUM, "0 bytes, expected ");
        assert_int_equal(truncate(scratch_path(name), mnist->files[i].bytes),
                         0); /* the size alone is right */
    }
    assert_cache_refused(DIME_ERROR_CHECKSUM, "begins with 00000000, expected 00000803");
}

/* MD5 test vector of RFC 1321. */
static void verifies_size_and_md5(void **state) {
    (void)state;
    struct dime_registry_file file = {"f", 3, "900150983cd24fb0d6963f7d28e17f72"};
    assert_int_equal(dime_registry_verify(&file, "f", (const uint8_t *)"abc", 3), 0);
    assert_int_equal(dime_registry_verify(&file, "f", (const uint8_t *)"abd", 3), DIME_ERROR_CHECKSUM);
    assert_message("f: MD5 4911e516e5aa21d327512e0c8b197616, expected 900150983cd24fb0d6963f7d28e17f72");
    assert_int_equal(dime_registry_verify(&file, "f", (const uint8_t *)"abcd", 4), DIME_ERROR_CHECKSUM);
    assert_message("f: 4 bytes, expected 3");
    scratch_write("f", "abc", 3);
    assert_int_equal(dime_registry_verify_file(&file, scratch_path("f")), 0);
    scratch_write("f", "abd", 3);
    assert_int_equal(dime_registry_verify_file(&file, scratch_path("f")), DIME_ERROR_CHECKSUM);
    assert_message("/f: MD5 4911e516e5aa21d327512e0c8b197616, expected ");
    scratch_write("f", "abcd", 4);
    assert_int_equal(dime_registry_verify_file(&file, scratch_path("f")), DIME_ERROR_CHECKSUM);
    assert_message("/f: 4 bytes, expected 3");
    assert_int_equal(dime_registry_verify_file(&file, scratch_path("g")), DIME_ERROR_IO);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        in_scratch(every_sixth_of_a_class_becomes_test),
        in_scratch(too_few_pictures_for_a_test),
        in_scratch(reads_csv_folders),
        in_scratch(refuses_labels_from_one),
        in_scratch(reads_idx_folders),
        in_scratch(sorts_classes_as_numbers),
        in_scratch(sorts_classes_as_text),
        in_scratch(first_picture_sets_the_size),
        in_scratch(says_what_is_wrong_with_a_folder),
        in_scratch(says_what_is_wrong_with_a_name),
        cmocka_unit_test(knows_names_in_any_case),
        cmocka_unit_test(cache_folder_follows_the_environment),
        in_scratch(damaged_cache_says_fetch),
        in_scratch(verifies_size_and_md5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
