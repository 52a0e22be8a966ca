/* SPDX-License-Identifier: MIT */
/* A simulated CH32V003 (or CH32V002): core, memory, bus and time. Peripherals sit on the bus through
   sim/device.h; the outside reaches the chip through the functions below. Two runs with the same image,
   options and input take the same path and the same number of cycles. */
#ifndef DIME_SIM_CHIP_H
#define DIME_SIM_CHIP_H

#include <stddef.h>
#include <stdint.h>

#include "sim/device.h"

struct sim_chip;
struct sim_symbols;

enum {
    SIM_FLASH_BASE = 0x08000000, /* also visible at 0, where the chip starts */
    SIM_FLASH_BYTES = 16 * 1024,
    SIM_RAM_BASE = 0x20000000,
    SIM_RAM_MOST = 4 * 1024,
};

enum sim_model {
    SIM_CH32V003, /* RV32EC + Zicsr, 2 KiB of SRAM */
    SIM_CH32V002, /* and Zmmul, 4 KiB of SRAM */
};

/* What happens on an exception (illegal instruction, misaligned or unmapped access ...). */
enum sim_fault_policy {
    SIM_FAULT_STOP, /* the run ends with a report */
    SIM_FAULT_TRAP, /* the program's HardFault handler is entered, as on the chip */
};

struct sim_options {
    enum sim_model model;
    enum sim_fault_policy faults;
};

/* ---- a chip's life ------------------------------------------------------------------------------------- */

/* Makes a chip with flash (erased: 0xFF) and SRAM (0), and calls sim_peripherals_attach. `options` may be
   NULL: CH32V003 that stops on faults. Errors: MEMORY. */
int sim_ch32v003_create(struct sim_chip **chip, const struct sim_options *options);
/* Core and memory alone, without peripherals: for tests of the core. */
int sim_core_create(struct sim_chip **chip, const struct sim_options *options);
void sim_chip_free(struct sim_chip *chip); /* NULL is allowed */

/* In sim/peripherals.c: registers all peripherals of the chip. Returns 0 or a negative dime_error. */
int sim_peripherals_attach(struct sim_chip *chip);

/* Places an ELF's segments (at their load addresses: flash or SRAM) and takes its symbols. `name` is for
   messages. Errors: MALFORMED, UNSUPPORTED (another machine), MEMORY; the chip is then as it was. */
int sim_chip_load_elf(struct sim_chip *chip, const char *name, const uint8_t *bytes, size_t size);
int sim_chip_load_file(struct sim_chip *chip, const char *path);

/* Power-on reset: registers, CSRs and peripherals as after reset, cycle and instruction counters 0, execution
   starts at address 0. Memory keeps its content, as SRAM on the chip does. Call it once after loading. */
void sim_chip_reset(struct sim_chip *chip);

/* ---- running ------------------------------------------------------------------------------------------- */

enum sim_stop {
    SIM_STOP_CYCLES,     /* `cycles` of the limits are over */
    SIM_STOP_EBREAK,     /* the program ended itself: ebreak, exit code in a0 */
    SIM_STOP_LOOP,       /* a jump to itself while no interrupt can be taken */
    SIM_STOP_SLEEP,      /* wfi, and no event is scheduled that could wake it */
    SIM_STOP_FAULT,      /* see sim_chip_fault */
    SIM_STOP_BREAKPOINT, /* a breakpoint at the present pc */
    SIM_STOP_WATCHPOINT, /* see sim_chip_watch_hit */
    SIM_STOP_REQUEST,    /* sim_chip_stop was called */
};
const char *sim_stop_name(enum sim_stop stop); /* "ebreak", "cycles", ... */

struct sim_limits {
    uint64_t cycles;       /* run until this many cycles since reset; UINT64_MAX: no limit */
    uint64_t instructions; /* and until so many instructions since reset (ends as SIM_STOP_CYCLES) */
};

/* Runs until something in enum sim_stop happens. Can be called again to go on. */
enum sim_stop sim_chip_run(struct sim_chip *chip, const struct sim_limits *limits);
/* Executes one instruction (or enters one interrupt). SIM_STOP_REQUEST when nothing special happened. */
enum sim_stop sim_chip_step(struct sim_chip *chip);
/* Asks the run to end at the next instruction boundary; may be called by listeners and devices. */
void sim_chip_stop(struct sim_chip *chip);

/* ---- faults -------------------------------------------------------------------------------------------- */

enum sim_fault_kind {
    SIM_FAULT_ILLEGAL,  /* not an instruction of RV32EC + Zicsr */
    SIM_FAULT_REGISTER, /* names one of x16..x31 */
    SIM_FAULT_ECALL,    /* there is no operating system to call */
    SIM_FAULT_CSR,      /* a CSR that the core does not have, or a write to a read-only one */
    SIM_FAULT_FETCH_UNMAPPED,
    SIM_FAULT_LOAD_MISALIGNED,
    SIM_FAULT_LOAD_UNMAPPED,
    SIM_FAULT_STORE_MISALIGNED,
    SIM_FAULT_STORE_UNMAPPED,
    SIM_FAULT_STORE_FLASH, /* flash written as if it were RAM */
    SIM_FAULT_STACK,       /* a push below the end of the static data */
};

enum { SIM_BACKTRACE_MOST = 16 };
struct sim_fault {
    enum sim_fault_kind kind;
    uint32_t pc;
    uint32_t instruction;                /* 16 or 32 bits */
    uint32_t address;                    /* of the access; 0 for faults of the instruction itself */
    uint32_t frames[SIM_BACKTRACE_MOST]; /* return addresses, innermost first */
    uint32_t frame_count;
};
/* The fault of the last SIM_STOP_FAULT. */
const struct sim_fault *sim_chip_fault(const struct sim_chip *chip);
/* "store to unmapped address 0x...", one line without newline. */
const char *sim_fault_name(enum sim_fault_kind kind);
/* The whole report in several lines: kind, instruction, symbol, backtrace. Always ends with a zero byte. */
void sim_fault_describe(const struct sim_chip *chip, const struct sim_fault *fault, char *text, size_t size);

/* ---- state --------------------------------------------------------------------------------------------- */

uint32_t sim_chip_register(const struct sim_chip *chip, uint32_t number); /* 0..15; 32 is pc */
void sim_chip_set_register(struct sim_chip *chip, uint32_t number, uint32_t value);
uint32_t sim_chip_interrupted_pc(const struct sim_chip *chip); /* mepc */
uint64_t sim_chip_instructions(const struct sim_chip *chip);
enum sim_model sim_chip_model(const struct sim_chip *chip);
const struct sim_symbols *sim_chip_symbols(const struct sim_chip *chip);
/* Lowest stack pointer that something was pushed at, since reset; 0 where nothing was pushed. */
uint32_t sim_chip_stack_lowest(const struct sim_chip *chip);

/* Memory as a debugger sees it: flash and SRAM without side effects, other addresses as a read on the bus
   (with its side effects). Returns how many bytes were copied before the first unmapped one. */
size_t sim_chip_peek(struct sim_chip *chip, uint32_t address, void *bytes, size_t size);
size_t sim_chip_poke(struct sim_chip *chip, uint32_t address, const void *bytes, size_t size);

/* ---- for peripherals (sim/device.h has the rest) ------------------------------------------------------- */

/* Puts a device on the bus. `device` is copied; `name` and `state` must outlive the chip. A device whose
   `destroy` is not NULL is freed through it by sim_chip_free. Later devices win where ranges overlap.
   Errors: MEMORY. */
int sim_chip_attach(struct sim_chip *chip, const struct sim_device *device, void (*destroy)(void *state));
/* The state of the device of that name, or NULL. */
void *sim_chip_device_state(const struct sim_chip *chip, const char *name);

/* The interrupt controller's side. The core calls `pending` at an instruction boundary only while mstatus.MIE
   is set and something changed since it was last asked: an interrupt line, mstatus, mret, INTSYSCR, or a call
   to sim_chip_interrupt_changed. Exceptions are not interrupts and do not come here. */
struct sim_interrupts {
    void *state;
    /* A line rose or fell (sim_chip_interrupt). */
    void (*line)(struct sim_chip *chip, void *state, uint32_t line, int level);
    /* The enabled pending line that may be entered now given what is active and the thresholds, or -1. */
    int (*pending)(struct sim_chip *chip, void *state);
    /* The core enters `line`: mark it active, clear its pending bit where it is an edge. Returns 1 with
     *handler for a table-free interrupt, 0 to take the vector table. */
    int (*enter)(struct sim_chip *chip, void *state, uint32_t line, uint32_t *handler);
    /* mret of an interrupt handler: the innermost active line ends. */
    void (*leave)(struct sim_chip *chip, void *state);
    /* Any enabled line pending, whatever mstatus.MIE, priorities and thresholds say: wakes wfi. */
    int (*wake)(struct sim_chip *chip, void *state);
};
void sim_chip_set_interrupts(struct sim_chip *chip, const struct sim_interrupts *interrupts);
/* The controller's registers changed: ask `pending` again. */
void sim_chip_interrupt_changed(struct sim_chip *chip);
/* INTSYSCR (CSR 0x804): bit 0 hardware prologue and epilogue, bit 1 nesting. */
uint32_t sim_chip_intsyscr(const struct sim_chip *chip);

/* The DMA controller takes the requests of sim_chip_dma_request. */
void sim_chip_set_dma(struct sim_chip *chip,
                      void (*request)(struct sim_chip *chip, void *state, uint32_t channel, int level),
                      void *state);

/* The GPIO ports' side of the pins. `drive`: the outside drives an input. A port calls sim_chip_pin_output
   when the level that an output pin shows changes; listeners hear of it. */
void sim_chip_set_pins(struct sim_chip *chip,
                       void (*drive)(struct sim_chip *chip, void *state, uint32_t port, uint32_t number,
                                     enum sim_pin_drive drive),
                       void *state);
void sim_chip_pin_output(struct sim_chip *chip, uint32_t port, uint32_t number, int level);

/* The flash memory's content (SIM_FLASH_BYTES), for reading. Writing goes through sim_chip_flash_program,
   which drops what was decoded from it. */
const uint8_t *sim_chip_flash(const struct sim_chip *chip);
void sim_chip_flash_program(struct sim_chip *chip, uint32_t offset, const uint8_t *bytes, size_t size);
/* Stores of the program (or DMA) to flash addresses, `offset` from the start of flash. Returns 0 where the
   controller is in a mode that takes them (page buffer), negative where they are a fault. */
void sim_chip_set_flash_write(struct sim_chip *chip,
                              int (*write)(struct sim_chip *chip, void *state, uint32_t offset,
                                           uint32_t bytes, uint32_t value),
                              void *state);
/* The core waits: flash busy while it is programmed, the bus taken by DMA. */
void sim_chip_stall(struct sim_chip *chip, uint64_t cycles);
/* A reset from inside (watchdog, PFIC, RCC) at the next instruction boundary: core and peripherals, while
   cycle and instruction counters go on and memory stays. Devices that must remember the cause keep it in
   their state: their `reset` is called with sim_chip_warm_reset() nonzero. */
void sim_chip_request_reset(struct sim_chip *chip);
int sim_chip_warm_reset(const struct sim_chip *chip);

/* Where bytes leave and enter: the USART's wire and the debug printf registers. */
enum sim_channel { SIM_CHANNEL_UART, SIM_CHANNEL_DEBUG };
/* A device sent a byte (the cycle is the end of its stop bit). */
void sim_chip_byte_sent(struct sim_chip *chip, enum sim_channel channel, uint8_t byte);
/* A device that can receive asks for the next byte, whose start bit would begin now; -1 where the line stays
   idle. The USART asks once a character time while its receiver is on. */
int sim_chip_byte_wanted(struct sim_chip *chip, enum sim_channel channel);

/* ---- for the outside ----------------------------------------------------------------------------------- */

typedef void sim_byte_listener(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte);
int sim_chip_byte_listen(struct sim_chip *chip, sim_byte_listener *listener, void *context);
typedef int sim_byte_source(void *context, uint64_t cycle); /* next byte, or -1 */
void sim_chip_byte_source(struct sim_chip *chip, enum sim_channel channel, sim_byte_source *source,
                          void *context);
/* Level of a pin as last heard from its port: 0, 1, or -1 where it never was an output. */
int sim_chip_pin_level(const struct sim_chip *chip, uint32_t port, uint32_t number);

/* Where sim_chip_unmodelled reports go; without a listener they are kept silent. */
typedef void sim_unmodelled_listener(void *context, const char *device, uint32_t address, const char *what,
                                     uint32_t pc);
void sim_chip_unmodelled_listen(struct sim_chip *chip, sim_unmodelled_listener *listener, void *context);

/* Called before each instruction with its pc and encoding, the cycle at which it issues, and after it with
   the cycles it took; slows the run down. NULL switches it off. */
struct sim_observer {
    void *context;
    void (*before)(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction);
    void (*after)(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction, uint64_t cycles);
    void (*interrupt)(void *context, struct sim_chip *chip, uint32_t line); /* entered; may be NULL */
};
void sim_chip_observe(struct sim_chip *chip, const struct sim_observer *observer);

/* Breakpoints and watchpoints. Adding one twice is one; errors: MEMORY. */
enum sim_watch { SIM_WATCH_WRITE = 1, SIM_WATCH_READ = 2, SIM_WATCH_ACCESS = 3 };
int sim_chip_break_add(struct sim_chip *chip, uint32_t address);
void sim_chip_break_remove(struct sim_chip *chip, uint32_t address);
int sim_chip_watch_add(struct sim_chip *chip, enum sim_watch kind, uint32_t address, uint32_t size);
void sim_chip_watch_remove(struct sim_chip *chip, enum sim_watch kind, uint32_t address, uint32_t size);
/* The access that ended the run with SIM_STOP_WATCHPOINT. */
uint32_t sim_chip_watch_hit(const struct sim_chip *chip, enum sim_watch *kind);

#endif
