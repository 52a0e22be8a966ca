/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"

#include "stage.h"

void dime_conv_reference_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                             const struct dime_layer *last, const int8_t *input, int32_t *sums,
                             int8_t *output) {
    (void)stage;
    dime_stage_run(first, last, input, sums, output);
}

/* Tensors lie at either end of `activations` in turn, as those of dime_maps_run, but on multiples of 4, and
   the first at the end. */
const int8_t *dime_conv_run(const struct dime_network *network, const struct dime_conv_stage *stages,
                            const int8_t *input, int32_t *sums, int8_t *activations) {
    for (uint32_t first = 0, end; first < network->map_count; first = end, stages++) {
        end = dime_stage_end(network, first);
        const struct dime_layer *last = &network->layers[end - 1];
        int8_t *output = activations;
        if (first == 0 || input == activations)
            output += (network->activations - last->outputs * dime_map_size(last)) & ~3u;
        stages->run(stages, &network->layers[first], last, input, sums, output);
        input = output;
    }
    return input;
}
