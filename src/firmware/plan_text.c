/* SPDX-License-Identifier: MIT */
/* What was chosen and why, in words. */
#include <stdio.h>

#include "firmware/build.h"
#include "firmware/pictures.h"

void dime_firmware_plan_text(const struct dime_firmware_candidate *plan, char *text, size_t room) {
    int is_reference = plan->kernels == DIME_KERNELS_REFERENCE;
    const char *kernels = is_reference                            ? "reference"
                          : plan->kernels == DIME_KERNELS_COMPACT ? "compact kernels"
                                                                  : "fast kernels";
    int used = snprintf(text, room, "%s, %s", kernels,
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
    if (plan->flash_bytes > plan->chip->flash_bytes)
        used =
            snprintf(text, room, "%u bytes of flash too many", plan->flash_bytes - plan->chip->flash_bytes);
    if (ram <= plan->chip->ram_bytes) return;
    const char *before = used ? ", " : "";
    if (plan->ram_bytes <= plan->chip->ram_bytes)
        snprintf(text + used, room - (size_t)used, "%s%u bytes too little for the stack of %u", before,
                 ram - plan->chip->ram_bytes, plan->stack_bytes);
    else
        snprintf(text + used, room - (size_t)used, "%s%u bytes of RAM too many", before,
                 ram - plan->chip->ram_bytes);
}

/* The fastest of those that do not fit and would not be slower than the chosen one, the first of equal ones,
   or NULL. Without predictions all are equal. */
static const struct dime_firmware_candidate *better_one(const struct dime_firmware_report *report) {
    const struct dime_firmware_candidate *chosen = &report->candidates[report->candidate_count - 1];
    const struct dime_firmware_candidate *best = NULL;
    for (uint32_t i = 0; i + 1 < report->candidate_count; i++) {
        const struct dime_firmware_candidate *other = &report->candidates[i];
        if (!other->fits && other->cycles <= chosen->cycles && (!best || other->cycles < best->cycles))
            best = other;
    }
    return best;
}

static const char *claim(const struct dime_firmware_report *report,
                         const struct dime_firmware_candidate *better) {
    const struct dime_firmware_candidate *chosen = &report->candidates[report->candidate_count - 1];
    if (report->is_smallest) return "takes least flash";
    if (!chosen->cycles) return better ? "the first that fits" : "fits";
    if (better && better->cycles < chosen->cycles) return "the fastest that fits";
    if (report->is_asked) return "the fastest of what was asked for, and it fits";
    return "the fastest, and it fits";
}

void dime_firmware_why_text(const struct dime_firmware_report *report, char *text, size_t room) {
    const struct dime_firmware_candidate *other = better_one(report);
    char plan[200], verdict[100], cycles[60] = "";
    int used = snprintf(text, room, "%s", claim(report, other));
    if (!other || report->is_smallest) return;
    dime_firmware_plan_text(other, plan, sizeof plan);
    dime_firmware_verdict_text(other, verdict, sizeof verdict);
    if (other->cycles)
        snprintf(cycles, sizeof cycles, ", predicted to take %llu cycles", (unsigned long long)other->cycles);
    snprintf(text + used, room - (size_t)used, "; %s%s: %s", plan, cycles, verdict);
}
