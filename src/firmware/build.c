/* SPDX-License-Identifier: MIT */
/* Chooses how a firmware is built: tries the ways from the fastest to the slowest until one fits the chip. */
#include "firmware/build.h"

#include "base/error.h"
#include "firmware/image.h"
#include "firmware/pictures.h"

/* From the fastest to the slowest. Reference kernels are compiled for size only where nothing else fits:
   their inner loops are all there is. */
static const struct plan {
    enum dime_kernels kernels;
    enum dime_code_place code;
    enum dime_trade trade;
} plans[] = {
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SPEED},
    {DIME_KERNELS_FAST, DIME_CODE_RAM, DIME_TRADE_SIZE},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SPEED},
    {DIME_KERNELS_FAST, DIME_CODE_FLASH, DIME_TRADE_SIZE},
    {DIME_KERNELS_REFERENCE, DIME_CODE_RAM, DIME_TRADE_SPEED},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SPEED},
    {DIME_KERNELS_REFERENCE, DIME_CODE_FLASH, DIME_TRADE_SIZE},
};
enum { PLANS = sizeof plans / sizeof *plans };

/* A search. */
struct search {
    struct dime_image *image;
    struct dime_firmware_report *report;
    struct dime_firmware_candidate tried[DIME_FIRMWARE_MOST_CANDIDATES];
    uint32_t count;
    struct dime_picture_form forms[DIME_PICTURE_MOST_FORMS];
    uint32_t form_count;
    uint32_t spread; /* bytes of flash between the plans of one step; UINT32_MAX: not known */
};

static int is_allowed(const struct dime_firmware_settings *settings, const struct plan *plan) {
    return (settings->kernels == DIME_KERNELS_AUTO || settings->kernels == plan->kernels) &&
           (settings->code == DIME_CODE_AUTO || settings->code == plan->code) &&
           (settings->trade == DIME_TRADE_AUTO || settings->trade == plan->trade ||
            (plan->kernels == DIME_KERNELS_REFERENCE && plan->trade == DIME_TRADE_SPEED));
}

struct dime_chip_build dime_firmware_cost_build(const struct dime_firmware_report *report) {
    return (struct dime_chip_build){.is_fast = report->kernels == DIME_KERNELS_FAST,
                                    .in_ram = report->code == DIME_CODE_RAM,
                                    .convolutions = &report->convolutions};
}

static uint64_t predict(const struct dime_firmware_settings *chosen,
                        const struct dime_firmware_report *report) {
    const struct dime_chip_build build = dime_firmware_cost_build(report);
    if (!chosen->activity) return 0;
    return (uint64_t)(dime_chip_cycles(chosen->model, chosen->activity, &build, !chosen->app->has_pictures) +
                      0.5);
}

static void note(struct search *search, const struct dime_firmware_settings *chosen) {
    const struct dime_firmware_report *report = search->report;
    if (search->count == DIME_FIRMWARE_MOST_CANDIDATES) search->count--; /* the last one is what was built */
    search->tried[search->count++] = (struct dime_firmware_candidate){
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
        .cycles = predict(chosen, report),
    };
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

/* What all pictures take, more or less. */
static uint32_t most_picture_bytes(const struct search *search) {
    enum { PICTURE_BYTES = 256 };
    return search->image->settings->app->has_pictures ? PICTURE_BYTES * search->forms[0].count : 0;
}

/* The same way to build with all that can be code as code, where that has been tried; its pictures may be
   other ones. */
static const struct dime_firmware_candidate *find_tried(const struct search *search,
                                                        const struct dime_firmware_settings *chosen) {
    for (uint32_t i = 0; i < search->count; i++) {
        const struct dime_firmware_candidate *tried = &search->tried[i];
        if (tried->kernels == chosen->kernels && tried->code == chosen->code &&
            tried->trade == chosen->trade &&
            tried->prepared_only == (chosen->app->has_vision && chosen->prepared_only))
            return tried;
    }
    return NULL;
}

/* Room for code that is left when an image is so much too large. */
static uint32_t room_within(uint32_t flash_bytes, uint32_t code_bytes) {
    uint32_t over = flash_bytes > DIME_CHIP_FLASH_BYTES ? flash_bytes - DIME_CHIP_FLASH_BYTES : 0;
    return code_bytes > over ? code_bytes - over : 1;
}

/* Convolutions that are code make room, the one that gains least for its bytes first, until the image fits.
 */
static int try_within(struct search *search, struct dime_firmware_settings *chosen) {
    const struct dime_firmware_report *report = search->report;
    const struct dime_firmware_candidate *whole = find_tried(search, chosen);
    uint32_t spared = whole && whole->picture_bits != chosen->picture_bits ? most_picture_bytes(search) : 0;
    if (whole && whole->flash_bytes > DIME_CHIP_FLASH_BYTES + spared)
        chosen->code_room = room_within(whole->flash_bytes - spared, whole->code_bytes);
    for (;;) {
        int code = try(search, chosen);
        uint32_t taken = report->convolutions.bytes;
        if (code || report->fits || report->flash_bytes <= DIME_CHIP_FLASH_BYTES || !taken) return code;
        chosen->code_room = room_within(report->flash_bytes, taken);
    }
}

/* What gives way: to fast kernels, pictures in fewer levels first, then the application's own vision; then
   convolutions that are code may become the reference again; then all of it does. */
struct step {
    enum dime_kernels kernels;
    int drops;         /* convolutions */
    int prepared_only; /* without vision */
    uint32_t form;     /* of the pictures */
};

/* How much the plans of a step differ, once all four of fast kernels have been built. */
static void note_spread(struct search *search, uint32_t first) {
    uint32_t least = UINT32_MAX, most = 0;
    if (search->count - first < 4) return;
    for (uint32_t i = first; i < search->count; i++) {
        uint32_t flash = search->tried[i].flash_bytes;
        if (flash < least) least = flash;
        if (flash > most) most = flash;
    }
    search->spread = most - least;
}

/* 1 where no other plan of a step can make up for what its first one takes too much: of fast kernels; the
   reference compiled for size is smaller by more. */
static int is_hopeless(const struct search *search, uint32_t first) {
    enum { ALIGNMENT = 32 };
    return search->count == first + 1 && search->tried[first].kernels == DIME_KERNELS_FAST &&
           search->spread != UINT32_MAX &&
           search->report->flash_bytes > DIME_CHIP_FLASH_BYTES + search->spread + ALIGNMENT;
}

/* The first plan of a step that fits. Leaves the report as it is where none is allowed. */
static int try_step(struct search *search, const struct step *step) {
    const struct dime_firmware_settings *settings = search->image->settings;
    uint32_t first = search->count;
    int code = 0;
    for (size_t i = 0; i < PLANS && !code; i++) {
        struct dime_firmware_settings chosen = *settings;
        if (plans[i].kernels != step->kernels || !is_allowed(settings, &plans[i])) continue;
        chosen.kernels = step->kernels;
        chosen.code = plans[i].code;
        chosen.trade = plans[i].trade;
        chosen.prepared_only = step->prepared_only;
        chosen.picture_bits = search->forms[step->form].bits;
        chosen.picture_count = search->forms[step->form].count;
        chosen.code_room = DIME_CHIP_FLASH_BYTES;
        code = step->drops ? try_within(search, &chosen) : try(search, &chosen);
        if (search->report->fits || is_hopeless(search, first)) break;
    }
    note_spread(search, first);
    return code;
}

/* The steps in their order; returns how many. */
static uint32_t list_steps(const struct search *search, struct step *steps) {
    const struct dime_firmware_settings *settings = search->image->settings;
    int least = settings->prepared_only, most = settings->app->has_vision || least;
    uint32_t count = 0;
    for (int drops = 0; drops < 2; drops++)
        for (int prepared_only = least; prepared_only <= most; prepared_only++)
            for (uint32_t form = 0; form < search->form_count; form++)
                steps[count++] = (struct step){DIME_KERNELS_FAST, drops, prepared_only, form};
    for (int prepared_only = least; prepared_only <= most; prepared_only++)
        for (uint32_t form = 0; form < search->form_count; form++)
            steps[count++] = (struct step){DIME_KERNELS_REFERENCE, 0, prepared_only, form};
    return count;
}

/* 1 where all that pictures take is less than what is too much without them in fewer levels. */
static int pictures_do_not_help(const struct search *search, const struct step *step, uint32_t first) {
    uint32_t least = UINT32_MAX;
    if (step->form == 0 || first == search->count) return 0;
    for (uint32_t i = first; i < search->count; i++)
        if (search->tried[i].flash_bytes < least) least = search->tried[i].flash_bytes;
    return least > DIME_CHIP_FLASH_BYTES + most_picture_bytes(search);
}

static int try_all(struct search *search) {
    struct step steps[6 * DIME_PICTURE_MOST_FORMS];
    uint32_t count = list_steps(search, steps), first = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (steps[i].form == 0) first = search->count; /* of those that differ in their pictures alone */
        if (pictures_do_not_help(search, &steps[i], first)) continue;
        if (steps[i].drops && !(search->count && search->tried[0].code_bytes)) continue; /* nothing to drop */
        int code = try_step(search, &steps[i]);
        if (code || search->report->fits) return code;
    }
    return 0;
}

static int choose(struct search *search) {
    const struct dime_firmware_settings *settings = search->image->settings;
    search->form_count = 1;
    if (settings->app->has_pictures) {
        int forms = dime_firmware_picture_forms(settings->model, settings->pictures, search->forms);
        if (forms < 0) return forms;
        search->form_count = (uint32_t)forms;
    }
    return settings->app->has_no_model ? try_without_model(search) : try_all(search);
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
    struct search search = {.image = &image, .report = report, .spread = UINT32_MAX};
    *report = (struct dime_firmware_report){0};
    int code = dime_image_open(&image, settings);
    if (!code) code = choose(&search);
    if (!code) code = check_size(&image, report);
    if (!code) code = dime_image_publish(&image, report);
    for (uint32_t i = 0; i < search.count; i++) report->candidates[i] = search.tried[i];
    report->candidate_count = search.count;
    dime_image_close(&image);
    return code;
}
