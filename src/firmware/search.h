/* SPDX-License-Identifier: MIT */
/* The search for the way to build an image: from the fastest to the slowest, until one fits the chip. For
   build.c alone; search_tried.c keeps what has been built and estimates by it. */
#ifndef DIME_FIRMWARE_SEARCH_H
#define DIME_FIRMWARE_SEARCH_H

#include "firmware/image.h"
#include "firmware/pictures.h"

struct dime_search_plan {
    enum dime_kernels kernels;
    enum dime_code_place code;
    enum dime_trade trade;
};
#define DIME_SEARCH_PLANS 12
/* From the fastest to the slowest of each kernels, as far as no prediction says otherwise. */
extern const struct dime_search_plan dime_search_plans[DIME_SEARCH_PLANS];

struct dime_search {
    const struct dime_chip *chip;
    struct dime_image *image;
    struct dime_firmware_report *report; /* of the image that was built last */
    struct dime_firmware_candidate tried[DIME_FIRMWARE_MOST_CANDIDATES];
    uint32_t count;
    struct dime_picture_form forms[DIME_PICTURE_MOST_FORMS];
    uint32_t form_count;
    struct dime_activity activity; /* the model's, or assumed */
};

/* One way to build. What else gives way: pictures in fewer levels or fewer pictures, the application's own
   vision, and with `room` weights that are code. */
struct dime_search_way {
    const struct dime_search_plan *plan;
    int prepared_only; /* without vision */
    uint32_t form;     /* of the pictures */
    uint32_t room;     /* for code */
    double cycles;     /* predicted */
    int is_over;       /* 1: tried in vain */
};

/* Builds one image after another; the last one is the chosen one, or does not fit. Its report has all that
   were tried. Errors: as dime_firmware_build, but that none fits. */
int dime_search_run(struct dime_image *image, struct dime_firmware_report *report);

/* ---- search_tried.c ---- */

/* Builds an image; it is the last of those tried then, and in that list once. */
int dime_search_try(struct dime_search *search, const struct dime_firmware_settings *chosen);

/* The difference in flash between the ways from `first` on, where all four of fast kernels have been built;
   else UINT32_MAX. */
uint32_t dime_search_spread(const struct dime_search *search, uint32_t first);

/* The least flash of the ways from `first` on; UINT32_MAX where there is none. */
uint32_t dime_search_least(const struct dime_search *search, uint32_t first);

/* Room for code that is left when an image is so much too large. */
uint32_t dime_search_room_within(const struct dime_search *search, int64_t flash_bytes, uint32_t code_bytes);

/* What plans and forms differ in adds up: what has been built with all code tells how much of it would fit.
   Sets the way's room. */
void dime_search_find_room(const struct dime_search *search, struct dime_search_way *way);

#endif
