/* SPDX-License-Identifier: MIT */
#include "report/first_layer.h"

#include <float.h>
#include <math.h>

int dime_first_layer_of(const struct dime_model *model, struct dime_first_layer *first) {
    const struct dime_model_layer *layer = &model->layers[0];
    uint32_t size = model->config.input_size;
    if (size * size != layer->inputs || (!layer->value && !layer->weight)) return 0;
    *first = (struct dime_first_layer){layer, "units", layer->outputs, size, size};
    return 1;
}

double dime_first_layer_weight(const struct dime_first_layer *first, uint32_t picture, uint32_t place) {
    uint64_t index = (uint64_t)picture * first->height * first->width + place;
    return first->layer->value ? (double)first->layer->value[index] : (double)first->layer->weight[index];
}

double dime_first_layer_most(const struct dime_first_layer *first) {
    double most = DBL_MIN;
    for (uint32_t picture = 0; picture < first->count; picture++)
        for (uint32_t place = 0; place < first->height * first->width; place++)
            most = fmax(most, fabs(dime_first_layer_weight(first, picture, place)));
    return most;
}
