/* SPDX-License-Identifier: MIT */
/* Files that the program carries inside itself. The build makes the tables with scripts/embed.sh. */
#ifndef DIME_MODEL_EMBEDDED_H
#define DIME_MODEL_EMBEDDED_H

#include <stddef.h>

struct dime_embedded_file {
    const char *name; /* without folders: "engine.c" */
    const unsigned char *bytes;
    size_t size;
};

/* For dime export: the engine's sources and the templates of lib/. */
extern const struct dime_embedded_file dime_embedded_files[];
extern const size_t dime_embedded_file_count;

/* For dime firmware: what the chip's image is made of beside an exported model. */
extern const struct dime_embedded_file dime_firmware_files[];
extern const size_t dime_firmware_file_count;

/* For dime live: the page. */
extern const struct dime_embedded_file dime_web_files[];
extern const size_t dime_web_file_count;

#endif
