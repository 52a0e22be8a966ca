/* SPDX-License-Identifier: MIT */
/* A simulated OV7670 camera at a chip's pins. Registers over SCCB (or the chip's I2C1), a picture on D0..D7
   with VSYNC, HREF and PCLK, all of it in time with XCLK. Sources: OV7670 datasheet 1.4, its implementation
   guide, and what the LiveOV7670 library found out on hardware. docs/simulator.md says what is not modelled.

   Time: a line lasts 784 pixels of two clocks, a frame 510 lines; VSYNC is high for 3, and 17 later the first
   row begins. The internal clock is XCLK / (CLKRC + 1) times the PLL of DBLV. */
#ifndef DIME_SIM_OV7670_H
#define DIME_SIM_OV7670_H

#include <stdint.h>

#include "sim/device.h"
#include "sim/sccb.h"

enum {
    SIM_OV7670_WIDTH = 640,
    SIM_OV7670_HEIGHT = 480,
    SIM_OV7670_DATA_PINS = 8,
    SIM_OV7670_ADDRESS = 0x21, /* 7 bits: 0x42 to write, 0x43 to read */
};

enum sim_ov7670_exposure {
    SIM_EXPOSURE_AUTO,  /* follows AEW and AEB while COM8 asks for it, a step a frame, from too dark */
    SIM_EXPOSURE_FIXED, /* the picture's grey levels as they are, whatever the registers say */
};

struct sim_ov7670_settings {
    struct sim_pin sda, scl, xclk, vsync, href, pclk;
    struct sim_pin data[SIM_OV7670_DATA_PINS]; /* D0 first */
    enum sim_ov7670_exposure exposure;
    uint32_t noise; /* standard deviation in sixteenths of a grey level, 0..1024 */
    uint64_t seed;
    uint32_t padding; /* bytes in front of a scaled line's first luma, 0..3: LiveOV7670 found 1 */
};

/* What decides on a frame's shape, latched when a frame begins. */
struct sim_ov7670_shape {
    uint32_t across, down;     /* sensor pixels averaged into one, each way: 1, 2, 4, 8 */
    uint32_t divider;          /* internal clocks a PCLK period */
    uint32_t first_row, lines; /* output lines, from that row of the window on */
    uint32_t bytes;            /* a line */
    uint32_t padding;
    uint8_t gated;        /* PCLK stands still while HREF is low */
    uint8_t chroma_first; /* UYVY instead of YUYV */
    uint8_t bars;
};

struct sim_ov7670 {
    struct sim_chip *chip;
    struct sim_ov7670_settings settings;
    struct sim_sccb sccb;
    uint8_t registers[256], selected;
    uint8_t scene[SIM_OV7670_HEIGHT]
                 [SIM_OV7670_WIDTH]; /* grey levels as the lens throws them on the sensor */
    uint32_t scene_mean;             /* in 1/256 */
    uint32_t gain;                   /* in 1/65536 */
    struct sim_ov7670_shape shape;
    uint64_t frame;      /* frames begun since power-on */
    uint64_t line_start; /* cycles, in 1/256 */
    uint32_t clock;      /* cycles an internal clock takes, in 1/256; 0: XCLK stands still */
    uint32_t line;       /* 0..509 of the frame */
    uint32_t byte;       /* PCLK period of the line under way */
    uint8_t step;        /* within that period */
    uint8_t data, running;
    uint8_t whole;                            /* the frame before this one ran to its end */
    uint8_t bytes[2 * SIM_OV7670_WIDTH + 16]; /* of the line under way */
    uint64_t frame_cycles;                    /* how long the last whole frame took */
    uint64_t frame_start;
    /* Luma of the frame under way and of the last one that ran to its end, garbage lines left out. */
    uint8_t frames[2][SIM_OV7670_HEIGHT][SIM_OV7670_WIDTH];
    uint32_t rows;                    /* of the frame under way */
    uint32_t last;                    /* which of the two is the last; 2: there is none yet */
    uint32_t last_width, last_height; /* of that one */
};

/* `camera` must outlive the chip. Pins of `settings` may be unwired. Shows a black scene at first. */
void sim_ov7670_attach(struct sim_ov7670 *camera, struct sim_chip *chip,
                       const struct sim_ov7670_settings *settings);
/* Puts a picture in front of the lens: width * height grey levels, row by row, fitted to fill the 640x480
   sensor whole (borders are repeated, or cut off, where the shape differs: the whole picture is seen). */
void sim_ov7670_show(struct sim_ov7670 *camera, const uint8_t *pixels, uint32_t width, uint32_t height);

/* Luma of the last frame that was put out whole, as far as data pins are wired: row by row, to `pixels`, of
   which SIM_OV7670_WIDTH * SIM_OV7670_HEIGHT are there. Returns 0 where there is none yet. */
int sim_ov7670_last_frame(const struct sim_ov7670 *camera, uint8_t *pixels, uint32_t *width,
                          uint32_t *height);

/* ---- ov7670_registers.c -------------------------------------------------------------------------------- */

enum sim_ov7670_register {
    SIM_OV7670_GAIN = 0x00,
    SIM_OV7670_VREF = 0x03,
    SIM_OV7670_COM1 = 0x04,
    SIM_OV7670_AECHH = 0x07,
    SIM_OV7670_PID = 0x0A,
    SIM_OV7670_COM3 = 0x0C,
    SIM_OV7670_AECH = 0x10,
    SIM_OV7670_CLKRC = 0x11,
    SIM_OV7670_COM7 = 0x12,
    SIM_OV7670_COM8 = 0x13,
    SIM_OV7670_COM10 = 0x15,
    SIM_OV7670_HSTART = 0x17,
    SIM_OV7670_HSTOP = 0x18,
    SIM_OV7670_VSTART = 0x19,
    SIM_OV7670_VSTOP = 0x1A,
    SIM_OV7670_AEW = 0x24,
    SIM_OV7670_AEB = 0x25,
    SIM_OV7670_HREF = 0x32,
    SIM_OV7670_TSLB = 0x3A,
    SIM_OV7670_COM14 = 0x3E,
    SIM_OV7670_COM15 = 0x40,
    SIM_OV7670_COM17 = 0x42,
    SIM_OV7670_DBLV = 0x6B,
    SIM_OV7670_DCWCTR = 0x72,
    SIM_OV7670_PCLK_DIV = 0x73,
};
void sim_ov7670_registers_reset(struct sim_ov7670 *camera);
/* Names what a write asks for and the model has not. */
void sim_ov7670_register_check(struct sim_ov7670 *camera, uint8_t number, uint8_t value);
struct sim_ov7670_shape sim_ov7670_shape_of(const struct sim_ov7670 *camera);
/* Cycles an internal clock takes in 1/256, for an XCLK of `period` cycles. */
uint32_t sim_ov7670_clock_of(const struct sim_ov7670 *camera, uint32_t period);

/* ---- ov7670_picture.c ---------------------------------------------------------------------------------- */

/* One frame further: automatic exposure. */
void sim_ov7670_expose(struct sim_ov7670 *camera);
/* The frame is whole: it becomes the last. */
void sim_ov7670_keep_frame(struct sim_ov7670 *camera);
/* The bytes of output line `line` of the present frame. */
void sim_ov7670_line(struct sim_ov7670 *camera, uint32_t line);

#endif
