/* SPDX-License-Identifier: MIT */
/* What a model's layers see of typical pictures of its dataset. */
#ifndef DIME_CLI_TYPICAL_H
#define DIME_CLI_TYPICAL_H

#include "data/dataset.h"
#include "model/activity.h"

/* Counts on some hundred pictures, evenly spread over `data`. Errors: of dime_activity_count, of encoding. */
int cli_typical_count(const struct dime_model *model, const struct dime_dataset *data,
                      struct dime_activity *activity);

/* Where the activity comes from. */
enum cli_typical_origin {
    CLI_TYPICAL_DATA,    /* counted on the training pictures of a dataset */
    CLI_TYPICAL_MODEL,   /* stored in the model when it was trained */
    CLI_TYPICAL_ASSUMED, /* neither: a guess */
};
const char *cli_typical_origin_text(enum cli_typical_origin origin);

/* data NULL: what the model's file says, or the model's own dataset where it is at hand, or a guess. folder:
   the datasets' cache, or NULL. Errors: of opening `data`, of counting. */
int cli_typical_find(const struct dime_model *model, const char *data, const char *folder,
                     struct dime_activity *activity, enum cli_typical_origin *origin);

#endif
