/* SPDX-License-Identifier: MIT */
#include "report/facts.h"

#include <stdio.h>

void dime_facts_class(const struct dime_run_facts *facts, uint32_t class, char *text, size_t size) {
    if (facts->model->class_names)
        snprintf(text, size, "%s", facts->model->class_names[class]);
    else
        snprintf(text, size, "%u", class);
}

int dime_facts_is_integer(const struct dime_run_facts *facts) {
    for (uint32_t i = 0; i < facts->model->layer_count; i++)
        if (!dime_layer_is_pool(&facts->model->layers[i]) &&
            facts->model->layers[i].format == DIME_FORMAT_NONE)
            return 0;
    return 1;
}

void dime_facts_layer(const struct dime_model_layer *layer, char *text, size_t size) {
    static const char *const kinds[] = {[DIME_LAYER_FC] = "fully connected",
                                        [DIME_LAYER_CONV2D] = "convolution",
                                        [DIME_LAYER_DEPTHWISE] = "depthwise convolution",
                                        [DIME_LAYER_MAX_POOL] = "max pooling",
                                        [DIME_LAYER_AVG_POOL] = "average pooling"};
    const struct dime_layer_shape *shape = &layer->shape;
    if (shape->kind == DIME_LAYER_FC)
        snprintf(text, size, "%s", kinds[shape->kind]);
    else
        snprintf(text, size, "%s %ux%u", kinds[shape->kind], shape->kernel, shape->kernel);
}
