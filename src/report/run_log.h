/* SPDX-License-Identifier: MIT */
/* The run folder's metrics.csv and TensorBoard event file, and the lines a person watches. */
#ifndef DIME_REPORT_RUN_LOG_H
#define DIME_REPORT_RUN_LOG_H

#include <stdint.h>

#include "model/epoch_report.h"
#include "model/model.h"

struct dime_run_log;

/* Opens the log of a run folder. first_epoch: 1 for a fresh run; when resuming, the first epoch that will be
   reported again: rows of metrics.csv from there on are dropped and a second event file is begun, which
   TensorBoard joins with the first. Errors: IO, MEMORY. */
int dime_run_log_open(const char *folder, uint32_t first_epoch, struct dime_run_log **log);
/* Appends one epoch to metrics.csv and the event file (scalars; a histogram of each layer's float weights
   and, when present, of its integer weights; in some epochs a picture of the first layer) and flushes both.
 */
int dime_run_log_epoch(struct dime_run_log *log, const struct dime_epoch_report *report,
                       const struct dime_model *model);
/* The final test accuracy, as a scalar. */
int dime_run_log_test(struct dime_run_log *log, uint32_t epoch, double test_accuracy);
int dime_run_log_close(struct dime_run_log *log);

/* One line for an epoch, without newline, into text of `size` bytes. columns: of the terminal, where what
   does not fit is left out, the layers first (metrics.csv has everything); 0: as long as it gets. */
void dime_epoch_line(const struct dime_epoch_report *report, uint32_t columns, char *text, uint32_t size);

#endif
