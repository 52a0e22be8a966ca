/* SPDX-License-Identifier: MIT */
#include "fast_conv_written.h"

#ifndef __riscv /* what fast_conv_written_sum.S does */
enum { TAPS = 9, TOP_DIGIT = 0x80 };

/* x12, the sum. Instructions of the RISC-V Unprivileged ISA, chapters RV32I and C. */
enum {
    SUM = 12,
    MOVE = 0x8002 | SUM << 7, /* c.mv sum, reg << 2 */
    ADD = 0x9002 | SUM << 7,  /* c.add */
    DOUBLED = 1 << 2,
    DOUBLE = 0x0002 | SUM << 7,   /* c.slli sum, count << 2 */
    ZERO = 0x4001 | SUM << 7,     /* c.li sum, 0 */
    SUBTRACT = 0x0033 | SUM << 7, /* sub, lower half */
    FROM_SUM = 0x4000 | SUM >> 1, /* sub sum, sum, reg << 4: upper half */
    FROM_ZERO = 0x4000,           /* sub sum, zero, reg << 4 */
};

/* Registers of the window: fast_conv_written.inc. */
static const uint8_t window[TAPS] = {8, 15, 7, 9, 5, 1, 14, 6, 4};

/* Signed digits of which no two neighbours are set (Prodinger): w is the sum of `digits` but for those that
   are in `minus`, which are subtracted. */
static void find_digits(const int8_t *weights, uint8_t digits[TAPS], uint8_t minus[TAPS]) {
    for (uint32_t i = 0; i < TAPS; i++) {
        int32_t weight = weights[i], sign = -(weight < 0), size = (weight ^ sign) - sign, half = size >> 1;
        int32_t all = half ^ (size + half);
        digits[i] = (uint8_t)all;
        minus[i] = (uint8_t)(((half ^ sign) & all));
    }
}

/* From the highest digits down. The first instruction makes the sum, the others take it. */
uint16_t *dime_written_sum(const int8_t *weights, uint16_t *code) {
    uint8_t digits[TAPS], minus[TAPS];
    uint32_t double_by = 0, plus = MOVE, less = FROM_ZERO;
    find_digits(weights, digits, minus);
    for (uint32_t digit = TOP_DIGIT; digit; digit >>= 1, double_by += DOUBLED)
        for (uint32_t i = 0; i < TAPS; i++) {
            if (!(digits[i] & digit)) continue;
            if (double_by && plus == ADD) *code++ = (uint16_t)(DOUBLE | double_by);
            double_by = 0;
            if (minus[i] & digit) {
                *code++ = SUBTRACT;
                *code++ = (uint16_t)(less | (uint32_t)window[i] << 4);
            } else {
                *code++ = (uint16_t)(plus | (uint32_t)window[i] << 2);
            }
            plus = ADD;
            less = FROM_SUM;
        }
    if (plus == MOVE) *code++ = ZERO;
    if (plus == ADD && double_by > DOUBLED) *code++ = (uint16_t)(DOUBLE | (double_by - DOUBLED));
    return code;
}
#endif

typedef uint32_t __attribute__((may_alias)) word;

/* As many words as hold so many bytes. */
static void copy(uint16_t *to, const uint16_t *from, uint32_t bytes) {
    const word *next = (const word *)(const void *)from;
    word *at = (word *)(void *)to;
    for (const word *end = next + (bytes + 3) / 4; next < end;) *at++ = *next++;
}

/* The branch has an offset of 0 until now. */
static void aim(uint16_t *branch, const uint16_t *target) {
    uint32_t offset = (uint32_t)((target - branch) * 2);
    branch[0] |= (uint16_t)((offset & 0x1E) << 7 | (offset >> 4 & 0x80));
    branch[1] |= (uint16_t)((offset << 3 & 0x8000) | (offset & 0x7E0) << 4);
}

void dime_written_loop_write(const struct dime_written_loop *loop, const int8_t *weights, uint16_t *code) {
    const uint16_t *from = loop->code + loop->begin / 2, *end = loop->code + loop->bytes / 2;
    copy(code, loop->code, loop->begin);
    uint16_t *to = dime_written_sum(weights, code + loop->begin / 2);
    uint16_t *branch = to + (loop->branch - loop->begin) / 2;
    while (from < end) *to++ = *from++;
    aim(branch, code + loop->top / 2);
}
