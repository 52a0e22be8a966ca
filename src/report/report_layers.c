/* SPDX-License-Identifier: MIT */
/* A row for each layer. */
#include "model/statistics.h"
#include "report/html.h"
#include "report/report.h"

static const char *const headings[] = {"layer", "kind",      "inputs",         "outputs",   "format",
                                       "bits",  "weights",   "bytes",          "minimum",   "maximum",
                                       "mean",  "deviation", "entropy (bits)", "codes used"};

static void put_number(FILE *stream, const char *format, double value) __attribute__((format(printf, 2, 0)));
static void put_number(FILE *stream, const char *format, double value) {
    char text[64];
    snprintf(text, sizeof text, format, value);
    fprintf(stream, "<td class=\"n\">%s</td>", text);
}

/* Activations: a number, or channels x height x width. */
static void put_activations(FILE *stream, uint32_t channels, uint32_t height, uint32_t width) {
    if (height * width == 1)
        fprintf(stream, "<td class=\"n\">%u</td>", channels);
    else
        fprintf(stream, "<td class=\"n\">%u x %u x %u</td>", channels, height, width);
}

static void put_weights(FILE *stream, const struct dime_model_layer *layer) {
    struct dime_layer_statistics statistics;
    dime_layer_statistics(layer, &statistics);
    fputs("<td>", stream);
    dime_html_text(stream, dime_format_name(layer->format));
    fputs("</td>", stream);
    put_number(stream, "%.3g", dime_format_bits(layer->format));
    put_number(stream, "%.0f", (double)statistics.weights);
    put_number(stream, "%.0f", (double)statistics.bytes);
    put_number(stream, "%.4g", statistics.minimum);
    put_number(stream, "%.4g", statistics.maximum);
    put_number(stream, "%.3g", statistics.mean);
    put_number(stream, "%.3g", statistics.deviation);
    if (statistics.codes)
        fprintf(stream, "<td class=\"n\">%.2f</td><td class=\"n\">%u of %u</td>", statistics.entropy,
                statistics.codes_used, statistics.codes);
    else
        fputs("<td></td><td></td>", stream);
}

static void put_layer(FILE *stream, const struct dime_model_layer *layer, uint32_t number) {
    const struct dime_layer_shape *shape = &layer->shape;
    char kind[64];
    dime_facts_layer(layer, kind, sizeof kind);
    fprintf(stream, "<tr><th scope=\"row\" class=\"n\">%u</th><td>", number);
    dime_html_text(stream, kind);
    fputs("</td>", stream);
    put_activations(stream, shape->channels, shape->height, shape->width);
    put_activations(stream, shape->outputs, shape->out_height, shape->out_width);
    if (dime_layer_is_pool(layer))
        fputs("<td colspan=\"10\">no weights</td>", stream);
    else
        put_weights(stream, layer);
    fputs("</tr>\n", stream);
}

void dime_report_layers(FILE *stream, const struct dime_run_facts *facts) {
    fputs("<h2>Layers</h2>\n", stream);
    dime_html_table_begin(stream, "Layers");
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        fprintf(stream, "<th scope=\"col\"%s>%s</th>", i == 1 || i == 4 ? "" : " class=\"n\"", headings[i]);
    fputs("</tr>\n", stream);
    for (uint32_t i = 0; i < facts->model->layer_count; i++)
        put_layer(stream, &facts->model->layers[i], i + 1);
    dime_html_table_end(stream);
}
