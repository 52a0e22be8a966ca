/* SPDX-License-Identifier: MIT */
/* Chooses how a firmware is built: tries the ways from the fastest to the slowest until one fits the chip. */
#include "firmware/build.h"

#include "base/error.h"
#include "firmware/image.h"
#include "firmware/pictures.h"

/* From the fastest to the slowest of each kernels, as far as no prediction says otherwise. */
static const struct plan {
    enum dime_kernels kernels;
    enum dime_code_place code;
    enum dime_trade trade;
} plans[] = {
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
enum { PLANS = sizeof plans / sizeof *plans };

/* A search. */
struct search {
    const struct dime_chip *chip;
    struct dime_image *image;
    struct dime_firmware_report *report;
    struct dime_firmware_candidate tried[DIME_FIRMWARE_MOST_CANDIDATES];
    uint32_t count;
    struct dime_picture_form forms[DIME_PICTURE_MOST_FORMS];
    uint32_t form_count;
    struct dime_activity activity; /* the model's, or assumed */
};

static int is_allowed(const struct dime_firmware_settings *settings, const struct plan *plan) {
    return (settings->kernels == DIME_KERNELS_AUTO || settings->kernels == plan->kernels) &&
           (settings->code == DIME_CODE_AUTO || settings->code == plan->code) &&
           (settings->trade == DIME_TRADE_AUTO || settings->trade == plan->trade) &&
           (settings->compiled == DIME_TRADE_AUTO || settings->compiled == plan->trade);
}

const struct dime_chip *dime_firmware_chip(const struct dime_firmware_settings *settings) {
    return settings->chip ? settings->chip : dime_chips;
}

struct dime_chip_build dime_firmware_cost_build(const struct dime_firmware_report *report) {
    return (struct dime_chip_build){.is_fast = report->kernels == DIME_KERNELS_FAST,
                                    .in_ram = report->code == DIME_CODE_RAM,
                                    .is_small = report->trade == DIME_TRADE_SIZE,
                                    .convolutions = &report->convolutions,
                                    .is_compact = report->kernels == DIME_KERNELS_COMPACT};
}

static uint64_t predict(const struct dime_firmware_settings *chosen,
                        const struct dime_firmware_report *report) {
    const struct dime_chip_build build = dime_firmware_cost_build(report);
    if (!chosen->activity || report->chip != dime_chips) return 0; /* costs are known for one chip */
    return (uint64_t)(dime_chip_cycles(chosen->model, chosen->activity, &build, !chosen->app->has_pictures) +
                      0.5);
}

static int is_same(const struct dime_firmware_candidate *a, const struct dime_firmware_candidate *b) {
    return a->kernels == b->kernels && a->code == b->code && a->trade == b->trade &&
           a->prepared_only == b->prepared_only && a->picture_bits == b->picture_bits &&
           a->picture_count == b->picture_count && a->code_bytes == b->code_bytes;
}

/* What was built last is the last of those tried, and in that list once. */
static void note(struct search *search, const struct dime_firmware_settings *chosen) {
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

static int try(struct search *search, const struct dime_firmware_settings *chosen) {
    dime_firmware_report_free(search->report);
    int code = dime_image_build(search->image, chosen, search->report);
    if (!code) note(search, chosen);
    return code;
}

/* Nothing to choose where there is no network. */
static int try_without_model(struct search *search) {
    struct dime_firmware_settings plain = *search->image->settings;
    plain.kernels = DIME_KERNELS_REFERENCE;
    plain.code = DIME_CODE_FLASH;
    plain.trade = DIME_TRADE_SPEED;
    return try(search, &plain);
}

/* ---- one way to build ---- */

/* What else gives way: pictures in fewer levels or fewer pictures, the application's own vision, and with
   `room` weights that are code. */
struct way {
    const struct plan *plan;
    int prepared_only; /* without vision */
    uint32_t form;     /* of the pictures */
    uint32_t room;     /* for code */
    double cycles;     /* predicted */
    int is_over;       /* 1: tried in vain */
};

static struct dime_firmware_settings settle(const struct search *search, const struct way *way) {
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

static int try_way(struct search *search, const struct way *way) {
    const struct dime_firmware_settings chosen = settle(search, way);
    return try(search, &chosen);
}

/* Of what it would be if so much code found room. Costs are known for one chip; for others all ways are
   equal, and plans[] has the order. */
static int foresee(const struct search *search, struct way *way) {
    struct dime_conv_plan convolutions = {.count = 0};
    const struct dime_model *model = search->image->settings->model;
    int is_fast = way->plan->kernels == DIME_KERNELS_FAST;
    int code = is_fast ? dime_export_chip_plan(model, search->chip, way->room, &convolutions) : 0;
    const struct dime_chip_build build = {.is_fast = is_fast,
                                          .in_ram = way->plan->code == DIME_CODE_RAM,
                                          .is_small = way->plan->trade == DIME_TRADE_SIZE,
                                          .convolutions = &convolutions,
                                          .is_compact = way->plan->kernels == DIME_KERNELS_COMPACT};
    if (!code && search->chip == dime_chips)
        way->cycles = dime_chip_cycles(model, &search->activity, &build, 1);
    return code;
}

/* The fastest of those that have not been tried in vain, the first of equal ones, or NULL. */
static struct way *find_fastest(struct way *ways, uint32_t count) {
    struct way *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!ways[i].is_over && (!best || ways[i].cycles < best->cycles)) best = &ways[i];
    return best;
}

/* ---- all weights as the fastest kernels want them ---- */

/* What all pictures take, more or less. */
static uint32_t most_picture_bytes(const struct search *search) {
    enum { PICTURE_BYTES = 256 };
    return search->image->settings->app->has_pictures ? PICTURE_BYTES * search->forms[0].count : 0;
}

static uint32_t list_plans(const struct search *search, enum dime_kernels kernels, const struct way *like,
                           struct way *ways) {
    uint32_t count = 0;
    for (size_t i = 0; i < PLANS; i++)
        if (plans[i].kernels == kernels && is_allowed(search->image->settings, &plans[i])) {
            ways[count] = *like;
            ways[count++].plan = &plans[i];
        }
    return count;
}

/* The difference in flash between the ways from `first` on, where all four of fast kernels have been built;
   else UINT32_MAX. */
static uint32_t spread_of(const struct search *search, uint32_t first) {
    uint32_t least = UINT32_MAX, most = 0;
    if (search->count - first < 4) return UINT32_MAX;
    for (uint32_t i = first; i < search->count; i++) {
        uint32_t flash = search->tried[i].flash_bytes;
        if (flash < least) least = flash;
        if (flash > most) most = flash;
    }
    return most - least;
}

/* The first plan that fits, the fastest first. *spread: how much plans differ; one that is too large by more
   has no other plan that fits. Leaves the report as it is where none is allowed. */
static int try_plans(struct search *search, enum dime_kernels kernels, const struct way *like,
                     uint32_t *spread) {
    enum { ALIGNMENT = 32 };
    struct way ways[PLANS], *way;
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
    if (*spread == UINT32_MAX) *spread = spread_of(search, first);
    return code;
}

/* 1 where all that pictures take is less than what is too much without them in fewer levels. */
static int pictures_do_not_help(const struct search *search, uint32_t form, uint32_t first) {
    uint32_t least = UINT32_MAX;
    if (form == 0 || first == search->count) return 0;
    for (uint32_t i = first; i < search->count; i++)
        if (search->tried[i].flash_bytes < least) least = search->tried[i].flash_bytes;
    return least > search->chip->flash_bytes + most_picture_bytes(search);
}

/* Pictures give way first, then the application's own vision. */
static int try_whole(struct search *search, enum dime_kernels kernels) {
    const struct dime_firmware_settings *settings = search->image->settings;
    int most = settings->app->has_vision || settings->prepared_only, code = 0;
    uint32_t spread = UINT32_MAX;
    for (int prepared_only = settings->prepared_only; prepared_only <= most; prepared_only++) {
        uint32_t first = search->count;
        for (uint32_t form = 0; form < search->form_count; form++) {
            const struct way like = {
                .prepared_only = prepared_only, .form = form, .room = search->chip->flash_bytes};
            if (pictures_do_not_help(search, form, first)) continue;
            code = try_plans(search, kernels, &like, &spread);
            if (code || search->report->fits) return code;
        }
    }
    return 0;
}

/* ---- code gives way ---- */

static const struct dime_firmware_candidate *find_tried(const struct search *search, const struct way *way,
                                                        const struct plan *plan, uint32_t form) {
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

/* Room for code that is left when an image is so much too large. */
static uint32_t room_within(const struct search *search, int64_t flash_bytes, uint32_t code_bytes) {
    int64_t most = search->chip->flash_bytes, room = code_bytes + most - flash_bytes;
    return room < 1 ? 1 : (uint32_t)(room > most ? most : room);
}

/* What a form of the pictures takes more than the first one, by any plan that was tried with both. */
static int64_t form_bytes(const struct search *search, const struct way *way) {
    for (size_t i = 0; i < PLANS; i++) {
        const struct dime_firmware_candidate *first = find_tried(search, way, &plans[i], 0);
        const struct dime_firmware_candidate *other = find_tried(search, way, &plans[i], way->form);
        if (first && other) return flash_between(first, other);
    }
    return 0;
}

/* What plans and forms differ in adds up: what has been built with all code tells how much of it would fit.
 */
static void find_room(const struct search *search, struct way *way) {
    const struct dime_firmware_candidate *whole = find_tried(search, way, way->plan, 0);
    for (size_t i = 0; i < PLANS && !whole; i++)
        if (plans[i].kernels == way->plan->kernels) whole = find_tried(search, way, &plans[i], 0);
    if (whole)
        way->room = room_within(search, whole->flash_bytes + form_bytes(search, way), whole->code_bytes);
}

static uint32_t list_ways(const struct search *search, struct way *ways) {
    const struct dime_firmware_settings *settings = search->image->settings;
    int most = settings->app->has_vision || settings->prepared_only;
    uint32_t count = 0;
    for (int prepared_only = settings->prepared_only; prepared_only <= most; prepared_only++)
        for (uint32_t form = 0; form < search->form_count; form++) {
            const struct way like = {
                .prepared_only = prepared_only, .form = form, .room = search->chip->flash_bytes};
            count += list_plans(search, DIME_KERNELS_FAST, &like, ways + count);
        }
    return count;
}

/* Tries what promises to be fastest, and where it does not fit, promises less for it. */
static int try_within(struct search *search) {
    struct way ways[PLANS * 2 * DIME_PICTURE_MOST_FORMS], *way;
    uint32_t count = list_ways(search, ways);
    int code = 0;
    for (uint32_t i = 0; i < count && !code; i++) {
        find_room(search, &ways[i]);
        code = foresee(search, &ways[i]);
    }
    while (!code && (way = find_fastest(ways, count)) != NULL) {
        const struct dime_firmware_report *report = search->report;
        code = try_way(search, way);
        if (code || report->fits) return code;
        way->is_over = report->flash_bytes <= search->chip->flash_bytes || !report->convolutions.bytes;
        way->room = room_within(search, report->flash_bytes, report->convolutions.bytes);
        code = foresee(search, way);
    }
    return code;
}

/* ---- the smallest ---- */

/* Takes what was built last for `smallest` where it takes less flash, among those that fit the better. */
static void keep_smaller(const struct search *search, const struct way *way, struct way *smallest,
                         uint32_t *flash, int *fits) {
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
static int try_smallest(struct search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    struct way smallest = {.plan = NULL};
    uint32_t flash = 0, first = 0, room = smallest_room(settings->model, search->chip);
    int fits = 0, code = 0;
    for (size_t i = 0; i < PLANS && !code; i++) {
        int is_second_place = plans[i].code == DIME_CODE_RAM && settings->code == DIME_CODE_AUTO;
        if (!is_allowed(settings, &plans[i]) || is_second_place) continue;
        for (uint32_t form = first; form < search->form_count && !code; form++) {
            const struct way way = {
                .plan = &plans[i], .prepared_only = settings->prepared_only, .form = form, .room = room};
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

static int try_all(struct search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    if (settings->trade == DIME_TRADE_SIZE) return try_smallest(search);
    int code = try_whole(search, DIME_KERNELS_FAST);
    int has_code = search->count && search->tried[0].code_bytes;
    if (!code && !search->report->fits && has_code) code = try_within(search);
    if (!code && !search->report->fits) code = try_whole(search, DIME_KERNELS_COMPACT);
    if (!code && !search->report->fits) code = try_whole(search, DIME_KERNELS_REFERENCE);
    return code;
}

static int choose(struct search *search) {
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
    struct search search = {.chip = dime_firmware_chip(settings), .image = &image, .report = report};
    *report = (struct dime_firmware_report){0};
    int code = dime_image_open(&image, settings);
    if (!code) code = choose(&search);
    if (!code) code = check_size(&image, report);
    if (!code) code = dime_image_publish(&image, report);
    for (uint32_t i = 0; i < search.count; i++) report->candidates[i] = search.tried[i];
    report->candidate_count = search.count;
    report->is_smallest = settings->trade == DIME_TRADE_SIZE;
    report->is_asked = settings->kernels != DIME_KERNELS_AUTO || settings->code != DIME_CODE_AUTO;
    dime_image_close(&image);
    return code;
}
