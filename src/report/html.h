/* SPDX-License-Identifier: MIT */
/* Pieces of an HTML document that stands alone. Errors of the stream are left for whoever closes it. */
#ifndef DIME_REPORT_HTML_H
#define DIME_REPORT_HTML_H

#include <stdio.h>

#include "report/figure.h"

/* Text with <, >, &, quotes escaped and control characters replaced: names come from files. */
void dime_html_text(FILE *stream, const char *text);
/* printf whose result is escaped, at most 1023 bytes of it. */
void dime_html_format(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Doctype to <main>, with the style sheet; and the end. */
void dime_html_begin(FILE *stream, const char *title);
void dime_html_end(FILE *stream);
/* <tr><th>name</th><td>value</td></tr>, both escaped. */
void dime_html_row(FILE *stream, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A table that may be wider than the page and is scrolled by itself, by keyboard as well; `label` is its name
   for those who do not see it. */
void dime_html_table_begin(FILE *stream, const char *label);
void dime_html_table_end(FILE *stream);
/* The figure as an image inside the document, its title as alternative text and caption. Errors: those of
   dime_figure_svg. */
int dime_html_figure(FILE *stream, const struct dime_figure *figure);

#endif
