/* SPDX-License-Identifier: MIT */
#include "sccb.h"

#include "clock.h"
#include "gpio.h"

#define SDA (1u << 1)
#define SCL SCCB_SCL
#define WRITE 0x42u /* the OV7670's addresses */
#define READ 0x43u
#define QUARTER (CLOCK_HZ / 400000u) /* cycles: 100 kHz at most */

static void wait(void) {
    uint32_t start = cycles_now();
    while (cycles_now() - start < QUARTER) {
    }
}

/* Open drain: high lets go, and the pull-up does the rest. */
static void set_scl(uint32_t high) {
    gpio_write(GPIOC, high ? SCL : 0, SCL);
    wait();
}

static void set_sda(uint32_t high) {
    gpio_write(GPIOC, high ? SDA : 0, SDA);
    wait();
}

static uint32_t sda_is_high(void) {
    return (GPIOC->INDR & SDA) != 0;
}

void sccb_start(void) {
    gpio_start(RCC_APB2_GPIOC);
    gpio_write(GPIOC, SDA | SCL, 0);
    gpio_configure(GPIOC, SDA | SCL, GPIO_OPEN_DRAIN);
    wait();
}

int sccb_is_idle(void) {
    return (GPIOC->INDR & (SDA | SCL)) == (SDA | SCL);
}

static void begin(void) {
    set_sda(1);
    set_scl(1);
    set_sda(0);
    set_scl(0);
}

static void end(void) {
    set_sda(0);
    set_scl(1);
    set_sda(1);
}

/* One clock: puts a bit out (1 to listen) and returns what is on the line. */
static uint32_t clock_bit(uint32_t bit) {
    set_sda(bit);
    set_scl(1);
    uint32_t seen = sda_is_high();
    set_scl(0);
    return seen;
}

/* Returns 1 where the camera pulled the ninth bit low. */
static int send(uint32_t byte) {
    for (uint32_t mask = 0x80; mask; mask >>= 1) clock_bit(byte & mask);
    return !clock_bit(1);
}

static uint32_t receive(void) {
    uint32_t byte = 0;
    for (uint32_t i = 0; i < 8; i++) byte = byte << 1 | clock_bit(1);
    clock_bit(1); /* no more */
    return byte;
}

/* Addresses the camera and names a register; the caller goes on, and ends. */
static int name_register(uint32_t number) {
    begin();
    int answered = send(WRITE);
    return send(number) & answered;
}

int sccb_write(uint32_t number, uint32_t value) {
    int answered = name_register(number);
    answered &= send(value);
    end();
    return answered;
}

int sccb_read(uint32_t number, uint32_t *value) {
    int answered = name_register(number);
    end();
    begin();
    answered &= send(READ);
    *value = receive();
    end();
    return answered;
}
