/* SPDX-License-Identifier: MIT */
/* Camera, network and display on one board: at a press of the button the digit in front of the camera lights
   up. A dash: there is no digit, or the network is not sure. E: the camera does not work; the LED blinks
   which fault it is, as does the display: E, then the number. */
#include "clock.h"
#include "recognise.h"
#include "segments.h"
#include "shift_display.h"
#include "viewfinder.h"
#include "vision.h"
#include "watchdog.h"

#define SIDE DIME_MODEL_INPUT_SIZE
/* The grid and the picture made from it do not fit together with a finer one where pictures are large. */
#define CELLS (SIDE <= 20 ? DIME_VISION_CELLS : 768)
#define WATCHDOG_MS 2000
#define LETTER_E 14 /* hexadecimal */

/* A line is read before a picture is made; cells and the rest of vision are used up before the network runs.
 */
static union {
    struct {
        union {
            uint8_t line[OV7670_WIDTH];
            uint8_t grey[DIME_MODEL_INPUTS];
        };
        uint8_t cells[CELLS];
        struct dime_vision vision;
    };
    struct recognise_scratch network;
} room;

static void show_picture(void) {
    struct dime_reading read;
    uint32_t segments = DIME_SEGMENT_MIDDLE;
    if (dime_vision_finish(&room.vision, DIME_VISION_AUTO, SIDE, room.grey, 0) == DIME_VISION_DIGIT) {
        recognise(&room.network, &read);
        if (read.sure) segments = dime_segments_of_digit(read.best);
    }
    shift_display_light(segments);
}

static enum ov7670_fault show_pictures(void) {
    enum ov7670_fault fault = viewfinder_start(room.line);
    while (!fault) {
        fault = viewfinder_wait(&room.vision, room.cells, CELLS, room.line);
        if (fault) break;
        shift_display_light(0);
        show_picture();
    }
    return fault;
}

static void tell(enum ov7670_fault fault) {
    shift_display_light(dime_segments_of_digit(LETTER_E));
    viewfinder_blink(fault);
    shift_display_light(dime_segments_of_digit(fault));
    viewfinder_blink(fault);
}

/* After a fault the camera is set up anew: a wire may have been put back. */
int main(void) {
    clock_start();
    cycles_start();
    watchdog_start(WATCHDOG_MS);
    shift_display_start();
    /* A line that stood still in the middle stops the program until the watchdog bites. */
    if (watchdog_has_bitten()) tell(OV7670_NO_LINE);
    for (;;) tell(show_pictures());
}
