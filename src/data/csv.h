/* SPDX-License-Identifier: MIT */
/* Pictures as comma-separated values: label 0..254, then H*W grey levels 0..255, a picture a line. Lines end
   with LF or CRLF; blank lines are skipped, and so is one header line. Column names that end in
   "ROWSxCOLUMNS" (as label,1x1,1x2,...,28x14) give height and width; otherwise pictures must be square. */
#ifndef DIME_DATA_CSV_H
#define DIME_DATA_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "data/dataset.h"

/* classes is left 0. Errors: MALFORMED with "NAME:LINE: ...", MEMORY; and IO. */
int dime_csv_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_dataset *set);
int dime_csv_read(const char *path, struct dime_dataset *set);

#endif
