/* SPDX-License-Identifier: MIT */
/* The OV7670 camera: D0..D7 on PC0, PA1, PA2, PC3..PC7, SDA PC1, SCL PC2, XCLK PD2, PCLK PD0, HREF PD3, VSYNC
   PD4. With OV7670_UPPER_LINES only D3..D7 are wired and the rest counts as 0.

   XCLK is 8 MHz, a sixth of HCLK; the camera halves it and puts out 160x120 pixels of luma and chroma, PCLK
   1 MHz: 48 cycles a byte, 5.0 frames a second. */
#ifndef FIRMWARE_OV7670_H
#define FIRMWARE_OV7670_H

#include <stdint.h>

#define OV7670_WIDTH 160u
#define OV7670_HEIGHT 120u
#define OV7670_GARBAGE 2u /* lines in front of the picture */

enum ov7670_fault {
    OV7670_WORKS,
    OV7670_SILENT = 1,   /* SCCB: no answer */
    OV7670_STRANGE = 2,  /* SCCB: it is no OV7670, or a register does not keep its value */
    OV7670_NO_FRAME = 3, /* VSYNC does not move */
    OV7670_NO_LINE = 4,  /* HREF or PCLK does not move, or lines came too early */
    OV7670_NO_BAR = 5,   /* the colour bar looks wrong: data lines */
};

/* Starts XCLK and sets the camera up; registers are read back. SysTick must count. */
enum ov7670_fault ov7670_start(void);

/* Waits for the next frame. `give_up` is called again and again meanwhile; where it returns 1, nothing more
   is waited for. It may be NULL. */
enum ov7670_fault ov7670_wait_for_frame(int (*give_up)(void));

/* The next line's luma, OV7670_WIDTH bytes. Must be called before the line begins: there are 59,000 cycles
   from the end of one to the beginning of the next. */
enum ov7670_fault ov7670_read_line(uint8_t *line);

/* Looks at the camera's colour bar, and finds out which byte of a line is the first of luma. `line` is
   scratch: OV7670_WIDTH bytes. */
enum ov7670_fault ov7670_check_bar(uint8_t *line);

#endif
