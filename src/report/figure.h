/* SPDX-License-Identifier: MIT */
/* A figure is drawn by one function on a cairo surface and comes out as SVG, for documents, or PNG. */
#ifndef DIME_REPORT_FIGURE_H
#define DIME_REPORT_FIGURE_H

#include <cairo/cairo.h>
#include <stddef.h>

struct dime_figure {
    const char *name;     /* of its files, without ending: "confusion" */
    const char *title;    /* what a reader who cannot see it is told: one sentence */
    double width, height; /* of the SVG, in CSS pixels */
    void (*draw)(cairo_t *cairo, const void *data);
    const void *data; /* for `draw`; borrowed */
};

#define DIME_FIGURE_PNG_SCALE 2 /* pixels of the PNG for each of the SVG */

/* The whole SVG document, malloc'ed and terminated. Errors: MEMORY, IO (what cairo says). */
int dime_figure_svg(const struct dime_figure *figure, char **text, size_t *size);
/* The PNG, malloc'ed. Errors: MEMORY, IO. */
int dime_figure_png(const struct dime_figure *figure, char **bytes, size_t *size);
/* FOLDER/NAME.svg and FOLDER/NAME.png. Errors: IO, MEMORY. */
int dime_figure_write(const struct dime_figure *figure, const char *folder);
/* Frees the fonts that the libraries keep for the next figure; when no figure is being drawn any more. */
void dime_figure_forget_fonts(void);

#endif
