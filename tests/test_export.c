/* SPDX-License-Identifier: MIT */
/* dime export's C: compiled by the system's compiler without warnings, run, and compared with the engine; and
   the folder around it: whole or not at all, nothing of others lost. */
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "model/embedded.h"
#include "model/export_c.h"
#include "model/export_folder.h"

#define SIZE 8
#define PICTURES 10
#define CLASSES 5

static char folder[256]; /* of one test, removed afterwards */

static int setup(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/dime-export.XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static int teardown(void **state) {
    (void)state;
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the test's folder; four may be in use at once. */
static const char *in_folder(const char *name) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static char *read_text(const char *path) {
    uint8_t *bytes = NULL;
    size_t size;
    int code = dime_file_read(path, 1 << 24, &bytes, &size);
    assert_int_equal(code, 0);
    return (char *)bytes;
}

static void write_text(const char *path, const char *text) {
    assert_int_equal(dime_file_write(path, text, strlen(text)), 0);
}

/* Runs a command in a sub-folder of the test's folder; its output ends up in `output`, the status is
 * returned. */
static int shell(const char *where, const char *command, char **output) {
    char line[1200];
    snprintf(line, sizeof line, "cd '%s' && { %s; } >'%s' 2>&1", in_folder(where), command,
             in_folder("output"));
    int status = system(line);
    char *text = read_text(in_folder("output"));
    if (output)
        *output = text;
    else
        free(text);
    return status < 0 || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

static const char compile[] = "${CC:-cc} -std=c11 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror *.c";

static void compile_folder(const char *name) {
    char *output;
    int status = shell(name, compile, &output);
    if (status) print_message("%s", output);
    free(output);
    assert_int_equal(status, 0);
}

/* ---- models and pictures ---- */

/* Random weights, and affine tables that bring their sums to the range of activations. */
static void fill_layer(struct dime_model_layer *layer, struct dime_random *random) {
    const struct dime_format *format = dime_format_get(layer->format);
    int32_t reach = 25 * format->largest;
    uint8_t shift = 7;
    for (int32_t rest = format->largest; rest > 1; rest >>= 1) shift++;
    for (uint32_t i = 0; i < layer->outputs * layer->inputs; i++)
        layer->value[i] = format->value(dime_random_below(random, format->codes));
    layer->bias_shift = layer->affine ? 2 : 0;
    for (uint32_t m = 0; layer->affine && m < layer->outputs; m++)
        layer->affine[m] =
            (struct dime_affine){(int16_t)((int32_t)dime_random_below(random, 2 * (uint32_t)reach) - reach),
                                 (uint8_t)(32 + dime_random_below(random, 32)), shift};
}

static void make_model(struct dime_model *model, const enum dime_format_id *formats, uint32_t layers,
                       enum dime_norm norm, enum dime_wscale wscale) {
    struct dime_config config;
    dime_config_default(&config);
    config.input_size = SIZE;
    config.input_encoding = DIME_INPUT_UNSIGNED;
    config.norm = norm;
    config.wscale = wscale;
    config.layer_count = layers;
    for (uint32_t i = 0; i < layers; i++)
        config.layers[i] =
            (struct dime_layer_config){.outputs = i + 1 < layers ? 13 : CLASSES, .format = formats[i]};
    assert_int_equal(dime_model_create(model, &config, CLASSES), 0);
    struct dime_random random = dime_random_stream(7, norm, wscale);
    for (uint32_t i = 0; i < layers; i++) fill_layer(&model->layers[i], &random);
}

static const enum dime_format_id every_format[] = {
    DIME_FORMAT_BINARY, DIME_FORMAT_BINARYSYM, DIME_FORMAT_TERNARY, DIME_FORMAT_2BITSYM,
    DIME_FORMAT_4BIT,   DIME_FORMAT_4BITSYM,   DIME_FORMAT_5BITSYM, DIME_FORMAT_8BIT,
    DIME_FORMAT_FP130,  DIME_FORMAT_NF4,       DIME_FORMAT_POT3};
#define EVERY_FORMAT (sizeof every_format / sizeof *every_format)
static const enum dime_format_id one_format[] = {DIME_FORMAT_4BITSYM};

static uint8_t grey[PICTURES * SIZE * SIZE], labels[PICTURES];

static const struct dime_export_pictures *make_pictures(void) {
    static const char *const names[CLASSES] = {"a", "b \"quoted\"", "c\\n", "\xc3\xa4", "e?\?/"};
    static struct dime_export_pictures pictures = {PICTURES, grey, labels, names, "drawn */ here"};
    struct dime_random random = dime_random_stream(1, 2, 3);
    for (size_t i = 0; i < sizeof grey; i++) grey[i] = (uint8_t)(64 + dime_random_below(&random, 192));
    for (size_t i = 0; i < sizeof labels; i++) labels[i] = (uint8_t)dime_random_below(&random, CLASSES);
    return &pictures;
}

static void export_one(const char *name, const char *out) {
    struct dime_model model;
    make_model(&model, one_format, 1, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(dime_export_c(&model, name, make_pictures(), in_folder(out), NULL), 0);
    dime_model_free(&model);
}

/* ---- what is compiled ---- */

/* A network whose answers do not depend on its input would prove nothing. */
static void assert_alive(const struct dime_model *model) {
    struct dime_runtime runtime;
    int32_t sums[2][512];
    int8_t input[SIZE * SIZE], activations[512];
    assert_int_equal(dime_runtime_create(&runtime, model), 0);
    assert_true(runtime.network.sums <= 512 && runtime.network.activations <= 512);
    for (int i = 0; i < 2; i++) {
        dime_encode(DIME_INPUT_UNSIGNED, 0, grey + i * SIZE * SIZE, SIZE * SIZE, input);
        dime_network_infer(&runtime.network, input, sums[i], activations);
    }
    dime_runtime_free(&runtime);
    assert_memory_not_equal(sums[0], sums[1], CLASSES * sizeof sums[0][0]);
}

/* Exports, compiles and runs; frees the model. */
static void check_runs(struct dime_model *model) {
    struct dime_export_summary summary;
    char *output, expected[128];
    assert_int_equal(dime_export_c(model, "all", make_pictures(), in_folder("out"), &summary), 0);
    assert_int_equal(summary.weight_bytes, dime_model_bytes(model));
    assert_int_equal(summary.scratch_bytes, dime_model_scratch_bytes(model));
    assert_alive(model);
    dime_model_free(model);
    compile_folder("out");
    int status = shell("out", "./a.out", &output);
    snprintf(expected, sizeof expected, "%u of 10 right, 10 of 10 as computed by the exporting program\n",
             summary.right);
    const char *end = strlen(output) > strlen(expected) ? output + strlen(output) - strlen(expected) : output;
    assert_string_equal(end, expected);
    assert_int_equal(status, 0);
    free(output);
}

static void test_every_format_runs(void **state) {
    (void)state;
    struct dime_model model;
    make_model(&model, every_format, EVERY_FORMAT, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(dime_model_scratch_bytes(&model), 13 * 5);
    check_runs(&model);
}

static void test_affine_and_norms_run(void **state) {
    (void)state;
    struct dime_model model;
    make_model(&model, every_format, EVERY_FORMAT, DIME_NORM_LAYER, DIME_WSCALE_PER_OUTPUT);
    check_runs(&model);
    make_model(&model, every_format, EVERY_FORMAT, DIME_NORM_BATCH, DIME_WSCALE_PER_TENSOR);
    check_runs(&model);
}

static void make_maps(struct dime_model *model, const char *text) {
    struct dime_config config;
    struct dime_random random = dime_random_stream(8, 9, 10);
    assert_int_equal(dime_config_parse("t", text, strlen(text), &config), 0);
    assert_int_equal(dime_model_create(model, &config, CLASSES), 0);
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (!dime_layer_is_pool(&model->layers[i])) fill_layer(&model->layers[i], &random);
}

static void test_convolutions_run(void **state) {
    (void)state;
    struct dime_model model;
    make_maps(&model,
              "input_size: 8\ninput_encoding: unsigned\nNormType: BatchNorm\nQuantType: PoT3\nlayers:\n"
              "  - {type: conv2d, outputs: 6, padding: 1}\n  - {type: maxpool}\n"
              "  - {type: depthwise, kernel: 2, activation_bits: 5}\n"
              "  - {type: conv2d, outputs: 5, kernel: 2, QuantType: Ternary}\n  - {type: avgpool}\n"
              "  - {outputs: 9}\n  - {}\n");
    check_runs(&model);
    make_maps(&model, "input_size: 8\ninput_encoding: unsigned\nNormType: RMS\nlayers:\n"
                      "  - {type: conv2d, outputs: 6, NormType: None, QuantType: 8bit}\n  - {type: maxpool}\n"
                      "  - {type: conv2d, outputs: 5, kernel: 2}\n  - {}\n");
    check_runs(&model);
}

/* 1 where a line of two columns `dark` characters wide was drawn for each row of each picture. */
static uint32_t count_drawn_rows(const char *output) {
    uint32_t rows = 0;
    for (const char *line = output; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        rows += strspn(line, " .:-=+*#%@") == 2 * SIZE && line[2 * SIZE] == '\n';
    return rows;
}

static void test_pictures_are_drawn(void **state) {
    (void)state;
    char *output;
    export_one("one", "out");
    compile_folder("out");
    assert_int_equal(shell("out", "./a.out", &output), 0);
    assert_int_equal(count_drawn_rows(output), PICTURES * SIZE);
    assert_non_null(strstr(output, "label: "));
    assert_non_null(strstr(output, " predicted: "));
    free(output);
}

static void test_class_names_survive(void **state) {
    (void)state;
    char *output;
    make_pictures();
    struct dime_export_pictures pictures = *make_pictures();
    for (uint32_t i = 0; i < PICTURES; i++) labels[i] = (uint8_t)(i % CLASSES);
    struct dime_model model;
    make_model(&model, one_format, 1, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(dime_export_c(&model, "names", &pictures, in_folder("out"), NULL), 0);
    dime_model_free(&model);
    compile_folder("out");
    assert_int_equal(shell("out", "./a.out", &output), 0);
    for (uint32_t i = 0; i < CLASSES; i++) {
        char line[64];
        snprintf(line, sizeof line, "label: %s predicted", pictures.class_names[i]);
        assert_non_null(strstr(output, line));
    }
    free(output);
}

/* The first hexadecimal digit of the first word of weights is turned around. */
static void test_changed_weight_is_noticed(void **state) {
    (void)state;
    char *output;
    export_one("one", "out");
    char *text = read_text(in_folder("out/model.c"));
    size_t digit = 2;
    while (text[digit] && (text[digit - 2] != '0' || text[digit - 1] != 'x')) digit++;
    assert_true(text[digit]);
    text[digit] = text[digit] == '0' ? 'f' : '0';
    write_text(in_folder("out/model.c"), text);
    free(text);
    compile_folder("out");
    assert_int_equal(shell("out", "./a.out", &output), 1);
    assert_non_null(strstr(output, "MISMATCH"));
    free(output);
}

static void test_only_formats_in_use_are_linked(void **state) {
    (void)state;
    char *symbols;
    export_one("one", "out");
    compile_folder("out");
    assert_int_equal(shell("out", "nm a.out", &symbols), 0);
    for (size_t i = 0; i < EVERY_FORMAT; i++) {
        char symbol[64];
        snprintf(symbol, sizeof symbol, " R %s\n", dime_format_symbol(every_format[i]));
        char *found = strstr(symbols, symbol);
        if (!found) {
            snprintf(symbol, sizeof symbol, " D %s\n", dime_format_symbol(every_format[i]));
            found = strstr(symbols, symbol);
        }
        assert_int_equal(found != NULL, every_format[i] == one_format[0]);
    }
    free(symbols);
}

static void test_every_format_has_a_source(void **state) {
    (void)state;
    for (size_t i = 0; i < EVERY_FORMAT; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.c", dime_format_symbol(every_format[i]) + strlen("dime_"));
        size_t found = 0;
        for (size_t j = 0; j < dime_embedded_file_count; j++)
            found += !strcmp(dime_embedded_files[j].name, name);
        assert_int_equal(found, 1);
    }
}

static void test_sizes_are_in_the_header(void **state) {
    (void)state;
    export_one("we\"ird\\ */ ?\?/ name", "out");
    char *text = read_text(in_folder("out/model.h"));
    assert_non_null(strstr(text, "#define DIME_MODEL_INPUTS 64 "));
    assert_non_null(strstr(text, "#define DIME_MODEL_CLASSES 5 "));
    assert_non_null(strstr(text, "#define DIME_MODEL_WIDEST 5 "));
    assert_non_null(strstr(text, "#define DIME_MODEL_SCRATCH_BYTES 25 "));
    assert_non_null(
        strstr(text, "#define DIME_MODEL_WEIGHT_BYTES 160 ")); /* 5 rows of 64 weights of 4 bits */
    assert_non_null(strstr(text, "#define DIME_MODEL_AFFINE_BYTES 0 "));
    free(text);
    compile_folder("out");
}

static void test_without_pictures_there_is_no_main(void **state) {
    (void)state;
    struct dime_model model;
    make_model(&model, one_format, 1, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(dime_export_c(&model, "one", NULL, in_folder("out"), NULL), 0);
    dime_model_free(&model);
    assert_int_equal(access(in_folder("out/model.c"), F_OK), 0);
    assert_int_not_equal(access(in_folder("out/main.c"), F_OK), 0);
    assert_int_not_equal(access(in_folder("out/test_pictures.c"), F_OK), 0);
    assert_int_equal(shell("out", "${CC:-cc} -std=c11 -Wall -Wextra -Werror -shared -fPIC *.c", NULL), 0);
}

static void test_same_model_same_bytes(void **state) {
    (void)state;
    export_one("one", "first");
    export_one("one", "second");
    assert_int_equal(shell("first", "diff -r . ../second", NULL), 0);
}

/* ---- what is refused ---- */

static void test_float_model_is_refused(void **state) {
    (void)state;
    struct dime_model model;
    static const enum dime_format_id none[] = {DIME_FORMAT_NONE};
    struct dime_config config;
    dime_config_default(&config);
    config.input_size = SIZE;
    config.layer_count = 1;
    config.layers[0] = (struct dime_layer_config){.outputs = CLASSES, .format = none[0]};
    assert_int_equal(dime_model_create(&model, &config, CLASSES), 0);
    assert_int_equal(dime_export_c(&model, "float", make_pictures(), in_folder("out"), NULL),
                     DIME_ERROR_UNSUPPORTED);
    dime_model_free(&model);
    assert_int_not_equal(access(in_folder("out"), F_OK), 0);
}

static void test_label_beyond_classes_is_refused(void **state) {
    (void)state;
    struct dime_model model;
    struct dime_export_pictures pictures = *make_pictures();
    labels[3] = CLASSES;
    make_model(&model, one_format, 1, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(dime_export_c(&model, "one", &pictures, in_folder("out"), NULL), DIME_ERROR_MALFORMED);
    dime_model_free(&model);
    assert_int_not_equal(access(in_folder("out"), F_OK), 0);
}

/* ---- the folder ---- */

static int write_files(const char *out, const char *first, const char *second) {
    struct dime_export_file files[] = {{first, "one", 3}, {second, "two", 3}};
    return dime_export_folder_write(in_folder(out), " for a test", files, 2);
}

static void assert_content(const char *name, const char *expected) {
    char *text = read_text(in_folder(name));
    assert_string_equal(text, expected);
    free(text);
}

static void test_folder_is_written(void **state) {
    (void)state;
    assert_int_equal(write_files("new/deeper", "a.c", "b.c"), 0);
    assert_content("new/deeper/a.c", "one");
    assert_content("new/deeper/b.c", "two");
    assert_content("new/deeper/" DIME_EXPORT_LIST, "Generated by dime export for a test\na.c\nb.c\n");
    assert_int_equal(shell("new/deeper", "test $(ls -A | wc -l) = 3", NULL), 0);
}

static void test_foreign_folder_is_refused(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("theirs"), 0777), 0);
    write_text(in_folder("theirs/notes"), "precious");
    assert_int_equal(write_files("theirs", "a.c", "b.c"), DIME_ERROR_IO);
    assert_non_null(strstr(dime_error_message(), "notes"));
    assert_content("theirs/notes", "precious");
    assert_int_equal(shell("theirs", "test $(ls -A | wc -l) = 1", NULL), 0);
}

static void test_foreign_list_is_no_permission(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("theirs"), 0777), 0);
    write_text(in_folder("theirs/" DIME_EXPORT_LIST), "shopping\n");
    assert_int_equal(write_files("theirs", "a.c", "b.c"), DIME_ERROR_IO);
    assert_content("theirs/" DIME_EXPORT_LIST, "shopping\n");
}

static void test_empty_folder_is_taken(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("empty"), 0777), 0);
    assert_int_equal(write_files("empty", "a.c", "b.c"), 0);
    assert_content("empty/a.c", "one");
}

static void test_earlier_export_is_updated(void **state) {
    (void)state;
    assert_int_equal(write_files("out", "a.c", "old.c"), 0);
    write_text(in_folder("out/mine"), "precious");
    assert_int_equal(write_files("out", "new.c", "a.c"), 0);
    assert_content("out/a.c", "two");
    assert_content("out/new.c", "one");
    assert_content("out/mine", "precious");
    assert_int_not_equal(access(in_folder("out/old.c"), F_OK), 0);
}

static void test_own_file_of_the_same_name_is_kept(void **state) {
    (void)state;
    assert_int_equal(write_files("out", "a.c", "b.c"), 0);
    write_text(in_folder("out/c.c"), "precious");
    assert_int_equal(write_files("out", "a.c", "c.c"), DIME_ERROR_IO);
    assert_non_null(strstr(dime_error_message(), "c.c"));
    assert_content("out/c.c", "precious");
    assert_content("out/b.c", "two");
}

static void test_list_does_not_lead_outside(void **state) {
    (void)state;
    write_text(in_folder("victim"), "precious");
    assert_int_equal(write_files("out", "a.c", "b.c"), 0);
    write_text(in_folder("out/" DIME_EXPORT_LIST), "Generated by dime export\n../victim\n..\n.\n/\na.c\nb.c");
    assert_int_equal(write_files("out", "a.c", "c.c"), 0);
    assert_content("victim", "precious");
    assert_int_not_equal(access(in_folder("out/b.c"), F_OK), 0);
}

/* A write that fails half-way, as on a full disk. */
static void test_failed_write_leaves_nothing(void **state) {
    (void)state;
    static char large[100000];
    struct dime_export_file files[] = {{"a.c", "one", 3}, {"large.c", large, sizeof large}};
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 50000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(write_files("old", "a.c", "b.c"), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int fresh = dime_export_folder_write(in_folder("new"), "", files, 2);
    int update = dime_export_folder_write(in_folder("old"), "", files, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(fresh, DIME_ERROR_IO);
    assert_int_equal(update, DIME_ERROR_IO);
    assert_int_not_equal(access(in_folder("new"), F_OK), 0);
    assert_content("old/b.c", "two");
    assert_int_equal(shell("old", "test $(ls -A | wc -l) = 3", NULL), 0);
}

static void test_name_of_path(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"/no/runs/opt", "opt"},
                                           {"/no/runs/opt.safetensors", "opt"},
                                           {"/no/runs/opt/model.safetensors", "opt"},
                                           {"opt", "opt"},
                                           {".safetensors", ".safetensors"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = dime_model_name_of_path(cases[i][0]);
        assert_string_equal(name, cases[i][1]);
        free(name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_every_format_runs),
                                       TEST(test_affine_and_norms_run),
                                       TEST(test_convolutions_run),
                                       TEST(test_pictures_are_drawn),
                                       TEST(test_class_names_survive),
                                       TEST(test_changed_weight_is_noticed),
                                       TEST(test_only_formats_in_use_are_linked),
                                       TEST(test_every_format_has_a_source),
                                       TEST(test_sizes_are_in_the_header),
                                       TEST(test_without_pictures_there_is_no_main),
                                       TEST(test_same_model_same_bytes),
                                       TEST(test_float_model_is_refused),
                                       TEST(test_label_beyond_classes_is_refused),
                                       TEST(test_folder_is_written),
                                       TEST(test_foreign_folder_is_refused),
                                       TEST(test_foreign_list_is_no_permission),
                                       TEST(test_empty_folder_is_taken),
                                       TEST(test_earlier_export_is_updated),
                                       TEST(test_own_file_of_the_same_name_is_kept),
                                       TEST(test_list_does_not_lead_outside),
                                       TEST(test_failed_write_leaves_nothing),
                                       TEST(test_name_of_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
