/* SPDX-License-Identifier: MIT */
/* One HTML file about a run, or about several that are compared. It has no outside links. */
#ifndef DIME_REPORT_REPORT_H
#define DIME_REPORT_REPORT_H

#include <stdio.h>

#include "report/facts.h"

/* Writes the file whole or not at all. count >= 1. Errors: IO, MEMORY. */
int dime_report_write(const char *path, const struct dime_run_facts *runs, size_t count);

/* The parts, in the order of the document. */
int dime_report_run(FILE *stream, const struct dime_run_facts *facts);
void dime_report_layers(FILE *stream, const struct dime_run_facts *facts);
void dime_report_chip(FILE *stream, const struct dime_run_facts *facts);
void dime_report_card(FILE *stream, const struct dime_run_facts *facts);
int dime_report_compare(FILE *stream, const struct dime_run_facts *runs, size_t count);

#endif
