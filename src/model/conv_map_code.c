/* SPDX-License-Identifier: MIT */
#include "model/code_window.h"
#include "model/conv_code.h"

/* Registers beside the window's and a4: a5 points to the top left of the window, tp to the output, a3 to the
   window's place behind the last of the row. The words on the stack: saved registers, outputs of a row in
   bytes, rows left. */
#define INPUT "a5"
#define OUTPUT "tp"
#define ROW_END "a3"
enum { SIZE = 3, FRAME = 20 };

const char *dime_conv_map_refusal(const struct dime_layer *layer) {
    if (layer->kernel != SIZE) return "its kernel is not 3x3";
    if (layer->stride != 1) return "its stride is not 1";
    if (layer->padding) return "it has padding";
    return NULL;
}

static void write_load(struct dime_code *code, int wide, const char *reg, uint32_t entry) {
    uint32_t offset = wide ? entry * 4 : entry;
    if (!wide)
        dime_code_load(code, "lb %s, %u(" INPUT ")", reg, offset);
    else if (offset <= 124 && (reg[0] == 's' || reg[0] == 'a'))
        dime_code_memory(code, "lw %s, %u(" INPUT ")", reg, offset);
    else
        dime_code_load(code, "lw %s, %u(" INPUT ")", reg, offset);
}

/* a4 = max(0, a4) >> DIME_WIDE_SHIFT, without a branch: what is below 0 is subtracted from itself. */
static void write_wide_value(struct dime_code *code) {
    dime_code_short(code, "srai " DIME_SUM ", " DIME_SUM ", %d", DIME_WIDE_SHIFT);
    dime_code_short(code, "mv s0, " DIME_SUM);
    dime_code_short(code, "srai s0, s0, 31");
    dime_code_short(code, "and s0, s0, " DIME_SUM);
    dime_code_short(code, "sub " DIME_SUM ", " DIME_SUM ", s0");
}

/* One output and the step to the next. */
static void write_output(struct dime_code *code, const struct dime_layer *layer, const int16_t *values,
                         int wide) {
    struct dime_window window = {.taps = SIZE * SIZE};
    struct dime_terms terms = dime_terms_of(values, SIZE * SIZE);
    dime_window_assign(&window, values, 1, 0);
    for (uint32_t k = 0; k < SIZE * SIZE; k++)
        if (values[k]) write_load(code, wide, window.reg[k], k / SIZE * layer->width + k % SIZE);
    if (terms.is_zero)
        dime_code_short(code, "li " DIME_SUM ", 0");
    else
        dime_window_write_sum(code, &window, &terms, 0);
    if (layer->requantize == DIME_REQUANTIZE_WIDE) write_wide_value(code);
    dime_code_load(code, "sw " DIME_SUM ", 0(" OUTPUT ")");
    dime_code_short(code, "addi " INPUT ", " INPUT ", %d", wide ? 4 : 1);
    dime_code_short(code, "addi " OUTPUT ", " OUTPUT ", 4");
}

/* Calls a function that returns to t0: fast_conv_map.S. */
static void write_shared(struct dime_code *code, const char *symbol, uint32_t cycles) {
    code->cost.bytes += 4;
    code->cost.cycles += cycles;
    if (code->stream) fprintf(code->stream, "    jal t0, %s\n", symbol);
}

static void write_begin(struct dime_code *code, const struct dime_layer *layer, const char *symbol) {
    dime_code_function(code, symbol);
    dime_code_short(code, "addi sp, sp, -%d", FRAME);
    write_shared(code, "dime_conv_map_begin", 18);
    if (layer->out_height < 32)
        dime_code_short(code, "li a0, %u", layer->out_height);
    else
        dime_code_long(code, "li a0, %u", layer->out_height);
}

static void write_end(struct dime_code *code, const char *symbol) {
    write_shared(code, "dime_conv_map_end", 16);
    dime_code_short(code, "addi sp, sp, %d", FRAME);
    dime_code_jump(code, "ret");
    dime_code_function_end(code, symbol);
}

/* Adds what a part cost, run `times` times, of which the bytes count once. */
static void add_cost(struct dime_code *code, struct dime_code_cost part, uint32_t times) {
    code->cost.bytes += part.bytes;
    code->cost.cycles += part.cycles * times;
}

struct dime_code_cost dime_conv_map_write(const struct dime_layer *layer, const int16_t *values, int wide,
                                          const char *symbol, FILE *stream) {
    struct dime_code code = {.stream = stream}, row = {.stream = stream}, place = {.stream = stream};
    uint32_t entry = wide ? 4 : 1;
    write_begin(&code, layer, symbol);
    dime_code_text(&code, "1:\n");
    dime_code_memory(&row, "sw a0, 0(sp)");
    dime_code_long(&row, "addi " ROW_END ", " INPUT ", %u", layer->out_width * entry);
    dime_code_text(&code, "2:\n");
    write_output(&place, layer, values, wide);
    dime_code_branch(&place, "bne " INPUT ", " ROW_END ", 2b");
    dime_code_memory(&row, "lw a0, 0(sp)");
    dime_code_short(&row, "addi " INPUT ", " INPUT ", %u", (layer->width - layer->out_width) * entry);
    dime_code_short(&row, "addi a0, a0, -1");
    dime_code_jump(&row, "bnez a0, 1b");
    add_cost(&row, place.cost, layer->out_width);
    add_cost(&code, row.cost, layer->out_height);
    write_end(&code, symbol);
    return code.cost;
}
