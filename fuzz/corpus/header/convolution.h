#define MODEL_CNNMNIST
#define NUM_LAYERS 3
#define L2_active
#define L2_type BitConv2d
#define L2_in_channels 1
#define L2_out_channels 2
#define L2_incoming_x 4
#define L2_incoming_y 4
#define L2_outgoing_x 2
#define L2_outgoing_y 2
#define L2_kernel_size 3
#define L2_stride 1
#define L2_padding 0
#define L2_groups 1
#define L2_bitperweight 8
const int8_t L2_weights[] = {
    1, -2, 3, -128, 127, 6, 7, 8, 9,
    -1, 2, -3, 4, -5, 6, -7, 8, -9,
};
#define L4_active
#define L4_type MaxPool2d
#define L4_pool_size 1
#define L6_active
#define L6_bitperweight 4
#define L6_incoming_weights 8
#define L6_outgoing_weights 3
const uint32_t L6_weights[] = {0x01234567, 0x89abcdef, 0x0f1e2d3c,};
