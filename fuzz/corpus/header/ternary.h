#define DIME_INPUT_SIZE 4
#define DIME_INPUT_ENCODING "binary"
#define DIME_INPUT_THRESHOLD 100
// Layer: L1
#define L1_active
#define L1_bitperweight 64
#define L1_incoming_weights 20
#define L1_outgoing_weights 2
const uint16_t L1_weights[] = {0x38e3, 0xffff, 0x1234, 0xffff}; // first channel is topmost bit
