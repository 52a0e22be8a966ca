/* SPDX-License-Identifier: MIT */
/* How a peripheral sits on the simulated chip's bus, and how it asks to be called at a later cycle. */
#ifndef DIME_SIM_DEVICE_H
#define DIME_SIM_DEVICE_H

#include <stdint.h>

struct sim_chip;

/* One peripheral. Registers are accessed naturally aligned, in 1, 2 or 4 bytes. */
struct sim_device {
    const char *name;    /* "USART1", as in the reference manual */
    uint32_t base, size; /* bytes */
    void *state;
    /* Offsets are from base. A register that is not modelled is reported by sim_chip_unmodelled and reads as
       its reset value. */
    uint32_t (*read)(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes);
    void (*write)(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value);
    void (*reset)(struct sim_chip *chip, void *state);
};

/* The present cycle of the core clock (HCLK), counted from reset. Devices compute counters from it when they
   are read, instead of being called every cycle. */
uint64_t sim_chip_now(const struct sim_chip *chip);

/* Calls back at the first instruction boundary at or after `cycle`. Rescheduling the same (callback, state)
   replaces the old time; UINT64_MAX cancels. Callbacks of one cycle run in the order of `order`, then of
   registration, so that a run is deterministic. Those of SIM_ORDER_OUTSIDE and above belong to parts outside
   of the chip: they outlive its resets by watchdog and the like. */
enum { SIM_ORDER_OUTSIDE = 100 };
void sim_chip_schedule(struct sim_chip *chip, uint64_t cycle, uint32_t order,
                       void (*callback)(struct sim_chip *chip, void *state), void *state);

/* Level of interrupt line 0..255 as numbered in the vector table (SysTick 12, USART1 32 ...). */
void sim_chip_interrupt(struct sim_chip *chip, uint32_t line, int level);

/* Bus access on behalf of DMA: 0, or a negative number where nothing is mapped. */
int sim_chip_bus_read(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t *value);
int sim_chip_bus_write(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t value);

/* DMA request line of a peripheral, channel 1..7. */
void sim_chip_dma_request(struct sim_chip *chip, uint32_t channel, int level);

/* Reports, once for each register and run, that a program touched what the simulator does not model. */
void sim_chip_unmodelled(struct sim_chip *chip, const char *device, uint32_t address, const char *what);

/* HCLK in Hz as RCC is set; wait states of the flash as FLASH_ACTLR is set. */
uint32_t sim_chip_clock(const struct sim_chip *chip);
void sim_chip_set_clock(struct sim_chip *chip, uint32_t hz);
void sim_chip_set_wait_states(struct sim_chip *chip, uint32_t wait_states);

/* Pins. port 0 = A, 1 = C, 2 = D; number 0..7. The outside drives inputs and listens to outputs. */
struct sim_pin {
    uint8_t port, number;
};
enum { SIM_PIN_UNWIRED = 0xFF }; /* as a port */
enum sim_pin_drive {
    SIM_PIN_FLOATING,
    SIM_PIN_LOW,
    SIM_PIN_HIGH,
    /* Through a resistor or an LED: any output of the chip wins. */
    SIM_PIN_PULLED_LOW,
    SIM_PIN_PULLED_HIGH,
};
void sim_chip_pin_drive(struct sim_chip *chip, uint32_t port, uint32_t number, enum sim_pin_drive drive);
typedef void sim_pin_listener(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level);
void sim_chip_pin_listen(struct sim_chip *chip, sim_pin_listener *listener, void *context);

#endif
