/* SPDX-License-Identifier: MIT */
/* Making a chip, its reset, and what the outside sees of it. */
#include "sim/chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/core.h"

enum { RAM_V003 = 2 * 1024, RAM_V002 = 4 * 1024, RESET_CLOCK = 24000000, MSTATUS_RESET = 0x1800 };

/* ---- a chip's life ------------------------------------------------------------------------------------- */

int sim_core_create(struct sim_chip **result, const struct sim_options *options) {
    struct sim_chip *chip = calloc(1, sizeof *chip);
    *result = NULL;
    if (!chip) return dime_error_set(DIME_ERROR_MEMORY, "not enough memory for the simulated chip");
    if (options) chip->options = *options;
    chip->ram_bytes = chip->options.model == SIM_CH32V002 ? RAM_V002 : RAM_V003;
    memset(chip->flash, 0xFF, sizeof chip->flash);
    chip->line = 1;
    int status = sim_code_create(chip);
    if (status) {
        sim_chip_free(chip);
        return status;
    }
    sim_chip_reset(chip);
    *result = chip;
    return DIME_OK;
}

int sim_ch32v003_create(struct sim_chip **result, const struct sim_options *options) {
    int status = sim_core_create(result, options);
    if (status) return status;
    status = sim_peripherals_attach(*result);
    if (status) {
        sim_chip_free(*result);
        *result = NULL;
        return status;
    }
    sim_chip_reset(*result);
    return DIME_OK;
}

void sim_chip_free(struct sim_chip *chip) {
    if (!chip) return;
    for (uint32_t i = chip->device_count; i-- > 0;)
        if (chip->devices[i].destroy) chip->devices[i].destroy(chip->devices[i].device.state);
    sim_code_free(chip);
    sim_symbols_free(chip->symbols);
    free(chip->symbols);
    free(chip);
}

static void reset_core(struct sim_chip *chip) {
    memset(chip->x, 0, sizeof chip->x);
    chip->mstatus = MSTATUS_RESET;
    chip->mtvec = chip->mscratch = chip->mepc = chip->mcause = chip->intsyscr = 0;
    chip->depth = chip->shadow_count = 0;
    chip->changed = chip->sleeping = chip->stop_requested = chip->reset_requested = chip->ended = 0;
    chip->pending_stall = 0;
    memset(chip->posted, 0, sizeof chip->posted);
}

/* What the parts outside asked for stays; events are sorted, and stay so. */
static void forget_inside(struct sim_chip *chip) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < chip->event_count; i++)
        if (chip->events[i].order >= SIM_ORDER_OUTSIDE) chip->events[kept++] = chip->events[i];
    chip->event_count = kept;
}

void sim_chip_reset(struct sim_chip *chip) {
    reset_core(chip);
    if (!chip->warm) {
        chip->cycle = chip->instructions = 0;
        chip->stack_lowest = SIM_RAM_BASE + chip->ram_bytes;
        chip->seen_count = 0;
        memset(chip->pins, -1, sizeof chip->pins);
    }
    if (chip->warm)
        forget_inside(chip);
    else
        chip->event_count = 0;
    chip->clock = RESET_CLOCK;
    chip->line = 1;
    sim_code_flush(chip);
    for (uint32_t i = 0; i < chip->device_count; i++) {
        const struct sim_device *device = &chip->devices[i].device;
        if (device->reset) device->reset(chip, device->state);
    }
    sim_jump(chip, 0, 0);
}

int sim_chip_warm_reset(const struct sim_chip *chip) {
    return chip->warm;
}

/* ---- state --------------------------------------------------------------------------------------------- */

uint32_t sim_chip_register(const struct sim_chip *chip, uint32_t number) {
    if (number == SIM_PC) return chip->pc;
    return number && number < 16 ? chip->x[number] : 0;
}

void sim_chip_set_register(struct sim_chip *chip, uint32_t number, uint32_t value) {
    if (number == SIM_PC) sim_jump(chip, value & ~1u, 0);
    if (number && number < 16) chip->x[number] = value;
}

uint32_t sim_chip_interrupted_pc(const struct sim_chip *chip) {
    return chip->mepc;
}

uint64_t sim_chip_instructions(const struct sim_chip *chip) {
    return chip->instructions;
}

enum sim_model sim_chip_model(const struct sim_chip *chip) {
    return chip->options.model;
}

const struct sim_symbols *sim_chip_symbols(const struct sim_chip *chip) {
    return chip->symbols;
}

uint32_t sim_chip_stack_lowest(const struct sim_chip *chip) {
    return chip->stack_lowest == SIM_RAM_BASE + chip->ram_bytes ? 0 : chip->stack_lowest;
}

const struct sim_fault *sim_chip_fault(const struct sim_chip *chip) {
    return &chip->fault;
}

uint32_t sim_chip_intsyscr(const struct sim_chip *chip) {
    return chip->intsyscr;
}

uint32_t sim_chip_clock(const struct sim_chip *chip) {
    return chip->clock;
}

void sim_chip_set_clock(struct sim_chip *chip, uint32_t hz) {
    chip->clock = hz;
}

/* ---- wires --------------------------------------------------------------------------------------------- */

void sim_chip_set_interrupts(struct sim_chip *chip, const struct sim_interrupts *interrupts) {
    chip->interrupts = *interrupts;
}

void sim_chip_set_dma(struct sim_chip *chip,
                      void (*request)(struct sim_chip *chip, void *state, uint32_t channel, int level),
                      void *state) {
    chip->dma_request = request;
    chip->dma_state = state;
}

void sim_chip_dma_request(struct sim_chip *chip, uint32_t channel, int level) {
    if (chip->dma_request) chip->dma_request(chip, chip->dma_state, channel, level);
}

void sim_chip_set_flash_write(struct sim_chip *chip,
                              int (*write)(struct sim_chip *chip, void *state, uint32_t offset,
                                           uint32_t bytes, uint32_t value),
                              void *state) {
    chip->flash_write = write;
    chip->flash_state = state;
}

void sim_chip_set_pins(struct sim_chip *chip,
                       void (*drive)(struct sim_chip *chip, void *state, uint32_t port, uint32_t number,
                                     enum sim_pin_drive drive),
                       void *state) {
    chip->pin_driver = drive;
    chip->pin_state = state;
}

void sim_chip_pin_drive(struct sim_chip *chip, uint32_t port, uint32_t number, enum sim_pin_drive drive) {
    if (chip->pin_driver) chip->pin_driver(chip, chip->pin_state, port, number, drive);
}

void sim_chip_pin_listen(struct sim_chip *chip, sim_pin_listener *listener, void *context) {
    if (chip->pin_listener_count == SIM_LISTENERS_MOST) return;
    chip->pin_listeners[chip->pin_listener_count].call = listener;
    chip->pin_listeners[chip->pin_listener_count++].context = context;
}

void sim_chip_pin_output(struct sim_chip *chip, uint32_t port, uint32_t number, int level) {
    if (port >= SIM_PORTS || number >= SIM_PINS || chip->pins[port][number] == level) return;
    chip->pins[port][number] = (int8_t)level;
    for (uint32_t i = 0; i < chip->pin_listener_count; i++)
        chip->pin_listeners[i].call(chip->pin_listeners[i].context, chip->cycle, port, number, level);
}

int sim_chip_pin_level(const struct sim_chip *chip, uint32_t port, uint32_t number) {
    return port < SIM_PORTS && number < SIM_PINS ? chip->pins[port][number] : -1;
}

int sim_chip_byte_listen(struct sim_chip *chip, sim_byte_listener *listener, void *context) {
    if (chip->byte_listener_count == SIM_LISTENERS_MOST)
        return dime_error_set(DIME_ERROR_MEMORY, "at most %d listeners hear what the chip sends",
                              SIM_LISTENERS_MOST);
    chip->byte_listeners[chip->byte_listener_count].call = listener;
    chip->byte_listeners[chip->byte_listener_count++].context = context;
    return DIME_OK;
}

void sim_chip_byte_sent(struct sim_chip *chip, enum sim_channel channel, uint8_t byte) {
    for (uint32_t i = 0; i < chip->byte_listener_count; i++)
        chip->byte_listeners[i].call(chip->byte_listeners[i].context, chip->cycle, channel, byte);
}

void sim_chip_byte_source(struct sim_chip *chip, enum sim_channel channel, sim_byte_source *source,
                          void *context) {
    chip->sources[channel].call = source;
    chip->sources[channel].context = context;
}

int sim_chip_byte_wanted(struct sim_chip *chip, enum sim_channel channel) {
    if (!chip->sources[channel].call) return -1;
    return chip->sources[channel].call(chip->sources[channel].context, chip->cycle);
}

void sim_chip_unmodelled_listen(struct sim_chip *chip, sim_unmodelled_listener *listener, void *context) {
    chip->unmodelled = listener;
    chip->unmodelled_context = context;
}

void sim_chip_unmodelled(struct sim_chip *chip, const char *device, uint32_t address, const char *what) {
    for (uint32_t i = 0; i < chip->seen_count; i++)
        if (chip->seen[i] == address) return;
    if (chip->seen_count < SIM_SEEN_MOST) chip->seen[chip->seen_count++] = address;
    if (chip->unmodelled) chip->unmodelled(chip->unmodelled_context, device, address, what, chip->pc);
}

/* ---- observing ----------------------------------------------------------------------------------------- */

void sim_chip_observe(struct sim_chip *chip, const struct sim_observer *observer) {
    chip->observed = observer != NULL;
    if (observer) chip->observer = *observer;
}

int sim_chip_break_add(struct sim_chip *chip, uint32_t address) {
    for (uint32_t i = 0; i < chip->breakpoint_count; i++)
        if (chip->breakpoints[i] == address) return DIME_OK;
    if (chip->breakpoint_count == SIM_POINTS_MOST)
        return dime_error_set(DIME_ERROR_MEMORY, "at most %d breakpoints", SIM_POINTS_MOST);
    chip->breakpoints[chip->breakpoint_count++] = address;
    return DIME_OK;
}

void sim_chip_break_remove(struct sim_chip *chip, uint32_t address) {
    for (uint32_t i = 0; i < chip->breakpoint_count; i++)
        if (chip->breakpoints[i] == address) {
            chip->breakpoints[i] = chip->breakpoints[--chip->breakpoint_count];
            return;
        }
}

static uint32_t watch_index(const struct sim_chip *chip, enum sim_watch kind, uint32_t address,
                            uint32_t size) {
    uint32_t i = 0;
    for (; i < chip->watchpoint_count; i++) {
        const struct sim_watchpoint *point = &chip->watchpoints[i];
        if (point->kind == kind && point->address == address && point->size == size) break;
    }
    return i;
}

int sim_chip_watch_add(struct sim_chip *chip, enum sim_watch kind, uint32_t address, uint32_t size) {
    if (watch_index(chip, kind, address, size) < chip->watchpoint_count) return DIME_OK;
    if (chip->watchpoint_count == SIM_POINTS_MOST)
        return dime_error_set(DIME_ERROR_MEMORY, "at most %d watchpoints", SIM_POINTS_MOST);
    chip->watchpoints[chip->watchpoint_count++] = (struct sim_watchpoint){kind, address, size};
    return DIME_OK;
}

void sim_chip_watch_remove(struct sim_chip *chip, enum sim_watch kind, uint32_t address, uint32_t size) {
    uint32_t at = watch_index(chip, kind, address, size);
    if (at < chip->watchpoint_count) chip->watchpoints[at] = chip->watchpoints[--chip->watchpoint_count];
}

uint32_t sim_chip_watch_hit(const struct sim_chip *chip, enum sim_watch *kind) {
    *kind = chip->watch_kind;
    return chip->watch_address;
}

/* ---- faults -------------------------------------------------------------------------------------------- */

const char *sim_fault_name(enum sim_fault_kind kind) {
    switch (kind) {
    case SIM_FAULT_ILLEGAL:
        return "illegal instruction";
    case SIM_FAULT_REGISTER:
        return "instruction uses a register above x15, which RV32E does not have";
    case SIM_FAULT_ECALL:
        return "ecall, but nothing handles it";
    case SIM_FAULT_CSR:
        return "CSR that this core does not have, or that cannot be written";
    case SIM_FAULT_FETCH_UNMAPPED:
        return "execution outside of flash and SRAM";
    case SIM_FAULT_LOAD_MISALIGNED:
        return "misaligned load";
    case SIM_FAULT_LOAD_UNMAPPED:
        return "load from an unmapped address";
    case SIM_FAULT_STORE_MISALIGNED:
        return "misaligned store";
    case SIM_FAULT_STORE_UNMAPPED:
        return "store to an unmapped address";
    case SIM_FAULT_STORE_FLASH:
        return "store to flash as if it were RAM";
    case SIM_FAULT_STACK:
        return "stack runs into static data";
    }
    return "?";
}

void sim_fault_describe(const struct sim_chip *chip, const struct sim_fault *fault, char *text, size_t size) {
    char where[96];
    int at = snprintf(text, size, "%s", sim_fault_name(fault->kind));
    size_t used = at > 0 ? (size_t)at : 0;
    if (fault->address && used < size) {
        at = snprintf(text + used, size - used, ": address 0x%08x", fault->address);
        used += (size_t)(at > 0 ? at : 0);
    }
    if (used < size) {
        at = snprintf(text + used, size - used, "\n  at 0x%08x %s, instruction %0*x, sp 0x%08x, cycle %llu",
                      fault->pc, sim_symbols_describe(chip->symbols, fault->pc, where, sizeof where),
                      (fault->instruction & 3) == 3 ? 8 : 4, fault->instruction, chip->x[2],
                      (unsigned long long)chip->cycle);
        used += (size_t)(at > 0 ? at : 0);
    }
    for (uint32_t i = 0; i < fault->frame_count && used < size; i++) {
        at = snprintf(text + used, size - used, "\n  called from 0x%08x %s", fault->frames[i],
                      sim_symbols_describe(chip->symbols, fault->frames[i], where, sizeof where));
        used += (size_t)(at > 0 ? at : 0);
    }
}
