/* SPDX-License-Identifier: MIT */
/* An image is searched for, checked and published. */
#include "firmware/build.h"

#include "base/error.h"
#include "firmware/image.h"
#include "firmware/search.h"

const struct dime_chip *dime_firmware_chip(const struct dime_firmware_settings *settings) {
    return settings->chip ? settings->chip : dime_chips;
}

struct dime_chip_build dime_firmware_cost_build_of(const struct dime_chip *chip, enum dime_kernels kernels,
                                                   enum dime_code_place code, enum dime_trade trade,
                                                   const struct dime_conv_plan *convolutions) {
    return (struct dime_chip_build){.chip = chip,
                                    .is_fast = kernels == DIME_KERNELS_FAST,
                                    .in_ram = code == DIME_CODE_RAM,
                                    .is_small = trade == DIME_TRADE_SIZE,
                                    .convolutions = convolutions,
                                    .is_compact = kernels == DIME_KERNELS_COMPACT};
}

struct dime_chip_build dime_firmware_cost_build(const struct dime_firmware_report *report) {
    return dime_firmware_cost_build_of(report->chip, report->kernels, report->code, report->trade,
                                       &report->convolutions);
}

static int check_size(const struct dime_image *image, const struct dime_firmware_report *report) {
    uint32_t ram = report->ram_bytes + report->stack.bytes;
    if (report->fits) return 0;
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: does not fit: %u bytes of flash (the chip has %u), %u of RAM (%u); take a smaller "
        "network or fewer pictures",
        image->settings->elf, report->flash_bytes, report->chip->flash_bytes, ram, report->chip->ram_bytes);
}

int dime_firmware_build(const struct dime_firmware_settings *settings, struct dime_firmware_report *report) {
    struct dime_image image;
    *report = (struct dime_firmware_report){0};
    int code = dime_image_open(&image, settings);
    if (!code) code = dime_search_run(&image, report);
    if (!code) code = check_size(&image, report);
    if (!code) code = dime_image_publish(&image, report);
    report->is_smallest = settings->trade == DIME_TRADE_SIZE;
    report->is_asked = settings->kernels != DIME_KERNELS_AUTO || settings->code != DIME_CODE_AUTO;
    dime_image_close(&image);
    return code;
}
