/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "firmware/build.h"

const struct dime_firmware_app dime_firmware_apps[] = {
    {"demo", "reads built-in pictures, prints and shows the digits", 1, 0, 0, 0, NULL},
    {"testset", "reads pictures that arrive over the serial line, answers with the digits", 0, 0, 0, 0, NULL},
    {"predictor", "reads pictures that arrive over the link, shows the digit, answers", 0, 0, 1, 1, NULL},
    {"selftest", "tries every driver and prints what it found", 0, 0, 0, 0, NULL},
    {"camera", "takes pictures with an OV7670 and sends them to another board", 0, 1, 0, 0, NULL},
    {"single", "takes pictures with an OV7670 and shows the digits on the same board", 0, 0, 0, 0,
     "-DOV7670_UPPER_LINES"},
    {NULL, NULL, 0, 0, 0, 0, NULL},
};

const struct dime_firmware_app *dime_firmware_app_find(const char *name) {
    for (const struct dime_firmware_app *app = dime_firmware_apps; app->name; app++)
        if (strcmp(app->name, name) == 0) return app;
    return NULL;
}
