/* SPDX-License-Identifier: MIT */
/* When an instruction executes: a two-stage pipeline behind a queue of prefetched 32-bit words.
   docs/simulator.md says what each parameter means and how the model was checked. */
#ifndef DIME_SIM_CORE_TIMING_H
#define DIME_SIM_CORE_TIMING_H

#include <stdint.h>

enum {
    SIM_QUEUE_WORDS = 3,   /* words that are fetched ahead, the one being executed included */
    SIM_ACCESS_CYCLES = 2, /* a load or store holds the pipeline so long */
};

/* What an instruction asks of the pipeline. */
enum sim_timing_class {
    SIM_TIMING_PLAIN,      /* one cycle */
    SIM_TIMING_ACCESS,     /* load, store: two cycles */
    SIM_TIMING_FLASH_READ, /* load from flash: waits for a slot of the flash where it has wait states */
    SIM_TIMING_REDIRECT,   /* taken branch, jump */
};

/* The fetch side at an instruction boundary, times counted from there. */
struct sim_fetch {
    uint8_t words;                  /* fetched or on their way, from the one that holds pc */
    uint8_t delay[SIM_QUEUE_WORDS]; /* cycles until each can be executed */
    uint8_t hold;  /* cycles during which the memory still delivers a word that nobody wants */
    uint8_t phase; /* cycle modulo `line`: flash hands out lines at fixed times */
    uint8_t line;  /* cycles the memory needs for a word: 1 + wait states */
};

/* The state after a redirect: an empty queue. */
struct sim_fetch sim_fetch_restart(uint32_t line, uint32_t hold, uint64_t cycle);

/* Executes an instruction of `size` bytes at `pc`; `extra` more cycles of waiting inside it; `data_line` is
   the line time of the memory that a FLASH_READ reads, and `cycle` the present one. Returns the cycles until
   the next instruction may execute and moves the state there. After a REDIRECT only hold is of use. */
uint32_t sim_fetch_execute(struct sim_fetch *fetch, uint32_t pc, uint32_t size, enum sim_timing_class timing,
                           uint32_t extra, uint32_t data_line);

/* All of it but `line` in 16 bits. */
uint32_t sim_fetch_pack(const struct sim_fetch *fetch);
struct sim_fetch sim_fetch_unpack(uint32_t packed, uint32_t line);

#endif
