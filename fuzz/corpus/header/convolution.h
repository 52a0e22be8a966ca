#define L2_active
#define L2_type BitConv2d
#define L2_bitperweight 8
const int8_t L2_weights[] = {
    1, -2, 3, -128, 127,
};
