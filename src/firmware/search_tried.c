/* SPDX-License-Identifier: MIT */
/* What a search has built, and what that tells of what it has not. */
#include "firmware/search.h"

static uint64_t predict(const struct dime_firmware_settings *chosen,
                        const struct dime_firmware_report *report) {
    const struct dime_chip_build build = dime_firmware_cost_build(report);
    if (!chosen->activity) return 0;
    return (uint64_t)(dime_chip_cycles(chosen->model, chosen->activity, &build, !chosen->app->has_pictures) +
                      0.5);
}

static int is_same(const struct dime_firmware_candidate *a, const struct dime_firmware_candidate *b) {
    return a->kernels == b->kernels && a->code == b->code && a->trade == b->trade &&
           a->prepared_only == b->prepared_only && a->picture_bits == b->picture_bits &&
           a->picture_count == b->picture_count && a->code_bytes == b->code_bytes;
}

static void note(struct dime_search *search, const struct dime_firmware_settings *chosen) {
    const struct dime_firmware_report *report = search->report;
    const struct dime_firmware_candidate candidate = {
        .kernels = chosen->kernels,
        .code = chosen->code,
        .trade = chosen->trade,
        .prepared_only = chosen->app->has_vision && chosen->prepared_only,
        .picture_bits = chosen->app->has_pictures ? chosen->picture_bits : 0,
        .picture_count = chosen->app->has_pictures ? chosen->picture_count : 0,
        .code_bytes = report->convolutions.bytes,
        .flash_bytes = report->flash_bytes,
        .ram_bytes = report->ram_bytes,
        .stack_bytes = report->stack.bytes,
        .fits = report->fits,
        .chip = search->chip,
        .cycles = predict(chosen, report),
    };
    uint32_t kept = 0;
    for (uint32_t i = 0; i < search->count; i++)
        if (!is_same(&search->tried[i], &candidate)) search->tried[kept++] = search->tried[i];
    if (kept == DIME_FIRMWARE_MOST_CANDIDATES) kept--;
    search->tried[kept] = candidate;
    search->count = kept + 1;
}

int dime_search_try(struct dime_search *search, const struct dime_firmware_settings *chosen) {
    dime_firmware_report_free(search->report);
    int code = dime_image_build(search->image, chosen, search->report);
    if (!code) note(search, chosen);
    return code;
}

uint32_t dime_search_spread(const struct dime_search *search, uint32_t first) {
    uint32_t least = UINT32_MAX, most = 0;
    if (search->count - first < 4) return UINT32_MAX;
    for (uint32_t i = first; i < search->count; i++) {
        uint32_t flash = search->tried[i].flash_bytes;
        if (flash < least) least = flash;
        if (flash > most) most = flash;
    }
    return most - least;
}

uint32_t dime_search_least(const struct dime_search *search, uint32_t first) {
    uint32_t least = UINT32_MAX;
    for (uint32_t i = first; i < search->count; i++)
        if (search->tried[i].flash_bytes < least) least = search->tried[i].flash_bytes;
    return least;
}

static const struct dime_firmware_candidate *find_tried(const struct dime_search *search,
                                                        const struct dime_search_way *way,
                                                        const struct dime_search_plan *plan, uint32_t form) {
    for (uint32_t i = 0; i < search->count; i++) {
        const struct dime_firmware_candidate *tried = &search->tried[i];
        if (tried->kernels == plan->kernels && tried->code == plan->code && tried->trade == plan->trade &&
            tried->prepared_only == way->prepared_only &&
            (!tried->picture_count || (tried->picture_bits == search->forms[form].bits &&
                                       tried->picture_count == search->forms[form].count)))
            return tried;
    }
    return NULL;
}

static int64_t flash_between(const struct dime_firmware_candidate *from,
                             const struct dime_firmware_candidate *to) {
    return from && to ? (int64_t)to->flash_bytes - from->flash_bytes : 0;
}

uint32_t dime_search_room_within(const struct dime_search *search, int64_t flash_bytes, uint32_t code_bytes) {
    int64_t most = search->chip->flash_bytes, room = code_bytes + most - flash_bytes;
    return room < 1 ? 1 : (uint32_t)(room > most ? most : room);
}

/* What a form of the pictures takes more than the first one, by any plan that was tried with both. */
static int64_t form_bytes(const struct dime_search *search, const struct dime_search_way *way) {
    for (size_t i = 0; i < DIME_SEARCH_PLANS; i++) {
        const struct dime_firmware_candidate *first = find_tried(search, way, &dime_search_plans[i], 0);
        const struct dime_firmware_candidate *other =
            find_tried(search, way, &dime_search_plans[i], way->form);
        if (first && other) return flash_between(first, other);
    }
    return 0;
}

void dime_search_find_room(const struct dime_search *search, struct dime_search_way *way) {
    const struct dime_firmware_candidate *whole = find_tried(search, way, way->plan, 0);
    for (size_t i = 0; i < DIME_SEARCH_PLANS && !whole; i++)
        if (dime_search_plans[i].kernels == way->plan->kernels)
            whole = find_tried(search, way, &dime_search_plans[i], 0);
    if (whole)
        way->room =
            dime_search_room_within(search, whole->flash_bytes + form_bytes(search, way), whole->code_bytes);
}
