/* SPDX-License-Identifier: MIT */
/* The slave's side of SCCB, the two-wire bus of OmniVision's cameras (SCCB specification 2.2): like I2C, each
   byte followed by a ninth bit, which this slave pulls low. Follows the edges of both lines, at any speed. */
#ifndef DIME_SIM_SCCB_H
#define DIME_SIM_SCCB_H

#include <stdint.h>

struct sim_sccb {
    void *context;
    uint32_t address;                          /* 7 bits */
    int (*awake)(void *context);               /* 0: does not answer at present */
    void (*select)(void *context, uint8_t id); /* the register that is read or written next */
    void (*write)(void *context, uint8_t value);
    uint8_t (*read)(void *context);
    void (*pull)(void *context, int low); /* drives SDA low, or lets go */
    /* state */
    uint8_t phase, bits, shift, scl, sda, reading, pulling;
};

/* Both lines high, idle. The callbacks and the address must be set. */
void sim_sccb_start(struct sim_sccb *sccb);
/* The lines as they are now; call it after each change. */
void sim_sccb_lines(struct sim_sccb *sccb, int scl, int sda);

#endif
