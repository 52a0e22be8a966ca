/* SPDX-License-Identifier: MIT */
#include "data/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int dime_part_check_size(const char *name, uint32_t height, uint32_t width) {
    if (height >= 1 && height <= DIME_MAX_SIDE && width >= 1 && width <= DIME_MAX_SIDE) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: pictures of %ux%u pixels, expected 1..%d each way", name,
                          width, height, DIME_MAX_SIDE);
}

void dime_part_free(struct dime_dataset *part) {
    free(part->pixels);
    free(part->labels);
    memset(part, 0, sizeof *part);
}

static uint32_t greatest_label(const struct dime_dataset *part) {
    uint32_t greatest = 0;
    for (uint32_t i = 0; i < part->count; i++)
        if (part->labels[i] > greatest) greatest = part->labels[i];
    return greatest;
}

int dime_pair_check(const char *name, struct dime_dataset_pair *pair, uint32_t classes) {
    struct dime_dataset *train = &pair->train, *test = &pair->test;
    if (train->height != test->height || train->width != test->width)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: training pictures have %ux%u pixels, test pictures %ux%u", name,
                              train->width, train->height, test->width, test->height);
    uint32_t a = greatest_label(train), b = greatest_label(test);
    if (!classes) classes = 1 + (a > b ? a : b);
    if (classes < 2 || classes > DIME_MAX_CLASSES)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: %u class%s, expected 2..%d", name, classes,
                              classes == 1 ? "" : "es", DIME_MAX_CLASSES);
    train->classes = test->classes = classes;
    return 0;
}

int dime_part_check_labels(const char *name, const struct dime_dataset *part) {
    uint8_t least = UINT8_MAX;
    for (uint32_t i = 0; i < part->count; i++)
        if (part->labels[i] < least) least = part->labels[i];
    if (least == 0) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED,
                          "%s: no picture has label 0; labels count from 0, but the least one here is %u",
                          name, least);
}

static uint32_t count_test_share(const struct dime_dataset *train) {
    uint32_t seen[256] = {0}, chosen = 0;
    for (uint32_t i = 0; i < train->count; i++) chosen += ++seen[train->labels[i]] % DIME_TEST_SHARE == 0;
    return chosen;
}

/* Picture `from` of source becomes picture `to` of target, which may be the same part. */
static void copy_picture(struct dime_dataset *target, uint32_t to, const struct dime_dataset *source,
                         uint32_t from) {
    size_t bytes = (size_t)source->height * source->width;
    memmove(target->pixels + to * bytes, source->pixels + from * bytes, bytes);
    target->labels[to] = source->labels[from];
}

static void deal_out(struct dime_dataset *train, struct dime_dataset *test) {
    uint32_t seen[256] = {0}, kept = 0, given = 0;
    for (uint32_t i = 0; i < train->count; i++) {
        if (++seen[train->labels[i]] % DIME_TEST_SHARE == 0)
            copy_picture(test, given++, train, i);
        else
            copy_picture(train, kept++, train, i);
    }
    train->count = kept;
}

int dime_pair_split(const char *name, struct dime_dataset_pair *pair) {
    struct dime_dataset *train = &pair->train, *test = &pair->test;
    uint32_t chosen = count_test_share(train);
    if (!chosen)
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: no class has %d pictures, so none can be set aside for testing; add pictures or a "
            "test part",
            name, DIME_TEST_SHARE);
    *test = (struct dime_dataset){.count = chosen, .height = train->height, .width = train->width};
    test->pixels = malloc((size_t)chosen * test->height * test->width);
    test->labels = malloc(chosen);
    if (!test->pixels || !test->labels) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    deal_out(train, test);
    return 0;
}

int dime_pair_number_classes(struct dime_dataset_pair *pair) {
    if (pair->class_names) return 0;
    pair->class_names = calloc(pair->train.classes, sizeof *pair->class_names);
    int failed = !pair->class_names;
    for (uint32_t i = 0; i < pair->train.classes && !failed; i++)
        failed = asprintf(&pair->class_names[i], "%u", i) < 0;
    return failed ? dime_error_set(DIME_ERROR_MEMORY, "out of memory for %u class names", pair->train.classes)
                  : 0;
}
