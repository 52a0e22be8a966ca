/* SPDX-License-Identifier: MIT */
/* Debug printf over the single wire: the debug module's data registers, which host and chip both see. */
#ifndef DIME_SIM_PERIPHERAL_DEBUG_H
#define DIME_SIM_PERIPHERAL_DEBUG_H

#include <stdint.h>

struct sim_debug {
    uint32_t data[2];
};

#endif
