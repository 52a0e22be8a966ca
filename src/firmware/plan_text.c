/* SPDX-License-Identifier: MIT */
/* What was chosen and why, in words. */
#include <stdio.h>

#include "firmware/build.h"
#include "firmware/pictures.h"
#include "model/fast_layout.h"

void dime_firmware_plan_text(const struct dime_firmware_candidate *plan, char *text, size_t room) {
    int is_reference = plan->kernels == DIME_KERNELS_REFERENCE;
    int used = snprintf(text, room, "%s, %s", is_reference ? "reference" : "fast kernels",
                        plan->code == DIME_CODE_RAM ? "inner loops in RAM" : "code in flash");
    if (!is_reference || plan->trade == DIME_TRADE_SIZE)
        used += snprintf(text + used, room - (size_t)used, ", compiled for %s",
                         plan->trade == DIME_TRADE_SIZE ? "size" : "speed");
    if (plan->code_bytes)
        used += snprintf(text + used, room - (size_t)used, ", %u bytes of weights as code", plan->code_bytes);
    if (plan->prepared_only) used += snprintf(text + used, room - (size_t)used, ", without vision");
    if (plan->picture_bits && plan->picture_bits != DIME_PICTURE_EXACT)
        snprintf(text + used, room - (size_t)used, ", %u picture%s of %u levels", plan->picture_count,
                 plan->picture_count == 1 ? "" : "s", 1u << plan->picture_bits);
}

void dime_firmware_verdict_text(const struct dime_firmware_candidate *plan, char *text, size_t room) {
    uint32_t ram = plan->ram_bytes + plan->stack_bytes;
    int used = 0;
    if (plan->fits) {
        snprintf(text, room, "fits");
        return;
    }
    if (plan->flash_bytes > DIME_CHIP_FLASH_BYTES)
        used = snprintf(text, room, "%u bytes of flash too many", plan->flash_bytes - DIME_CHIP_FLASH_BYTES);
    if (ram <= DIME_CHIP_RAM_BYTES) return;
    const char *before = used ? ", " : "";
    if (plan->ram_bytes <= DIME_CHIP_RAM_BYTES)
        snprintf(text + used, room - (size_t)used, "%s%u bytes too little for the stack of %u", before,
                 ram - DIME_CHIP_RAM_BYTES, plan->stack_bytes);
    else
        snprintf(text + used, room - (size_t)used, "%s%u bytes of RAM too many", before,
                 ram - DIME_CHIP_RAM_BYTES);
}

static const char *map_kernel(const struct dime_firmware_report *report, uint32_t index) {
    const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(&report->convolutions, index);
    return dime_conv_method_name(stage ? stage->method : DIME_CONV_REFERENCE);
}

const char *dime_firmware_kernel_name(const struct dime_firmware_report *report,
                                      const struct dime_model *model, uint32_t index) {
    if (report->kernels == DIME_KERNELS_REFERENCE) return "reference";
    if (model->layers[index].shape.kind != DIME_LAYER_FC) return map_kernel(report, index);
    if (report->convolutions.code_layers >> index & 1) return "code";
    switch (dime_layout_choose(model, index)) {
    case DIME_LAYOUT_ROWS:
        return "rows";
    case DIME_LAYOUT_PARTS:
        return "rows in parts";
    case DIME_LAYOUT_SLICES:
        return "slices";
    case DIME_LAYOUT_TABLE:
        return "table";
    case DIME_LAYOUT_PLANES:
        return "planes";
    case DIME_LAYOUT_CODE:
    case DIME_LAYOUT_REFERENCE:
        break;
    }
    return "reference";
}
