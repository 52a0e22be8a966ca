/* SPDX-License-Identifier: MIT */
/* Chooses how a firmware is built: tries the ways from the fastest to the slowest until one fits the chip. */
#include "firmware/build.h"

#include "base/error.h"
#include "firmware/image.h"

/* From the fastest to the slowest. Reference kernels are compiled for size only where nothing else fits:
   their inner loops are all there is. */
static const struct plan {
    enum dime_kernels kernels;
    enum dime_code_place code;
    enum dime_trade trade;
    const char *name;
} plans[] = {
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SPEED,
     "fast kernels, inner loops in RAM, compiled for speed"},
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SIZE,
     "fast kernels, inner loops in RAM, compiled for size"},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SPEED, "fast kernels, code in flash, compiled for speed"},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SIZE, "fast kernels, code in flash, compiled for size"},
    {DIME_KERNELS_REFERENCE, DIME_CODE_RAM, DIME_TRADE_SPEED, "reference, inner loops in RAM"},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SPEED, "reference, code in flash"},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SIZE, "reference, code in flash, compiled for size"},
};
enum { PLANS = sizeof plans / sizeof *plans };

const char *dime_firmware_plan_name(const struct dime_firmware_report *report) {
    for (size_t i = 0; i < PLANS; i++)
        if (plans[i].kernels == report->kernels && plans[i].code == report->code &&
            plans[i].trade == report->trade)
            return plans[i].name;
    return NULL;
}

static int is_allowed(const struct dime_firmware_settings *settings, const struct plan *plan) {
    return (settings->kernels == DIME_KERNELS_AUTO || settings->kernels == plan->kernels) &&
           (settings->code == DIME_CODE_AUTO || settings->code == plan->code) &&
           (settings->trade == DIME_TRADE_AUTO || settings->trade == plan->trade ||
            (plan->kernels == DIME_KERNELS_REFERENCE && plan->trade == DIME_TRADE_SPEED));
}

static int build(struct dime_image *image, const struct dime_firmware_settings *chosen,
                 struct dime_firmware_report *report) {
    dime_firmware_report_free(report);
    return dime_image_build(image, chosen, report);
}

/* Nothing to choose where there is no network. */
static int build_without_model(struct dime_image *image, struct dime_firmware_report *report) {
    struct dime_firmware_settings plain = *image->settings;
    plain.kernels = DIME_KERNELS_REFERENCE;
    plain.code = DIME_CODE_FLASH;
    plain.trade = DIME_TRADE_SPEED;
    return build(image, &plain, report);
}

/* Convolutions that are code make room, the one that gains least for its bytes first, until the image fits.
 */
static int build_within(struct dime_image *image, struct dime_firmware_settings *chosen,
                        struct dime_firmware_report *report) {
    for (;;) {
        int code = build(image, chosen, report);
        uint32_t over = report->flash_bytes - DIME_CHIP_FLASH_BYTES, taken = report->convolutions.bytes;
        if (code || report->fits || report->flash_bytes <= DIME_CHIP_FLASH_BYTES || !taken) return code;
        chosen->code_room = taken > over ? taken - over : 1;
    }
}

/* drops: convolutions that are code may become the reference again. */
struct order {
    enum dime_kernels kernels;
    int drops;
};

/* The first plan with these kernels that fits. Leaves *report as it is where none is allowed. */
static int build_with(struct dime_image *image, const struct order *order, int prepared_only,
                      struct dime_firmware_report *report) {
    int code = 0;
    for (size_t i = 0; i < PLANS && !code; i++) {
        struct dime_firmware_settings chosen = *image->settings;
        if (plans[i].kernels != order->kernels || !is_allowed(image->settings, &plans[i])) continue;
        chosen.kernels = order->kernels;
        chosen.code = plans[i].code;
        chosen.trade = plans[i].trade;
        chosen.prepared_only = prepared_only;
        chosen.code_room = DIME_CHIP_FLASH_BYTES;
        code = order->drops ? build_within(image, &chosen, report) : build(image, &chosen, report);
        if (report->fits) break;
    }
    return code;
}

/* Fast kernels come first; what does without its own vision is tried before it does without them. */
static int choose(struct dime_image *image, struct dime_firmware_report *report) {
    static const struct order order[] = {
        {DIME_KERNELS_FAST, 0}, {DIME_KERNELS_FAST, 1}, {DIME_KERNELS_REFERENCE, 0}};
    int least = image->settings->prepared_only, most = image->settings->app->has_vision || least;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (order[i].drops && !report->convolutions.bytes) continue; /* nothing to drop */
        for (int prepared_only = least; prepared_only <= most; prepared_only++) {
            int code = build_with(image, &order[i], prepared_only, report);
            if (code || report->fits) return code;
        }
    }
    return 0;
}

static int check_size(const struct dime_image *image, const struct dime_firmware_report *report) {
    uint32_t ram = report->ram_bytes + report->stack.bytes;
    if (report->fits) return 0;
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: does not fit: %u bytes of flash (the chip has %d), %u of RAM (%d); take a smaller "
        "network or fewer pictures",
        image->settings->elf, report->flash_bytes, DIME_CHIP_FLASH_BYTES, ram, DIME_CHIP_RAM_BYTES);
}

int dime_firmware_build(const struct dime_firmware_settings *settings, struct dime_firmware_report *report) {
    struct dime_image image;
    *report = (struct dime_firmware_report){0};
    int code = dime_image_open(&image, settings);
    if (!code)
        code = settings->app->has_no_model ? build_without_model(&image, report) : choose(&image, report);
    if (!code) code = check_size(&image, report);
    if (!code) code = dime_image_publish(&image, report);
    dime_image_close(&image);
    return code;
}
