/* SPDX-License-Identifier: MIT */
/* The inside of a chip, shared by core*.c, bus.c, events.c and chip.c alone.

   Code runs as blocks: instructions decoded once, from a place that was jumped to up to the next
   unconditional jump, each with the cycle (from the start of the block) at which it begins. That time is
   known in advance, because it depends only on the state of the fetch queue at the start, which is part of a
   block's key. What depends on data
   - a load from flash, a peripheral that makes a store wait - leaves the block with another queue state. */
#ifndef DIME_SIM_CORE_H
#define DIME_SIM_CORE_H

#include <stdint.h>

#include "sim/chip.h"
#include "sim/core_timing.h"
#include "sim/decode.h"
#include "sim/symbols.h"

enum {
    SIM_NOWHERE = 16, /* the register that takes what is written to x0 */
    SIM_REGISTERS = 17,
    SIM_PC = 32,
    SIM_CODE_MOST = 40,     /* instructions */
    SIM_CODE_SLACK = 24,    /* cycles that a block can take beyond its last instruction's beginning */
    SIM_OPS_MOST = 1 << 16, /* decoded instructions kept */
    SIM_CODES_MOST = 1 << 13,
    SIM_HASH_SLOTS = 1 << 14,
    SIM_DEVICES_MOST = 48,
    SIM_EVENTS_MOST = 64,
    SIM_POINTS_MOST = 64, /* breakpoints, and watchpoints */
    SIM_LISTENERS_MOST = 8,
    SIM_SEEN_MOST = 256, /* unmodelled registers reported */
    SIM_PORTS = 3,
    SIM_PINS = 8,
    SIM_SHADOWS = 2, /* levels of the hardware prologue */
    SIM_SHADOW_REGISTERS = 10,
};

struct sim_code;

/* One decoded instruction inside a block. */
struct sim_op {
    const void *handler;
    struct sim_code *link;           /* where the taken branch or jump went last */
    struct sim_code *after_flash[2]; /* where a load from flash went on last, by parity of the cycle */
    int32_t imm;
    uint32_t pc;
    uint32_t bits;
    uint16_t cycle; /* at which the one before is done, from the start of the block */
    uint16_t taken; /* cycles from the start of the block to the end of the redirect */
    uint16_t fetch; /* queue state at `cycle`, packed */
    uint8_t flash_cycles[2];
    uint8_t hold;  /* after a redirect */
    uint8_t stall; /* cycles it waits for its words */
    uint8_t index, operation, rd, rs1, rs2, size, csr_kind;
};

struct sim_code {
    uint64_t key;
    uint32_t worst; /* cycles to its end at most, without what devices add */
    uint32_t count; /* operations, with the END that closes it */
    struct sim_op *ops;
};

struct sim_event {
    uint64_t cycle;
    uint32_t order;
    void (*callback)(struct sim_chip *chip, void *state);
    void *state;
};

struct sim_attached {
    struct sim_device device;
    void (*destroy)(void *state);
};

struct sim_watchpoint {
    enum sim_watch kind;
    uint32_t address, size;
};

struct sim_shadow {
    uint32_t x[SIM_SHADOW_REGISTERS];
};

struct sim_chip {
    /* the core */
    uint32_t x[SIM_REGISTERS];
    uint32_t pc;
    uint32_t fetch; /* queue state at pc, packed */
    uint64_t cycle, instructions;
    uint64_t deadline;      /* run() must look around at this cycle: an event, a limit, 0 for at once */
    uint64_t access_cycle;  /* while a device is accessed: the cycle of the access */
    uint64_t pending_stall; /* cycles that devices asked for */
    uint32_t stack_limit, stack_lowest;
    uint32_t ram_bytes;
    uint32_t line; /* 1 + wait states of the flash */
    uint8_t executing, stepping, changed, stop_requested, reset_requested, warm, ended, sleeping;
    enum sim_stop stop;
    struct sim_options options;
    struct sim_fault fault;
    struct sim_limits limits;
    /* CSRs */
    uint32_t mstatus, mtvec, mscratch, mepc, mcause, mtval, intsyscr;
    struct sim_shadow shadows[SIM_SHADOWS];
    uint32_t shadow_count, depth; /* saved register sets; interrupts being handled */
    /* decoded code */
    const void *const *handlers;
    struct sim_op *ops;
    struct sim_code *blocks, **hash;
    uint32_t op_count, block_count;
    uint32_t generation;
    /* memory */
    uint8_t flash[SIM_FLASH_BYTES];
    uint8_t ram[SIM_RAM_MOST];
    uint8_t ram_code[SIM_RAM_MOST / 4]; /* 1 where the word was decoded */
    /* the rest of the chip */
    struct sim_attached devices[SIM_DEVICES_MOST];
    uint32_t device_count;
    struct sim_event events[SIM_EVENTS_MOST];
    uint32_t event_count;
    uint64_t posted[2]; /* when the last two writes to peripherals are through */
    struct sim_interrupts interrupts;
    void (*dma_request)(struct sim_chip *chip, void *state, uint32_t channel, int level);
    void *dma_state;
    void (*pin_driver)(struct sim_chip *chip, void *state, uint32_t port, uint32_t number,
                       enum sim_pin_drive drive);
    void *pin_state;
    int (*flash_write)(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value);
    void *flash_state;
    uint32_t clock;
    /* the outside */
    struct sim_symbols *symbols;
    int8_t pins[SIM_PORTS][SIM_PINS];
    struct {
        sim_pin_listener *call;
        void *context;
    } pin_listeners[SIM_LISTENERS_MOST];
    uint32_t pin_listener_count;
    struct {
        sim_byte_listener *call;
        void *context;
    } byte_listeners[SIM_LISTENERS_MOST];
    uint32_t byte_listener_count;
    struct {
        sim_byte_source *call;
        void *context;
    } sources[2];
    sim_unmodelled_listener *unmodelled;
    void *unmodelled_context;
    uint32_t seen[SIM_SEEN_MOST], seen_count;
    struct sim_observer observer;
    uint8_t observed;
    /* debugger */
    uint32_t breakpoints[SIM_POINTS_MOST], breakpoint_count;
    struct sim_watchpoint watchpoints[SIM_POINTS_MOST];
    uint32_t watchpoint_count;
    uint32_t watch_address;
    enum sim_watch watch_kind;
    uint8_t watch_hit;
};

enum { SIM_MSTATUS_MIE = 1u << 3, SIM_MSTATUS_MPIE = 1u << 7, SIM_MSTATUS_MPP = 3u << 11 };

/* Memory that a pc lies in: its bytes, how many follow, and cycles for a word; 0 where nothing can be
 * executed. */
const uint8_t *sim_code_at(const struct sim_chip *chip, uint32_t pc, uint32_t *left, uint32_t *line);
int sim_in_flash(uint32_t address);
uint32_t sim_flash_offset(uint32_t address);

/* core_blocks.c */
int sim_code_create(struct sim_chip *chip);
void sim_code_free(struct sim_chip *chip);
void sim_code_flush(struct sim_chip *chip);
/* The block that begins at chip->pc with chip->fetch, decoded now if need be. Never NULL: where nothing can
   be executed it holds a FAULT. */
struct sim_code *sim_code_find(struct sim_chip *chip);
enum sim_timing_class sim_timing_of(enum sim_operation operation);

/* core_execute.c: runs from `ops` until deadline or something else needs attention; state is back in the chip
   then. With ops NULL only sets chip->handlers. */
void sim_execute(struct sim_chip *chip, struct sim_op *ops);

/* core_traps.c */
enum sim_csr_access { SIM_CSR_READ = 1, SIM_CSR_WRITE = 2 };
int sim_csr(struct sim_chip *chip, const struct sim_op *op, uint32_t *old);
void sim_raise(struct sim_chip *chip, enum sim_fault_kind kind, const struct sim_op *op, uint32_t address);
void sim_return_from_trap(struct sim_chip *chip);
int sim_enter_interrupt(struct sim_chip *chip); /* 1 when one was entered */
void sim_jump(struct sim_chip *chip, uint32_t pc, uint32_t cycles);
void sim_end(struct sim_chip *chip, enum sim_stop stop);

/* bus.c: 0, or a negative number where nothing is mapped. The program's accesses outside SRAM and flash
 * reads. */
int sim_bus_load(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t *value);
int sim_bus_store(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t value);
uint32_t sim_posted_wait(struct sim_chip *chip, uint64_t cycle);

/* events.c */
uint64_t sim_events_next(const struct sim_chip *chip);
void sim_events_run(struct sim_chip *chip);
void sim_update_deadline(struct sim_chip *chip);

#endif
