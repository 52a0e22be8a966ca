/* SPDX-License-Identifier: MIT */
#include "train/conv_kernels.h"

#include "base/processor.h"

extern const struct dime_conv_kernels dime_conv_kernels_generic;
#if defined(__x86_64__)
extern const struct dime_conv_kernels dime_conv_kernels_avx2, dime_conv_kernels_avx512;
#endif

const struct dime_conv_kernels *dime_conv_kernels_variant(uint32_t index) {
    if (!dime_instructions_there((enum dime_instructions)index)) return NULL;
#if defined(__x86_64__)
    if (index == DIME_INSTRUCTIONS_AVX2) return &dime_conv_kernels_avx2;
    if (index >= DIME_INSTRUCTIONS_AVX512) return &dime_conv_kernels_avx512;
#endif
    return &dime_conv_kernels_generic;
}

const struct dime_conv_kernels *dime_conv_kernels_get(void) {
    return dime_conv_kernels_variant(dime_instructions_chosen());
}

void dime_conv_gather_naive(const struct dime_conv_gather *g) {
    for (uint32_t p = 0; p < g->list->count; p++) {
        for (uint32_t r = 0; r < g->rows; r++) {
            for (uint32_t n = 0; n < g->lanes; n++) {
                float sum = 0;
                for (uint32_t i = g->list->start[p]; i < g->list->start[p + 1]; i++) {
                    struct dime_conv_tap t = g->list->items[i];
                    for (uint32_t c = 0; c < g->channels; c++)
                        sum += g->weights[t.tap * g->weight_tap + c * g->weight_channel + r] *
                               g->in[c * g->in_plane + (size_t)t.pixel * g->lanes + n];
                }
                g->out[r * g->out_plane + (size_t)p * g->lanes + n] = sum;
            }
        }
    }
}

void dime_conv_weights_naive(const struct dime_conv_weights *w) {
    for (uint32_t t = 0; t < w->plan->weights.count; t++) {
        for (uint32_t c = 0; c < w->channels; c++) {
            for (uint32_t r = 0; r < w->rows; r++) {
                float sum = 0;
                for (uint32_t i = w->plan->weights.start[t]; i < w->plan->weights.start[t + 1]; i++) {
                    struct dime_conv_tap pair = w->plan->weights.items[i];
                    for (uint32_t n = 0; n < w->lanes; n++)
                        sum += w->in[c * w->in_plane + (size_t)pair.pixel * w->lanes + n] *
                               w->gradient[r * w->gradient_plane + (size_t)pair.tap * w->lanes + n];
                }
                w->weights[t * w->weight_tap + c * w->weight_channel + r] = sum;
            }
        }
    }
}
