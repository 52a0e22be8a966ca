/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sim/ov7670.h"

enum {
    COM7_RGB = 1 << 2,
    COM7_BARS = 1 << 1,
    COM7_RAW = 1 << 0,
    COM7_QVGA = 1 << 4,
    COM7_OTHER_SIZES = 5 << 3
};
enum { COM3_DCW = 1 << 2, COM14_SCALED_PCLK = 1 << 4, COM17_BARS = 1 << 3 };
enum { COM10_GATED = 1 << 5, COM10_POLARITIES = 0x93, CLKRC_DIRECT = 1 << 6, TSLB_CHROMA_FIRST = 1 << 3 };
enum { LINE_PIXELS = 784, ROWS_MOST = 490 };

/* Register values after reset (datasheet, table 5) of those that the model or a driver looks at. */
static const uint8_t defaults[][2] = {
    {0x01, 0x80}, {0x02, 0x80}, {0x0A, 0x76}, {0x0B, 0x73}, {0x0E, 0x01}, {0x0F, 0x43}, {0x10, 0x40},
    {0x11, 0x80}, {0x13, 0x8F}, {0x14, 0x4A}, {0x17, 0x11}, {0x18, 0x61}, {0x19, 0x03}, {0x1A, 0x7B},
    {0x1C, 0x7F}, {0x1D, 0xA2}, {0x1E, 0x01}, {0x24, 0x75}, {0x25, 0x63}, {0x26, 0xD4}, {0x32, 0x80},
    {0x3A, 0x0D}, {0x3B, 0x00}, {0x3C, 0x68}, {0x3D, 0x88}, {0x40, 0xC0}, {0x41, 0x08}, {0x6B, 0x0A},
    {0x70, 0x3A}, {0x71, 0x35}, {0x72, 0x11}, {0x73, 0xF0}, {0xA2, 0x02},
};

void sim_ov7670_registers_reset(struct sim_ov7670 *camera) {
    memset(camera->registers, 0, sizeof camera->registers);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        camera->registers[defaults[i][0]] = defaults[i][1];
}

static void name_missing(struct sim_ov7670 *camera, uint8_t number, const char *what) {
    sim_chip_unmodelled(camera->chip, "OV7670 register", number, what);
}

void sim_ov7670_register_check(struct sim_ov7670 *camera, uint8_t number, uint8_t value) {
    if (number == SIM_OV7670_COM7 && value & (COM7_RGB | COM7_RAW))
        name_missing(camera, number, "RGB and raw output: grey YUV is put out");
    if (number == SIM_OV7670_COM7 && value & COM7_OTHER_SIZES)
        name_missing(camera, number, "CIF and QCIF: without effect");
    if (number == SIM_OV7670_COM10 && value & COM10_POLARITIES)
        name_missing(camera, number, "other polarities of VSYNC, HREF and PCLK, HSYNC: without effect");
    if (number == SIM_OV7670_COM3 && value & 0x40)
        name_missing(camera, number, "swapped bits: without effect");
}

/* ---- what follows from them ---------------------------------------------------------------------------- */

static uint32_t horizontal(const uint8_t *r, uint32_t high, uint32_t shift) {
    return (uint32_t)r[high] << 3 | (r[SIM_OV7670_HREF] >> shift & 7U);
}

static uint32_t vertical(const uint8_t *r, uint32_t high, uint32_t shift) {
    return (uint32_t)r[high] << 2 | (r[SIM_OV7670_VREF] >> shift & 3U);
}

static void set_scale(struct sim_ov7670_shape *shape, const uint8_t *r) {
    shape->across = shape->down = r[SIM_OV7670_COM7] & COM7_QVGA ? 2 : 1;
    shape->divider = shape->across;
    if (r[SIM_OV7670_COM3] & COM3_DCW) {
        shape->across = 1U << (r[SIM_OV7670_DCWCTR] & 3);
        shape->down = 1U << (r[SIM_OV7670_DCWCTR] >> 4 & 3);
    }
    if (r[SIM_OV7670_COM14] & COM14_SCALED_PCLK) {
        uint32_t power = r[SIM_OV7670_COM14] & 7U;
        shape->divider = 1U << (power > 4 ? 4 : power);
    }
}

/* A line's bytes must be over before the next line begins. */
static void set_window(struct sim_ov7670_shape *shape, const uint8_t *r) {
    uint32_t start = horizontal(r, SIM_OV7670_HSTART, 0), stop = horizontal(r, SIM_OV7670_HSTOP, 3);
    uint32_t width = (stop + LINE_PIXELS * 3 - start) % LINE_PIXELS; /* both below 2048 */
    uint32_t most = (2 * LINE_PIXELS - 16) / shape->divider, top, bottom;
    shape->bytes = 2 * (width / shape->across);
    if (shape->bytes > most) shape->bytes = most;
    if (shape->bytes > 2 * SIM_OV7670_WIDTH + 16) shape->bytes = 2 * SIM_OV7670_WIDTH + 16;
    top = vertical(r, SIM_OV7670_VSTART, 0);
    bottom = vertical(r, SIM_OV7670_VSTOP, 2);
    if (bottom > ROWS_MOST + 2) bottom = ROWS_MOST + 2;
    shape->first_row = top;
    shape->lines = bottom > top ? (bottom - top) / shape->down : 0;
    if (shape->lines * shape->down > ROWS_MOST) shape->lines = ROWS_MOST / shape->down;
}

struct sim_ov7670_shape sim_ov7670_shape_of(const struct sim_ov7670 *camera) {
    const uint8_t *r = camera->registers;
    struct sim_ov7670_shape shape = {0};
    set_scale(&shape, r);
    set_window(&shape, r);
    shape.padding = shape.across > 1 ? camera->settings.padding : 0;
    shape.gated = (r[SIM_OV7670_COM10] & COM10_GATED) != 0;
    shape.chroma_first = (r[SIM_OV7670_TSLB] & TSLB_CHROMA_FIRST) != 0;
    shape.bars = (r[SIM_OV7670_COM7] & COM7_BARS) != 0 || (r[SIM_OV7670_COM17] & COM17_BARS) != 0;
    return shape;
}

/* At most 2^16 * 256 * 64 for a period of 65536 cycles: below 2^30. */
uint32_t sim_ov7670_clock_of(const struct sim_ov7670 *camera, uint32_t period) {
    static const uint32_t pll[4] = {1, 4, 6, 8};
    uint32_t clkrc = camera->registers[SIM_OV7670_CLKRC];
    uint32_t divider = clkrc & CLKRC_DIRECT ? 1 : (clkrc & 63) + 1;
    if (period > 1 << 16) period = 1 << 16;
    uint32_t clock = period * 256 * divider / pll[camera->registers[SIM_OV7670_DBLV] >> 6];
    return clock ? clock : 1;
}
