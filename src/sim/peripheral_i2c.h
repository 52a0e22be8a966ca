/* SPDX-License-Identifier: MIT */
/* I2C1 (chapter 13). */
#ifndef DIME_SIM_PERIPHERAL_I2C_H
#define DIME_SIM_PERIPHERAL_I2C_H

#include <stdint.h>

#include "sim/peripherals.h"

enum { SIM_I2C_TARGETS = 8 };

/* What the bus is doing. */
enum sim_i2c_phase {
    SIM_I2C_IDLE,
    /* The chip is master. */
    SIM_I2C_STARTING,
    SIM_I2C_STARTED, /* SB: waits for the address */
    SIM_I2C_ADDRESSING,
    SIM_I2C_ADDRESSED, /* ADDR: waits until it is cleared */
    SIM_I2C_SENDING,
    SIM_I2C_RECEIVING,
    SIM_I2C_WAITING, /* SCL is held low until the program does something */
    SIM_I2C_STOPPING,
    /* A master outside talks to the chip. */
    SIM_I2C_SLAVE_ADDRESSING,
    SIM_I2C_SLAVE_ADDRESSED,
    SIM_I2C_SLAVE_SENDING,
    SIM_I2C_SLAVE_RECEIVING,
    SIM_I2C_SLAVE_WAITING,
};

struct sim_i2c {
    uint32_t ctlr1, ctlr2, oaddr1, oaddr2, star1, star2, ckcfgr;
    uint32_t seen; /* flags that the last read of STAR1 showed */
    enum sim_i2c_phase phase;
    uint8_t tdr, rdr, shifter;
    int tdr_full;    /* a byte waits in the data register */
    int held;        /* a received byte waits in the shifter */
    int acknowledge; /* of the byte that is being received */
    int reading;
    const struct sim_i2c_target *target; /* the addressed device */
    struct sim_i2c_target targets[SIM_I2C_TARGETS];
    uint32_t target_count;
    struct sim_i2c_transfer transfer; /* of the master outside */
    uint32_t transferred;
};

#endif
