/* SPDX-License-Identifier: MIT */
/* SCCB, the two-wire bus of OmniVision's cameras (SCCB specification 2.2), on SDA = PC1 and SCL = PC2 with
   pull-up resistors outside: by hand, because the ninth bit of a byte may be anything and I2C1 would take it
   for a refusal. */
#ifndef FIRMWARE_SCCB_H
#define FIRMWARE_SCCB_H

#include <stdint.h>

#define SCCB_SCL (1u << 2) /* of port C */

void sccb_start(void);
/* 1 where both lines are high, as they are when nobody uses them. */
int sccb_is_idle(void);
/* Register `number` of the camera. 1 where the camera acknowledged every byte, 0 where it did not. */
int sccb_write(uint32_t number, uint32_t value);
int sccb_read(uint32_t number, uint32_t *value);

#endif
