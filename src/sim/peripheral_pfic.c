/* SPDX-License-Identifier: MIT */
/* Programmable fast interrupt controller (sections 6.2 and 6.5.2). A line is pending while its level is high,
   or once PFIC_IPSR set it; entering it clears the latter. Of the pending lines the one with the smallest
   priority value goes first, then the one with the smallest number. Bit 7 of a priority is the preemption
   priority, and two levels nest where INTSYSCR allows it. */
#include "sim/peripheral_pfic.h"

#include "sim/peripheral.h"

enum {
    ISR = 0x000,
    IPR = 0x020,
    ITHRESDR = 0x040,
    CFGR = 0x048,
    GISR = 0x04C,
    VTFIDR = 0x050,
    VTFADDR = 0x060,
    IENR = 0x100,
    IRER = 0x180,
    IPSR = 0x200,
    IPRR = 0x280,
    IACTR = 0x300,
    IPRIOR = 0x400,
    SCTLR = 0xD10,
};
enum {
    SLEEPONEXIT = 1 << 1,
    SLEEPDEEP = 1 << 2,
    WFITOWFE = 1 << 3,
    SEVONPEND = 1 << 4,
    SETEVENT = 1 << 5,
    SCTLR_WRITABLE = SLEEPONEXIT | SLEEPDEEP | WFITOWFE | SEVONPEND,
};
#define SYSRESET 0x80000000U
#define RESET_KEY 0xBEEF0000U
enum { RESETSYS = 1 << 7, PREEMPTION = 0x80, PRIORITY_BITS = 0xC0, NESTING_ENABLED = 2 };

/* NMI and HardFault cannot be switched off. */
static const uint64_t ALWAYS_ENABLED = 1 << SIM_LINE_NMI | 1 << SIM_LINE_FAULT;
/* SysTick, the software interrupt and the chip's own lines from 16 to 38. */
static const uint64_t PROGRAMMABLE =
    (((uint64_t)1 << SIM_LINES) - (1 << 16)) | 1 << SIM_LINE_SYSTICK | 1 << SIM_LINE_SOFTWARE;

/* ---- which line goes first ----------------------------------------------------------------------------- */

static uint64_t pending_lines(const struct sim_pfic *pfic) {
    return pfic->latched | (pfic->level & ~pfic->active);
}

/* With a threshold only lines of a smaller priority value pass; 0 lets all pass (section 6.5.2.5). */
static int passes_threshold(const struct sim_pfic *pfic, uint32_t line) {
    return pfic->threshold == 0 || pfic->priority[line] < pfic->threshold;
}

static int may_preempt(struct sim_peripherals *all, uint32_t line) {
    const struct sim_pfic *pfic = &all->pfic;
    if (pfic->depth == 0) {
        return 1;
    }
    if (pfic->depth >= SIM_PFIC_NESTING || !(sim_chip_intsyscr(all->chip) & NESTING_ENABLED)) {
        return 0;
    }
    uint32_t running = pfic->stack[pfic->depth - 1];
    return (pfic->priority[line] & PREEMPTION) < (pfic->priority[running] & PREEMPTION);
}

/* The pending line of the smallest priority value, then number; -1 where there is none. */
static int first_line(const struct sim_pfic *pfic) {
    int first = -1;
    uint64_t candidates = pending_lines(pfic) & pfic->enabled & ~pfic->active;
    for (; candidates != 0; candidates &= candidates - 1) {
        int line = __builtin_ctzll(candidates);
        if (passes_threshold(pfic, (uint32_t)line) &&
            (first < 0 || pfic->priority[line] < pfic->priority[first])) {
            first = line;
        }
    }
    return first;
}

static int pfic_pending(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    int line = first_line(&all->pfic);
    return line >= 0 && may_preempt(all, (uint32_t)line) ? line : -1;
}

/* ---- the core's side ----------------------------------------------------------------------------------- */

static void pfic_line(struct sim_chip *chip, void *state, uint32_t line, int level) {
    (void)chip;
    struct sim_pfic *pfic = &((struct sim_peripherals *)state)->pfic;
    uint64_t bit = (uint64_t)1 << (line & 63);
    if (level && !(pfic->level & bit)) {
        /* A rise while its handler runs is kept until the handler has returned. */
        pfic->latched |= pfic->active & bit;
        pfic->event |= (pfic->sctlr & SEVONPEND) != 0;
    }
    pfic->level = level ? pfic->level | bit : pfic->level & ~bit;
}

static int table_free_address(const struct sim_pfic *pfic, uint32_t line, uint32_t *handler) {
    for (uint32_t i = 0; i < SIM_PFIC_TABLE_FREE; i++) {
        if (pfic->vtf_line[i] == line && pfic->vtf_address[i] & 1) {
            *handler = pfic->vtf_address[i] & ~1U;
            return 1;
        }
    }
    return 0;
}

static int pfic_enter(struct sim_chip *chip, void *state, uint32_t line, uint32_t *handler) {
    (void)chip;
    struct sim_pfic *pfic = &((struct sim_peripherals *)state)->pfic;
    uint64_t bit = (uint64_t)1 << (line & 63);
    pfic->latched &= ~bit;
    pfic->active |= bit;
    if (pfic->depth < SIM_PFIC_NESTING) {
        pfic->stack[pfic->depth++] = (uint8_t)line;
    }
    return table_free_address(pfic, line, handler);
}

static void pfic_leave(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    struct sim_pfic *pfic = &all->pfic;
    if (pfic->depth == 0) {
        return;
    }
    uint32_t line = pfic->stack[--pfic->depth];
    pfic->active &= ~((uint64_t)1 << line);
    if (pfic->sctlr & SLEEPONEXIT && pfic->depth == 0) {
        sim_block_unmodelled(all, &sim_pfic_block, SCTLR, "sleep on leaving an interrupt (SLEEPONEXIT)");
    }
}

/* wfi wakes for an enabled pending line, wfe (WFITOWFE) for an event too. */
static int pfic_wake(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_pfic *pfic = &((struct sim_peripherals *)state)->pfic;
    if (pfic->sctlr & WFITOWFE && pfic->event) {
        pfic->event = 0;
        return 1;
    }
    return (pending_lines(pfic) & pfic->enabled) != 0;
}

void sim_pfic_event(struct sim_peripherals *all) {
    all->pfic.event = 1;
    sim_chip_interrupt_changed(all->chip);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

/* Word `word` of a set of lines; the manual gives each set eight words, of which two hold lines. */
static uint32_t set_word(uint64_t set, uint32_t word) {
    return word < 2 ? (uint32_t)(set >> (32 * word)) : 0;
}

static uint64_t word_set(uint32_t value, uint32_t word) {
    return word < 2 ? (uint64_t)value << (32 * word) : 0;
}

/* Section 6.5.2.8: how deep interrupts are nested, whether one is active, whether one is pending. */
static uint32_t global_status(const struct sim_pfic *pfic) {
    uint32_t nested = pfic->depth == 0 ? 0 : pfic->depth == 1 ? 1 : 3;
    return nested | (uint32_t)(pfic->active != 0) << 8 | (uint32_t)(pending_lines(pfic) != 0) << 9;
}

static uint32_t load_bytes(const uint8_t *bytes, uint32_t count, uint32_t first) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4 && first + i < count; i++) {
        word |= (uint32_t)bytes[first + i] << (8 * i);
    }
    return word;
}

static uint32_t load_single(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    const struct sim_pfic *pfic = &all->pfic;
    switch (offset) {
    case ITHRESDR:
        return pfic->threshold;
    case CFGR:
        return 0; /* its only bit is write only */
    case GISR:
        return global_status(pfic);
    case VTFIDR:
        return load_bytes(pfic->vtf_line, SIM_PFIC_TABLE_FREE, 0);
    case VTFADDR:
    case VTFADDR + 4:
        return pfic->vtf_address[(offset - VTFADDR) / 4];
    case SCTLR:
        return pfic->sctlr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static uint32_t pfic_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    const struct sim_pfic *pfic = &all->pfic;
    uint32_t word = offset / 4 & 7;
    switch (offset & ~0x1FU) {
    case ISR:
        return set_word(pfic->enabled, word);
    case IPR:
        return set_word(pending_lines(pfic), word);
    case IENR:
    case IRER:
    case IPSR:
    case IPRR: /* write only */
        return 0;
    case IACTR:
        return set_word(pfic->active, word);
    default:
        if (offset >= IPRIOR && offset < IPRIOR + 256) {
            return load_bytes(pfic->priority, sizeof pfic->priority, offset - IPRIOR);
        }
        return load_single(all, block, offset);
    }
}

static void store_priorities(struct sim_pfic *pfic, uint32_t first, uint32_t value, uint32_t mask) {
    for (uint32_t i = 0; i < 4 && first + i < sizeof pfic->priority; i++) {
        if (mask >> (8 * i) & 0xFF) {
            pfic->priority[first + i] = value >> (8 * i) & PRIORITY_BITS;
        }
    }
}

static void store_sctlr(struct sim_peripherals *all, const struct sim_block *block, uint32_t value,
                        uint32_t mask) {
    struct sim_pfic *pfic = &all->pfic;
    pfic->sctlr = sim_merge(pfic->sctlr, value, mask & SCTLR_WRITABLE);
    if (value & mask & SETEVENT) {
        pfic->event = 1;
    }
    if (pfic->sctlr & SLEEPDEEP) {
        sim_block_unmodelled(all, block, SCTLR, "standby (SLEEPDEEP): wfi sleeps with all clocks on");
    }
    if (value & mask & SYSRESET) {
        sim_rcc_reset_chip(all, SIM_RESET_SOFTWARE);
    }
}

static void store_single(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                         uint32_t value, uint32_t mask) {
    struct sim_pfic *pfic = &all->pfic;
    switch (offset) {
    case ITHRESDR:
        pfic->threshold = sim_merge(pfic->threshold, value, mask & PRIORITY_BITS);
        break;
    case CFGR:
        if ((value & 0xFFFF0000) == RESET_KEY && value & RESETSYS) {
            sim_rcc_reset_chip(all, SIM_RESET_SOFTWARE);
        }
        break;
    case VTFIDR:
        pfic->vtf_line[0] = (uint8_t)sim_merge(pfic->vtf_line[0], value, mask & 0xFF);
        pfic->vtf_line[1] = (uint8_t)sim_merge(pfic->vtf_line[1], value >> 8, mask >> 8 & 0xFF);
        break;
    case VTFADDR:
    case VTFADDR + 4:
        pfic->vtf_address[(offset - VTFADDR) / 4] =
            sim_merge(pfic->vtf_address[(offset - VTFADDR) / 4], value, mask);
        break;
    case SCTLR:
        store_sctlr(all, block, value, mask);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register, or not writable");
    }
}

static void pfic_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    struct sim_pfic *pfic = &all->pfic;
    uint64_t bits = word_set(value & mask, offset / 4 & 7) & PROGRAMMABLE;
    switch (offset & ~0x1FU) {
    case IENR:
        pfic->enabled |= bits;
        break;
    case IRER:
        pfic->enabled &= ~bits;
        break;
    case IPSR:
        pfic->latched |= bits;
        pfic->event |= bits != 0 && pfic->sctlr & SEVONPEND;
        break;
    case IPRR:
        pfic->latched &= ~bits;
        break;
    default:
        if (offset >= IPRIOR && offset < IPRIOR + 256) {
            store_priorities(pfic, offset - IPRIOR, value, mask);
        } else {
            store_single(all, block, offset, value, mask);
        }
    }
    sim_chip_interrupt_changed(all->chip);
}

static void pfic_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->pfic = (struct sim_pfic){.enabled = ALWAYS_ENABLED};
    sim_chip_interrupt_changed(all->chip);
}

const struct sim_block sim_pfic_block = {
    .name = "PFIC",
    .base = 0xE000E000,
    .size = 0x1000,
    .load = pfic_load,
    .store = pfic_store,
    .reset = pfic_reset,
};

void sim_pfic_install(struct sim_peripherals *all) {
    struct sim_interrupts interrupts = {
        .state = all,
        .line = pfic_line,
        .pending = pfic_pending,
        .enter = pfic_enter,
        .leave = pfic_leave,
        .wake = pfic_wake,
    };
    sim_chip_set_interrupts(all->chip, &interrupts);
}
