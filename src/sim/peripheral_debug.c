/* SPDX-License-Identifier: MIT */
/* Debug printf as ch32fun and minichlink agreed on it. The low byte of DMDATA0 is a status: bit 7 says that
   the chip has written and waits for the host, bits 3..0 are the number of text bytes plus 4. Up to 7 bytes
   of text follow: three in DMDATA0, four in DMDATA1. The host takes them and clears DMDATA0, or answers in
   the same form without bit 7. The host here is always connected and answers at once; on the wire it takes
   about a millisecond. */
#include "sim/peripheral_debug.h"

#include "sim/peripheral.h"

enum { WAITING = 0x80, GAVE_UP = 0x40, COUNT = 0x0F, COUNT_BASE = 4, TEXT_MOST = 7 };

static uint8_t text_byte(const struct sim_debug *debug, uint32_t index) {
    uint32_t at = index + 1; /* byte 0 is the status */
    return (uint8_t)(debug->data[at / 4] >> (8 * (at % 4)));
}

static void send_text(struct sim_peripherals *all, uint32_t count) {
    for (uint32_t i = 0; i < count && i < TEXT_MOST; i++) {
        sim_chip_byte_sent(all->chip, SIM_CHANNEL_DEBUG, text_byte(&all->debug, i));
    }
}

/* What the host leaves behind: as much input as there is and fits, or 0. */
static void answer(struct sim_peripherals *all) {
    struct sim_debug *debug = &all->debug;
    uint32_t count = 0;
    debug->data[0] = debug->data[1] = 0;
    for (; count < TEXT_MOST; count++) {
        int byte = sim_chip_byte_wanted(all->chip, SIM_CHANNEL_DEBUG);
        if (byte < 0) {
            break;
        }
        debug->data[(count + 1) / 4] |= (uint32_t)byte << (8 * ((count + 1) % 4));
    }
    debug->data[0] |= count > 0 ? count + COUNT_BASE : 0;
}

static uint32_t debug_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    (void)block;
    return all->debug.data[offset / 4];
}

static void debug_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                        uint32_t value, uint32_t mask) {
    (void)block;
    struct sim_debug *debug = &all->debug;
    debug->data[offset / 4] = sim_merge(debug->data[offset / 4], value, mask);
    uint32_t status = debug->data[0] & 0xFF, count = status & COUNT;
    if (offset == 0 && status & WAITING && !(status & GAVE_UP)) {
        send_text(all, count > COUNT_BASE ? count - COUNT_BASE : 0);
        answer(all);
    }
}

static void debug_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->debug = (struct sim_debug){0};
}

const struct sim_block sim_debug_block = {
    .name = "debug data",
    .base = 0xE00000F4,
    .size = 8,
    .load = debug_load,
    .store = debug_store,
    .reset = debug_reset,
};
