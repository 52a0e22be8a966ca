/* SPDX-License-Identifier: MIT */
/* What the outside can ask of the simulated chip's peripherals, beyond pins and byte channels (sim/chip.h).
   Section numbers in this folder are those of the CH32V003 reference manual. */
#ifndef DIME_SIM_PERIPHERALS_H
#define DIME_SIM_PERIPHERALS_H

#include <stdint.h>

#include "sim/device.h"

enum { SIM_PORT_A, SIM_PORT_C, SIM_PORT_D, SIM_PORTS, SIM_PORT_PINS = 8 };

/* A crystal on PA1 and PA2, in Hz; 0 (the default) for none: then HSERDY never comes. */
void sim_rcc_set_crystal(struct sim_chip *chip, uint32_t hz);

/* ---- the I2C bus --------------------------------------------------------------------------------------- */

/* A device on I2C1's bus, seen by the chip's master. Called at the end of each byte. */
struct sim_i2c_target {
    void *context;
    uint32_t address;                          /* 7 bits */
    int (*start)(void *context, int reading);  /* addressed; 1 acknowledges */
    int (*write)(void *context, uint8_t byte); /* master to device; 1 acknowledges */
    uint8_t (*read)(void *context);            /* device to master */
    void (*stop)(void *context);               /* may be NULL */
};
/* Copies `target`. At most 8 devices; returns 0, or a negative dime_error (UNSUPPORTED). */
int sim_i2c_attach(struct sim_chip *chip, const struct sim_i2c_target *target);

/* A master outside that talks to the chip as a slave, one transfer at a time: it addresses `address`, then
   writes `size` bytes or, where `reading`, reads that many into `bytes`; then it stops. `bytes` must stay
   until `done` is called with the number of bytes that were acknowledged (-1: the address was not). Returns
   0, or a negative dime_error (UNSUPPORTED: a transfer is under way). */
struct sim_i2c_transfer {
    uint32_t address;
    int reading;
    uint8_t *bytes;
    uint32_t size;
    uint32_t bit_cycles; /* cycles of HCLK an SCL period takes */
    void *context;
    void (*done)(void *context, int acknowledged);
};
int sim_i2c_master(struct sim_chip *chip, const struct sim_i2c_transfer *transfer);

/* ---- timer outputs ------------------------------------------------------------------------------------- */

/* What a timer channel puts on a pin at present: a period and how long the pin is high in it, in cycles.
   Returns 1, or 0 where no running PWM channel drives that pin. A camera learns its XCLK from it: outputs
   that are faster than SIM_TIMER_SLOWEST_SILENT cycles a period change no pin level, because a simulation
   that follows each edge of an 8 MHz clock spends its time on nothing else. */
enum { SIM_TIMER_SLOWEST_SILENT = 16 };
int sim_timer_waveform(struct sim_chip *chip, uint32_t port, uint32_t number, uint32_t *period,
                       uint32_t *high);

#endif
