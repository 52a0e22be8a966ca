/* SPDX-License-Identifier: MIT */
/* A firmware image in memory, built in a folder that is gone afterwards. */
#ifndef DIME_CLI_FIRMWARE_IMAGE_H
#define DIME_CLI_FIRMWARE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/build.h"
#include "model/model.h"

struct cli_firmware_image {
    uint8_t *elf; /* NULL where it could not be built */
    size_t size;
    uint32_t flash_bytes, ram_bytes, stack_bytes; /* known, too, of an image that does not fit; else 0 */
};

/* app: of dime_firmware_apps, one without built-in pictures. Errors: those of dime_firmware_build, IO. Free
   in every case. */
int cli_firmware_image_build(const struct dime_model *model, const char *app, uint32_t baud,
                             struct cli_firmware_image *image);
void cli_firmware_image_free(struct cli_firmware_image *image);

/* How `dime firmware` would build it: the report alone, whose files are gone. settings: without name and ELF
   file. Errors: those of dime_firmware_build, IO. Free the report in every case. */
int cli_firmware_plan(const struct dime_firmware_settings *settings, struct dime_firmware_report *report);

#endif
