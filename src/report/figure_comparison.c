/* SPDX-License-Identifier: MIT */
/* Accuracy against bytes and cycles, a point for each run. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/pictures.h"
#include "report/plot.h"

#define PANEL_WIDTH 330.0
#define PANEL_HEIGHT 230.0
#define LEFT 62.0
#define TOP 44.0
#define BESIDE 90.0
#define KEY_HEIGHT 20.0
#define KEY_LETTERS 40
#define MOST_POINTS 64 /* that numbers keep away from */

static double bytes_of(const struct dime_run_facts *run) {
    return (double)dime_model_bytes(run->model);
}

static double cycles_of(const struct dime_run_facts *run) {
    return run->chip.has_cycles ? (double)run->chip.cycles : 0;
}

/* A panel while it is drawn: where the points of its runs lie, and where the numbers stand. */
struct panel {
    const struct dime_plot *plot;
    double points[MOST_POINTS][2], numbers[MOST_POINTS][2];
    size_t point_count, number_count;
};

static void note_point(struct panel *panel, double x, double y) {
    if (panel->point_count == MOST_POINTS) return;
    panel->points[panel->point_count][0] = x;
    panel->points[panel->point_count++][1] = y;
}

/* The distance from a place to the nearest of some others. */
static double room_at(double x, double y, const double others[][2], size_t count) {
    double nearest = INFINITY;
    for (size_t i = 0; i < count; i++) nearest = fmin(nearest, hypot(others[i][0] - x, others[i][1] - y));
    return nearest;
}

/* The number of a run stands beside its point, on the side that is farthest from other points and numbers, so
   that nobody takes it for another's. */
static void draw_number(struct panel *panel, double x, double y, size_t run) {
    static const double sides[][2] = {{11, 0}, {-11, 0}, {0, -11}, {0, 11},
                                      {9, -9}, {-9, -9}, {9, 9},   {-9, 9}};
    double best = -1, place[2] = {x, y};
    char number[24];
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        double at[2] = {x + sides[i][0], y + sides[i][1]};
        double room = fmin(room_at(at[0], at[1], panel->points, panel->point_count),
                           room_at(at[0], at[1], panel->numbers, panel->number_count));
        if (room <= best + 1e-9) continue;
        best = room;
        memcpy(place, at, sizeof place);
    }
    if (panel->number_count < MOST_POINTS) memcpy(panel->numbers[panel->number_count++], place, sizeof place);
    snprintf(number, sizeof number, "%zu", run + 1);
    dime_plot_text(panel->plot->cairo, place[0], place[1] + 4, DIME_PLOT_FONT - 1, DIME_ALIGN_CENTRE, number);
}

static void draw_points(const struct dime_plot *plot, const struct dime_comparison *comparison,
                        double (*value)(const struct dime_run_facts *)) {
    struct panel panel = {.plot = plot};
    for (size_t i = 0; i < comparison->count; i++) {
        const struct dime_run_facts *run = &comparison->runs[i];
        if (value(run) <= 0) continue;
        dime_plot_marker(plot, value(run), run->test.accuracy, (uint32_t)i);
        note_point(&panel, dime_plot_x(plot, value(run)), dime_plot_y(plot, run->test.accuracy));
    }
    for (size_t i = 0; i < comparison->count; i++) {
        const struct dime_run_facts *run = &comparison->runs[i];
        if (value(run) > 0)
            draw_number(&panel, dime_plot_x(plot, value(run)), dime_plot_y(plot, run->test.accuracy), i);
    }
}

static void draw_panel(cairo_t *cairo, double left, const struct dime_comparison *comparison,
                       const char *title, const char *label, double (*value)(const struct dime_run_facts *)) {
    struct dime_plot plot = {
        cairo, left, TOP, PANEL_WIDTH, PANEL_HEIGHT, {1, 0, 1, label}, {1, 0, 0, "test accuracy (%)"}};
    for (size_t i = 0; i < comparison->count; i++) {
        double x = value(&comparison->runs[i]);
        if (x <= 0) continue;
        const double around[2] = {x / 1.15, x * 1.15}; /* no point lies on the frame */
        dime_axis_include(&plot.horizontal, around, 2);
        dime_axis_include(&plot.vertical, &comparison->runs[i].test.accuracy, 1);
    }
    const double room[2] = {plot.vertical.low - 0.05, plot.vertical.high + 0.05};
    if (plot.vertical.high >= plot.vertical.low) dime_axis_include(&plot.vertical, room, 2);
    dime_axis_round(&plot.horizontal);
    dime_axis_round(&plot.vertical);
    dime_plot_bold(cairo, left, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, title);
    dime_plot_axes(&plot);
    draw_points(&plot, comparison, value);
}

/* "3  runs/first"; of a long name its end, which tells runs apart. */
static void key_of(const struct dime_comparison *comparison, size_t run, char *text, size_t size) {
    const char *name = comparison->runs[run].name;
    size_t length = strlen(name), most = KEY_LETTERS;
    if (length <= most)
        snprintf(text, size, "%zu  %s", run + 1, name);
    else
        snprintf(text, size, "%zu  ...%s", run + 1, name + length - most + 3);
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_comparison *comparison = data;
    size_t rows = (comparison->count + 1) / 2;
    draw_panel(cairo, LEFT, comparison, "Accuracy against size", "weights (bytes)", bytes_of);
    draw_panel(cairo, LEFT + PANEL_WIDTH + BESIDE, comparison, "Accuracy against time",
               "one picture on the chip (cycles)", cycles_of);
    for (size_t i = 0; i < comparison->count; i++) {
        char text[128];
        key_of(comparison, i, text, sizeof text);
        double x = LEFT + (double)(i / rows) * (PANEL_WIDTH + BESIDE);
        double y = TOP + PANEL_HEIGHT + 66 + (double)(i % rows) * KEY_HEIGHT;
        dime_plot_key(cairo, x + 5, y - 4, (uint32_t)i);
        dime_plot_text(cairo, x + 18, y, DIME_PLOT_FONT, DIME_ALIGN_LEFT, text);
    }
}

int dime_figure_comparison(const struct dime_comparison *comparison, struct dime_figure *figure) {
    if (comparison->count < 2) return 0;
    *figure = (struct dime_figure){
        .name = "comparison",
        .title = "Test accuracy of several runs against bytes of weights and cycles on the chip",
        .width = LEFT + 2 * PANEL_WIDTH + BESIDE + 18,
        .height = TOP + PANEL_HEIGHT + 60 + (double)((comparison->count + 1) / 2) * KEY_HEIGHT,
        .draw = draw,
        .data = comparison,
    };
    return 1;
}
