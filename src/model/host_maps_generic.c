/* SPDX-License-Identifier: MIT */
/* Any processor. */
#define HOST_MAPS dime_host_maps_generic
#include "model/host_maps_impl.h"
