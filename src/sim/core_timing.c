/* SPDX-License-Identifier: MIT */
#include "sim/core_timing.h"

enum { DELAY_BITS = 3, WORDS_BITS = 2, HOLD_BITS = 3 };

struct sim_fetch sim_fetch_restart(uint32_t line, uint32_t hold, uint64_t cycle) {
    return (struct sim_fetch){.hold = (uint8_t)(hold < line ? hold : line),
                              .phase = (uint8_t)(cycle % line),
                              .line = (uint8_t)line};
}

/* A word whose delay is above 1 is still on the memory's port; in its last cycle it is decoded. */
static int port_busy(const struct sim_fetch *fetch) {
    return fetch->hold || (fetch->words && fetch->delay[fetch->words - 1] > 1);
}

static void begin_fetch(struct sim_fetch *fetch) {
    if (port_busy(fetch) || fetch->words == SIM_QUEUE_WORDS || fetch->phase) return;
    fetch->delay[fetch->words++] = (uint8_t)(fetch->line + 1);
}

static void pass_cycle(struct sim_fetch *fetch) {
    for (uint32_t i = 0; i < fetch->words; i++)
        if (fetch->delay[i]) fetch->delay[i]--;
    if (fetch->hold) fetch->hold--;
    fetch->phase = (uint8_t)(fetch->phase + 1 == fetch->line ? 0 : fetch->phase + 1);
}

static uint32_t wait_for_words(struct sim_fetch *fetch, uint32_t words) {
    uint32_t cycles = 0;
    while (fetch->words < words || fetch->delay[words - 1]) {
        begin_fetch(fetch);
        pass_cycle(fetch);
        cycles++;
    }
    return cycles;
}

static void drop_word(struct sim_fetch *fetch) {
    for (uint32_t i = 1; i < fetch->words; i++) fetch->delay[i - 1] = fetch->delay[i];
    fetch->words--;
    fetch->delay[fetch->words] = 0;
}

static uint32_t occupy(struct sim_fetch *fetch, uint32_t cycles) {
    for (uint32_t i = 0; i < cycles; i++) {
        begin_fetch(fetch);
        pass_cycle(fetch);
    }
    return cycles;
}

/* Code elsewhere (SRAM) leaves the flash idle: an access as any other, and its wait states. Code in the same
   flash shares the port: the address arrives in the second cycle, where a line that is being fetched goes
   first; then the read takes one line time, at the times at which the flash hands out lines; the queue goes
   on one cycle later. */
static uint32_t read_flash(struct sim_fetch *fetch, uint32_t line) {
    if (fetch->line != line) return occupy(fetch, SIM_ACCESS_CYCLES - 1 + line);
    uint32_t cycles = occupy(fetch, 1);
    while (port_busy(fetch) || fetch->phase) {
        pass_cycle(fetch);
        cycles++;
    }
    for (uint32_t i = 0; i < line; i++) pass_cycle(fetch);
    return cycles + line + occupy(fetch, 1);
}

static uint32_t redirect(struct sim_fetch *fetch) {
    uint8_t hold = fetch->hold;
    if (fetch->words && fetch->delay[fetch->words - 1] > 1)
        hold = (uint8_t)(fetch->delay[fetch->words - 1] - 1);
    fetch->words = 0;
    fetch->hold = hold;
    pass_cycle(fetch);
    return 1;
}

uint32_t sim_fetch_execute(struct sim_fetch *fetch, uint32_t pc, uint32_t size, enum sim_timing_class timing,
                           uint32_t extra, uint32_t data_line) {
    uint32_t waited = wait_for_words(fetch, (pc & 2) && size == 4 ? 2 : 1);
    if (((pc & 2) + size) & 4) drop_word(fetch);
    switch (timing) {
    case SIM_TIMING_PLAIN:
        return waited + occupy(fetch, 1 + extra);
    case SIM_TIMING_REDIRECT:
        return waited + redirect(fetch);
    case SIM_TIMING_FLASH_READ:
        if (data_line > 1) return waited + read_flash(fetch, data_line);
        break;
    case SIM_TIMING_ACCESS:
        break;
    }
    return waited + occupy(fetch, SIM_ACCESS_CYCLES + extra);
}

uint32_t sim_fetch_pack(const struct sim_fetch *fetch) {
    uint32_t packed = fetch->phase;
    packed = packed << HOLD_BITS | fetch->hold;
    packed = packed << WORDS_BITS | fetch->words;
    for (uint32_t i = 0; i < SIM_QUEUE_WORDS; i++) packed = packed << DELAY_BITS | fetch->delay[i];
    return packed;
}

struct sim_fetch sim_fetch_unpack(uint32_t packed, uint32_t line) {
    struct sim_fetch fetch = {.line = (uint8_t)line};
    for (uint32_t i = SIM_QUEUE_WORDS; i-- > 0; packed >>= DELAY_BITS)
        fetch.delay[i] = packed & ((1u << DELAY_BITS) - 1);
    fetch.words = packed & ((1u << WORDS_BITS) - 1);
    packed >>= WORDS_BITS;
    fetch.hold = packed & ((1u << HOLD_BITS) - 1);
    fetch.phase = (uint8_t)(packed >> HOLD_BITS);
    return fetch;
}
