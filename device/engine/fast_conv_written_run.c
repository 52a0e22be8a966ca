/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "fast_conv_channel.h"
#include "stage.h"

#ifdef __riscv /* it runs what it writes */

enum { TAPS = 9 };

/* What a stage works with, in `sums`. */
struct work {
    int32_t *between; /* a map between two convolutions */
    int32_t *rows;    /* two, to be pooled */
    int32_t *values;  /* a channel's outputs */
    uint16_t *map;    /* of the first convolution */
    uint16_t *code;
};

static struct work divide(const struct dime_written *written, const struct dime_layer *first, uint32_t size,
                          int32_t *sums) {
    struct work work = {.between = sums};
    work.rows = work.between + written->between;
    work.values = work.rows + 2 * written->row;
    work.map = (uint16_t *)(work.values + size);
    work.code = work.map + ((dime_map_size(first) + 1) & ~1u);
    return work;
}

/* ---- one channel ---- */

static void run_first(const struct dime_written *written, const struct dime_layer *layer, const int8_t *input,
                      const struct dime_channel_range *range, const int8_t *weights,
                      const struct work *work) {
    int is_pairs = !(layer->out_height & 1) && dime_channel_fits_half(weights, range);
    uint32_t rows = is_pairs ? 2 : 1;
    uint16_t *map = work->map;
    dime_written_loop_write(is_pairs ? written->pairs : written->single, weights, work->code);
    for (uint32_t y = 0; y < layer->out_height; y += rows) {
        dime_written_row(input, map, input + layer->out_width, work->code);
        input += is_pairs ? 2 * layer->width : layer->width;
        map += is_pairs ? 2 * layer->out_width : layer->out_width;
    }
}

/* A convolution behind the first; step: bytes of an entry of `from`. */
static void run_next(const struct dime_layer *layer, int has_pool, const uint8_t *from, uint32_t shift,
                     const struct work *work, int32_t *output) {
    uint32_t row = (uint32_t)layer->width << shift, columns = (uint32_t)layer->out_width << shift;
    for (uint32_t y = 0; y < layer->out_height; y++, from += row) {
        int32_t *to = !has_pool ? output : y & 1 ? work->rows + layer->out_width : work->rows;
        dime_written_row(from, to, from + columns, work->code);
        if (!has_pool) {
            output += layer->out_width;
        } else if (y & 1) {
            dime_channel_pool(work->rows, work->rows + layer->out_width, output, layer[1].out_width);
            output += layer[1].out_width;
        }
    }
}

/* All convolutions but the first; the last one's outputs go to work->values. */
static void run_channel(const struct dime_written *written, const struct dime_layer *layer,
                        const struct dime_layer *last, const int8_t *weights, const struct work *work) {
    const void *from = work->map;
    uint32_t shift = 1;
    for (const struct dime_written_step *step = written->steps; layer <= last; step++, weights += TAPS) {
        const struct dime_layer *end = layer + step->has_pool;
        int32_t *output = end == last ? work->values : work->between;
        dime_written_loop_write(step->loop, weights, work->code);
        run_next(layer, step->has_pool, from, shift, work, output);
        from = output;
        shift = 2;
        layer = end + 1;
    }
}

/* ---- ShiftNorm without keeping the sums ----

   (v + (1 << s >> 1)) >> s is ((v >> (s - 1)) + 1) >> 1 for s > 0, so of the values only what is above bit s
   - 1 has to be kept: as many bits as activations have with their sign, in bytes. s follows from the largest
   value so far; where that grows, what has been kept is shifted. */

struct kept {
    int8_t *output;
    uint32_t count;
    uint32_t shift; /* of what has been kept */
    uint32_t bits;  /* at most 8 */
};

static void keep_values(struct kept *kept, const int32_t *values, uint32_t size, uint8_t *place) {
    uint32_t more = 0;
    for (uint32_t i = 0; i < size; i++)
        while (values[i] > 0 && (uint32_t)values[i] >> (kept->shift + more) >> kept->bits) more++;
    kept->shift += more;
    uint8_t *all = (uint8_t *)kept->output;
    for (uint32_t i = 0; more && i < kept->count; i++) all[i] = (uint8_t)(all[i] >> more);
    for (uint32_t i = 0; i < size; i++)
        place[i] = values[i] < 0 ? 0 : (uint8_t)((uint32_t)values[i] >> kept->shift);
}

static void finish(const struct kept *kept) {
    uint8_t *all = (uint8_t *)kept->output, *end = all + kept->count;
    uint32_t top = (1u << (kept->bits - 1)) - 1, most = 0;
    for (const uint8_t *value = all; value < end; value++)
        if (*value > most) most = *value;
    if (most <= top) return; /* s is 0 */
    for (; all < end; all++) {
        uint32_t value = (*all + 1u) >> 1;
        *all = (uint8_t)(value > top ? top : value);
    }
}

/* ---- the stage ---- */

void dime_conv_written_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                           const struct dime_layer *last, const int8_t *input, int32_t *sums,
                           int8_t *output) {
    const struct dime_written *written = stage->written;
    uint32_t size = dime_map_size(last);
    struct kept kept = {output, last->outputs * size, 0, last->activation_bits};
    struct work work = divide(written, first, size, sums);
    struct dime_channel_range range = dime_channel_range_of(input, (uint32_t)first->height * first->width);
    const int8_t *weights = written->weights;
    for (uint32_t i = 0; i < kept.count; i++) output[i] = 0;
    for (uint32_t m = 0; m < first->outputs; m++, weights += TAPS * written->convolutions) {
        run_first(written, first, input, &range, weights, &work);
        run_channel(written, first + 1, last, weights + TAPS, &work);
        keep_values(&kept, work.values, size, (uint8_t *)output + m * size);
    }
    finish(&kept);
}
#endif
