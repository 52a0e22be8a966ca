/* SPDX-License-Identifier: MIT */
/* Chooses how a firmware is built: tries the ways from the fastest to the slowest until one fits the chip. */
#include "firmware/search.h"

#include "firmware/pictures.h"

const struct dime_search_plan dime_search_plans[DIME_SEARCH_PLANS] = {
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SPEED},
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SIZE},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SPEED},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SIZE},
    {DIME_KERNELS_COMPACT, DIME_CODE_RAM, DIME_TRADE_SPEED},
    {DIME_KERNELS_COMPACT, DIME_CODE_FLASH, DIME_TRADE_SPEED},
    {DIME_KERNELS_COMPACT, DIME_CODE_RAM, DIME_TRADE_SIZE},
    {DIME_KERNELS_COMPACT, DIME_CODE_FLASH, DIME_TRADE_SIZE},
    {DIME_KERNELS_REFERENCE, DIME_CODE_RAM, DIME_TRADE_SPEED},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SPEED},
    {DIME_KERNELS_REFERENCE, DIME_CODE_RAM, DIME_TRADE_SIZE},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SIZE},
};

static int is_allowed(const struct dime_firmware_settings *settings, const struct dime_search_plan *plan) {
    return (settings->kernels == DIME_KERNELS_AUTO || settings->kernels == plan->kernels) &&
           (settings->code == DIME_CODE_AUTO || settings->code == plan->code) &&
           (settings->trade != DIME_TRADE_SIZE || plan->trade == DIME_TRADE_SIZE) &&
           (settings->compiled == DIME_TRADE_AUTO || settings->compiled == plan->trade);
}

/* Nothing to choose where there is no network. */
static int try_without_model(struct dime_search *search) {
    struct dime_firmware_settings plain = *search->image->settings;
    plain.kernels = DIME_KERNELS_REFERENCE;
    plain.code = DIME_CODE_FLASH;
    plain.trade = DIME_TRADE_SPEED;
    return dime_search_try(search, &plain);
}

/* ---- one way to build ---- */

static struct dime_firmware_settings settle(const struct dime_search *search,
                                            const struct dime_search_way *way) {
    struct dime_firmware_settings chosen = *search->image->settings;
    chosen.kernels = way->plan->kernels;
    chosen.code = way->plan->code;
    chosen.trade = way->plan->trade;
    chosen.prepared_only = way->prepared_only;
    chosen.picture_bits = search->forms[way->form].bits;
    chosen.picture_count = search->forms[way->form].count;
    chosen.code_room = way->room;
    return chosen;
}

static int try_way(struct dime_search *search, const struct dime_search_way *way) {
    const struct dime_firmware_settings chosen = settle(search, way);
    return dime_search_try(search, &chosen);
}

/* Of what it would be if so much code found room. On chips without costs all ways are equal, and
   dime_search_plans has the order. */
static int foresee(const struct dime_search *search, struct dime_search_way *way) {
    struct dime_conv_plan convolutions = {.count = 0};
    const struct dime_model *model = search->image->settings->model;
    const struct dime_search_plan *plan = way->plan;
    int code = plan->kernels == DIME_KERNELS_FAST
                   ? dime_export_chip_plan(model, search->chip, way->room, &convolutions)
                   : 0;
    const struct dime_chip_build build =
        dime_firmware_cost_build_of(search->chip, plan->kernels, plan->code, plan->trade, &convolutions);
    if (!code) way->cycles = dime_chip_cycles(model, &search->activity, &build, 1);
    return code;
}

/* The fastest of those that have not been tried in vain, the first of equal ones, or NULL. */
static struct dime_search_way *find_fastest(struct dime_search_way *ways, uint32_t count) {
    struct dime_search_way *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!ways[i].is_over && (!best || ways[i].cycles < best->cycles)) best = &ways[i];
    return best;
}

/* ---- all weights as the fastest kernels want them ---- */

/* What all pictures take, more or less. */
static uint32_t most_picture_bytes(const struct dime_search *search) {
    enum { PICTURE_BYTES = 256 };
    return search->image->settings->app->has_pictures ? PICTURE_BYTES * search->forms[0].count : 0;
}

static uint32_t list_plans(const struct dime_search *search, enum dime_kernels kernels,
                           const struct dime_search_way *like, struct dime_search_way *ways) {
    uint32_t count = 0;
    for (size_t i = 0; i < DIME_SEARCH_PLANS; i++)
        if (dime_search_plans[i].kernels == kernels &&
            is_allowed(search->image->settings, &dime_search_plans[i])) {
            ways[count] = *like;
            ways[count++].plan = &dime_search_plans[i];
        }
    return count;
}

/* The first plan that fits, the fastest first. *spread: how much plans differ; one that is too large by more
   has no other plan that fits. Leaves the report as it is where none is allowed. */
static int try_plans(struct dime_search *search, enum dime_kernels kernels,
                     const struct dime_search_way *like, uint32_t *spread) {
    enum { ALIGNMENT = 32 };
    struct dime_search_way ways[DIME_SEARCH_PLANS], *way;
    uint32_t count = list_plans(search, kernels, like, ways), first = search->count;
    int code = 0;
    for (uint32_t i = 0; i < count && !code; i++) code = foresee(search, &ways[i]);
    while (!code && (way = find_fastest(ways, count)) != NULL) {
        code = try_way(search, way);
        way->is_over = 1;
        if (code || search->report->fits) return code;
        if (kernels == DIME_KERNELS_FAST && *spread != UINT32_MAX &&
            search->report->flash_bytes > search->chip->flash_bytes + *spread + ALIGNMENT)
            break;
    }
    if (*spread == UINT32_MAX) *spread = dime_search_spread(search, first);
    return code;
}

/* 1 where all that pictures take is less than what is too much without them in fewer levels. */
static int pictures_do_not_help(const struct dime_search *search, uint32_t form, uint32_t first) {
    return form > 0 && first < search->count &&
           dime_search_least(search, first) > search->chip->flash_bytes + most_picture_bytes(search);
}

/* Pictures give way first, then the application's own vision. */
static int try_whole(struct dime_search *search, enum dime_kernels kernels) {
    const struct dime_firmware_settings *settings = search->image->settings;
    int most = settings->app->has_vision || settings->prepared_only, code = 0;
    uint32_t spread = UINT32_MAX;
    for (int prepared_only = settings->prepared_only; prepared_only <= most; prepared_only++) {
        uint32_t first = search->count;
        for (uint32_t form = 0; form < search->form_count; form++) {
            const struct dime_search_way like = {
                .prepared_only = prepared_only, .form = form, .room = search->chip->flash_bytes};
            if (pictures_do_not_help(search, form, first)) continue;
            code = try_plans(search, kernels, &like, &spread);
            if (code || search->report->fits) return code;
        }
    }
    return 0;
}

/* ---- code gives way ---- */

static uint32_t list_ways(const struct dime_search *search, struct dime_search_way *ways) {
    const struct dime_firmware_settings *settings = search->image->settings;
    int most = settings->app->has_vision || settings->prepared_only;
    uint32_t count = 0;
    for (int prepared_only = settings->prepared_only; prepared_only <= most; prepared_only++)
        for (uint32_t form = 0; form < search->form_count; form++) {
            const struct dime_search_way like = {
                .prepared_only = prepared_only, .form = form, .room = search->chip->flash_bytes};
            count += list_plans(search, DIME_KERNELS_FAST, &like, ways + count);
        }
    return count;
}

/* Tries what promises to be fastest, whatever gives way, and where it does not fit, promises less for it. */
static int try_within(struct dime_search *search) {
    struct dime_search_way ways[DIME_SEARCH_PLANS * 2 * DIME_PICTURE_MOST_FORMS], *way;
    uint32_t count = list_ways(search, ways);
    int code = 0;
    for (uint32_t i = 0; i < count && !code; i++) {
        dime_search_find_room(search, &ways[i]);
        code = foresee(search, &ways[i]);
    }
    while (!code && (way = find_fastest(ways, count)) != NULL) {
        const struct dime_firmware_report *report = search->report;
        code = try_way(search, way);
        if (code || report->fits) return code;
        way->is_over = report->flash_bytes <= search->chip->flash_bytes || !report->convolutions.bytes;
        way->room = dime_search_room_within(search, report->flash_bytes, report->convolutions.bytes);
        code = foresee(search, way);
    }
    return code;
}

/* ---- the smallest ---- */

/* Takes what was built last for `smallest` where it takes less flash, among those that fit the better. */
static void keep_smaller(const struct dime_search *search, const struct dime_search_way *way,
                         struct dime_search_way *smallest, uint32_t *flash, int *fits) {
    const struct dime_firmware_report *report = search->report;
    if (smallest->plan && (report->fits < *fits || (report->fits == *fits && report->flash_bytes >= *flash)))
        return;
    *smallest = *way;
    *flash = report->flash_bytes;
    *fits = report->fits;
}

/* Room for the smallest kernel of each convolution. */
static uint32_t smallest_room(const struct dime_model *model, const struct dime_chip *chip) {
    struct dime_conv_plan plan;
    uint32_t room = 0;
    if (dime_export_chip_plan(model, chip, chip->flash_bytes, &plan)) return 1;
    for (uint32_t i = 0; i < plan.count; i++) {
        uint32_t least = 0;
        for (int method = 0; method < DIME_CONV_METHODS; method++) {
            uint32_t bytes = plan.stages[i].offers[method];
            if (bytes && (!least || bytes < least)) least = bytes;
        }
        room += least;
    }
    return room ? room : 1;
}

/* All pictures in the form that takes least, and the kernels that take least. */
static int try_smallest(struct dime_search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    struct dime_search_way smallest = {.plan = NULL};
    uint32_t flash = 0, first = 0, room = smallest_room(settings->model, search->chip);
    int fits = 0, code = 0;
    for (size_t i = 0; i < DIME_SEARCH_PLANS && !code; i++) {
        int is_second_place = dime_search_plans[i].code == DIME_CODE_RAM && settings->code == DIME_CODE_AUTO;
        if (!is_allowed(settings, &dime_search_plans[i]) || is_second_place) continue;
        for (uint32_t form = first; form < search->form_count && !code; form++) {
            const struct dime_search_way way = {.plan = &dime_search_plans[i],
                                                .prepared_only = settings->prepared_only,
                                                .form = form,
                                                .room = room};
            if (search->forms[form].count < search->forms[0].count) break;
            code = try_way(search, &way);
            if (!code) keep_smaller(search, &way, &smallest, &flash, &fits);
            if (smallest.form > first) first = smallest.form;
        }
    }
    if (!code && smallest.plan) code = try_way(search, &smallest);
    if (code || fits || !settings->app->has_vision || settings->prepared_only || !smallest.plan) return code;
    smallest.prepared_only = 1;
    return try_way(search, &smallest);
}

/* ---- all ---- */

static int try_all(struct dime_search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    if (settings->trade == DIME_TRADE_SIZE) return try_smallest(search);
    int is_whole_first = settings->trade != DIME_TRADE_SPEED;
    int code = is_whole_first ? try_whole(search, DIME_KERNELS_FAST) : try_within(search);
    int has_code = search->count && search->tried[0].code_bytes;
    if (!code && !search->report->fits && has_code && is_whole_first) code = try_within(search);
    if (!code && !search->report->fits) code = try_whole(search, DIME_KERNELS_COMPACT);
    if (!code && !search->report->fits) code = try_whole(search, DIME_KERNELS_REFERENCE);
    return code;
}

static int choose(struct dime_search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    search->form_count = 1;
    if (settings->app->has_no_model) return try_without_model(search);
    if (settings->activity)
        search->activity = *settings->activity;
    else
        dime_activity_assume(settings->model, &search->activity);
    if (settings->app->has_pictures) {
        int forms = dime_firmware_picture_forms(settings->model, settings->pictures, search->forms);
        if (forms < 0) return forms;
        search->form_count = (uint32_t)forms;
    }
    return try_all(search);
}

int dime_search_run(struct dime_image *image, struct dime_firmware_report *report) {
    struct dime_search search = {
        .chip = dime_firmware_chip(image->settings), .image = image, .report = report};
    int code = choose(&search);
    for (uint32_t i = 0; i < search.count; i++) report->candidates[i] = search.tried[i];
    report->candidate_count = search.count;
    return code;
}
