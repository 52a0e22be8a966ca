/* SPDX-License-Identifier: MIT */
/* A run folder's metrics.csv, read back. */
#ifndef DIME_REPORT_METRICS_H
#define DIME_REPORT_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* One row an epoch. An array has `count` entries, NaN where the file has none; accuracies in percent, losses
   in nats. Columns that a file does not have are all NaN. */
struct dime_metrics {
    size_t count;
    double *epoch; /* ascending is usual, but not promised */
    double *train_loss, *train_accuracy, *validation_loss, *validation_accuracy;
    double *seconds;
};

#define DIME_METRICS_MOST_EPOCHS 1000000

/* Errors: IO (there is none), MALFORMED (no column `epoch`; a field that is no number; more fields than
   columns), MEMORY. */
int dime_metrics_read(const char *path, struct dime_metrics *metrics);
/* The same from memory; `name` is for messages. A last line without newline is left out: a run was killed
   while it wrote it. */
int dime_metrics_parse(const char *name, const char *text, size_t size, struct dime_metrics *metrics);
void dime_metrics_free(struct dime_metrics *metrics);

#endif
