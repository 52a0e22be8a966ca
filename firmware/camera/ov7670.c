/* SPDX-License-Identifier: MIT */
/* Registers are those of the OV7670 datasheet 1.4; window and scaling as the LiveOV7670 library found them to
   work. */
#include "ov7670.h"

#include "clock.h"
#include "gpio.h"
#include "sccb.h"

#define MILLISECOND (CLOCK_HZ / 1000u)
#define XCLK_PERIOD 6u /* cycles of HCLK: 8 MHz */
#define XCLK_PIN (1u << 2)
#define PCLK_PIN (1u << 0)
#define HREF_PIN (1u << 3)
#define VSYNC_PIN (1u << 4)
#define CAMERA_PINS_D (PCLK_PIN | HREF_PIN | VSYNC_PIN)
#ifdef OV7670_UPPER_LINES
#define DATA_PINS_C 0xF8u
#define DATA_PINS_A 0x00u
#else
#define DATA_PINS_C 0xF9u
#define DATA_PINS_A 0x06u
#endif
#define FRAME_PATIENCE (500u * MILLISECOND) /* cycles; a frame takes 200 ms */
#define LINE_PATIENCE 200000u               /* rounds of 11 cycles: 46 ms */
#define TRIES 3u
#define BARS 8u

#define PID 0x0Au
#define PID_OV7670 0x76u
#define COM7 0x12u
#define COM7_RESET 0x80u
#define COM17 0x42u
#define COM17_BARS 0x08u

uint32_t capture_line(uint8_t *line, uint32_t pixels, uint32_t skip, uint32_t patience);

/* Register, value, and the bits that must read back as written. */
static const uint8_t registers[][3] = {
    {0x11, 0x81, 0x7F}, /* CLKRC: half of XCLK */
    {COM7, 0x00, 0x7F}, /* YUV */
    {0x3A, 0x04, 0x08}, /* TSLB: luma first */
    {0x17, 182 >> 3, 0xFF},
    {0x18, 46 >> 3, 0xFF},
    {0x32, (182 & 7) | (46 & 7) << 3, 0x3F}, /* HSTART, HSTOP, HREF: columns 182 to 46 of the next line */
    {0x19, 0, 0xFF},
    {0x1A, OV7670_GARBAGE + OV7670_HEIGHT, 0xFF},
    {0x03, 0x00, 0x0F}, /* VSTART, VSTOP, VREF */
    {0x0C, 0x04, 0x04}, /* COM3: down-sampling */
    {0x3E, 0x1A, 0x1F}, /* COM14: PCLK a quarter */
    {0x72, 0x22, 0x33}, /* SCALING_DCWCTR: a quarter each way, averaged */
    {0x73, 0xF2, 0x07}, /* SCALING_PCLK_DIV */
    {0x24, 0xB0, 0xFF},
    {0x25, 0xA0, 0xFF}, /* AEW, AEB: paper shall be bright, but not blinding */
    {0x15, 0x20, 0x20}, /* COM10: PCLK stands still between lines */
};

static uint8_t first_luma; /* byte of a line */

static void wait_ms(uint32_t milliseconds) {
    uint32_t start = cycles_now();
    while (cycles_now() - start < milliseconds * MILLISECOND) {
    }
}

/* ---- setting up ---- */

static void start_pins(void) {
    gpio_start(RCC_APB2_GPIOA | RCC_APB2_GPIOC | RCC_APB2_GPIOD);
    gpio_configure(GPIOC, DATA_PINS_C, GPIO_FLOATING);
    gpio_configure(GPIOA, DATA_PINS_A, GPIO_FLOATING);
    gpio_configure(GPIOD, CAMERA_PINS_D, GPIO_PULLED);
    gpio_write(GPIOD, 0, CAMERA_PINS_D); /* down: a loose wire is a line that does not move */
}

static void start_xclk(void) {
    RCC->APB2PCENR |= RCC_APB2_TIM1;
    TIM1->ATRLR = XCLK_PERIOD - 1;
    TIM1->CHCVR[0] = XCLK_PERIOD / 2;
    TIM1->CHCTLR1 = TIM_CHCTLR1_CH1_PWM1;
    TIM1->CCER = TIM_CCER_CC1E;
    TIM1->BDTR = TIM_BDTR_MOE;
    TIM1->CTLR1 = TIM_CTLR1_CEN;
    gpio_configure(GPIOD, XCLK_PIN, GPIO_ALTERNATE_PUSH_PULL);
}

static enum ov7670_fault find_camera(void) {
    uint32_t id = 0;
    for (uint32_t tries = TRIES; tries; tries--) {
        if (sccb_is_idle() && sccb_read(PID, &id)) return id == PID_OV7670 ? OV7670_WORKS : OV7670_STRANGE;
        wait_ms(10);
    }
    return OV7670_SILENT;
}

static enum ov7670_fault set_register(uint32_t number, uint32_t value, uint32_t mask) {
    uint32_t read;
    if (!sccb_write(number, value) || !sccb_read(number, &read)) return OV7670_SILENT;
    return (read ^ value) & mask ? OV7670_STRANGE : OV7670_WORKS;
}

enum ov7670_fault ov7670_start(void) {
    start_pins();
    start_xclk();
    sccb_start();
    wait_ms(10);
    enum ov7670_fault fault = find_camera();
    if (!fault && !sccb_write(COM7, COM7_RESET)) fault = OV7670_SILENT;
    wait_ms(10);
    for (uint32_t i = 0; !fault && i < sizeof registers / sizeof *registers; i++)
        fault = set_register(registers[i][0], registers[i][1], registers[i][2]);
    first_luma = 1;
    return fault;
}

/* ---- frames and lines ---- */

static enum ov7670_fault wait_for_vsync(uint32_t level, int (*give_up)(void)) {
    uint32_t start = cycles_now();
    while ((GPIOD->INDR & VSYNC_PIN) != level) {
        if (give_up && give_up()) break;
        if (cycles_now() - start > FRAME_PATIENCE) return OV7670_NO_FRAME;
    }
    return OV7670_WORKS;
}

/* From VSYNC's end to the first line are 17 lines of 392 us. */
enum ov7670_fault ov7670_wait_for_frame(int (*give_up)(void)) {
    enum ov7670_fault fault = wait_for_vsync(VSYNC_PIN, give_up);
    return fault ? fault : wait_for_vsync(0, give_up);
}

enum ov7670_fault ov7670_read_line(uint8_t *line) {
    return capture_line(line, OV7670_WIDTH, first_luma, LINE_PATIENCE) ? OV7670_NO_LINE : OV7670_WORKS;
}

/* ---- the colour bar ---- */

/* White, yellow, cyan, green, magenta, red, blue, black: from the left each is darker than the one before. */
static int falls(const uint8_t *line) {
    const uint32_t width = OV7670_WIDTH / BARS;
    for (uint32_t at = width / 2; at + width < OV7670_WIDTH; at += width)
        if (line[at + width] >= line[at]) return 0;
    return 1;
}

static enum ov7670_fault look_at_bar(uint8_t *line) {
    enum ov7670_fault fault = ov7670_wait_for_frame(0);
    for (uint32_t i = 0; !fault && i < OV7670_HEIGHT / 2; i++) fault = ov7670_read_line(line);
    return fault;
}

enum ov7670_fault ov7670_check_bar(uint8_t *line) {
    enum ov7670_fault fault = set_register(COM17, COM17_BARS, COM17_BARS);
    int found = 0;
    for (uint32_t tries = 0; !fault && !found && tries < 2; tries++) {
        first_luma = !tries;
        fault = look_at_bar(line);
        found = !fault && falls(line);
    }
    if (!fault) fault = set_register(COM17, 0, COM17_BARS);
    return fault || found ? fault : OV7670_NO_BAR;
}
