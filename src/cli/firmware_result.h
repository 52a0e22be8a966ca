/* SPDX-License-Identifier: MIT */
/* What `dime firmware` says of an image: what it takes, how it was built and why. */
#ifndef DIME_CLI_FIRMWARE_RESULT_H
#define DIME_CLI_FIRMWARE_RESULT_H

#include "firmware/build.h"

/* To stdout; model NULL for an application without, activity where the model's is not known. Return the exit
   status. */
int cli_firmware_print_json(const struct dime_firmware_app *app, const struct dime_model *model,
                            const struct dime_activity *activity, const struct dime_firmware_report *report);
int cli_firmware_print_text(const struct dime_firmware_app *app, const struct dime_model *model,
                            const struct dime_activity *activity, const struct dime_firmware_report *report);
/* To stderr, of an image that does not fit. */
void cli_firmware_print_failure(const struct dime_firmware_report *report);

#endif
