/* SPDX-License-Identifier: MIT */
#include "cli/chip_prediction.h"

#include <stdio.h>

#include "base/error.h"
#include "cli/firmware_image.h"
#include "model/chip_cost.h"
#include "model/fast_layout.h"
#include "model/weight_code.h"

enum {
    CODE_BYTES = 3000,
    LAYER_BYTES = 36
}; /* kernels and drivers, about; an entry of the table of layers */

const char *cli_chip_way_name(int way) {
    static const char *const names[] = {"fast kernels, inner loops in RAM", "fast kernels, code in flash",
                                        "reference, inner loops in RAM", "reference, code in flash"};
    return names[way];
}

static uint32_t affine_bytes(const struct dime_model_layer *layer) {
    return layer->affine ? (uint32_t)sizeof *layer->affine * layer->outputs : 0;
}

/* Of fully connected layers. */
static uint32_t connected_bytes(const struct dime_chip *chip, const struct dime_model *model) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        if (layer->shape.kind != DIME_LAYER_FC) continue;
        bytes += dime_layout_bytes(model, i, dime_layout_on(chip, model, i)) + affine_bytes(layer);
    }
    return bytes;
}

/* Of stages that are neither code nor planes: as the reference has them. */
static uint32_t reference_bytes(const struct dime_model *model, const struct dime_conv_plan *plan) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_conv_stage_plan *stage = dime_conv_plan_stage(plan, i);
        if (!stage || stage->method != DIME_CONV_REFERENCE || dime_layer_is_pool(&model->layers[i])) continue;
        bytes += dime_layout_bytes(model, i, DIME_LAYOUT_REFERENCE) + affine_bytes(&model->layers[i]);
    }
    return bytes;
}

static void predict(const struct dime_model *model, const struct dime_activity *activity,
                    const struct dime_conv_plan *plan, struct cli_chip_prediction *prediction) {
    for (int way = 0; way < CLI_CHIP_WAYS; way++) {
        int is_fast = way == CLI_CHIP_FAST_RAM || way == CLI_CHIP_FAST_FLASH;
        int in_ram = way == CLI_CHIP_FAST_RAM || way == CLI_CHIP_REFERENCE_RAM;
        const struct dime_chip_build build = dime_firmware_cost_build_of(
            prediction->chip, is_fast ? DIME_KERNELS_FAST : DIME_KERNELS_REFERENCE,
            in_ram ? DIME_CODE_RAM : DIME_CODE_FLASH, DIME_TRADE_SPEED, is_fast ? plan : NULL);
        prediction->cycles[way] = dime_chip_cycles(model, activity, &build, 1);
    }
}

/* ---- what is chosen ---- */

/* Convolutions and layers as code beside kernels and drivers of about CODE_BYTES. */
static struct dime_conv_plan assume_plan(const struct dime_model *model, const struct dime_network *network,
                                         const struct dime_chip *chip) {
    uint32_t others = connected_bytes(chip, model) + CODE_BYTES, small = 0;
    struct dime_conv_plan plan = dime_conv_plan_make(
        model, network, chip, others < chip->flash_bytes ? chip->flash_bytes - others : 0);
    if (others + plan.bytes < chip->flash_bytes)
        plan.code_layers = dime_weight_code_choose(model, chip->flash_bytes - others - plan.bytes, &small);
    plan.bytes += small;
    return plan;
}

/* Maps leave no room for inner loops in RAM. */
static void assume(const struct dime_network *network, const char *why,
                   struct cli_chip_prediction *prediction) {
    int way = network->map_count ? CLI_CHIP_FAST_FLASH : CLI_CHIP_FAST_RAM;
    prediction->best = prediction->cycles[way];
    snprintf(prediction->plan, sizeof prediction->plan, "%s, compiled for speed", cli_chip_way_name(way));
    snprintf(prediction->assumed, sizeof prediction->assumed,
             "assumed to fit beside %d bytes of kernels and drivers: %.120s", CODE_BYTES, why);
}

/* 0 where it cannot be built; the error says why. */
static int find_best(const struct dime_model *model, const struct dime_activity *activity,
                     struct dime_conv_plan *plan, struct cli_chip_prediction *prediction) {
    const struct dime_firmware_settings settings = {.app = dime_firmware_app_find("testset"),
                                                    .chip = prediction->chip,
                                                    .model = model,
                                                    .activity = activity,
                                                    .baud = 115200};
    struct dime_firmware_report report;
    int code = cli_firmware_plan(&settings, &report);
    if (!code) {
        const struct dime_firmware_candidate *chosen = &report.candidates[report.candidate_count - 1];
        prediction->best = (double)chosen->cycles;
        dime_firmware_plan_text(chosen, prediction->plan, sizeof prediction->plan);
        if (report.kernels == DIME_KERNELS_FAST) *plan = report.convolutions;
    }
    dime_firmware_report_free(&report);
    return code == 0;
}

static void settle(const struct dime_model *model, const struct dime_activity *activity,
                   const struct dime_network *network, int is_built, struct cli_chip_prediction *prediction) {
    struct dime_conv_plan plan = assume_plan(model, network, prediction->chip);
    int is_known = is_built && find_best(model, activity, &plan, prediction);
    prediction->flash_bytes = connected_bytes(prediction->chip, model) + plan.bytes +
                              reference_bytes(model, &plan) + LAYER_BYTES * model->layer_count;
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (plan.code_layers >> i & 1)
            prediction->flash_bytes -=
                dime_layout_bytes(model, i, dime_layout_on(prediction->chip, model, i));
    predict(model, activity, &plan, prediction);
    if (!is_known) assume(network, is_built ? dime_error_message() : "as was asked for", prediction);
}

int cli_chip_predict(const struct dime_model *model, const struct dime_chip *chip, int is_built,
                     const char *data, const char *folder, struct cli_chip_prediction *prediction) {
    struct dime_activity activity;
    struct dime_runtime runtime;
    *prediction = (struct cli_chip_prediction){.chip = chip};
    int code = cli_typical_find(model, data, folder, &activity, &prediction->origin);
    if (!code) code = dime_runtime_create(&runtime, model);
    if (code) return code;
    settle(model, &activity, &runtime.network, is_built, prediction);
    dime_runtime_free(&runtime);
    return 0;
}
