/* SPDX-License-Identifier: MIT */
/* A model's size and speed on the chip: its firmware is built, and reads pictures on the simulated chip. */
#ifndef DIME_CLI_CHIP_FACTS_H
#define DIME_CLI_CHIP_FACTS_H

#include <stdint.h>

#include "model/model.h"
#include "report/facts.h"

#define CLI_CHIP_PICTURES 8 /* over which the cycles are averaged, at most */

/* grey: count (>= 1) pictures of the network's input size. Where it cannot be measured, `facts` says why in
   its origin; what is known by then (the size of an image that does not fit) is filled in. */
void cli_chip_measure(const struct dime_model *model, const uint8_t *grey, uint32_t count,
                      struct dime_chip_facts *facts);

#endif
