/* SPDX-License-Identifier: MIT */
/* The test pictures that the network got wrong and was most sure of. */
#include <stdio.h>
#include <stdlib.h>

#include "report/pictures.h"
#include "report/plot.h"

enum { COLUMNS = 8, MOST = 24 };
#define TILE 88.0
#define STEP_X 104.0
#define STEP_Y 132.0
#define LEFT 16.0
#define TOP 62.0

/* Ink on paper: strokes dark. */
static void draw_picture(cairo_t *cairo, double x, double y, const struct dime_test_facts *test,
                         const struct dime_mistake *mistake) {
    size_t count = (size_t)test->height * test->width;
    uint32_t *pixels = malloc(count * sizeof *pixels);
    uint32_t longer = test->height > test->width ? test->height : test->width;
    if (!pixels) return;
    for (size_t i = 0; i < count; i++) pixels[i] = (uint32_t)(255 - mistake->pixels[i]) * 0x010101u;
    dime_plot_pixels(cairo, x, y, pixels, test->height, test->width, TILE / longer);
    free(pixels);
    dime_plot_grey(cairo, 0.6);
    cairo_set_line_width(cairo, 1);
    cairo_rectangle(cairo, x, y, TILE, TILE);
    cairo_stroke(cairo);
}

static void draw_caption(cairo_t *cairo, double x, double y, const struct dime_run_facts *facts,
                         const struct dime_mistake *mistake) {
    char label[128], answer[128], text[64];
    dime_facts_class(facts, mistake->label, label, sizeof label);
    dime_facts_class(facts, mistake->answer, answer, sizeof answer);
    snprintf(text, sizeof text, "%.9s, read as %.9s", label, answer);
    double size = DIME_PLOT_FONT - (label[1] || answer[1] ? 3 : 0);
    dime_plot_text(cairo, x, y + TILE + 15, size, DIME_ALIGN_LEFT, text);
    snprintf(text, sizeof text, "no. %u, by %lld", mistake->index, (long long)mistake->margin);
    dime_plot_text(cairo, x, y + TILE + 29, DIME_PLOT_FONT - 2, DIME_ALIGN_LEFT, text);
}

static size_t shown(const struct dime_test_facts *test) {
    return test->mistake_count < MOST ? test->mistake_count : MOST;
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_run_facts *facts = data;
    const struct dime_test_facts *test = &facts->test;
    char text[160];
    snprintf(text, sizeof text, "The worst %zu of %zu mistakes in %u test images", shown(test),
             test->mistake_count, test->images);
    dime_plot_bold(cairo, LEFT, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, text);
    dime_plot_text(cairo, LEFT, 43, DIME_PLOT_FONT, DIME_ALIGN_LEFT,
                   "label, answer; number in the test set, and by how much the logit of the answer exceeds "
                   "that of the label");
    for (size_t i = 0; i < shown(test); i++) {
        double x = LEFT + (double)(i % COLUMNS) * STEP_X, y = TOP + (double)(i / COLUMNS) * STEP_Y;
        draw_picture(cairo, x, y, test, &test->mistakes[i]);
        draw_caption(cairo, x, y, facts, &test->mistakes[i]);
    }
}

int dime_figure_mistakes(const struct dime_run_facts *facts, struct dime_figure *figure) {
    if (facts->test.mistake_count == 0) return 0;
    size_t rows = (shown(&facts->test) + COLUMNS - 1) / COLUMNS;
    *figure = (struct dime_figure){
        .name = "mistakes",
        .title = "The test pictures that the network got wrong and was most sure of",
        .width = LEFT + COLUMNS * STEP_X,
        .height = TOP + (double)rows * STEP_Y + 4,
        .draw = draw,
        .data = facts,
    };
    return 1;
}
