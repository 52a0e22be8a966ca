/* SPDX-License-Identifier: MIT */
#include "sim/peripherals.h"

#include <stdlib.h>

#include "base/error.h"
#include "sim/peripheral.h"

void sim_block_unmodelled(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                          const char *what) {
    sim_chip_unmodelled(all->chip, block->name, block->base + offset, what);
}

/* ---- the bus's side of a block ------------------------------------------------------------------------- */

/* A peripheral without clock answers nothing: its registers read 0 and take no writes. (Uncertain: the manual
   only says that the registers cannot be used.) */
static int has_clock(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    if (block->clock_register == 0 || sim_rcc_clock_enabled(all, block->clock_register, block->clock_bit)) {
        return 1;
    }
    sim_block_unmodelled(all, block, offset,
                         "touched while its clock is off in RCC: reads 0, writes are lost");
    return 0;
}

static uint32_t width_mask(uint32_t bytes) {
    return bytes >= 4 ? 0xFFFFFFFF : (1U << (8 * bytes)) - 1;
}

static uint32_t block_read(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes) {
    (void)chip;
    const struct sim_block_seat *seat = state;
    uint32_t word = offset & ~3U;
    if (!has_clock(seat->all, seat->block, word)) {
        return 0;
    }
    return (seat->block->load(seat->all, seat->block, word) >> (8 * (offset & 3))) & width_mask(bytes);
}

static void block_write(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value) {
    (void)chip;
    const struct sim_block_seat *seat = state;
    uint32_t word = offset & ~3U;
    if (!has_clock(seat->all, seat->block, word)) {
        return;
    }
    uint32_t shift = 8 * (offset & 3), mask = width_mask(bytes);
    seat->block->store(seat->all, seat->block, word, (value & mask) << shift, mask << shift);
}

static void block_reset(struct sim_chip *chip, void *state) {
    (void)chip;
    const struct sim_block_seat *seat = state;
    if (seat->block->reset != NULL) {
        seat->block->reset(seat->all, seat->block);
    }
}

void sim_blocks_reset(struct sim_peripherals *all, uint32_t clock_register, uint32_t bits) {
    for (uint32_t i = 0; i < all->seat_count; i++) {
        const struct sim_block *block = all->seats[i].block;
        if (block->clock_register == clock_register && (bits >> block->clock_bit & 1) &&
            block->reset != NULL) {
            block->reset(all, block);
        }
    }
}

/* ---- attaching ----------------------------------------------------------------------------------------- */

static int attach_block(struct sim_peripherals *all, const struct sim_block *block) {
    struct sim_block_seat *seat = &all->seats[all->seat_count++];
    seat->all = all;
    seat->block = block;
    struct sim_device device = {
        .name = block->name,
        .base = block->base,
        .size = block->size,
        .state = seat,
        .read = block_read,
        .write = block_write,
        .reset = block_reset,
    };
    return sim_chip_attach(all->chip, &device, NULL);
}

/* RCC is the first to be reset: it sets the clock that the others reckon with. The bus looks the last ones up
   first, so those that programs touch most stand there. */
enum { MODELLED = 19 };
static const struct sim_block *const modelled[MODELLED] = {
    &sim_rcc_block,       &sim_option_block,   &sim_signature_block, &sim_flash_block,   &sim_pfic_block,
    &sim_iwdg_block,      &sim_wwdg_block,     &sim_i2c_block,       &sim_debug_block,   &sim_timer_blocks[0],
    &sim_timer_blocks[1], &sim_dma_block,      &sim_exti_block,      &sim_usart_block,   &sim_afio_block,
    &sim_gpio_blocks[0],  &sim_gpio_blocks[1], &sim_gpio_blocks[2],  &sim_systick_block,
};

static int attach_blocks(struct sim_peripherals *all) {
    int status = DIME_OK;
    for (uint32_t i = 0; i < sim_unmodelled_block_count && status == DIME_OK; i++) {
        status = attach_block(all, &sim_unmodelled_blocks[i]);
    }
    for (uint32_t i = 0; i < MODELLED && status == DIME_OK; i++) {
        status = attach_block(all, modelled[i]);
    }
    return status;
}

/* The bus frees the peripherals with the chip: one device without registers owns them all. */
static const uint32_t OWNER_BASE = 0xFFFFFFF0;
static const char OWNER_NAME[] = "peripherals";

static uint32_t owner_read(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes) {
    (void)chip, (void)state, (void)offset, (void)bytes;
    return 0;
}

static void owner_write(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value) {
    (void)chip, (void)state, (void)offset, (void)bytes, (void)value;
}

static void owner_reset(struct sim_chip *chip, void *state) {
    (void)chip, (void)state;
}

struct sim_peripherals *sim_peripherals_of(const struct sim_chip *chip) {
    return sim_chip_device_state(chip, OWNER_NAME);
}

int sim_peripherals_attach(struct sim_chip *chip) {
    struct sim_peripherals *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return dime_error_set(DIME_ERROR_MEMORY, "no memory for the chip's peripherals");
    }
    all->chip = chip;
    struct sim_device owner = {
        .name = OWNER_NAME,
        .base = OWNER_BASE,
        .size = 0,
        .state = all,
        .read = owner_read,
        .write = owner_write,
        .reset = owner_reset,
    };
    int status = sim_chip_attach(chip, &owner, free);
    if (status != DIME_OK) {
        free(all);
        return status;
    }
    sim_flash_install(all);
    sim_pfic_install(all);
    sim_gpio_install(all);
    sim_dma_install(all);
    sim_timers_install(all);
    return attach_blocks(all);
}
