/* SPDX-License-Identifier: MIT */
/* Flash memory controller and option bytes (chapter 16). */
#ifndef DIME_SIM_PERIPHERAL_FLASH_H
#define DIME_SIM_PERIPHERAL_FLASH_H

#include <stdint.h>

struct sim_peripherals;

enum { SIM_FLASH_PAGE = 64, SIM_OPTION_BYTES = 64 };

struct sim_flash {
    uint32_t actlr, statr, ctlr, addr, obr, wpr;
    uint32_t key_step, mode_key_step,
        option_key_step;                /* keys that were right so far; UINT32_MAX: locked out */
    uint64_t busy_until;                /* cycle */
    uint32_t latch_offset, latch_value; /* the last word stored to flash, which BUF_LOAD takes */
    int latched;
    uint8_t buffer[SIM_FLASH_PAGE];
    uint8_t options[SIM_OPTION_BYTES]; /* at 0x1FFFF800; they survive every reset */
    int option_bytes_exist;            /* 0 until the first reset fills in what the factory wrote */
};

void sim_flash_install(struct sim_peripherals *all);
/* Reports 0 wait states above 24 MHz. */
void sim_flash_check_wait_states(struct sim_peripherals *all);

#endif
