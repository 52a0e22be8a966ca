/* a
 b */ // c \
 d
#define A(x)                                                                                                 \
    x /* e                                                                                                   \
       */                                                                                                    \
        + 1
#pragma once
static const uint8_t picture[3] = {0x1, 2u, 3UL};
