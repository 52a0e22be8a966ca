#include <stdint.h>
#ifndef BITNETMCU_MODEL_H
#define BITNETMCU_MODEL_H
#define MODEL_FCMNIST
// Layer: L1
#define L1_active
#define L1_bitperweight 2
#define L1_incoming_weights 16
#define L1_outgoing_weights 32
const uint32_t L1_weights[] = {0x85ebca6b, 0xbd794d6,  0x91c35f41, 0x17af29ac, 0x9d9af417, 0x2386be82,
                               0xa97288ed, 0x2f5e5358, 0xb54a1dc3, 0x3b35e82e, 0xc121b299, 0x470d7d04,
                               0xccf9476f, 0x52e511da, 0xd8d0dc45, 0x5ebca6b0, 0xe4a8711b, 0x6a943b86,
                               0xf08005f1, 0x766bd05c, 0xfc579ac7, 0x82436532, 0x82f2f9d,  0x8e1afa08,
                               0x1406c473, 0x99f28ede, 0x1fde5949, 0xa5ca23b4, 0x2bb5ee1f, 0xb1a1b88a,
                               0x378d82f5, 0xbd794d60}; // first channel is topmost bit

// Layer: L2
#define L2_active
#define L2_bitperweight 1
#define L2_incoming_weights 32
#define L2_outgoing_weights 2
const uint32_t L2_weights[] = {0xdeadbeef, 305419896u}; // first channel is topmost bit

#endif