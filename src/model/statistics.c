/* SPDX-License-Identifier: MIT */
#include "model/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_layer.h"

static double weight_at(const struct dime_model_layer *layer, uint64_t index) {
    return layer->format == DIME_FORMAT_NONE ? (double)layer->weight[index] : (double)layer->value[index];
}

/* Two passes, so that the deviation of weights far from zero does not suffer from cancellation. */
static void measure_moments(const struct dime_model_layer *layer, struct dime_layer_statistics *statistics) {
    double sum = 0, squares = 0, count = (double)statistics->weights;
    statistics->minimum = INFINITY;
    statistics->maximum = -INFINITY;
    for (uint64_t i = 0; i < statistics->weights; i++) {
        double weight = weight_at(layer, i);
        sum += weight;
        statistics->minimum = fmin(statistics->minimum, weight);
        statistics->maximum = fmax(statistics->maximum, weight);
    }
    statistics->mean = sum / count;
    for (uint64_t i = 0; i < statistics->weights; i++) {
        double difference = weight_at(layer, i) - statistics->mean;
        squares += difference * difference;
    }
    statistics->deviation = sqrt(squares / count);
}

static int compare_bins(const void *a, const void *b) {
    double left = ((const struct dime_bin *)a)->low, right = ((const struct dime_bin *)b)->low;
    return (left > right) - (left < right);
}

static void make_code_bins(const struct dime_format *format, struct dime_layer_statistics *statistics) {
    statistics->codes = statistics->bin_count = format->codes;
    for (uint32_t code = 0; code < format->codes; code++) {
        double value = format->value(code);
        statistics->bins[code] = (struct dime_bin){value, value, 0};
    }
    qsort(statistics->bins, statistics->bin_count, sizeof *statistics->bins, compare_bins);
    uint32_t kept = 1; /* PoT3 has two codes for 0 */
    for (uint32_t i = 1; i < statistics->bin_count; i++)
        if (statistics->bins[i].low > statistics->bins[kept - 1].low)
            statistics->bins[kept++] = statistics->bins[i];
    statistics->bin_count = kept;
}

static void count_codes(const struct dime_model_layer *layer, struct dime_layer_statistics *statistics) {
    for (uint64_t i = 0; i < statistics->weights; i++) {
        struct dime_bin key = {layer->value[i], layer->value[i], 0};
        struct dime_bin *bin =
            bsearch(&key, statistics->bins, statistics->bin_count, sizeof *statistics->bins, compare_bins);
        if (bin) bin->count++;
    }
}

static void measure_entropy(struct dime_layer_statistics *statistics) {
    statistics->entropy = 0;
    for (uint32_t i = 0; i < statistics->bin_count; i++) {
        if (statistics->bins[i].count == 0) continue;
        double share = (double)statistics->bins[i].count / (double)statistics->weights;
        statistics->entropy -= share * log2(share);
        statistics->codes_used++;
    }
    statistics->entropy = fmax(statistics->entropy, 0); /* not -0 where a single code holds all weights */
    statistics->code_share = statistics->entropy / log2(statistics->codes);
}

static void count_floats(const struct dime_model_layer *layer, struct dime_layer_statistics *statistics) {
    double low = statistics->minimum, width = (statistics->maximum - low) / DIME_FLOAT_BINS;
    statistics->bin_count = DIME_FLOAT_BINS;
    for (uint32_t i = 0; i < DIME_FLOAT_BINS; i++)
        statistics->bins[i] = (struct dime_bin){low + i * width, low + (i + 1) * width, 0};
    statistics->bins[DIME_FLOAT_BINS - 1].high = statistics->maximum;
    for (uint64_t i = 0; i < statistics->weights; i++) {
        double place = width > 0 ? (layer->weight[i] - low) / width : 0;
        if (!(place >= 0)) continue; /* not a number */
        uint32_t bin = place < DIME_FLOAT_BINS ? (uint32_t)place : DIME_FLOAT_BINS - 1;
        statistics->bins[bin].count++;
    }
}

static size_t layer_bytes(const struct dime_model_layer *layer) {
    if (dime_layer_is_pool(layer)) return 0;
    if (layer->format == DIME_FORMAT_NONE) return (size_t)layer->outputs * layer->inputs * sizeof(float);
    return dime_layer_packed_bytes(layer) + (layer->affine ? layer->outputs * sizeof *layer->affine : 0);
}

void dime_layer_statistics(const struct dime_model_layer *layer, struct dime_layer_statistics *statistics) {
    memset(statistics, 0, sizeof *statistics);
    statistics->weights = (uint64_t)layer->outputs * layer->inputs;
    statistics->bytes = layer_bytes(layer);
    if (dime_layer_is_pool(layer)) return;
    measure_moments(layer, statistics);
    if (layer->format == DIME_FORMAT_NONE) {
        statistics->entropy = statistics->code_share = NAN;
        count_floats(layer, statistics);
        return;
    }
    make_code_bins(dime_format_get(layer->format), statistics);
    count_codes(layer, statistics);
    measure_entropy(statistics);
}
