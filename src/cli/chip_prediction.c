/* SPDX-License-Identifier: MIT */
#include "cli/chip_prediction.h"

#include "firmware/space.h"
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
static uint32_t connected_bytes(const struct dime_model *model) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        if (layer->shape.kind != DIME_LAYER_FC) continue;
        bytes += dime_layout_bytes(model, i, dime_layout_choose(model, i)) + affine_bytes(layer);
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
        const struct dime_chip_build build = {
            .is_fast = way == CLI_CHIP_FAST_RAM || way == CLI_CHIP_FAST_FLASH,
            .in_ram = way == CLI_CHIP_FAST_RAM || way == CLI_CHIP_REFERENCE_RAM,
            .convolutions = plan,
        };
        prediction->cycles[way] = dime_chip_cycles(model, activity, &build, 1);
    }
}

int cli_chip_predict(const struct dime_model *model, const char *data, const char *folder,
                     struct cli_chip_prediction *prediction) {
    struct dime_activity activity;
    struct dime_runtime runtime;
    *prediction = (struct cli_chip_prediction){0};
    int code = cli_typical_find(model, data, folder, &activity, &prediction->origin);
    if (!code) code = dime_runtime_create(&runtime, model);
    if (code) return code;
    uint32_t taken = connected_bytes(model), others = taken + CODE_BYTES;
    struct dime_conv_plan plan =
        dime_conv_plan_make(model, &runtime.network, dime_chips,
                            others < dime_chips->flash_bytes ? dime_chips->flash_bytes - others : 0);
    uint32_t small = 0;
    if (others + plan.bytes < dime_chips->flash_bytes)
        plan.code_layers =
            dime_weight_code_choose(model, dime_chips->flash_bytes - others - plan.bytes, &small);
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (plan.code_layers >> i & 1) taken -= dime_layout_bytes(model, i, dime_layout_choose(model, i));
    taken += small;
    prediction->flash_bytes =
        taken + plan.bytes + reference_bytes(model, &plan) + LAYER_BYTES * model->layer_count;
    prediction->best = runtime.network.map_count ? CLI_CHIP_FAST_FLASH : CLI_CHIP_FAST_RAM;
    dime_runtime_free(&runtime);
    predict(model, &activity, &plan, prediction);
    return 0;
}
