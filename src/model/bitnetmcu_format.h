/* SPDX-License-Identifier: MIT */
/* BitNetMCU's numbers for weight formats. Private to src/model. */
#ifndef DIME_MODEL_BITNETMCU_FORMAT_H
#define DIME_MODEL_BITNETMCU_FORMAT_H

#include "model/formats.h"

#define DIME_BITNETMCU_TERNARY 64

/* Lx_bitperweight of a format; 0 where the header format has none. */
uint32_t dime_bitnetmcu_id(enum dime_format_id format);
/* The format of an Lx_bitperweight; negative where it is unknown. Binary stands for BinarySym too. */
int dime_bitnetmcu_format(uint32_t id);
/* Inputs as a header counts them: Ternary rows are filled up to whole words of ten. */
uint32_t dime_bitnetmcu_inputs(enum dime_format_id format, uint32_t inputs);

#endif
