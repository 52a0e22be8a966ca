/* SPDX-License-Identifier: MIT */
#include "viewfinder.h"

#include "clock.h"
#include "gpio.h"
#include "sccb.h"
#include "watchdog.h"

#define MILLISECOND (CLOCK_HZ / 1000u)
#define BUTTON_PIN SCCB_SCL /* of port C, low while pressed */
#define LED_PIN (1u << 6)   /* of port D */
#define SETTLING 10u        /* frames that the exposure gets */
#define SAMPLE MILLISECOND  /* the button is looked at that often */
#define PRESSED 4u          /* samples in a row */
#define RELEASED 20u
#define FLASH_MS 150u
#define PAUSE_MS 900u

static struct {
    uint32_t next; /* cycle of the next sample */
    uint8_t low;   /* samples in a row */
    uint8_t high;
    uint8_t held;    /* a press that has been seen lasts */
    uint8_t pressed; /* since somebody last asked */
} button;

/* ---- button and LED ---- */

/* A press counts when the contact has been closed for PRESSED samples, and the next one only after it has
   been open for RELEASED. */
static void look_at_button(void) {
    if ((int32_t)(cycles_now() - button.next) < 0) return;
    button.next = cycles_now() + SAMPLE;
    if (GPIOC->INDR & BUTTON_PIN) {
        button.low = 0;
        if (button.high < RELEASED && ++button.high == RELEASED) button.held = 0;
        return;
    }
    button.high = 0;
    if (button.low < PRESSED && ++button.low == PRESSED && !button.held) button.held = button.pressed = 1;
}

static void set_led(uint32_t lit) {
    gpio_write(GPIOD, lit ? LED_PIN : 0, LED_PIN);
}

static void wait_fed(uint32_t milliseconds) {
    for (; milliseconds; milliseconds--) {
        uint32_t start = cycles_now();
        watchdog_feed();
        while (cycles_now() - start < MILLISECOND) {
        }
    }
}

void viewfinder_blink(uint32_t count) {
    for (; count; count--) {
        set_led(1);
        wait_fed(FLASH_MS);
        set_led(0);
        wait_fed(FLASH_MS);
    }
    wait_fed(PAUSE_MS);
}

/* ---- frames ---- */

enum ov7670_fault viewfinder_start(uint8_t *line) {
    gpio_start(RCC_APB2_GPIOD);
    set_led(0);
    gpio_configure(GPIOD, LED_PIN, GPIO_PUSH_PULL);
    enum ov7670_fault fault = ov7670_start();
    watchdog_feed();
    if (!fault) fault = ov7670_check_bar(line);
    for (uint32_t i = 0; !fault && i < SETTLING; i++) {
        watchdog_feed();
        fault = ov7670_wait_for_frame(0);
    }
    button.held = 1; /* a button that is held already must be let go first */
    button.next = cycles_now();
    return fault;
}

/* A line goes to the grid while the camera is between lines. */
static enum ov7670_fault take_frame(struct dime_vision *vision, uint8_t *line) {
    enum ov7670_fault fault = OV7670_WORKS;
    for (uint32_t i = 0; !fault && i < OV7670_GARBAGE + OV7670_HEIGHT; i++) {
        fault = ov7670_read_line(line);
        if (i >= OV7670_GARBAGE) dime_vision_add(vision, line, OV7670_WIDTH);
        look_at_button();
    }
    return fault;
}

static int button_was_pressed(void) {
    look_at_button();
    return button.pressed;
}

/* Between two frames a press gets the one that is just over. */
enum ov7670_fault viewfinder_wait(struct dime_vision *vision, uint8_t *cells, uint32_t capacity,
                                  uint8_t *line) {
    int (*give_up)(void) = 0;
    enum ov7670_fault fault;
    button.pressed = 0;
    for (;;) {
        watchdog_feed();
        fault = ov7670_wait_for_frame(give_up);
        if (fault || button.pressed) break;
        set_led(1);
        give_up = button_was_pressed;
        dime_vision_begin(vision, OV7670_WIDTH, OV7670_HEIGHT, cells, capacity);
        fault = take_frame(vision, line);
        if (fault || button.pressed) break;
    }
    set_led(0);
    return fault;
}
