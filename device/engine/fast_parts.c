/* SPDX-License-Identifier: MIT */
#include "fast_parts.h"

static void run_part(const struct dime_part *part, const int8_t *x, int32_t *sums, int32_t *scratch,
                     int8_t *activations) {
    int32_t *target = part->adds ? scratch : sums;
    part->layer.fast->run(&part->layer, x + part->input, target, activations);
    if (!part->adds) return;
    for (uint32_t m = 0; m < part->layer.outputs; m++)
        sums[m] += (int32_t)((uint32_t)scratch[m] << part->shift);
}

void dime_parts_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_fast_parts *fast = (const struct dime_fast_parts *)(const void *)layer->fast;
    const struct dime_part *end = fast->parts + fast->count;
    for (const struct dime_part *part = fast->parts; part < end; part++)
        run_part(part, x, sums + part->output, sums + fast->scratch, activations);
    fast->fast.finish(layer, sums, activations, dime_fast_largest(sums, sums + layer->outputs));
}
