/* SPDX-License-Identifier: MIT */
/* Clock tree (section 3.3): HSI 24 MHz or HSE -> PLL x2 -> SYSCLK -> HPRE -> HCLK. APB1 and APB2 run at HCLK:
   this chip has no APB prescalers. */
#include "sim/peripheral_rcc.h"

#include "sim/peripheral.h"

enum { CTLR = 0x00, CFGR0 = 0x04, INTR = 0x08, APB2PRSTR = 0x0C, APB1PRSTR = 0x10, RSTSCKR = 0x24 };

enum {
    HSION = 1 << 0,
    HSIRDY = 1 << 1,
    HSITRIM = 0x1F << 3,
    HSEON = 1 << 16,
    HSERDY = 1 << 17,
    HSEBYP = 1 << 18,
    CSSON = 1 << 19,
    PLLON = 1 << 24,
    PLLRDY = 1 << 25,
    CTLR_WRITABLE = HSION | HSITRIM | HSEON | HSEBYP | CSSON | PLLON,
    CTLR_RESET = 0x83, /* HSI on and ready, trim in the middle. HSICAL is each chip's own: 0 here */
};
enum {
    SW = 3,
    SWS = 3 << 2,
    HPRE = 15 << 4,
    ADCPRE = 31 << 11,
    PLLSRC = 1 << 16,
    MCO = 7 << 24,
    CFGR0_RESET = 0x20, /* HPRE /3: the chip starts at 8 MHz */
};
enum { FROM_HSI, FROM_HSE, FROM_PLL };
enum { LSION = 1, LSIRDY = 2, RMVF = 1 << 24 };
enum { INTR_LSI = 1, INTR_HSI = 4, INTR_HSE = 8, INTR_PLL = 16, INTR_FLAGS = 0x9F, INTR_ENABLES = 0x1D00 };

enum {
    HSI_HZ = 24000000,
    /* Start-up times are uncertain: of the order of the data sheet's. */
    HSI_START_NS = 10000,
    HSE_START_NS = 1500000,
    PLL_LOCK_NS = 200000,
    LSI_START_NS = 100000,
};

/* ---- frequencies --------------------------------------------------------------------------------------- */

static uint32_t pll_input(const struct sim_rcc *rcc) {
    return rcc->cfgr0 & PLLSRC ? rcc->crystal : HSI_HZ;
}

static uint32_t system_clock(const struct sim_rcc *rcc) {
    switch (rcc->cfgr0 >> 2 & 3) {
    case FROM_HSE:
        return rcc->crystal;
    case FROM_PLL:
        return 2 * pll_input(rcc);
    default:
        return HSI_HZ;
    }
}

/* Section 3.4.2: 0..7 divide by 1..8, 8..15 by 2..256 in powers of two. */
static uint32_t ahb_divider(const struct sim_rcc *rcc) {
    uint32_t code = rcc->cfgr0 >> 4 & 15;
    return code < 8 ? code + 1 : 1U << (code - 7);
}

static void clock_changed(struct sim_peripherals *all) {
    uint32_t before = sim_chip_clock(all->chip);
    uint32_t hz = system_clock(&all->rcc) / ahb_divider(&all->rcc);
    if (hz == 0 || hz == before) {
        return;
    }
    sim_chip_set_clock(all->chip, hz);
    sim_iwdg_clock_changed(all, before, hz);
    sim_flash_check_wait_states(all);
}

static int is_ready(const struct sim_rcc *rcc, uint32_t source) {
    static const uint32_t ready[] = {HSIRDY, HSERDY, PLLRDY};
    return source <= FROM_PLL && (rcc->ctlr & ready[source]) != 0;
}

/* SWS follows SW once the source is ready. */
static void switch_clock(struct sim_peripherals *all) {
    struct sim_rcc *rcc = &all->rcc;
    uint32_t wanted = rcc->cfgr0 & SW;
    if (is_ready(rcc, wanted)) {
        rcc->cfgr0 = (rcc->cfgr0 & ~(uint32_t)SWS) | wanted << 2;
    }
    clock_changed(all);
}

/* ---- oscillators --------------------------------------------------------------------------------------- */

static void update_interrupt(struct sim_peripherals *all) {
    uint32_t intr = all->rcc.intr;
    sim_chip_interrupt(all->chip, SIM_LINE_RCC, (intr & intr >> 8 & 0x1D) != 0);
}

static void became_ready(struct sim_peripherals *all, uint32_t flag) {
    if (all->rcc.intr & flag << 8) {
        all->rcc.intr |= flag;
        update_interrupt(all);
    }
    switch_clock(all);
}

static void hsi_ready(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->rcc.ctlr |= HSIRDY;
    became_ready(all, INTR_HSI);
}

static void hse_ready(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->rcc.ctlr |= HSERDY;
    became_ready(all, INTR_HSE);
}

static void pll_ready(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->rcc.ctlr |= PLLRDY;
    became_ready(all, INTR_PLL);
}

static void lsi_ready(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->rcc.rstsckr |= LSIRDY;
    became_ready(all, INTR_LSI);
}

typedef void ready_callback(struct sim_chip *chip, void *state);

/* One oscillator's ON bit was written: starts it, or takes its READY bit away. */
static void set_oscillator(struct sim_peripherals *all, uint32_t before, uint32_t on, uint32_t ready,
                           uint32_t start_ns, ready_callback *callback) {
    uint32_t after = all->rcc.ctlr;
    if (after & ~before & on) {
        sim_chip_schedule(all->chip, sim_chip_now(all->chip) + sim_cycles(all, start_ns), SIM_ORDER_CLOCK,
                          callback, all);
    } else if (!(after & on)) {
        all->rcc.ctlr &= ~ready;
        sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_CLOCK, callback, all);
    }
}

/* Hardware refuses to switch off what the system clock runs from. */
static uint32_t in_use(const struct sim_rcc *rcc) {
    switch (rcc->cfgr0 >> 2 & 3) {
    case FROM_HSE:
        return HSEON;
    case FROM_PLL:
        return PLLON | (rcc->cfgr0 & PLLSRC ? HSEON : HSION);
    default:
        return HSION;
    }
}

/* Without a clock at its input the PLL never locks. */
static void start_pll(struct sim_peripherals *all, const struct sim_block *block, uint32_t before) {
    struct sim_rcc *rcc = &all->rcc;
    int starts = (rcc->ctlr & ~before & PLLON) != 0;
    if (starts && !is_ready(rcc, rcc->cfgr0 & PLLSRC ? FROM_HSE : FROM_HSI)) {
        sim_block_unmodelled(all, block, CTLR,
                             "PLL switched on while its source is not ready: it does not lock");
        return;
    }
    set_oscillator(all, before, PLLON, PLLRDY, PLL_LOCK_NS, pll_ready);
}

static void store_ctlr(struct sim_peripherals *all, const struct sim_block *block, uint32_t value,
                       uint32_t mask) {
    struct sim_rcc *rcc = &all->rcc;
    uint32_t before = rcc->ctlr;
    rcc->ctlr = sim_merge(before, value, mask & CTLR_WRITABLE) | in_use(rcc);
    if (rcc->ctlr & CSSON && rcc->ctlr & HSEON) {
        sim_block_unmodelled(all, block, CTLR, "clock security system (CSSON)");
    }
    set_oscillator(all, before, HSION, HSIRDY, HSI_START_NS, hsi_ready);
    if (rcc->crystal != 0) {
        set_oscillator(all, before, HSEON, HSERDY, HSE_START_NS, hse_ready);
    } else if (rcc->ctlr & ~before & HSEON) {
        sim_block_unmodelled(all, block, CTLR,
                             "HSE switched on, but no crystal is fitted: HSERDY never comes");
    }
    start_pll(all, block, before);
    switch_clock(all);
}

static void store_cfgr0(struct sim_peripherals *all, const struct sim_block *block, uint32_t value,
                        uint32_t mask) {
    struct sim_rcc *rcc = &all->rcc;
    uint32_t writable = SW | HPRE | ADCPRE | PLLSRC | MCO;
    uint32_t after = sim_merge(rcc->cfgr0, value, mask & writable);
    if ((after ^ rcc->cfgr0) & PLLSRC && rcc->ctlr & PLLON) {
        sim_block_unmodelled(all, block, CFGR0, "PLLSRC changed while the PLL is on: the write is ignored");
        after ^= PLLSRC;
    }
    if (after & ~rcc->cfgr0 & MCO) {
        sim_block_unmodelled(all, block, CFGR0, "clock output on PC4 (MCO)");
    }
    if ((after & SW) == 3) {
        sim_block_unmodelled(all, block, CFGR0, "SW = 3 is not a clock source: the switch does not happen");
    }
    rcc->cfgr0 = after;
    switch_clock(all);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static uint32_t *clock_enables(struct sim_rcc *rcc, uint32_t clock_register) {
    switch (clock_register) {
    case SIM_RCC_AHBPCENR:
        return &rcc->ahbpcenr;
    case SIM_RCC_APB2PCENR:
        return &rcc->apb2pcenr;
    default:
        return &rcc->apb1pcenr;
    }
}

int sim_rcc_clock_enabled(const struct sim_peripherals *all, uint32_t clock_register, uint32_t bit) {
    struct sim_rcc *rcc = (struct sim_rcc *)&all->rcc;
    return (int)(*clock_enables(rcc, clock_register) >> bit & 1);
}

static uint32_t rcc_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_rcc *rcc = &all->rcc;
    switch (offset) {
    case CTLR:
        return rcc->ctlr;
    case CFGR0:
        return rcc->cfgr0;
    case INTR:
        return rcc->intr;
    case APB2PRSTR:
        return rcc->apb2prstr;
    case APB1PRSTR:
        return rcc->apb1prstr;
    case SIM_RCC_AHBPCENR:
    case SIM_RCC_APB2PCENR:
    case SIM_RCC_APB1PCENR:
        return *clock_enables(rcc, offset);
    case RSTSCKR:
        return rcc->rstsckr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

/* Flags are cleared by the bits 16 above them (section 3.4.3). */
static void store_intr(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_rcc *rcc = &all->rcc;
    rcc->intr = sim_merge(rcc->intr, value, mask & INTR_ENABLES);
    rcc->intr &= ~((value & mask) >> 16 & INTR_FLAGS);
    update_interrupt(all);
}

static void store_reset(struct sim_peripherals *all, uint32_t *bits, uint32_t clock_register, uint32_t value,
                        uint32_t mask) {
    *bits = sim_merge(*bits, value, mask);
    sim_blocks_reset(all, clock_register, *bits);
}

static void store_rstsckr(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_rcc *rcc = &all->rcc;
    uint32_t before = rcc->rstsckr;
    rcc->rstsckr = sim_merge(before, value, mask & LSION);
    if (value & mask & RMVF) {
        rcc->rstsckr &= 0x00FFFFFF;
    }
    if (rcc->rstsckr & ~before & LSION) {
        sim_chip_schedule(all->chip, sim_chip_now(all->chip) + sim_cycles(all, LSI_START_NS), SIM_ORDER_CLOCK,
                          lsi_ready, all);
    } else if (!(rcc->rstsckr & LSION)) {
        rcc->rstsckr &= ~(uint32_t)LSIRDY;
        sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_CLOCK, lsi_ready, all);
    }
}

void sim_rcc_force_lsi(struct sim_peripherals *all) {
    all->rcc.rstsckr |= LSION | LSIRDY;
}

static void rcc_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                      uint32_t value, uint32_t mask) {
    struct sim_rcc *rcc = &all->rcc;
    uint32_t *enables = clock_enables(rcc, offset);
    switch (offset) {
    case CTLR:
        store_ctlr(all, block, value, mask);
        break;
    case CFGR0:
        store_cfgr0(all, block, value, mask);
        break;
    case INTR:
        store_intr(all, value, mask);
        break;
    case APB2PRSTR:
        store_reset(all, &rcc->apb2prstr, SIM_RCC_APB2PCENR, value, mask);
        break;
    case APB1PRSTR:
        store_reset(all, &rcc->apb1prstr, SIM_RCC_APB1PCENR, value, mask);
        break;
    case SIM_RCC_AHBPCENR:
    case SIM_RCC_APB2PCENR:
    case SIM_RCC_APB1PCENR:
        *enables = sim_merge(*enables, value, mask);
        break;
    case RSTSCKR:
        store_rstsckr(all, value, mask);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
    }
}

void sim_rcc_reset_chip(struct sim_peripherals *all, uint32_t cause) {
    all->rcc.rstsckr |= cause;
    sim_chip_request_reset(all->chip);
}

static void rcc_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    uint32_t flags =
        sim_chip_warm_reset(all->chip) ? all->rcc.rstsckr & 0xFC000000U : SIM_RESET_POWER | SIM_RESET_PIN;
    all->rcc = (struct sim_rcc){
        .ctlr = CTLR_RESET,
        .cfgr0 = CFGR0_RESET,
        .ahbpcenr = 0x14, /* SRAM and the flash interface */
        .rstsckr = flags,
        .crystal = all->rcc.crystal,
    };
    sim_chip_set_clock(all->chip, HSI_HZ / 3);
}

void sim_rcc_set_crystal(struct sim_chip *chip, uint32_t hz) {
    sim_peripherals_of(chip)->rcc.crystal = hz;
}

const struct sim_block sim_rcc_block = {
    .name = "RCC",
    .base = 0x40021000,
    .size = 0x400,
    .load = rcc_load,
    .store = rcc_store,
    .reset = rcc_reset,
};
