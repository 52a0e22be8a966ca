/* SPDX-License-Identifier: MIT */
/* Watches the camera and the push button. Frames are taken one after the other whether somebody wants them or
   not, so that a press gets the frame that is under way: at most one frame later the picture is complete.

   The button is between PC2 and ground and shares that pin with SCL, which is idle once the camera is set up.
   The LED on PD6 is lit while a press would be seen. */
#ifndef FIRMWARE_VIEWFINDER_H
#define FIRMWARE_VIEWFINDER_H

#include <stdint.h>

#include "ov7670.h"
#include "vision.h"

/* Sets the camera up, looks at its colour bar, and waits until the exposure has settled. `line` is scratch:
   OV7670_WIDTH bytes. The watchdog is fed. */
enum ov7670_fault viewfinder_start(uint8_t *line);

/* Takes frames until one is complete in which, or right after which, the button was pressed: the picture is
   in `vision`, whose grid is `cells`. `line` is scratch: OV7670_WIDTH bytes. The watchdog is fed. */
enum ov7670_fault viewfinder_wait(struct dime_vision *vision, uint8_t *cells, uint32_t capacity,
                                  uint8_t *line);

/* Blinks a fault on the LED: so many short flashes, then a pause. The watchdog is fed. */
void viewfinder_blink(uint32_t count);

#endif
