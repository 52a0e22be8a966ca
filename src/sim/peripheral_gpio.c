/* SPDX-License-Identifier: MIT */
/* Ports (section 7.3.1) and AFIO (section 7.3.2). A pin's level follows from what the chip drives, what the
   outside drives, and the pull resistors, in this order of strength. */
#include "sim/peripheral_gpio.h"

#include <string.h>

#include "sim/peripheral.h"

enum { CFGLR = 0x00, CFGHR = 0x04, INDR = 0x08, OUTDR = 0x0C, BSHR = 0x10, BCR = 0x14, LCKR = 0x18 };
enum { AFIO_PCFR1 = 0x04, AFIO_EXTICR = 0x08 };
/* The four bits of a pin in CFGLR: MODE (0 input, else output) and CNF. */
enum { MODE = 3, CNF_SHIFT = 2 };
enum { INPUT_ANALOG, INPUT_FLOATING, INPUT_PULL };
enum { OUTPUT_OPEN_DRAIN = 1, OUTPUT_ALTERNATE = 2 };
enum { CFGLR_RESET = 0x44444444, LCKK = 1 << 8 };
/* Alternate functions' remaps, SWCFG (single wire debug off) and the LSI capture are kept; those of parts
   that are not modelled have no effect. */
enum { REMAP_PA12 = 1 << 15, REMAP_ADC = 3 << 17, REMAP_SPI = 1 << 0, REMAP_LSI = 1 << 23 };

static uint32_t pin_mode(const struct sim_gpio_port *port, uint32_t number) {
    return port->cfglr >> (4 * number) & 15;
}

/* ---- the level of a pin -------------------------------------------------------------------------------- */

static int alternate_level(const struct sim_gpio_port *port, uint32_t number) {
    for (uint32_t who = 0; who < SIM_ALTERNATES; who++) {
        if (port->alternate[number][who] >= 0) {
            return port->alternate[number][who];
        }
    }
    return -1;
}

/* What the chip's output stage drives: 0, 1, or -1 where it is off. */
static int driven_inside(const struct sim_gpio_port *port, uint32_t number) {
    uint32_t mode = pin_mode(port, number), kind = mode >> CNF_SHIFT;
    if ((mode & MODE) == 0) {
        return -1;
    }
    int level = kind & OUTPUT_ALTERNATE ? alternate_level(port, number) : (int)(port->outdr >> number & 1);
    return level > 0 && kind & OUTPUT_OPEN_DRAIN ? -1 : level;
}

/* The chip's own pull-up or pull-down: OUTDR chooses. */
static int pulled_inside(const struct sim_gpio_port *port, uint32_t number) {
    return pin_mode(port, number) == INPUT_PULL << CNF_SHIFT ? (int)(port->outdr >> number & 1) : -1;
}

static int pulled_outside(const struct sim_gpio_port *port, uint32_t number) {
    switch (port->outside[number]) {
    case SIM_PIN_PULLED_LOW:
        return 0;
    case SIM_PIN_PULLED_HIGH:
        return 1;
    default:
        return -1;
    }
}

static int driven_outside(const struct sim_gpio_port *port, uint32_t number) {
    switch (port->outside[number]) {
    case SIM_PIN_LOW:
        return 0;
    case SIM_PIN_HIGH:
        return 1;
    default:
        return -1;
    }
}

/* Two outputs against each other: the low one wins, and the circuit is wrong, unless the chip's is open
   drain, where the outside's high is taken for a pull-up. */
static int contend(struct sim_peripherals *all, uint32_t port, uint32_t number) {
    if (!(pin_mode(&all->gpio.ports[port], number) >> CNF_SHIFT & OUTPUT_OPEN_DRAIN)) {
        sim_block_unmodelled(all, &sim_gpio_blocks[port], OUTDR,
                             "an output of the chip is driven against from outside: taken as low");
    }
    return 0;
}

static int resolve(struct sim_peripherals *all, uint32_t port_index, uint32_t number) {
    const struct sim_gpio_port *port = &all->gpio.ports[port_index];
    int inside = driven_inside(port, number), outside = driven_outside(port, number);
    if (inside >= 0 && outside >= 0 && inside != outside) {
        return contend(all, port_index, number);
    }
    if (inside >= 0 || outside >= 0) {
        return inside >= 0 ? inside : outside;
    }
    int pull = pulled_outside(port, number);
    return pull >= 0 ? pull : pulled_inside(port, number);
}

static void update_pin(struct sim_peripherals *all, uint32_t port_index, uint32_t number) {
    struct sim_gpio_port *port = &all->gpio.ports[port_index];
    int before = port->level[number] < 0 ? -1 : port->level[number] > 0;
    int after = resolve(all, port_index, number);
    if (after == before) {
        return;
    }
    port->level[number] = (int8_t)after;
    sim_chip_pin_output(all->chip, port_index, number, after);
    if ((after > 0) == (before > 0)) {
        return; /* an input sees a floating pin as low */
    }
    struct sim_pin pin = {(uint8_t)port_index, (uint8_t)number};
    sim_exti_pin_changed(all, pin, after > 0);
    sim_timers_pin_changed(all, pin, after > 0);
    sim_usart_pin_changed(all, pin, after > 0);
}

/* Pins in `bits` changed in configuration or output. */
static void update_pins(struct sim_peripherals *all, uint32_t port, uint32_t bits) {
    for (uint32_t number = 0; number < SIM_PORT_PINS; number++) {
        if (bits >> number & 1) {
            update_pin(all, port, number);
        }
    }
}

int sim_gpio_level(const struct sim_peripherals *all, struct sim_pin pin) {
    return all->gpio.ports[pin.port].level[pin.number] > 0;
}

void sim_gpio_alternate(struct sim_peripherals *all, struct sim_pin pin, enum sim_alternate who, int level) {
    int8_t *wanted = &all->gpio.ports[pin.port].alternate[pin.number][who];
    if (*wanted != level) {
        *wanted = (int8_t)level;
        update_pin(all, pin.port, pin.number);
    }
}

int sim_gpio_is_alternate(const struct sim_peripherals *all, struct sim_pin pin) {
    uint32_t mode = pin_mode(&all->gpio.ports[pin.port], pin.number);
    return (mode & MODE) != 0 && (mode >> CNF_SHIFT & OUTPUT_ALTERNATE) != 0;
}

int sim_gpio_is_output(const struct sim_peripherals *all, struct sim_pin pin) {
    return (pin_mode(&all->gpio.ports[pin.port], pin.number) & MODE) != 0;
}

int sim_gpio_is_open_drain(const struct sim_peripherals *all, struct sim_pin pin) {
    uint32_t mode = pin_mode(&all->gpio.ports[pin.port], pin.number);
    return (mode & MODE) != 0 && (mode >> CNF_SHIFT & OUTPUT_OPEN_DRAIN) != 0;
}

static void outside_drives(struct sim_chip *chip, void *state, uint32_t port, uint32_t number,
                           enum sim_pin_drive drive) {
    (void)chip;
    struct sim_peripherals *all = state;
    if (port < SIM_PORTS && number < SIM_PORT_PINS) {
        all->gpio.ports[port].outside[number] = (uint8_t)drive;
        update_pin(all, port, number);
    }
}

/* ---- port registers ------------------------------------------------------------------------------------ */

/* An analog input reads 0 (section 7.2.1). */
static uint32_t input_bits(const struct sim_gpio_port *port) {
    uint32_t bits = 0;
    for (uint32_t number = 0; number < SIM_PORT_PINS; number++) {
        bits |= (uint32_t)(port->level[number] > 0 && pin_mode(port, number) != INPUT_ANALOG) << number;
    }
    return bits;
}

static uint32_t port_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    const struct sim_gpio_port *port = &all->gpio.ports[block->instance];
    switch (offset) {
    case CFGLR:
        return port->cfglr;
    case INDR:
        return input_bits(port);
    case OUTDR:
        return port->outdr;
    case BSHR:
    case BCR: /* write only */
        return 0;
    case LCKR:
        return port->lckr;
    default:
        sim_block_unmodelled(all, block, offset,
                             offset == CFGHR ? "this chip's ports have 8 pins" : "no such register");
        return offset == CFGHR ? CFGLR_RESET : 0;
    }
}

static void store_output(struct sim_peripherals *all, uint32_t port, uint32_t outdr) {
    uint32_t changed = (all->gpio.ports[port].outdr ^ outdr) & 0xFF;
    all->gpio.ports[port].outdr = outdr & 0xFF;
    update_pins(all, port, changed);
}

static uint32_t locked_nibbles(const struct sim_gpio_port *port) {
    uint32_t mask = 0;
    for (uint32_t number = 0; port->locked && number < SIM_PORT_PINS; number++) {
        mask |= port->lckr >> number & 1 ? 15U << (4 * number) : 0;
    }
    return mask;
}

/* The write sequence that freezes a configuration until reset: LCKK 1, 0, 1 with the same pins
 * (section 7.3.1.7). */
static void store_lock(struct sim_gpio_port *port, uint32_t value) {
    static const uint32_t sequence[] = {LCKK, 0, LCKK};
    if (port->locked) {
        return;
    }
    int same_pins = port->lock_step == 0 || (value & 0xFF) == (port->lckr & 0xFF);
    if (!same_pins || (value & LCKK) != sequence[port->lock_step]) {
        port->lock_step = 0;
        port->lckr = value & 0xFF;
        return;
    }
    port->lock_step++;
    port->locked = port->lock_step == 3;
    port->lckr = (value & 0xFF) | (port->locked ? LCKK : 0);
}

static void port_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    struct sim_gpio_port *port = &all->gpio.ports[block->instance];
    uint32_t written = value & mask;
    switch (offset) {
    case CFGLR:
        port->cfglr = sim_merge(port->cfglr, value, mask & ~locked_nibbles(port));
        update_pins(all, block->instance, 0xFF);
        sim_usart_pins_changed(all);
        break;
    case OUTDR:
        store_output(all, block->instance, sim_merge(port->outdr, value, mask));
        break;
    case BSHR: /* a bit in both halves: setting wins (section 7.3.1.5) */
        store_output(all, block->instance, (port->outdr & ~(written >> 16)) | (written & 0xFF));
        break;
    case BCR:
        store_output(all, block->instance, port->outdr & ~written);
        break;
    case LCKR:
        store_lock(port, sim_merge(port->lckr, value, mask));
        break;
    default:
        sim_block_unmodelled(all, block, offset,
                             offset == CFGHR ? "this chip's ports have 8 pins" : "not a writable register");
    }
}

static void port_reset(struct sim_peripherals *all, const struct sim_block *block) {
    struct sim_gpio_port *port = &all->gpio.ports[block->instance];
    port->cfglr = CFGLR_RESET;
    port->outdr = 0;
    port->lckr = port->lock_step = 0;
    port->locked = 0;
    update_pins(all, block->instance, 0xFF);
}

#define PORT(letter, index, address, bit)                                                                    \
    {                                                                                                        \
        .name = "GPIO" letter, .base = (address), .size = 0x400, .clock_register = SIM_RCC_APB2PCENR,        \
        .clock_bit = (bit), .instance = (index), .load = port_load, .store = port_store, .reset = port_reset \
    }
const struct sim_block sim_gpio_blocks[SIM_PORTS] = {
    PORT("A", SIM_PORT_A, 0x40010800, 2),
    PORT("C", SIM_PORT_C, 0x40011000, 4),
    PORT("D", SIM_PORT_D, 0x40011400, 5),
};

/* ---- AFIO ---------------------------------------------------------------------------------------------- */

uint32_t sim_gpio_remap(const struct sim_peripherals *all) {
    return all->gpio.pcfr1;
}

static uint32_t afio_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    switch (offset) {
    case AFIO_PCFR1:
        return all->gpio.pcfr1 & 0x00FFFFFF; /* SWCFG is write only */
    case AFIO_EXTICR:
        return all->gpio.exticr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

/* Peripherals let go of their pins and take up the new ones. */
static void set_remap(struct sim_peripherals *all, uint32_t pcfr1) {
    sim_usart_release_pins(all);
    sim_timers_release_pins(all);
    all->gpio.pcfr1 = pcfr1;
    sim_usart_pins_changed(all);
    sim_timers_claim_pins(all);
}

static void store_remap(struct sim_peripherals *all, const struct sim_block *block, uint32_t value,
                        uint32_t mask) {
    uint32_t after = sim_merge(all->gpio.pcfr1, value, mask & 0x07FFFFFF);
    if ((after & ~all->gpio.pcfr1) & (REMAP_ADC | REMAP_SPI | REMAP_LSI | REMAP_PA12)) {
        sim_block_unmodelled(all, block, AFIO_PCFR1,
                             "remap of ADC, SPI, LSI capture or PA1/PA2: without effect");
    }
    set_remap(all, after);
}

static void afio_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                       uint32_t value, uint32_t mask) {
    switch (offset) {
    case AFIO_PCFR1:
        store_remap(all, block, value, mask);
        break;
    case AFIO_EXTICR:
        all->gpio.exticr = sim_merge(all->gpio.exticr, value, mask & 0xFFFF);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
    }
}

static void afio_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    set_remap(all, 0);
    all->gpio.exticr = 0;
}

const struct sim_block sim_afio_block = {
    .name = "AFIO",
    .base = 0x40010000,
    .size = 0x400,
    .clock_register = SIM_RCC_APB2PCENR,
    .clock_bit = 0,
    .load = afio_load,
    .store = afio_store,
    .reset = afio_reset,
};

void sim_gpio_install(struct sim_peripherals *all) {
    for (uint32_t port = 0; port < SIM_PORTS; port++) {
        all->gpio.ports[port].cfglr = CFGLR_RESET;
        memset(all->gpio.ports[port].alternate, -1, sizeof all->gpio.ports[port].alternate);
        memset(all->gpio.ports[port].level, -1, sizeof all->gpio.ports[port].level);
    }
    sim_chip_set_pins(all->chip, outside_drives, all);
}
