/* SPDX-License-Identifier: MIT */
#include "model/conv_code.h"

#include "model/code_window.h"

enum {
    SHORT_REACH = 32,
    MOST_SUMS = 255,
    FARTHEST = 2047
}; /* sums that 16-bit stores and 32-bit loads reach from a5 */

/* Registers beside the window's and a4: u is a sum in memory, tp points to the input, a5 to the sums. */
#define U "a3"
#define SUMS "a5"
#define INPUT "tp"

/* Kernel rows `first` .. `first + rows - 1` of input channel c, for all output channels. */
struct pass {
    const struct dime_layer *layer;
    const int16_t *values; /* M x K */
    uint32_t channel, first, rows;
    struct dime_window window;
};

static uint32_t pass_rows(const struct dime_layer *layer) {
    uint32_t rows = DIME_WINDOW / layer->kernel;
    return rows > layer->kernel ? layer->kernel : rows;
}

/* Bytes from the top left of a window: maps lie place by place. */
static uint32_t input_offset(const struct dime_layer *layer, uint32_t row, uint32_t column) {
    return (row * layer->width + column) * layer->channels;
}

/* ---- does it suit ---- */

/* Both halves of every finished sum must fit 16 signed bits; what lies between may wrap, since additions,
   their opposites and doublings are exact modulo 2^32. */
static int sums_fit(const struct dime_layer *layer, const int16_t *values, int32_t least, int32_t most) {
    for (uint32_t m = 0; m < layer->outputs; m++, values += layer->inputs) {
        int64_t low = 0, high = 0;
        for (uint32_t k = 0; k < layer->inputs; k++) {
            int64_t a = (int64_t)values[k] * least, b = (int64_t)values[k] * most;
            low += a < b ? a : b;
            high += a < b ? b : a;
        }
        if (low < INT16_MIN || high > INT16_MAX) return 0;
    }
    return 1;
}

const char *dime_conv_pairs_refusal(const struct dime_layer *layer, const int16_t *values,
                                    int32_t input_least, int32_t input_most) {
    if (layer->kind != DIME_LAYER_CONV2D) return "it is no dense convolution";
    if (layer->requantize != DIME_REQUANTIZE_FIXED || !layer->affine) return "it has no batch normalisation";
    if (layer->padding) return "it has padding";
    if (layer->outputs > MOST_SUMS) return "it has more than 255 output channels";
    if (layer->kernel > DIME_WINDOW) return "its kernel is larger than 9";
    if (layer->out_width < 2) return "its output is one column wide";
    if (input_offset(layer, layer->kernel - 1u, layer->kernel + layer->stride - 1u) > FARTHEST)
        return "its window spans more than 2047 bytes";
    if (!sums_fit(layer, values, input_least, input_most)) return "its sums do not fit 16 bits";
    return NULL;
}

/* ---- one pass ---- */

static const int16_t *pass_row(const struct pass *pass, uint32_t m) {
    uint32_t size = pass->layer->kernel;
    return pass->values + m * pass->layer->inputs + (pass->channel * size + pass->first) * size;
}

/* The high half of word j of a kernel row: column j + stride, which another word of the row holds already in
   its low half, or which is loaded. */
static void write_high_half(struct dime_code *code, const struct pass *pass, uint32_t row, uint32_t j) {
    uint32_t size = pass->layer->kernel, column = j + pass->layer->stride;
    if (column < size)
        dime_code_short(code, "mv " DIME_SUM ", %s", pass->window.reg[row * size + column]);
    else
        dime_code_load(code, "lb " DIME_SUM ", %u(" INPUT ")",
                       input_offset(pass->layer, pass->first + row, column));
    dime_code_short(code, "slli " DIME_SUM ", " DIME_SUM ", 16");
    dime_code_short(code, "add %s, %s, " DIME_SUM, pass->window.reg[row * size + j],
                    pass->window.reg[row * size + j]);
}

static void write_window(struct dime_code *code, const struct pass *pass) {
    uint32_t size = pass->layer->kernel;
    for (uint32_t i = 0; i < pass->rows; i++) {
        for (uint32_t j = 0; j < size; j++)
            dime_code_load(code, "lb %s, %u(" INPUT ")", pass->window.reg[i * size + j],
                           input_offset(pass->layer, pass->first + i, j));
        for (uint32_t j = 0; j < size; j++) write_high_half(code, pass, i, j);
    }
}

static uint32_t sum_offset(uint32_t m) {
    return m % SHORT_REACH * 4;
}

/* Adds one channel's share to its sum in memory; the first share becomes the sum. */
static void write_channel(struct dime_code *code, const struct pass *pass, uint32_t m, uint8_t *has_sum) {
    struct dime_terms terms = dime_terms_of(pass_row(pass, m), pass->window.taps);
    if (terms.is_zero) return;
    if (terms.highest == 0 && *has_sum) {
        dime_code_memory(code, "lw " DIME_SUM ", %u(" SUMS ")", sum_offset(m));
        dime_window_write_addition(code, &pass->window, &terms);
    } else {
        dime_window_write_sum(code, &pass->window, &terms, terms.flip && *has_sum);
        if (*has_sum) {
            dime_code_memory(code, "lw " U ", %u(" SUMS ")", sum_offset(m));
            dime_code_short(code, terms.flip ? "sub " U ", " U ", " DIME_SUM : "add " U ", " U ", " DIME_SUM);
        }
    }
    dime_code_memory(code, "sw %s, %u(" SUMS ")", terms.highest && *has_sum ? U : DIME_SUM, sum_offset(m));
    *has_sum = 1;
}

/* 16-bit stores reach 32 sums, so a5 moves on behind every 32nd. */
static void step_sums(struct dime_code *code, uint32_t m) {
    if (m && m % SHORT_REACH == 0) dime_code_long(code, "addi " SUMS ", " SUMS ", %d", SHORT_REACH * 4);
}

static void rewind_sums(struct dime_code *code, uint32_t outputs) {
    uint32_t back = (outputs - 1) / SHORT_REACH * SHORT_REACH * 4;
    for (; back; back -= back > 2048 ? 2048 : back)
        dime_code_long(code, "addi " SUMS ", " SUMS ", -%u", back > 2048 ? 2048u : back);
}

static void write_pass(struct dime_code *code, struct pass *pass, uint8_t *has_sum) {
    pass->window.taps = pass->rows * pass->layer->kernel;
    dime_window_assign(&pass->window, pass_row(pass, 0), pass->layer->outputs, pass->layer->inputs);
    if (code->stream)
        fprintf(code->stream, "    # input channel %u, kernel rows from %u\n", pass->channel, pass->first);
    write_window(code, pass);
    for (uint32_t m = 0; m < pass->layer->outputs; m++) {
        step_sums(code, m);
        write_channel(code, pass, m, &has_sum[m]);
    }
    rewind_sums(code, pass->layer->outputs);
}

/* ---- the function ---- */

static void write_entry(struct dime_code *code, const char *symbol) {
    dime_code_function(code, symbol);
    dime_code_short(code, "addi sp, sp, -16");
    dime_code_memory(code, "sw ra, 12(sp)");
    dime_code_memory(code, "sw s0, 8(sp)");
    dime_code_memory(code, "sw s1, 4(sp)");
    dime_code_memory(code, "sw tp, 0(sp)");
    dime_code_short(code, "mv " INPUT ", a0");
    dime_code_short(code, "mv " SUMS ", a1");
}

static void write_exit(struct dime_code *code, const char *symbol) {
    dime_code_memory(code, "lw ra, 12(sp)");
    dime_code_memory(code, "lw s0, 8(sp)");
    dime_code_memory(code, "lw s1, 4(sp)");
    dime_code_memory(code, "lw tp, 0(sp)");
    dime_code_short(code, "addi sp, sp, 16");
    dime_code_jump(code, "ret");
    dime_code_function_end(code, symbol);
}

static void write_zero_sums(struct dime_code *code, uint32_t outputs, const uint8_t *has_sum) {
    for (uint32_t m = 0; m < outputs; m++) {
        if (has_sum[m]) continue;
        for (uint32_t done = 0; done < m / SHORT_REACH; done++)
            dime_code_long(code, "addi " SUMS ", " SUMS ", %d", SHORT_REACH * 4);
        dime_code_load(code, "sw zero, %u(" SUMS ")", sum_offset(m));
        for (uint32_t done = 0; done < m / SHORT_REACH; done++)
            dime_code_long(code, "addi " SUMS ", " SUMS ", -%d", SHORT_REACH * 4);
    }
}

struct dime_code_cost dime_conv_pairs_write(const struct dime_layer *layer, const int16_t *values,
                                            const char *symbol, FILE *stream) {
    struct dime_code code = {.stream = stream};
    struct pass pass = {.layer = layer, .values = values};
    uint8_t has_sum[MOST_SUMS] = {0};
    write_entry(&code, symbol);
    for (uint32_t c = 0; c < layer->channels; c++) {
        if (c) dime_code_short(&code, "addi " INPUT ", " INPUT ", 1");
        pass.channel = c;
        for (pass.first = 0; pass.first < layer->kernel; pass.first += pass.rows) {
            uint32_t left = layer->kernel - pass.first;
            pass.rows = pass_rows(layer) < left ? pass_rows(layer) : left;
            write_pass(&code, &pass, has_sum);
        }
    }
    write_zero_sums(&code, layer->outputs, has_sum);
    write_exit(&code, symbol);
    return code.cost;
}
