/* SPDX-License-Identifier: MIT */
#include "debug_print.h"

#include "ch32v003.h"

/* DMDATA0, lowest byte: bit 7 set by the chip, "there is text", cleared by the programmer that has fetched
   it; bits 3..0: number of bytes + 4. The text follows in the other three bytes and in the four of DMDATA1.
 */
#define THERE_IS_TEXT 0x80u
#define LENGTH_BASE 4u
#define PATIENCE 200000u /* rounds of about 10 cycles */

static uint8_t nobody_listens;

static int wait_until_fetched(void) {
    for (uint32_t left = nobody_listens ? 1 : PATIENCE; left; left--) {
        if (!(DMDATA0 & THERE_IS_TEXT)) {
            nobody_listens = 0;
            return 1;
        }
    }
    nobody_listens = 1;
    return 0;
}

/* Bytes first .. last-1 as one word, as far as there are any. */
static uint32_t pack(const uint8_t *bytes, uint32_t first, uint32_t last, uint32_t count) {
    uint32_t word = 0;
    for (uint32_t i = last; i-- > first;) word = word << 8 | (i < count ? bytes[i] : 0u);
    return word;
}

void debug_send(const uint8_t *bytes, uint32_t count) {
    if (!wait_until_fetched()) return;
    DMDATA1 = pack(bytes, 3, 7, count);
    DMDATA0 = pack(bytes, 0, 3, count) << 8 | THERE_IS_TEXT | (count + LENGTH_BASE);
}

void debug_finish(void) {
    wait_until_fetched();
}
