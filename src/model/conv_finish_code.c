/* SPDX-License-Identifier: MIT */
#include "model/code_text.h"
#include "model/conv_code.h"
#include "model/signed_digits.h"

enum { SHORT_REACH = 124 }; /* bytes that a 16-bit load reaches */

/* What a channel does with a positive sum: a0 = (a0 * multiplier + (1 << shift >> 1)) >> shift. A common
   factor 2 is taken out of both; the product is made of shifted additions; rounding adds 1 before the last
   bit goes. */
static void write_scaling(struct dime_code *code, const struct dime_affine *affine) {
    uint32_t multiplier = affine->multiplier, shift = affine->shift;
    for (; multiplier && multiplier % 2 == 0 && shift; shift--) multiplier /= 2;
    if (!multiplier) {
        dime_code_short(code, "li a0, 0");
        return;
    }
    struct dime_digits digits = dime_digits_of((int32_t)multiplier);
    uint32_t at = DIME_DIGITS - 1;
    while (!dime_digit(&digits, at)) at--;
    if (multiplier != 1u << at) dime_code_short(code, "mv a1, a0");
    for (uint32_t plane = at; plane-- > 0;) {
        int digit = dime_digit(&digits, plane);
        if (!digit) continue;
        dime_code_short(code, "slli a0, a0, %u", at - plane);
        dime_code_short(code, digit > 0 ? "add a0, a0, a1" : "sub a0, a0, a1");
        at = plane;
    }
    if (at) dime_code_short(code, "slli a0, a0, %u", at);
    if (shift > 1) dime_code_short(code, "srai a0, a0, %u", shift - 1);
    if (!shift) return;
    dime_code_short(code, "addi a0, a0, 1");
    dime_code_short(code, "srai a0, a0, 1");
}

static void write_bias(struct dime_code *code, const char *reg, int32_t bias) {
    uint32_t low = (uint32_t)bias << 20 >> 20; /* what addi adds, sign-extended, behind lui */
    if (bias >= -32 && bias < 32)
        dime_code_short(code, "li %s, %d", reg, bias);
    else if (!low || (bias >= -2048 && bias < 2048))
        dime_code_long(code, "li %s, %d", reg, bias);
    else {
        code->cost.bytes += 4;
        code->cost.cycles += 2;
        dime_code_long(code, "li %s, %d", reg, bias);
    }
}

static void write_load(struct dime_code *code, const char *reg, uint32_t offset) {
    if (offset <= SHORT_REACH)
        dime_code_memory(code, "lw %s, %u(a5)", reg, offset);
    else
        dime_code_load(code, "lw %s, %u(a5)", reg, offset);
}

/* The longest scaling with its return; each is filled up to it. */
static uint32_t scaling_bytes(const struct dime_layer *layer) {
    uint32_t most = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        struct dime_code counter = {0};
        write_scaling(&counter, &layer->affine[m]);
        if (counter.cost.bytes > most) most = counter.cost.bytes;
    }
    return most + 2;
}

static void write_begin(struct dime_code *code, const struct dime_layer *layer, const char *symbol) {
    dime_code_function(code, symbol);
    dime_code_short(code, "addi sp, sp, -12");
    dime_code_memory(code, "sw ra, 8(sp)");
    dime_code_memory(code, "sw s0, 4(sp)");
    dime_code_memory(code, "sw s1, 0(sp)");
    dime_code_short(code, "mv a5, a0");
    dime_code_short(code, "mv s0, a1");
    dime_code_long(code, "li s1, %u", (1u << (layer->activation_bits - 1)) - 1);
    dime_code_long(code, "li t1, %u", layer->outputs);
    dime_code_long(code, "li t2, %u", scaling_bytes(layer));
}

static void write_end(struct dime_code *code, const char *symbol) {
    dime_code_memory(code, "lw ra, 8(sp)");
    dime_code_memory(code, "lw s0, 4(sp)");
    dime_code_memory(code, "lw s1, 0(sp)");
    dime_code_short(code, "addi sp, sp, 12");
    dime_code_jump(code, "ret");
    dime_code_function_end(code, symbol);
}

/* Scaling runs for positive sums only: its cycles are not counted here but half, as if half of them were. */
static void write_filled_scaling(struct dime_code *code, const struct dime_affine *affine, uint32_t bytes) {
    struct dime_code scaling = {.stream = code->stream};
    write_scaling(&scaling, affine);
    dime_code_jump(&scaling, "ret");
    code->cost.cycles += scaling.cost.cycles / 2;
    code->cost.bytes += bytes;
    for (uint32_t at = scaling.cost.bytes; at < bytes; at += 2) dime_code_text(code, "    nop\n");
}

struct dime_code_cost dime_conv_finish_write(const struct dime_layer *layer, const struct dime_layer *last,
                                             const char *symbol, FILE *stream) {
    struct dime_code code = {.stream = stream};
    uint32_t bytes = scaling_bytes(layer);
    int pooled = layer != last;
    write_begin(&code, layer, symbol);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        const struct dime_affine *affine = &layer->affine[m];
        write_load(&code, "a4", m * 4);
        if (pooled) write_load(&code, "a3", (layer->outputs + m) * 4);
        write_bias(&code, pooled ? "a2" : "a3",
                   (int32_t)((uint32_t)(int32_t)affine->bias << layer->bias_shift));
        code.cost.bytes += 4; /* the call; 2 where the linker finds it near */
        code.cost.cycles += pooled ? 53 : 45;
        dime_code_text(&code,
                       pooled ? "    jal dime_conv_finish_window\n" : "    jal dime_conv_finish_pair\n");
        write_filled_scaling(&code, affine, bytes);
    }
    write_end(&code, symbol);
    return code.cost;
}
