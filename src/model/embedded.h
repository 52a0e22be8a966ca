/* SPDX-License-Identifier: MIT */
/* Files that the program carries inside itself: the engine's sources and the templates of lib/, for dime
   export. The build makes the table with scripts/embed.sh. */
#ifndef DIME_MODEL_EMBEDDED_H
#define DIME_MODEL_EMBEDDED_H

#include <stddef.h>

struct dime_embedded_file {
    const char *name; /* without folders: "engine.c" */
    const unsigned char *bytes;
    size_t size;
};

extern const struct dime_embedded_file dime_embedded_files[];
extern const size_t dime_embedded_file_count;

#endif
