/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "report/html.h"
#include "report/pictures.h"

static void tile(FILE *stream, const char *value, const char *what) {
    fputs("<li><b>", stream);
    dime_html_text(stream, value);
    fputs("</b>", stream);
    dime_html_text(stream, what);
    fputs("</li>\n", stream);
}

/* The figures that a reader looks for first. */
static void put_tiles(FILE *stream, const struct dime_run_facts *facts) {
    char value[64];
    fputs("<ul class=\"tiles\">\n", stream);
    if (facts->test.images) {
        snprintf(value, sizeof value, "%.2f %%", facts->test.accuracy);
        tile(stream, value, "of the test images right");
        if (facts->test.has_integer) {
            snprintf(value, sizeof value, "%u", facts->test.mismatches);
            tile(stream, value, "mismatches between trainer and chip arithmetic");
        }
    }
    snprintf(value, sizeof value, "%zu", dime_model_bytes(facts->model));
    tile(stream, value, "bytes of weights");
    if (facts->chip.has_cycles) {
        snprintf(value, sizeof value, "%.1f ms", (double)facts->chip.cycles / 48000);
        tile(stream, value, "a picture on the chip");
    }
    fputs("</ul>\n", stream);
}

static void put_results(FILE *stream, const struct dime_run_facts *facts) {
    const struct dime_test_facts *test = &facts->test;
    fputs("<h2>Results</h2>\n", stream);
    if (!test->images) {
        fputs("<p>The model's data was not there when this was written, so it was not tested.</p>\n", stream);
        return;
    }
    fputs("<table>\n", stream);
    dime_html_row(stream, "test images", "%u", test->images);
    dime_html_row(stream, "trainer's forward pass", "%.2f %% right", test->trainer_accuracy);
    if (test->has_integer) {
        dime_html_row(stream, "integer engine", "%.2f %% right", test->accuracy);
        dime_html_row(stream, "mismatches", "%u of %u images on which the two give another class",
                      test->mismatches, test->images);
    } else {
        dime_html_row(stream, "integer engine", "the weights are floats, which do not run in it");
    }
    fputs("</table>\n", stream);
}

static int put_figure(FILE *stream, const struct dime_run_facts *facts, dime_figure_maker *make) {
    struct dime_figure figure;
    return make(facts, &figure) ? dime_html_figure(stream, &figure) : 0;
}

static int put_training(FILE *stream, const struct dime_run_facts *facts) {
    if (!facts->metrics) return 0;
    fputs("<h2>Training</h2>\n", stream);
    return put_figure(stream, facts, dime_figure_curves);
}

static int put_mistakes(FILE *stream, const struct dime_run_facts *facts) {
    if (!facts->test.images) return 0;
    fputs("<h2>Mistakes</h2>\n", stream);
    int code = put_figure(stream, facts, dime_figure_confusion);
    return code ? code : put_figure(stream, facts, dime_figure_mistakes);
}

static int put_weights(FILE *stream, const struct dime_run_facts *facts) {
    int code = put_figure(stream, facts, dime_figure_weights);
    return code ? code : put_figure(stream, facts, dime_figure_first_layer);
}

int dime_report_run(FILE *stream, const struct dime_run_facts *facts) {
    put_tiles(stream, facts);
    put_results(stream, facts);
    dime_report_chip(stream, facts);
    int code = put_training(stream, facts);
    if (!code) code = put_mistakes(stream, facts);
    if (code) return code;
    dime_report_layers(stream, facts);
    code = put_weights(stream, facts);
    if (!code) dime_report_card(stream, facts);
    return code;
}

static int put_document(FILE *stream, const struct dime_run_facts *runs, size_t count) {
    char title[300];
    if (count == 1)
        snprintf(title, sizeof title, "%.250s", runs->name);
    else
        snprintf(title, sizeof title, "%zu runs compared", count);
    dime_html_begin(stream, title);
    fputs("<h1>", stream);
    dime_html_text(stream, title);
    fputs("</h1>\n", stream);
    int code = count == 1 ? dime_report_run(stream, runs) : dime_report_compare(stream, runs, count);
    fputs("<p>Written by dime " DIME_VERSION ".</p>\n", stream);
    dime_html_end(stream);
    return code;
}

int dime_report_write(const char *path, const struct dime_run_facts *runs, size_t count) {
    struct dime_file_writer writer;
    int code = dime_file_writer_open(&writer, path);
    if (code) return code;
    code = put_document(writer.stream, runs, count);
    if (!code) return dime_file_writer_commit(&writer);
    dime_file_writer_abort(&writer);
    return code;
}
