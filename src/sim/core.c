/* SPDX-License-Identifier: MIT */
/* The run loop: what happens between blocks - events, interrupts, resets, limits, breakpoints. */
#include "sim/core.h"

#include <string.h>

const char *sim_stop_name(enum sim_stop stop) {
    switch (stop) {
    case SIM_STOP_CYCLES:
        return "cycles";
    case SIM_STOP_EBREAK:
        return "ebreak";
    case SIM_STOP_LOOP:
        return "loop";
    case SIM_STOP_SLEEP:
        return "sleep";
    case SIM_STOP_FAULT:
        return "fault";
    case SIM_STOP_BREAKPOINT:
        return "breakpoint";
    case SIM_STOP_WATCHPOINT:
        return "watchpoint";
    case SIM_STOP_REQUEST:
        return "request";
    }
    return "?";
}

/* Time passes without instructions; the queue goes on filling, and the flash keeps its times. */
static void pass_cycles(struct sim_chip *chip, uint64_t cycles) {
    chip->cycle += cycles;
    sim_jump(chip, chip->pc, 0);
}

static int sleep_on(struct sim_chip *chip) {
    int woken = !chip->interrupts.wake || chip->interrupts.wake(chip, chip->interrupts.state);
    uint64_t next = sim_events_next(chip);
    if (woken && chip->interrupts.wake) {
        chip->sleeping = 0;
        return 1;
    }
    if (next == UINT64_MAX) {
        sim_end(chip, SIM_STOP_SLEEP);
        return 0;
    }
    if (next > chip->limits.cycles) next = chip->limits.cycles;
    if (next > chip->cycle) pass_cycles(chip, next - chip->cycle);
    return 1;
}

static int at_breakpoint(const struct sim_chip *chip) {
    for (uint32_t i = 0; i < chip->breakpoint_count; i++) {
        uint32_t point = chip->breakpoints[i];
        if (point == chip->pc) return 1;
        if (sim_in_flash(point) && sim_in_flash(chip->pc) &&
            sim_flash_offset(point) == sim_flash_offset(chip->pc))
            return 1;
    }
    return 0;
}

static int over_limits(const struct sim_chip *chip) {
    return chip->cycle >= chip->limits.cycles || chip->instructions >= chip->limits.instructions;
}

/* What must be done at this instruction boundary: 1 to go on, 0 when the run is over. */
static int attend(struct sim_chip *chip) {
    if (chip->pending_stall) {
        pass_cycles(chip, chip->pending_stall);
        chip->pending_stall = 0;
    }
    if (sim_events_next(chip) <= chip->cycle) sim_events_run(chip);
    if (chip->stop_requested) {
        chip->stop_requested = 0;
        sim_end(chip, SIM_STOP_REQUEST);
        return 0;
    }
    if (over_limits(chip)) {
        sim_end(chip, SIM_STOP_CYCLES);
        return 0;
    }
    return 1;
}

static void watch(struct sim_chip *chip, const struct sim_op *op) {
    if (op->operation < SIM_LB || op->operation > SIM_PUSH) return;
    uint32_t address = chip->x[op->rs1] + (uint32_t)op->imm;
    enum sim_watch kind = op->operation >= SIM_SB ? SIM_WATCH_WRITE : SIM_WATCH_READ;
    for (uint32_t i = 0; i < chip->watchpoint_count; i++) {
        const struct sim_watchpoint *point = &chip->watchpoints[i];
        uint32_t bytes =
            op->operation == SIM_SW || op->operation == SIM_PUSH || op->operation == SIM_LW ? 4 : 1;
        if (op->operation == SIM_LH || op->operation == SIM_LHU || op->operation == SIM_SH) bytes = 2;
        if (!(point->kind & kind) || address + bytes <= point->address ||
            address >= point->address + point->size)
            continue;
        chip->watch_hit = 1;
        chip->watch_address = address;
        chip->watch_kind = point->kind;
    }
}

/* One instruction: the first of its block, with an END behind it. */
static void execute_one(struct sim_chip *chip, const struct sim_code *code) {
    struct sim_op pair[2] = {code->ops[0], code->ops[1]};
    pair[1].handler = chip->handlers[SIM_END];
    pair[1].operation = SIM_END;
    pair[1].link = NULL;
    uint64_t before = chip->cycle;
    chip->watch_hit = 0;
    if (chip->watchpoint_count) watch(chip, &pair[0]);
    if (chip->observed) chip->observer.before(chip->observer.context, chip, pair[0].pc, pair[0].bits);
    chip->deadline = 0;
    sim_execute(chip, pair);
    if (chip->observed)
        chip->observer.after(chip->observer.context, chip, pair[0].pc, pair[0].bits, chip->cycle - before);
    if (chip->watch_hit && !chip->ended) sim_end(chip, SIM_STOP_WATCHPOINT);
}

static void warm_reset(struct sim_chip *chip) {
    uint64_t cycle = chip->cycle, instructions = chip->instructions;
    struct sim_limits limits = chip->limits;
    chip->warm = 1;
    sim_chip_reset(chip);
    chip->warm = 0;
    chip->limits = limits;
    chip->instructions = instructions;
    chip->cycle = cycle;
    sim_jump(chip, 0, 0);
}

static int one_by_one(const struct sim_chip *chip) {
    return chip->observed || chip->breakpoint_count || chip->watchpoint_count;
}

/* One block, or one instruction where something is due inside the block. */
static void advance(struct sim_chip *chip, int single) {
    if (chip->reset_requested) {
        chip->reset_requested = 0;
        warm_reset(chip);
        return;
    }
    if (chip->sleeping && !sleep_on(chip)) return;
    if (chip->sleeping) return;
    if (chip->changed && sim_enter_interrupt(chip)) return;
    sim_update_deadline(chip);
    struct sim_code *code = sim_code_find(chip);
    sim_update_deadline(chip);
    if (single || one_by_one(chip) || chip->cycle + code->worst > chip->deadline)
        execute_one(chip, code);
    else
        sim_execute(chip, code->ops);
}

enum sim_stop sim_chip_run(struct sim_chip *chip, const struct sim_limits *limits) {
    int first = 1;
    chip->limits = *limits;
    chip->ended = 0;
    while (!chip->ended && attend(chip)) {
        if (!first && chip->breakpoint_count && at_breakpoint(chip)) {
            sim_end(chip, SIM_STOP_BREAKPOINT);
            break;
        }
        first = 0;
        advance(chip, 0);
    }
    return chip->stop;
}

enum sim_stop sim_chip_step(struct sim_chip *chip) {
    chip->limits = (struct sim_limits){UINT64_MAX, UINT64_MAX};
    chip->ended = 0;
    chip->stop = SIM_STOP_REQUEST;
    if (attend(chip)) advance(chip, 1);
    return chip->stop;
}

void sim_chip_stop(struct sim_chip *chip) {
    chip->stop_requested = 1;
    chip->deadline = 0;
}

void sim_chip_request_reset(struct sim_chip *chip) {
    chip->reset_requested = 1;
    chip->deadline = 0;
}

void sim_chip_stall(struct sim_chip *chip, uint64_t cycles) {
    chip->pending_stall += cycles;
    chip->deadline = 0;
}

void sim_chip_interrupt_changed(struct sim_chip *chip) {
    chip->changed = 1;
    chip->deadline = 0;
}

void sim_chip_interrupt(struct sim_chip *chip, uint32_t line, int level) {
    if (chip->interrupts.line) chip->interrupts.line(chip, chip->interrupts.state, line, level);
    sim_chip_interrupt_changed(chip);
}

uint64_t sim_chip_now(const struct sim_chip *chip) {
    return chip->cycle;
}

void sim_chip_set_wait_states(struct sim_chip *chip, uint32_t wait_states) {
    /* The CH32V003 takes three wait states where its ACTLR is set to the invalid 2 or 3 (measured by jnk0le).
     */
    uint32_t line = 1 + wait_states;
    if (wait_states > 1) line = chip->options.model == SIM_CH32V003 || wait_states > 2 ? 4 : 3;
    if (line == chip->line) return;
    chip->line = line;
    sim_code_flush(chip);
    chip->pending_stall += 1; /* the queue starts anew with the flash's new times */
}
