/* SPDX-License-Identifier: MIT */
#ifndef DIME_REPORT_PROGRESS_H
#define DIME_REPORT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

/* A progress bar on a terminal; nothing on anything else. Redraws at most ten times a second, fits the
   terminal's width, honours NO_COLOR and TERM=dumb, draws with block elements where the locale's characters
   are UTF-8 and with ASCII elsewhere. Not for more than one thread. */
struct dime_progress {
    FILE *stream;
    int enabled, visible;
    int utf8, colour;
    double drawn;         /* when the bar was last drawn, seconds of a monotonic clock; negative: never */
    double started;       /* when the present task began: the rate counts from there ... */
    uint64_t first, last; /* ... and from `first` units that were done then; `last`: done at the last call */
    uint64_t total;       /* of the present task */
    uint64_t before, after; /* units of the tasks before and behind the present one ... */
    double run_started;     /* ... that make up a run with it, which was first shown then ... */
    uint64_t run_first;     /* ... with so many units done */
};
void dime_progress_start(struct dime_progress *progress, FILE *stream);
/* label "epoch 3/60"; done and total in `unit`s ("images", "bytes"); shows bar, rate and time left. total 0:
   unknown, there is no bar then. A `done` below the last one, or another total, begins a new task. */
void dime_progress_show(struct dime_progress *progress, const char *label, uint64_t done, uint64_t total,
                        const char *unit);
/* The task shown next is one of several alike that make up a run: so many units come before it and behind it.
   Time left is then that to the end of the run, at the pace since the run was first shown, pauses between the
   tasks included. */
void dime_progress_place(struct dime_progress *progress, uint64_t before, uint64_t after);
/* Wipes the bar so that a normal line can be printed. */
void dime_progress_clear(struct dime_progress *progress);

/* Columns of the terminal that a stream is; 0 if it is none or its width is not known. */
uint32_t dime_terminal_columns(FILE *stream);

#endif
