/* SPDX-License-Identifier: MIT */
/* System timer (section 6.5.4). */
#ifndef DIME_SIM_PERIPHERAL_SYSTICK_H
#define DIME_SIM_PERIPHERAL_SYSTICK_H

#include <stdint.h>

struct sim_systick {
    uint32_t ctlr, cmp;
    int matched;    /* SR.CNTIF */
    uint64_t base;  /* the cycle at which the counter ... */
    uint32_t count; /* ... had this value */
    uint64_t match; /* the cycle of the next match; UINT64_MAX while it stands still */
};

#endif
