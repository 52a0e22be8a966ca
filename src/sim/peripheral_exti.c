/* SPDX-License-Identifier: MIT */
/* External interrupts (section 6.4). Lines 0 to 7 are pins, chosen by AFIO_EXTICR; 8 is the voltage detector
   and 9 the wake-up timer, which are not modelled and never fire by themselves. */
#include "sim/peripheral_exti.h"

#include "sim/peripheral.h"

enum { INTENR = 0x00, EVENR = 0x04, RTENR = 0x08, FTENR = 0x0C, SWIEVR = 0x10, INTFR = 0x14 };
enum { PIN_LINES = 0xFF, ALL_LINES = 0x3FF };

static void update_interrupt(struct sim_peripherals *all) {
    const struct sim_exti *exti = &all->exti;
    sim_chip_interrupt(all->chip, SIM_LINE_EXTI, (exti->intfr & exti->intenr & PIN_LINES) != 0);
}

static void trigger(struct sim_peripherals *all, uint32_t lines) {
    all->exti.intfr |= lines;
    if (lines & all->exti.evenr) {
        sim_pfic_event(all);
    }
    update_interrupt(all);
}

/* AFIO_EXTICR: 0 port A, 2 port C, 3 port D (section 7.3.2.2). */
static int is_source(const struct sim_peripherals *all, struct sim_pin pin) {
    static const uint8_t codes[SIM_PORTS] = {0, 2, 3};
    return (all->gpio.exticr >> (2 * pin.number) & 3) == codes[pin.port];
}

void sim_exti_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level) {
    uint32_t edges = level ? all->exti.rtenr : all->exti.ftenr;
    if (edges >> pin.number & 1 && is_source(all, pin)) {
        trigger(all, 1U << pin.number);
    }
}

static uint32_t *exti_register(struct sim_exti *exti, uint32_t offset) {
    switch (offset) {
    case INTENR:
        return &exti->intenr;
    case EVENR:
        return &exti->evenr;
    case RTENR:
        return &exti->rtenr;
    case FTENR:
        return &exti->ftenr;
    case SWIEVR:
        return &exti->swievr;
    case INTFR:
        return &exti->intfr;
    default:
        return NULL;
    }
}

static uint32_t exti_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    const uint32_t *stored = exti_register(&all->exti, offset);
    if (stored == NULL) {
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
    return *stored;
}

/* A flag is cleared by writing 1, which clears its software trigger too. */
static void clear_flags(struct sim_peripherals *all, uint32_t bits) {
    all->exti.intfr &= ~bits;
    all->exti.swievr &= ~bits;
    update_interrupt(all);
}

static void exti_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    uint32_t *stored = exti_register(&all->exti, offset);
    if (stored == NULL) {
        sim_block_unmodelled(all, block, offset, "no such register");
        return;
    }
    if (offset == INTFR) {
        clear_flags(all, value & mask);
        return;
    }
    uint32_t before = *stored;
    *stored = sim_merge(before, value, mask & ALL_LINES);
    if (*stored & ~before & ~(uint32_t)PIN_LINES && offset != SWIEVR) {
        sim_block_unmodelled(all, block, offset, "voltage detector and wake-up timer (lines 8 and 9)");
    }
    if (offset == SWIEVR) {
        trigger(all, *stored & ~before);
    }
    update_interrupt(all);
}

static void exti_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->exti = (struct sim_exti){0};
    update_interrupt(all);
}

const struct sim_block sim_exti_block = {
    .name = "EXTI",
    .base = 0x40010400,
    .size = 0x400,
    .load = exti_load,
    .store = exti_store,
    .reset = exti_reset,
};
