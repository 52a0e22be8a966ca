/* SPDX-License-Identifier: MIT */
#include "sim/setup.h"

#include <stdlib.h>

#include "base/error.h"

enum { SETTLE_CYCLES = 4800 };

/* ---- making -------------------------------------------------------------------------------------------- */

static int make_chips(struct sim_setup *setup, const struct sim_image *images) {
    for (uint32_t i = 0; i < setup->board.chip_count; i++) {
        int status = sim_ch32v003_create(&setup->chips[i], NULL);
        if (!status)
            status = sim_chip_load_elf(setup->chips[i], images[i].name, images[i].bytes, images[i].size);
        if (status) return status;
        sim_chip_reset(setup->chips[i]);
        sim_world_add(&setup->world, setup->chips[i], setup->board.chips[i].ppm);
    }
    return DIME_OK;
}

static int attach_cameras(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.camera_count; i++) {
        const struct sim_board_camera *camera = &setup->board.cameras[i];
        setup->cameras[i] = malloc(sizeof *setup->cameras[i]);
        if (!setup->cameras[i]) return dime_error_set(DIME_ERROR_MEMORY, "no memory for a simulated camera");
        sim_ov7670_attach(setup->cameras[i], setup->chips[camera->chip], &camera->settings);
    }
    return DIME_OK;
}

/* A button may share its pin with a line that something else pulls up. */
static enum sim_pin_drive open_drive(const struct sim_setup *setup, const struct sim_board_button *button) {
    for (uint32_t i = 0; i < setup->board.camera_count; i++) {
        const struct sim_board_camera *camera = &setup->board.cameras[i];
        const struct sim_pin *scl = &camera->settings.scl;
        if (camera->chip == button->chip && scl->port == button->pin.port &&
            scl->number == button->pin.number)
            return SIM_PIN_PULLED_HIGH;
    }
    return SIM_PIN_FLOATING;
}

static void attach_buttons(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.button_count; i++) {
        const struct sim_board_button *button = &setup->board.buttons[i];
        sim_button_attach(&setup->buttons[i], setup->chips[button->chip], button->pin.port,
                          button->pin.number, button->closes_high ? SIM_PIN_HIGH : SIM_PIN_LOW,
                          button->bounce_us);
        setup->buttons[i].open = open_drive(setup, button);
    }
}

/* Common anode: a segment is lit while its output is low. */
static void register_changed(void *context, uint64_t cycle, uint8_t outputs) {
    sim_display_light(context, cycle, (uint8_t)(~outputs & 0x7F));
}

static void attach_displays(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.display_count; i++) {
        const struct sim_board_display *display = &setup->board.displays[i];
        struct sim_chip *chip = setup->chips[display->chip];
        if (!display->shifted) {
            sim_display_attach_pins(&setup->displays[i], chip, display->segments, SETTLE_CYCLES);
            continue;
        }
        setup->displays[i].settle_cycles = SETTLE_CYCLES;
        setup->registers[i] = (struct sim_shift_register){.data = display->data,
                                                          .clock = display->clock,
                                                          .latch = display->latch,
                                                          .changed = register_changed,
                                                          .context = &setup->displays[i]};
        sim_shift_register_attach(&setup->registers[i], chip);
    }
}

static void attach_wires(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.wire_count; i++) {
        const struct sim_board_wire *wire = &setup->board.wires[i];
        setup->wires[i].damage = wire->damage;
        sim_world_wire(&setup->world, &setup->wires[i], &setup->world.chips[wire->from], wire->tx,
                       &setup->world.chips[wire->to], wire->rx, wire->baud);
    }
}

int sim_setup_create(struct sim_setup **result, const struct sim_board *board,
                     const struct sim_image *images) {
    struct sim_setup *setup = calloc(1, sizeof *setup);
    *result = NULL;
    if (!setup) return dime_error_set(DIME_ERROR_MEMORY, "no memory for a simulated board");
    setup->board = *board;
    for (uint32_t i = 0; i < board->chip_count; i++) setup->board.chips[i].firmware = NULL;
    int status = make_chips(setup, images);
    if (!status) status = attach_cameras(setup);
    if (status) {
        sim_setup_free(setup);
        return status;
    }
    attach_buttons(setup);
    attach_displays(setup);
    attach_wires(setup);
    *result = setup;
    return DIME_OK;
}

void sim_setup_free(struct sim_setup *setup) {
    if (!setup) return;
    for (uint32_t i = 0; i < setup->board.chip_count; i++) sim_chip_free(setup->chips[i]);
    for (uint32_t i = 0; i < SIM_BOARD_PARTS; i++) {
        free(setup->cameras[i]);
        sim_display_free(&setup->displays[i]);
    }
    for (uint32_t i = 0; i < SIM_WORLD_WIRES; i++) sim_serial_wire_free(&setup->wires[i]);
    free(setup);
}

/* ---- running ------------------------------------------------------------------------------------------- */

static void see_displays(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.display_count; i++) {
        const struct sim_display *display = &setup->displays[i];
        if (display->lit == setup->shown[i].lit) continue;
        setup->shown[i].lit = display->lit;
        setup->shown[i].since =
            sim_world_time_of(&setup->world.chips[setup->board.displays[i].chip], display->since);
    }
}

/* An LED is lit while its pin is driven high. */
static void see_leds(struct sim_setup *setup) {
    for (uint32_t i = 0; i < setup->board.led_count; i++) {
        const struct sim_board_led *led = &setup->board.leds[i];
        uint8_t lit = sim_chip_pin_level(setup->chips[led->chip], led->pin.port, led->pin.number) == 1;
        if (lit == setup->leds[i].lit) continue;
        setup->leds[i].lit = lit;
        setup->leds[i].since = setup->world.time;
    }
}

int sim_setup_run(struct sim_setup *setup) {
    int status = sim_world_run(&setup->world);
    see_displays(setup);
    see_leds(setup);
    return status;
}

void sim_setup_press(struct sim_setup *setup, uint32_t button, uint32_t milliseconds) {
    struct sim_chip *chip = setup->chips[setup->board.buttons[button].chip];
    sim_button_press(&setup->buttons[button], sim_chip_now(chip),
                     (uint64_t)milliseconds * sim_chip_clock(chip) / 1000);
}
