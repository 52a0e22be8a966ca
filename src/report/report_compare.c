/* SPDX-License-Identifier: MIT */
/* Several runs beside each other. */
#include "report/html.h"
#include "report/pictures.h"
#include "report/report.h"

#define MOST_CURVES 8 /* so that the file stays below 2 MB */

static const char *const headings[] = {"run",           "data",
                                       "layers",        "test accuracy",
                                       "mismatches",    "bytes of weights",
                                       "flash (bytes)", "RAM with stack (bytes)",
                                       "cycles",        "ms"};

/* 256-64-10, with letters for other kinds of layers: 256-c8-p8-64-10. */
static void put_shape(FILE *stream, const struct dime_model *model) {
    static const char *const letters[] = {[DIME_LAYER_FC] = "",
                                          [DIME_LAYER_CONV2D] = "c",
                                          [DIME_LAYER_DEPTHWISE] = "d",
                                          [DIME_LAYER_MAX_POOL] = "p",
                                          [DIME_LAYER_AVG_POOL] = "p"};
    fprintf(stream, "<td class=\"s\">%u", dime_model_input_count(model));
    for (uint32_t i = 0; i < model->layer_count; i++)
        fprintf(stream, "-%s%u", letters[model->layers[i].shape.kind], model->layers[i].outputs);
    fputs("<br>", stream);
    dime_html_text(stream, dime_format_name(model->layers[0].format));
    fputs("</td>", stream);
}

static void put_test(FILE *stream, const struct dime_test_facts *test) {
    if (test->images)
        fprintf(stream, "<td class=\"n\">%.2f %%</td>", test->accuracy);
    else
        fputs("<td></td>", stream);
    if (test->images && test->has_integer)
        fprintf(stream, "<td class=\"n\">%u</td>", test->mismatches);
    else
        fputs("<td></td>", stream);
}

static void put_chip(FILE *stream, const struct dime_chip_facts *chip) {
    if (chip->has_size)
        fprintf(stream, "<td class=\"n\">%u</td><td class=\"n\">%u</td>", chip->flash_bytes,
                chip->ram_bytes + chip->stack_bytes);
    else
        fputs("<td></td><td></td>", stream);
    if (chip->has_cycles)
        fprintf(stream, "<td class=\"n\">%llu</td><td class=\"n\">%.2f</td>",
                (unsigned long long)chip->cycles, (double)chip->cycles / 48000);
    else
        fputs("<td></td><td></td>", stream);
}

/* A path may be broken behind its slashes. */
static void put_name(FILE *stream, const char *name) {
    for (; *name; name++) {
        const char letter[2] = {*name, 0};
        dime_html_text(stream, letter);
        if (*name == '/') fputs("<wbr>", stream);
    }
}

static void put_run(FILE *stream, const struct dime_run_facts *run, size_t number) {
    fprintf(stream, "<tr><th scope=\"row\">%zu ", number);
    put_name(stream, run->name);
    fputs("</th><td>", stream);
    dime_html_text(stream, run->model->config.dataset);
    fputs("</td>", stream);
    put_shape(stream, run->model);
    put_test(stream, &run->test);
    fprintf(stream, "<td class=\"n\">%zu</td>", dime_model_bytes(run->model));
    put_chip(stream, &run->chip);
    fputs("</tr>\n", stream);
}

static int put_curves(FILE *stream, const struct dime_run_facts *runs, size_t count) {
    int code = 0;
    fputs("<h2>Training</h2>\n", stream);
    for (size_t i = 0; !code && i < count && i < MOST_CURVES; i++) {
        struct dime_figure figure;
        char name[48];
        if (!dime_figure_curves(&runs[i], &figure)) continue;
        snprintf(name, sizeof name, "curves-%zu", i + 1);
        figure.name = name;
        fputs("<h3>", stream);
        dime_html_format(stream, "%zu %s", i + 1, runs[i].name);
        fputs("</h3>\n", stream);
        code = dime_html_figure(stream, &figure);
    }
    if (count > MOST_CURVES)
        fprintf(stream, "<p>Only the curves of the first %d runs are shown.</p>\n", MOST_CURVES);
    return code;
}

static void put_table(FILE *stream, const struct dime_run_facts *runs, size_t count) {
    dime_html_table_begin(stream, "Runs");
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        fprintf(stream, "<th scope=\"col\"%s>%s</th>", i < 3 ? "" : " class=\"n\"", headings[i]);
    fputs("</tr>\n", stream);
    for (size_t i = 0; i < count; i++) put_run(stream, &runs[i], i + 1);
    dime_html_table_end(stream);
}

int dime_report_compare(FILE *stream, const struct dime_run_facts *runs, size_t count) {
    const struct dime_comparison comparison = {runs, count};
    struct dime_figure figure;
    put_table(stream, runs, count);
    int code = dime_figure_comparison(&comparison, &figure) ? dime_html_figure(stream, &figure) : 0;
    return code ? code : put_curves(stream, runs, count);
}
