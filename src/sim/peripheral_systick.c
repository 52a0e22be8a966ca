/* SPDX-License-Identifier: MIT */
/* System timer (section 6.5.4): 32 bits, counts HCLK or HCLK/8 upwards. CNTIF is set when the count reaches
   CMP; with STRE the count after CMP is 0, so that a period is CMP + 1 counts (that it is not CMP is
   uncertain). */
#include "sim/peripheral_systick.h"

#include "sim/peripheral.h"

enum { CTLR = 0x00, SR = 0x04, CNT = 0x08, CMP = 0x10 };
enum { STE = 1, STIE = 2, STCLK = 4, STRE = 8, CTLR_BITS = 15 };
#define SWIE 0x80000000U

static uint32_t cycle_shift(const struct sim_systick *tick) {
    return tick->ctlr & STCLK ? 0 : 3;
}

/* Counts of one turn: up to CMP with STRE, else all 2^32. */
static uint64_t turn(const struct sim_systick *tick) {
    return tick->ctlr & STRE ? (uint64_t)tick->cmp + 1 : (uint64_t)1 << 32;
}

static uint32_t count_at(const struct sim_systick *tick, uint64_t now) {
    if (!(tick->ctlr & STE)) {
        return tick->count;
    }
    uint64_t counts = tick->count + ((now - tick->base) >> cycle_shift(tick));
    if (!(tick->ctlr & STRE)) {
        return (uint32_t)counts;
    }
    if (tick->count > tick->cmp) { /* it was set beyond CMP: runs through 2^32 once */
        if (counts >> 32 == 0) {
            return (uint32_t)counts;
        }
        counts -= (uint64_t)1 << 32;
    }
    return (uint32_t)(counts % turn(tick));
}

/* Counts from `count` until CMP is reached next, at least 1. */
static uint64_t counts_to_match(const struct sim_systick *tick, uint32_t count) {
    if (count < tick->cmp) {
        return tick->cmp - count;
    }
    return (count == tick->cmp ? turn(tick) : ((uint64_t)1 << 32) - count + tick->cmp);
}

static void update_interrupts(struct sim_peripherals *all) {
    const struct sim_systick *tick = &all->systick;
    sim_chip_interrupt(all->chip, SIM_LINE_SYSTICK, tick->matched && tick->ctlr & STIE);
    sim_chip_interrupt(all->chip, SIM_LINE_SOFTWARE, (tick->ctlr & SWIE) != 0);
}

static void match_reached(struct sim_chip *chip, void *state);

static void schedule_match(struct sim_peripherals *all) {
    struct sim_systick *tick = &all->systick;
    /* Only the interrupt needs an event: the flag is worked out when it is read. */
    uint64_t when = tick->ctlr & STIE ? tick->match : UINT64_MAX;
    sim_chip_schedule(all->chip, when, SIM_ORDER_SYSTICK, match_reached, all);
}

/* From what the counter shows at `now`, finds the next match. */
static void find_match(struct sim_systick *tick) {
    tick->match = UINT64_MAX;
    if (tick->ctlr & STE) {
        tick->match = tick->base + (counts_to_match(tick, tick->count) << cycle_shift(tick));
    }
}

/* Catches up with the matches up to now. */
static void catch_up(struct sim_peripherals *all) {
    struct sim_systick *tick = &all->systick;
    uint64_t now = sim_chip_now(all->chip);
    if (now < tick->match) {
        return;
    }
    tick->matched = 1;
    uint64_t period = turn(tick) << cycle_shift(tick);
    tick->match += ((now - tick->match) / period + 1) * period;
    update_interrupts(all);
}

static void match_reached(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    catch_up(all);
    schedule_match(all);
}

/* A register is about to change: the count so far becomes the new base. The prescaler of HCLK/8 starts
 * afresh. */
static void rebase(struct sim_systick *tick, uint64_t now) {
    tick->count = count_at(tick, now);
    tick->base = now;
}

static void restart(struct sim_peripherals *all) {
    find_match(&all->systick);
    schedule_match(all);
    update_interrupts(all);
}

static uint32_t systick_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_systick *tick = &all->systick;
    switch (offset) {
    case CNT:
        return count_at(tick, sim_chip_now(all->chip));
    case CTLR:
        return tick->ctlr;
    case SR:
        catch_up(all);
        return (uint32_t)tick->matched;
    case CMP:
        return tick->cmp;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void systick_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                          uint32_t value, uint32_t mask) {
    struct sim_systick *tick = &all->systick;
    catch_up(all);
    switch (offset) {
    case CTLR:
        rebase(tick, sim_chip_now(all->chip));
        tick->ctlr = sim_merge(tick->ctlr, value, mask & (CTLR_BITS | SWIE));
        break;
    case SR:
        tick->matched = tick->matched && !(mask & 1 && !(value & 1));
        update_interrupts(all);
        return;
    case CNT:
        rebase(tick, sim_chip_now(all->chip));
        tick->count = sim_merge(tick->count, value, mask);
        break;
    case CMP:
        rebase(tick, sim_chip_now(all->chip));
        tick->cmp = sim_merge(tick->cmp, value, mask);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return;
    }
    restart(all);
}

static void systick_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->systick = (struct sim_systick){.match = UINT64_MAX};
    restart(all);
}

const struct sim_block sim_systick_block = {
    .name = "SysTick",
    .base = 0xE000F000,
    .size = 0x400,
    .load = systick_load,
    .store = systick_store,
    .reset = systick_reset,
};
