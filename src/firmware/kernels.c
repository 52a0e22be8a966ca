/* SPDX-License-Identifier: MIT */
#include "firmware/kernels.h"

#include "model/fast_layout.h"
#include "model/rows_layout.h"

static const struct dime_firmware_kernel by_layout[] = {
    [DIME_LAYOUT_REFERENCE] = {"reference", "dot"},
    [DIME_LAYOUT_ROWS] = {"rows", "dime_rows_flush_"},
    [DIME_LAYOUT_PARTS] = {"rows in parts", "dime_rows_flush_"},
    [DIME_LAYOUT_SLICES] = {"slices", "dime_slices_add"},
    [DIME_LAYOUT_TABLE] = {"table", "dime_table_take"},
    [DIME_LAYOUT_PLANES] = {"planes", "dime_planes_add"},
    [DIME_LAYOUT_MULTIPLY] = {"multiplications", "dime_multiply_add_"},
    [DIME_LAYOUT_CODE] = {"code", NULL},
};
static const struct dime_firmware_kernel flags = {"rows of flags", "dime_fast_hot_flags"},
                                         compact = {"compact", "dime_dot_"};

/* Of stages of maps; dime_conv_method_name has their names. */
static const char *const loop_of_method[DIME_CONV_METHODS] = {
    [DIME_CONV_REFERENCE] = "dot",          [DIME_CONV_LOOKUP] = "dime_lookup_channel",
    [DIME_CONV_PLANES] = "dime_planes_add", [DIME_CONV_WRITTEN] = "dime_written_row",
    [DIME_CONV_MULTIPLY] = "multiply",
};

static struct dime_firmware_kernel of_maps(const struct dime_conv_plan *convolutions, uint32_t index) {
    const struct dime_conv_stage_plan *stage =
        convolutions ? dime_conv_plan_stage(convolutions, index) : NULL;
    enum dime_conv_method method = stage ? stage->method : DIME_CONV_REFERENCE;
    return (struct dime_firmware_kernel){dime_conv_method_name(method), loop_of_method[method]};
}

/* 1 where fast_dot.S has the layer's dot products. */
static int is_compact(const struct dime_model_layer *layer) {
    return !dime_layer_is_pool(layer) && dime_format_has_dot(layer->format);
}

struct dime_firmware_kernel dime_firmware_kernel_of(const struct dime_chip *chip, enum dime_kernels kernels,
                                                    const struct dime_conv_plan *convolutions,
                                                    const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (kernels == DIME_KERNELS_COMPACT && is_compact(layer)) return compact;
    if (kernels != DIME_KERNELS_FAST) return by_layout[DIME_LAYOUT_REFERENCE];
    if (layer->shape.kind != DIME_LAYER_FC) return of_maps(convolutions, index);
    if (convolutions && convolutions->code_layers >> index & 1) return by_layout[DIME_LAYOUT_CODE];
    enum dime_layout layout = dime_layout_on(chip, model, index);
    if (layout == DIME_LAYOUT_ROWS && dime_rows_plan_make(model, index).parts[0].has_flags) return flags;
    return by_layout[layout];
}
