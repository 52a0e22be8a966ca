/* SPDX-License-Identifier: MIT */
#include "firmware/explain.h"

#include <stdio.h>
#include <string.h>

#include "firmware/kernels.h"
#include "model/fast_layout.h"
#include "model/weight_code.h"

/* One way to compute a layer. */
struct way {
    struct dime_firmware_kernel kernel;
    double cycles; /* 0: not known */
    uint32_t bytes;
};

/* What is asked about. */
struct question {
    const struct dime_firmware_report *report;
    const struct dime_model *model;
    const struct dime_activity *activity;
    const struct dime_conv_plan *suits; /* what each stage could be */
    uint32_t index;                     /* of the layer */
};

/* ---- ways ---- */

static double cycles_of(const struct question *question, const struct dime_chip_build *build) {
    struct dime_chip_part parts[DIME_CHIP_MOST_PARTS];
    uint32_t count = dime_chip_parts(question->model, question->activity, build, parts);
    for (uint32_t i = 0; i < count; i++)
        if (parts[i].layer == question->index && dime_chip_part_is_known(&parts[i], build))
            return dime_chip_part_cycles(&parts[i], build);
    return 0;
}

/* The layer in an image like that one, but with other convolutions, or by the reference. */
static struct way way_of(const struct question *question, const struct dime_conv_plan *plan, int is_fast,
                         uint32_t bytes) {
    const struct dime_firmware_report *report = question->report;
    enum dime_kernels kernels = is_fast                                ? DIME_KERNELS_FAST
                                : report->kernels == DIME_KERNELS_FAST ? DIME_KERNELS_REFERENCE
                                                                       : report->kernels;
    const struct dime_chip_build build =
        dime_firmware_cost_build_of(report->chip, kernels, report->code, report->trade, plan);
    return (struct way){
        .kernel = dime_firmware_kernel_of(report->chip, kernels, plan, question->model, question->index),
        .cycles = cycles_of(question, &build),
        .bytes = bytes};
}

static struct dime_conv_stage_plan *stage_of(struct dime_conv_plan *plan, uint32_t index) {
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].first == index) return &plan->stages[i];
    return NULL;
}

static uint32_t packed_bytes(const struct question *question) {
    const struct dime_model_layer *layer = &question->model->layers[question->index];
    uint32_t bytes = dime_layer_is_pool(layer)
                         ? 0
                         : dime_layout_bytes(question->model, question->index, DIME_LAYOUT_REFERENCE);
    return bytes + (layer->affine ? (uint32_t)sizeof *layer->affine * layer->outputs : 0);
}

static uint32_t connected_bytes(const struct question *question, const struct dime_conv_plan *plan) {
    const struct dime_model_layer *layer = &question->model->layers[question->index];
    enum dime_layout layout = plan->code_layers >> question->index & 1
                                  ? DIME_LAYOUT_CODE
                                  : dime_layout_on(question->report->chip, question->model, question->index);
    return dime_layout_bytes(question->model, question->index, layout) +
           (layer->affine ? (uint32_t)sizeof *layer->affine * layer->outputs : 0);
}

static struct way chosen_way(const struct question *question) {
    const struct dime_conv_plan *plan = &question->report->convolutions;
    const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(plan, question->index);
    int is_fast = question->report->kernels == DIME_KERNELS_FAST;
    uint32_t bytes = packed_bytes(question);
    if (is_fast && stage && stage->method) bytes = stage->bytes;
    if (is_fast && !stage) bytes = connected_bytes(question, plan);
    return way_of(question, plan, is_fast, bytes);
}

/* The other ways of fast kernels and the reference; returns how many. */
static uint32_t list_others(const struct question *question, struct way ways[DIME_CONV_METHODS + 1]) {
    struct dime_conv_plan plan = question->report->convolutions;
    int is_fast = question->report->kernels == DIME_KERNELS_FAST;
    uint32_t count = 0, bit = UINT32_C(1) << question->index;
    if (!is_fast) plan = *question->suits;
    struct dime_conv_stage_plan *stage = stage_of(&plan, question->index);
    enum dime_conv_method now = stage && is_fast ? stage->method : DIME_CONV_REFERENCE;
    for (int method = DIME_CONV_PAIRS; stage && method < DIME_CONV_METHODS; method++) {
        stage->method = (enum dime_conv_method)method;
        if (stage->offers[method] && (!is_fast || stage->method != now))
            ways[count++] = way_of(question, &plan, 1, stage->offers[method]);
    }
    if (!stage && !is_fast) ways[count++] = way_of(question, &plan, 1, connected_bytes(question, &plan));
    if (!stage && !dime_weight_code_refusal(question->model, question->index)) {
        plan.code_layers ^= bit;
        ways[count++] = way_of(question, &plan, 1, connected_bytes(question, &plan));
    }
    if (is_fast) ways[count++] = way_of(question, &plan, 0, packed_bytes(question));
    return count;
}

/* ---- why ---- */

static const char *refusal_of(const struct question *question) {
    const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(question->suits, question->index);
    return stage ? stage->why : dime_weight_code_refusal(question->model, question->index);
}

/* With commas between groups of three digits. */
static const char *grouped(double number, char text[32]) {
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%.0f", number), used = 0;
    for (int i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = 0;
    return text;
}

static void tell_faster(const struct question *question, const struct way *chosen, const struct way *other,
                        char *why, size_t room) {
    const struct dime_firmware_report *report = question->report;
    uint32_t left =
        report->flash_bytes < report->chip->flash_bytes ? report->chip->flash_bytes - report->flash_bytes : 0;
    uint32_t more = other->bytes > chosen->bytes ? other->bytes - chosen->bytes : 0;
    char cycles[32];
    int used = snprintf(why, room, "%s would take %s cycles, but ", other->kernel.name,
                        grouped(other->cycles, cycles));
    if (more > left)
        snprintf(why + used, room - (size_t)used, "its weights need %u bytes more flash than there are",
                 more - left);
    else if (report->kernels == DIME_KERNELS_REFERENCE)
        snprintf(why + used, room - (size_t)used, "that is no part of the reference");
    else
        snprintf(why + used, room - (size_t)used, "the image with it does not fit");
}

/* The way that is next to the chosen one. is_known: 1 where the chosen one's cycles are predicted. */
static void tell_slower(const struct question *question, int is_known, const struct way *other, char *why,
                        size_t room) {
    const char *refusal = refusal_of(question);
    char cycles[32];
    int used = snprintf(why, room, "%s", is_known ? "the fastest" : "cycles are not predicted");
    if (other && other->cycles > 0)
        used += snprintf(why + used, room - (size_t)used, "; %s would take %s cycles", other->kernel.name,
                         grouped(other->cycles, cycles));
    if (refusal) snprintf(why + used, room - (size_t)used, "; no code: %s", refusal);
}

static void tell_why(const struct question *question, const struct way *chosen, char *why, size_t room) {
    struct way ways[DIME_CONV_METHODS + 1];
    uint32_t count = list_others(question, ways);
    const struct way *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (ways[i].cycles > 0 && (!best || ways[i].cycles < best->cycles)) best = &ways[i];
    if (best && chosen->cycles > 0 && best->cycles < chosen->cycles)
        tell_faster(question, chosen, best, why, room);
    else
        tell_slower(question, chosen->cycles > 0, best, why, room);
}

/* ---- where ---- */

static const char *place_of(const struct dime_firmware_report *report, const char *loop) {
    for (size_t i = 0; loop && i < report->space.count; i++)
        if (!strncmp(report->space.items[i].name, loop, strlen(loop)) && report->space.items[i].ram)
            return "RAM";
    return "flash";
}

/* ---- all layers ---- */

uint32_t dime_firmware_explain(const struct dime_firmware_report *report, const struct dime_model *model,
                               const struct dime_activity *activity,
                               struct dime_firmware_layer layers[DIME_MAX_LAYERS]) {
    struct dime_activity assumed;
    struct dime_conv_plan suits;
    uint32_t count = 0;
    if (dime_export_chip_plan(model, report->chip, report->chip->flash_bytes, &suits)) return 0;
    dime_activity_assume(model, &assumed);
    for (uint32_t i = 0; i < model->layer_count; count++) {
        const struct question question = {report, model, activity ? activity : &assumed, &suits, i};
        const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(&suits, i);
        const struct way chosen = chosen_way(&question);
        layers[count] =
            (struct dime_firmware_layer){.first = i,
                                         .last = stage ? stage->last : i,
                                         .kernel = chosen.kernel.name,
                                         .place = place_of(report, chosen.kernel.loop),
                                         .weight_bytes = chosen.bytes,
                                         .cycles = activity ? (uint64_t)(chosen.cycles + 0.5) : 0};
        tell_why(&question, &chosen, layers[count].why, sizeof layers[count].why);
        i = layers[count].last + 1;
    }
    return count;
}
