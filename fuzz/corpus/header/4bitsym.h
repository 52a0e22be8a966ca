#include <stdint.h>
#ifndef BITNETMCU_MODEL_H
#define BITNETMCU_MODEL_H
#define MODEL_FCMNIST
#define NUM_LAYERS 2
#define MAX_N_ACTIVATIONS 8
// Layer: L1
#define L1_active
#define L1_bitperweight 4
#define L1_incoming_weights 16
#define L1_outgoing_weights 8
const uint32_t L1_weights[] = {
    0x9e3779b9, 0x3c6ef372, 0xdaa66d2b, 0x78dde6e4, 0x1715609d, 0xb54cda56, 0x5384540f, 0xf1bbcdc8,
    0x8ff34781, 0x2e2ac13a, 0xcc623af3, 0x6a99b4ac, 0x08d12e65, 0xa708a81e, 0x454021d7, 0xe3779b90,
}; // first channel is topmost bit

// Layer: L2
#define L2_active
#define L2_bitperweight 4
#define L2_incoming_weights 8
#define L2_outgoing_weights 2
const uint32_t L2_weights[] = {
    0x01234567,
    0x89abcdef,
}; // first channel is topmost bit

#endif
