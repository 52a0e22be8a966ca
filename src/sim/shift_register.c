/* SPDX-License-Identifier: MIT */
#include "sim/shift_register.h"

#include "sim/chip.h"

enum { POWER_ON = 0xA5 };

static int is_pin(const struct sim_pin *pin, uint32_t port, uint32_t number) {
    return pin->port == port && pin->number == number;
}

/* SRCLK and RCLK act on their rising edges. Where both rise at once, the old bits are latched. */
static void pin_changed(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct sim_shift_register *part = context;
    if (level != 1) return;
    if (is_pin(&part->clock, port, number)) {
        int bit = sim_chip_pin_level(part->chip, part->data.port, part->data.number) > 0;
        part->bits = (uint8_t)(part->bits << 1 | bit);
    }
    if (is_pin(&part->latch, port, number) && part->outputs != part->bits) {
        part->outputs = part->bits;
        part->changed(part->context, cycle, part->outputs);
    }
}

void sim_shift_register_attach(struct sim_shift_register *part, struct sim_chip *chip) {
    part->chip = chip;
    part->bits = part->outputs = POWER_ON;
    sim_chip_pin_listen(chip, pin_changed, part);
    part->changed(part->context, sim_chip_now(chip), part->outputs);
}
