/* SPDX-License-Identifier: MIT */
/* Reads the digits in built-in pictures, one after another: prints what it reads, what is right and how long
   it took, and shows the digit on the display. */
#include "clock.h"
#include "display.h"
#include "engine.h"
#include "finish.h"
#include "interrupt.h"
#include "model.h"
#include "pictures.h"
#include "print.h"
#include "timer.h"
#include "usart.h"

#ifndef DIME_BAUD
#define DIME_BAUD 115200
#endif
#define SHOW_MS 900
#define DARK_MS 100 /* so that the same digit twice is seen as two */

static int32_t sums[DIME_MODEL_SUMS];
static _Alignas(4) int8_t activations[DIME_MODEL_ROOM]; /* first of all the input */

static void report(uint32_t number, const struct picture *picture, uint32_t prediction, uint32_t cycles) {
    print_text("Picture ");
    print_unsigned(number);
    print_text("  Prediction: ");
    print_unsigned(prediction);
    print_text("  Label: ");
    print_unsigned(picture->label);
    print_text("  Timing: ");
    print_unsigned(cycles);
    print_text(" clock cycles");
    if (prediction != picture->expected) print_text("  MISMATCH");
    print_text("\n");
}

#if PICTURE_BITS == 8
/* A run begins with a byte: bit 7 set for that many inputs of background, clear for that many that follow. */
static void unpack(const struct picture *picture) {
    const uint8_t *run = picture->runs;
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS;) {
        uint32_t head = *run++;
        for (uint32_t left = head & 0x7F; left; left--)
            activations[i++] = head & 0x80 ? picture->background : (int8_t)*run++;
    }
}
#else
/* The box around the ink, row by row, with background around it. */
static void unpack(const struct picture *picture) {
    const uint8_t *next = picture_pixels + picture->pixels;
    int8_t *row = activations + picture->corner;
    uint32_t byte = 1; /* what is left of it, below a 1 that tells its end */
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS; i++) activations[i] = picture->level[0];
    for (uint32_t y = picture->height; y; y--, row += DIME_MODEL_INPUT_SIZE)
        for (int8_t *at = row; at < row + picture->width; at++, byte >>= PICTURE_BITS) {
            if (byte == 1) byte = *next++ | 0x100u;
            *at = picture->level[byte & ((1 << PICTURE_BITS) - 1)];
        }
}
#endif

static void show(uint32_t digit) {
    display_show(digit);
    timer_sleep_ms(SHOW_MS);
    display_clear();
    timer_sleep_ms(DARK_MS);
}

static void read_picture(uint32_t number) {
    const struct picture *picture = &pictures[number];
    unpack(picture);
    uint32_t start = cycles_now();
    uint32_t prediction = dime_network_infer(&dime_model_network, activations, sums, activations);
    uint32_t cycles = cycles_now() - start;
    report(number + 1, picture, prediction, cycles);
    show(prediction);
}

int main(void) {
    clock_start();
    cycles_start();
    display_start();
    print_start(USART_DIVIDER(DIME_BAUD));
    interrupts_on();
    print_text("dime demo: " DIME_MODEL_NAME "\n");
    do {
        for (uint32_t i = 0; i < PICTURES; i++) read_picture(i);
#ifdef DIME_ONCE
    } while (0);
#else
    } while (1);
#endif
    print_finish();
    finish();
}
