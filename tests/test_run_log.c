/* SPDX-License-Identifier: MIT */
/* `test_run_log FOLDER` writes a sample run instead, which tests/test_tfevents.py reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "report/run_log.h"
#include "report/tfevents.h"

#define HEADER                                                                                               \
    "epoch,epochs,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate,seconds,"      \
    "images_per_second,active_fraction"
#define HEADER_2 HEADER ",clip_1,clip_2,entropy_1,entropy_2\n"
#define ROW_1 "1,60,2.25,50.5,0.1,98.42,0.001,1.5,80000,0.41,0.25,0.5,3.5,\n"
#define ROW_2 "2,60,1.125,50.5,0.1,98.42,0.001,1.5,80000,0.41,0.25,0.5,3.5,\n"

/* ---- a small run ---- */

static const struct dime_model no_model;

static struct dime_epoch_report small_report(uint32_t epoch) {
    return (struct dime_epoch_report){
        .epoch = epoch,
        .epochs = 60,
        .train_loss = 2.25 / epoch,
        .train_accuracy = 50.5,
        .validation_loss = 0.1,
        .validation_accuracy = 98.42,
        .learning_rate = 0.001,
        .seconds = 1.5,
        .images_per_second = 80000,
        .active_fraction = 0.41,
        .layer_count = 2,
        .clip = {0.25, 0.5},
        .entropy = {3.5, NAN},
    };
}

static void log_epochs(const char *folder, uint32_t first, uint32_t last) {
    struct dime_run_log *log;
    assert_int_equal(dime_run_log_open(folder, first, &log), 0);
    for (uint32_t epoch = first; epoch <= last; epoch++) {
        struct dime_epoch_report report = small_report(epoch);
        assert_int_equal(dime_run_log_epoch(log, &report, &no_model), 0);
    }
    assert_int_equal(dime_run_log_close(log), 0);
}

/* ---- a folder for each test ---- */

struct fixture {
    char folder[64], metrics[96];
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture) return -1;
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/dime-run-log-XXXXXX");
    if (!mkdtemp(fixture->folder)) return -1;
    snprintf(fixture->metrics, sizeof fixture->metrics, "%s/metrics.csv", fixture->folder);
    return 0;
}

/* Calls `visit` with the name of each entry of a folder. */
static size_t each_entry(const char *folder, void (*visit)(const char *path, const char *name, void *context),
                         void *context) {
    DIR *directory = opendir(folder);
    if (!directory) return 0;
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        char *path = dime_path_join(folder, entry->d_name);
        if (path && visit) visit(path, entry->d_name, context);
        free(path);
        count++;
    }
    closedir(directory);
    return count;
}

static void delete_entry(const char *path, const char *name, void *context) {
    (void)name;
    (void)context;
    unlink(path);
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    each_entry(fixture->folder, delete_entry, NULL);
    int code = rmdir(fixture->folder);
    free(fixture);
    return code;
}

static void assert_metrics(const struct fixture *fixture, const char *expected) {
    uint8_t *bytes;
    size_t size;
    assert_int_equal(dime_file_read(fixture->metrics, 1 << 20, &bytes, &size), 0);
    assert_string_equal((char *)bytes, expected);
    assert_int_equal(size, strlen(expected));
    free(bytes);
}

static void put_metrics(const struct fixture *fixture, const char *content) {
    assert_int_equal(dime_file_write(fixture->metrics, content, strlen(content)), 0);
}

/* Opening must fail, say `reason`, and leave the folder as it was. */
static void assert_refused(const struct fixture *fixture, uint32_t first_epoch, int code,
                           const char *reason) {
    size_t entries = each_entry(fixture->folder, NULL, NULL);
    struct dime_run_log *log = (struct dime_run_log *)&no_model;
    assert_int_equal(dime_run_log_open(fixture->folder, first_epoch, &log), code);
    assert_null(log);
    if (!strstr(dime_error_message(), reason)) fail_msg("unexpected message: %s", dime_error_message());
    assert_int_equal(each_entry(fixture->folder, NULL, NULL), entries);
}

/* ---- metrics.csv ---- */

static void writes_header_and_a_row_an_epoch(void **state) {
    log_epochs(((struct fixture *)*state)->folder, 1, 2);
    assert_metrics(*state, HEADER_2 ROW_1 ROW_2);
}

static void row_is_there_when_the_epoch_returns(void **state) {
    const struct fixture *fixture = *state;
    struct dime_run_log *log;
    struct dime_epoch_report report = small_report(1);
    assert_int_equal(dime_run_log_open(fixture->folder, 1, &log), 0);
    assert_int_equal(dime_run_log_epoch(log, &report, &no_model), 0);
    assert_metrics(fixture, HEADER_2 ROW_1);
    assert_int_equal(dime_run_log_close(log), 0);
}

static void numbers_read_back_exactly(void **state) {
    const struct fixture *fixture = *state;
    const double numbers[] = {1.0 / 3, 0.1f, 1e-300, 1e300, 1e22, 123456.789, INFINITY};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct dime_run_log *log;
        struct dime_epoch_report report = small_report(1);
        report.train_loss = numbers[i];
        assert_int_equal(dime_run_log_open(fixture->folder, 1, &log), 0);
        assert_int_equal(dime_run_log_epoch(log, &report, &no_model), 0);
        assert_int_equal(dime_run_log_close(log), 0);
        uint8_t *bytes;
        size_t size;
        assert_int_equal(dime_file_read(fixture->metrics, 1 << 20, &bytes, &size), 0);
        assert_true(strtod((char *)bytes + strlen(HEADER_2 "1,60,"), NULL) == numbers[i]);
        free(bytes);
    }
}

static void resume_drops_later_rows(void **state) {
    const struct fixture *fixture = *state;
    log_epochs(fixture->folder, 1, 5);
    struct dime_run_log *log;
    assert_int_equal(dime_run_log_open(fixture->folder, 3, &log), 0);
    assert_metrics(fixture, HEADER_2 ROW_1 ROW_2);
    assert_int_equal(dime_run_log_close(log), 0);
    log_epochs(fixture->folder, 2, 2);
    assert_metrics(fixture, HEADER_2 ROW_1 ROW_2);
}

static void resume_drops_a_row_cut_off_by_a_kill(void **state) {
    put_metrics(*state, HEADER_2 ROW_1 "2,60,1.12");
    log_epochs(((struct fixture *)*state)->folder, 2, 2);
    assert_metrics(*state, HEADER_2 ROW_1 ROW_2);
}

static void resume_begins_where_there_is_nothing_yet(void **state) {
    static const char *const contents[] = {"", "epoch,epochs,train_", HEADER ",clip_1", HEADER_2};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        put_metrics(*state, contents[i]);
        log_epochs(((struct fixture *)*state)->folder, 2, 2);
        assert_metrics(*state, HEADER_2 ROW_2);
    }
}

static void fresh_run_replaces_an_older_one_of_other_layers(void **state) {
    put_metrics(*state, HEADER ",clip_1,entropy_1\n1,9,1,1,1,1,1,1,1,1,1,1\n");
    log_epochs(((struct fixture *)*state)->folder, 1, 1);
    assert_metrics(*state, HEADER_2 ROW_1);
}

static void foreign_files_are_refused_and_kept(void **state) {
    static const struct {
        const char *content, *reason;
    } cases[] = {
        {"name,score\nann,3\n", "metrics.csv:1: found \"name,score\", expected the columns"},
        {"epoch,loss\n1,3\n", "metrics.csv:1: found \"epoch,loss\""},
        {HEADER "\n", "metrics.csv:1: "},
        {HEADER ",clip_1,entropy_1,x\n", "metrics.csv:1: "},
        {"\033[2J", "metrics.csv:1: found \"?[2J\""},
        {HEADER_2 ROW_1 "nonsense\n", "metrics.csv:3: found \"nonsense\", expected a row"},
        {HEADER_2 "1,60,2.25\n", "metrics.csv:2: "},
        {HEADER_2 "-1,60,2.25,50.5,0.1,98.42,0.001,1.5,80000,0.41,0.25,0.5,3.5,\n", "metrics.csv:2: "},
        {HEADER_2 ",60,2.25,50.5,0.1,98.42,0.001,1.5,80000,0.41,0.25,0.5,3.5,\n", "metrics.csv:2: "},
        {HEADER_2 "1x,60,2.25,50.5,0.1,98.42,0.001,1.5,80000,0.41,0.25,0.5,3.5,\n", "metrics.csv:2: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t first_epoch = 1; first_epoch <= 2; first_epoch++) {
            put_metrics(*state, cases[i].content);
            assert_refused(*state, first_epoch, DIME_ERROR_MALFORMED, cases[i].reason);
            assert_metrics(*state, cases[i].content);
        }
}

static void other_number_of_layers_is_refused(void **state) {
    const struct fixture *fixture = *state;
    log_epochs(fixture->folder, 1, 1);
    struct dime_run_log *log;
    struct dime_epoch_report report = small_report(2);
    report.layer_count = 3;
    assert_int_equal(dime_run_log_open(fixture->folder, 2, &log), 0);
    assert_int_equal(dime_run_log_epoch(log, &report, &no_model), DIME_ERROR_CONFIG);
    assert_non_null(strstr(dime_error_message(), "is about 2 layers, this run has 3"));
    assert_int_equal(dime_run_log_close(log), 0);
    assert_metrics(fixture, HEADER_2 ROW_1);
}

static void most_layers_fit(void **state) {
    const struct fixture *fixture = *state;
    struct dime_epoch_report report = small_report(1);
    report.layer_count = DIME_MAX_LAYERS;
    for (uint32_t i = 0; i < DIME_MAX_LAYERS; i++) report.clip[i] = report.entropy[i] = -DBL_MIN / 3;
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        struct dime_run_log *log;
        report.epoch = epoch;
        assert_int_equal(dime_run_log_open(fixture->folder, epoch, &log), 0);
        assert_int_equal(dime_run_log_epoch(log, &report, &no_model), 0);
        assert_int_equal(dime_run_log_close(log), 0);
    }
}

static void missing_folder_is_an_error(void **state) {
    (void)state;
    struct dime_run_log *log;
    assert_int_equal(dime_run_log_open("/tmp/there/is/no/such/folder", 1, &log), DIME_ERROR_IO);
    assert_null(log);
    assert_non_null(strstr(dime_error_message(), "/tmp/there/is/no/such/folder/metrics.csv"));
}

/* A full disk, played by a limit on the size of files. */
static void full_disk_is_an_error(void **state) {
    const struct fixture *fixture = *state;
    struct dime_run_log *log;
    struct dime_epoch_report report = small_report(1);
    struct rlimit old, tight;
    assert_int_equal(dime_run_log_open(fixture->folder, 1, &log), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = (struct rlimit){.rlim_cur = 400, .rlim_max = old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    int code = 0;
    for (report.epoch = 1; report.epoch < 50 && code == 0; report.epoch++)
        code = dime_run_log_epoch(log, &report, &no_model);
    dime_run_log_close(log);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(code, DIME_ERROR_IO);
    assert_non_null(strstr(dime_error_message(), "cannot write: File too large"));
}

/* ---- event files ---- */

static void crc32c_of_rfc_3720(void **state) {
    (void)state;
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(dime_crc32c(bytes, sizeof bytes), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(dime_crc32c(bytes, sizeof bytes), 0x62A8AB43);
    for (size_t i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    assert_int_equal(dime_crc32c(bytes, sizeof bytes), 0x46DD794E);
    for (size_t i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(dime_crc32c(bytes, sizeof bytes), 0x113FDB5C);
    const uint8_t read_command[48] = {
        0x01, 0xC0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02};
    assert_int_equal(dime_crc32c(read_command, sizeof read_command), 0xD9963A56);
    assert_int_equal(dime_crc32c("", 0), 0);
}

static void keep_greatest(const char *path, const char *name, void *context) {
    (void)path;
    if (strncmp(name, "events.", 7) == 0 && strcmp(name, context) > 0) strcpy(context, name);
}

/* TensorBoard reads the files in the order of their names. */
static void later_event_files_have_later_names(void **state) {
    const struct fixture *fixture = *state;
    char *future = dime_path_join(fixture->folder, "events.out.tfevents.4000000000.zzz.1.0");
    char *odd = dime_path_join(fixture->folder, "events.out.tfevents.99999999999999.zzz.1.0");
    assert_int_equal(dime_file_write(future, "", 0), 0);
    assert_int_equal(dime_file_write(odd, "", 0), 0);
    for (uint32_t i = 1; i <= 3; i++) {
        log_epochs(fixture->folder, i, i);
        unlink(odd); /* it is no event file of ours, and later than all */
        char greatest[256] = "", expected[64];
        each_entry(fixture->folder, keep_greatest, greatest);
        snprintf(expected, sizeof expected, "events.out.tfevents.%u.", 4000000000U + i);
        assert_memory_equal(greatest, expected, strlen(expected));
    }
    assert_int_equal(each_entry(fixture->folder, NULL, NULL), 5);
    free(future);
    free(odd);
}

/* ---- the line of an epoch ---- */

static struct dime_epoch_report long_report(void) {
    return (struct dime_epoch_report){.epoch = 7,
                                      .epochs = 60,
                                      .train_loss = 0.07341,
                                      .train_accuracy = 97.811,
                                      .validation_loss = 0.0511,
                                      .validation_accuracy = 98.42,
                                      .learning_rate = 0.000912,
                                      .seconds = 1.43,
                                      .images_per_second = 77000,
                                      .active_fraction = 0.412,
                                      .layer_count = 4,
                                      .clip = {0.214, 0.334, 0.0452, 12.04},
                                      .entropy = {3.58, 3.61, 3.55, 3.7}};
}

static void assert_line(const struct dime_epoch_report *report, const char *expected) {
    char line[512];
    dime_epoch_line(report, 0, line, sizeof line);
    assert_string_equal(line, expected);
}

static void line_shows_everything_in_120_columns(void **state) {
    (void)state;
    struct dime_epoch_report report = long_report();
    assert_line(&report, " 7/60 train 0.073 97.81%  val 0.051 98.42%  lr 0.00091 1.43s  active 41%  "
                         "clip/bits .214/3.6 .334/3.6 .045/3.5 12.0/3.7");
    char line[512];
    dime_epoch_line(&report, 0, line, sizeof line);
    assert_true(strlen(line) < 120);
    report.layer_count = 3;
    dime_epoch_line(&report, 0, line, sizeof line);
    assert_true(strlen(line) <= 110);
}

/* Whole parts go, the layers first; a line that fits is the full one. */
static void line_fits_the_terminal(void **state) {
    (void)state;
    struct dime_epoch_report report = long_report();
    char whole[512], line[512];
    dime_epoch_line(&report, 0, whole, sizeof whole);
    for (uint32_t columns = 1; columns < 200; columns++) {
        dime_epoch_line(&report, columns, line, sizeof line);
        size_t length = strlen(line);
        assert_true(length <= columns);
        assert_memory_equal(line, whole, length);
        if (columns < 24) assert_int_equal(length, columns);
        if (columns >= 24) assert_true(strncmp(whole + length, "  ", 2) == 0 || whole[length] == 0);
        assert_int_equal(strstr(line, "val") != NULL, columns >= 42);
        assert_int_equal(strstr(line, "1.43s") != NULL, columns >= 60);
        assert_int_equal(strstr(line, "active 41%") != NULL, columns >= 72);
        assert_int_equal(strstr(line, "clip") != NULL, columns >= strlen(whole));
    }
}

static void line_leaves_out_what_was_not_measured(void **state) {
    (void)state;
    struct dime_epoch_report report = long_report();
    report.epoch = 12;
    report.validation_loss = report.validation_accuracy = report.active_fraction = NAN;
    report.learning_rate = 1e-5;
    report.seconds = 123.4;
    report.layer_count = 2;
    report.entropy[1] = NAN;
    assert_line(&report, "12/60 train 0.073 97.81%  lr 1e-05    123s  clip/bits .214/3.6 .334");
    report.entropy[0] = NAN;
    assert_line(&report, "12/60 train 0.073 97.81%  lr 1e-05    123s  clip .214 .334");
    report.clip[0] = NAN;
    assert_line(&report, "12/60 train 0.073 97.81%  lr 1e-05    123s  clip .334");
}

static void lines_are_aligned(void **state) {
    (void)state;
    struct dime_epoch_report report = long_report();
    char first[512], second[512];
    dime_epoch_line(&report, 0, first, sizeof first);
    report.epoch = 60;
    report.train_loss = 2.3;
    report.train_accuracy = 9.8;
    report.learning_rate = 0.001;
    report.seconds = 0.0123;
    report.active_fraction = 0.05;
    report.clip[0] = 1.5;
    dime_epoch_line(&report, 0, second, sizeof second);
    static const char *const columns[] = {"train", "%", "val", "lr", "s ", "active", "clip", "/3.6", "/3.5"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        assert_int_equal(strstr(first, columns[i]) - first, strstr(second, columns[i]) - second);
}

static void line_never_leaves_its_buffer(void **state) {
    (void)state;
    struct dime_epoch_report report = long_report();
    report.train_loss = 1e300;
    char whole[1024], part[1024];
    dime_epoch_line(&report, 0, whole, sizeof whole);
    for (uint32_t size = 0; size < 500; size++) {
        memset(part, 'x', sizeof part);
        dime_epoch_line(&report, 0, part, size);
        assert_int_equal(part[size], 'x');
        if (size > 0) assert_int_equal(strlen(part), strlen(whole) < size ? strlen(whole) : size - 1);
        if (size > 0) assert_memory_equal(part, whole, strlen(part));
    }
}

/* ---- the sample for tests/test_tfevents.py, which repeats these formulas ---- */

static void fill_sample(struct dime_model *model, uint32_t epoch) {
    for (uint32_t l = 0; l < model->layer_count; l++) {
        struct dime_model_layer *layer = &model->layers[l];
        uint32_t count = layer->inputs * layer->outputs;
        for (uint32_t i = 0; layer->weight && i < count; i++)
            layer->weight[i] = (float)((int)((i * 37 + epoch) % 101) - 50) / 64;
        for (uint32_t i = 0; layer->value && i < count; i++)
            layer->value[i] = (int16_t)(i * (7 + epoch) % 16 * 2) - 15;
    }
    float *special = model->layers[3].weight; /* all equal, but for what is no number */
    for (uint32_t i = 0; i < 20; i++) special[i] = i == 3 ? NAN : i == 4 ? -INFINITY : 0.75F;
}

static struct dime_epoch_report sample_report(uint32_t epoch) {
    struct dime_epoch_report report = small_report(epoch);
    report.epochs = 5;
    report.train_loss = epoch == 4 ? NAN : 1.0 / (epoch + 2);
    report.validation_loss = epoch == 2 ? NAN : 1.0 / (epoch + 3);
    report.validation_accuracy = epoch == 2 ? NAN : 100.0 / 7 * epoch;
    report.images_per_second = 1e5 / 3;
    report.learning_rate = epoch == 5 ? 1e300 : 1e-3 / epoch; /* infinite as a float */
    report.layer_count = 4;
    for (uint32_t i = 0; i < 4; i++) {
        report.clip[i] = 0.1 * (i + 1);
        report.entropy[i] = i == 1 ? NAN : 3.0 + 0.1 * i;
    }
    return report;
}

static int write_epochs(const char *folder, struct dime_model *model, uint32_t first, uint32_t last) {
    struct dime_run_log *log;
    int code = dime_run_log_open(folder, first, &log);
    if (code) return code;
    for (uint32_t epoch = first; epoch <= last && !code; epoch++) {
        struct dime_epoch_report report = sample_report(epoch);
        fill_sample(model, epoch);
        code = dime_run_log_epoch(log, &report, model);
    }
    if (!code && last == 5) code = dime_run_log_test(log, 5, 98.76);
    int close_code = dime_run_log_close(log);
    return code ? code : close_code;
}

/* Epochs 1 to 3, then resumed from 3 to 5. Layers: float and integer, float only, integer only, odd floats.
 */
static int write_sample(const char *folder) {
    static float weights[3][400];
    static int16_t values[2][400];
    struct dime_model model = {.layer_count = 4};
    model.layers[0] =
        (struct dime_model_layer){.inputs = 20, .outputs = 20, .weight = weights[0], .value = values[0]};
    model.layers[1] = (struct dime_model_layer){.inputs = 20, .outputs = 16, .weight = weights[1]};
    model.layers[2] = (struct dime_model_layer){.inputs = 16, .outputs = 3, .value = values[1]};
    model.layers[3] = (struct dime_model_layer){.inputs = 2, .outputs = 10, .weight = weights[2]};
    int code = write_epochs(folder, &model, 1, 3);
    if (!code) code = write_epochs(folder, &model, 3, 5);
    if (code) fprintf(stderr, "%s\n", dime_error_message());
    return code ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc == 2) return write_sample(argv[1]);
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        IN_FOLDER(writes_header_and_a_row_an_epoch),
        IN_FOLDER(row_is_there_when_the_epoch_returns),
        IN_FOLDER(numbers_read_back_exactly),
        IN_FOLDER(resume_drops_later_rows),
        IN_FOLDER(resume_drops_a_row_cut_off_by_a_kill),
        IN_FOLDER(resume_begins_where_there_is_nothing_yet),
        IN_FOLDER(fresh_run_replaces_an_older_one_of_other_layers),
        IN_FOLDER(foreign_files_are_refused_and_kept),
        IN_FOLDER(other_number_of_layers_is_refused),
        IN_FOLDER(most_layers_fit),
        cmocka_unit_test(missing_folder_is_an_error),
        IN_FOLDER(full_disk_is_an_error),
        cmocka_unit_test(crc32c_of_rfc_3720),
        IN_FOLDER(later_event_files_have_later_names),
        cmocka_unit_test(line_shows_everything_in_120_columns),
        cmocka_unit_test(line_fits_the_terminal),
        cmocka_unit_test(line_leaves_out_what_was_not_measured),
        cmocka_unit_test(lines_are_aligned),
        cmocka_unit_test(line_never_leaves_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
