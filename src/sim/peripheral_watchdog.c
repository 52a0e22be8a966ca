/* SPDX-License-Identifier: MIT */
#include "sim/peripheral_watchdog.h"

#include "sim/peripheral.h"

/* ---- independent watchdog (chapter 4) ------------------------------------------------------------------ */

enum { IWDG_CTLR = 0x00, IWDG_PSCR = 0x04, IWDG_RLDR = 0x08, IWDG_STATR = 0x0C };
enum { KEY_FEED = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };
/* The real oscillator lies anywhere within about 10% of this. */
enum { LSI_HZ = 128000 };

static void iwdg_expired(struct sim_chip *chip, void *state) {
    (void)chip;
    sim_rcc_reset_chip(state, SIM_RESET_IWDG);
}

/* The counter runs from RLDR to 0 at LSI / 4 / 2^PSCR: (RLDR + 1) periods. At most 4096 * 256 of them times
   48 MHz, which 64 bits hold. */
static void iwdg_feed(struct sim_peripherals *all) {
    struct sim_iwdg *dog = &all->iwdg;
    if (!dog->running) {
        return;
    }
    uint32_t shift = dog->pscr > 6 ? 6 : dog->pscr;
    uint64_t periods = (uint64_t)(dog->rldr + 1) << (shift + 2);
    dog->deadline = sim_chip_now(all->chip) + periods * sim_chip_clock(all->chip) / LSI_HZ;
    sim_chip_schedule(all->chip, dog->deadline, SIM_ORDER_WATCHDOG, iwdg_expired, all);
}

void sim_iwdg_clock_changed(struct sim_peripherals *all, uint32_t before, uint32_t after) {
    struct sim_iwdg *dog = &all->iwdg;
    uint64_t now = sim_chip_now(all->chip);
    if (!dog->running || dog->deadline <= now) {
        return;
    }
    dog->deadline = now + (dog->deadline - now) * after / before;
    sim_chip_schedule(all->chip, dog->deadline, SIM_ORDER_WATCHDOG, iwdg_expired, all);
}

static void iwdg_start(struct sim_peripherals *all) {
    sim_rcc_force_lsi(all);
    all->iwdg.running = 1;
    iwdg_feed(all);
}

static void iwdg_key(struct sim_peripherals *all, uint32_t key) {
    all->iwdg.unlocked = key == KEY_UNLOCK;
    if (key == KEY_FEED) {
        iwdg_feed(all);
    } else if (key == KEY_START) {
        iwdg_start(all);
    }
}

static uint32_t iwdg_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    switch (offset) {
    case IWDG_CTLR: /* write only */
        return 0;
    case IWDG_PSCR:
        return all->iwdg.pscr;
    case IWDG_RLDR:
        return all->iwdg.rldr;
    case IWDG_STATR: /* updates are immediate here; on the chip PVU and RVU show for some cycles of LSI */
        return 0;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void iwdg_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    struct sim_iwdg *dog = &all->iwdg;
    if (offset == IWDG_CTLR) {
        iwdg_key(all, value & mask & 0xFFFF);
    } else if (offset != IWDG_PSCR && offset != IWDG_RLDR) {
        sim_block_unmodelled(all, block, offset, "not a writable register");
    } else if (!dog->unlocked) {
        sim_block_unmodelled(all, block, offset, "written without the key 0x5555 in CTLR: the write is lost");
    } else if (offset == IWDG_PSCR) {
        dog->pscr = value & mask & 7;
    } else {
        dog->rldr = value & mask & 0xFFF;
    }
}

/* Option byte USER bit 0 clear: the watchdog runs from reset (section 16.6). */
static void iwdg_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->iwdg = (struct sim_iwdg){.rldr = 0xFFF};
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_WATCHDOG, iwdg_expired, all);
    if (!(all->flash.options[2] & 1)) {
        iwdg_start(all);
    }
}

const struct sim_block sim_iwdg_block = {
    .name = "IWDG",
    .base = 0x40003000,
    .size = 0x400,
    .load = iwdg_load,
    .store = iwdg_store,
    .reset = iwdg_reset,
};

/* ---- window watchdog (chapter 5) ----------------------------------------------------------------------- */

enum { WWDG_CTLR = 0x00, WWDG_CFGR = 0x04, WWDG_STATR = 0x08 };
enum { COUNT = 0x7F, WDGA = 0x80, LAST = 0x40, WINDOW = 0x7F, EWI = 1 << 9 };

/* Cycles of a count: PCLK / 4096 / 2^WDGTB. */
static uint64_t wwdg_period(const struct sim_wwdg *dog) {
    return (uint64_t)4096 << (dog->cfgr >> 7 & 3);
}

/* The counter falls also while the watchdog is not active. */
static uint32_t wwdg_count(const struct sim_peripherals *all) {
    const struct sim_wwdg *dog = &all->wwdg;
    return (uint32_t)(dog->count - (sim_chip_now(all->chip) - dog->base) / wwdg_period(dog)) & COUNT;
}

static void wwdg_expired(struct sim_chip *chip, void *state) {
    (void)chip;
    sim_rcc_reset_chip(state, SIM_RESET_WWDG);
}

static void wwdg_interrupt(struct sim_peripherals *all) {
    sim_chip_interrupt(all->chip, SIM_LINE_WWDG, all->wwdg.early && all->wwdg.cfgr & EWI);
}

static void wwdg_early(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->wwdg.early = 1;
    wwdg_interrupt(all);
}

/* Early warning when the count becomes 0x40, reset when it becomes 0x3F. */
static void wwdg_schedule(struct sim_peripherals *all) {
    struct sim_wwdg *dog = &all->wwdg;
    uint64_t early = UINT64_MAX, end = UINT64_MAX;
    if (dog->running && dog->count >= LAST) {
        early = dog->base + (dog->count - LAST) * wwdg_period(dog);
        end = early + wwdg_period(dog);
    }
    sim_chip_schedule(all->chip, early, SIM_ORDER_WATCHDOG, wwdg_early, all);
    sim_chip_schedule(all->chip, end, SIM_ORDER_WATCHDOG, wwdg_expired, all);
}

/* Reset at once: the counter set below 0x40, or fed before it fell to the window. */
static void wwdg_feed(struct sim_peripherals *all, uint32_t value) {
    struct sim_wwdg *dog = &all->wwdg;
    int too_early = dog->running && wwdg_count(all) > (dog->cfgr & WINDOW);
    dog->running = dog->running || value & WDGA;
    dog->count = value & COUNT;
    dog->base = sim_chip_now(all->chip);
    wwdg_schedule(all);
    if (too_early || (dog->running && dog->count < LAST)) {
        sim_rcc_reset_chip(all, SIM_RESET_WWDG);
    }
}

static uint32_t wwdg_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    switch (offset) {
    case WWDG_CTLR:
        return wwdg_count(all) | (all->wwdg.running ? WDGA : 0);
    case WWDG_CFGR:
        return all->wwdg.cfgr;
    case WWDG_STATR:
        return (uint32_t)all->wwdg.early;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void store_wwdg_cfgr(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_wwdg *dog = &all->wwdg;
    dog->count = wwdg_count(all);
    dog->base = sim_chip_now(all->chip);
    uint32_t once = dog->cfgr & EWI; /* EWI can only be cleared by reset */
    dog->cfgr = sim_merge(dog->cfgr, value, mask & 0x3FF) | once;
    wwdg_schedule(all);
    wwdg_interrupt(all);
}

static void wwdg_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    switch (offset) {
    case WWDG_CTLR:
        wwdg_feed(all, value & mask);
        break;
    case WWDG_CFGR:
        store_wwdg_cfgr(all, value, mask);
        break;
    case WWDG_STATR:
        all->wwdg.early = all->wwdg.early && !(mask & 1 && !(value & 1));
        wwdg_interrupt(all);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
    }
}

static void wwdg_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->wwdg = (struct sim_wwdg){.cfgr = WINDOW, .count = COUNT, .base = sim_chip_now(all->chip)};
    wwdg_schedule(all);
    wwdg_interrupt(all);
}

const struct sim_block sim_wwdg_block = {
    .name = "WWDG",
    .base = 0x40002C00,
    .size = 0x400,
    .clock_register = SIM_RCC_APB1PCENR,
    .clock_bit = 11,
    .load = wwdg_load,
    .store = wwdg_store,
    .reset = wwdg_reset,
};
