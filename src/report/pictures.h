/* SPDX-License-Identifier: MIT */
/* The figures of a model and its run. Each function fills `figure`, which borrows `facts`, and returns 1, or
   returns 0 where the facts do not have what it shows. */
#ifndef DIME_REPORT_PICTURES_H
#define DIME_REPORT_PICTURES_H

#include "report/facts.h"
#include "report/figure.h"

int dime_figure_weights(const struct dime_run_facts *facts, struct dime_figure *figure);
int dime_figure_first_layer(const struct dime_run_facts *facts, struct dime_figure *figure);
int dime_figure_curves(const struct dime_run_facts *facts, struct dime_figure *figure);
int dime_figure_confusion(const struct dime_run_facts *facts, struct dime_figure *figure);
int dime_figure_mistakes(const struct dime_run_facts *facts, struct dime_figure *figure);

/* All of them, in the order of a report. */
typedef int dime_figure_maker(const struct dime_run_facts *facts, struct dime_figure *figure);
enum { DIME_PICTURES = 5 };
extern dime_figure_maker *const dime_pictures[DIME_PICTURES];

/* Accuracy against bytes and, where they are known, against cycles, of several runs. */
struct dime_comparison {
    const struct dime_run_facts *runs;
    size_t count;
};
int dime_figure_comparison(const struct dime_comparison *comparison, struct dime_figure *figure);

#endif
