/* SPDX-License-Identifier: MIT */
/* I2C1 (chapter 13) with 7-bit addresses, byte by byte: as master towards the devices of sim_i2c_attach, as
   slave towards sim_i2c_master. A byte takes nine periods of SCL; the bus holds SCL low while it waits for
   the program. The levels of SDA and SCL are not put on the pins. */
#include "sim/peripheral_i2c.h"

#include "base/error.h"
#include "sim/peripheral.h"

enum {
    CTLR1 = 0x00,
    CTLR2 = 0x04,
    OADDR1 = 0x08,
    OADDR2 = 0x0C,
    DATAR = 0x10,
    STAR1 = 0x14,
    STAR2 = 0x18,
    CKCFGR = 0x1C,
};
enum {
    PEN = 1 << 0,
    ENPEC = 1 << 5,
    ENGC = 1 << 6,
    NOSTRETCH = 1 << 7,
    START = 1 << 8,
    STOP = 1 << 9,
    ACK = 1 << 10,
    POS = 1 << 11,
    PEC = 1 << 12,
    SWRST = 1 << 15,
};
enum { ITERREN = 1 << 8, ITEVTEN = 1 << 9, ITBUFEN = 1 << 10, DMAEN = 1 << 11, LAST = 1 << 12 };
enum {
    SB = 1 << 0,
    ADDR = 1 << 1,
    BTF = 1 << 2,
    STOPF = 1 << 4,
    RXNE = 1 << 6,
    TXE = 1 << 7,
    AF = 1 << 10,
    ERRORS = 0xDF00, /* cleared by writing 0 */
};
enum { MSL = 1 << 0, BUSY = 1 << 1, TRA = 1 << 2 };
enum { FAST = 1 << 15, DUTY = 1 << 14, CCR = 0xFFF };
enum { DMA_SEND = 6, DMA_RECEIVE = 7 }; /* channels (section 8.2.5) */
enum { BYTE_BITS = 9 };                 /* with the acknowledge */

static void i2c_unmodelled(struct sim_peripherals *all, uint32_t offset, const char *what) {
    sim_block_unmodelled(all, &sim_i2c_block, offset, what);
}

/* ---- interrupts and DMA requests ----------------------------------------------------------------------- */

static void update_requests(struct sim_peripherals *all) {
    const struct sim_i2c *i2c = &all->i2c;
    uint32_t events = i2c->star1 & (SB | ADDR | BTF | STOPF);
    events |= i2c->ctlr2 & ITBUFEN ? i2c->star1 & (TXE | RXNE) : 0;
    sim_chip_interrupt(all->chip, SIM_LINE_I2C_EVENT, i2c->ctlr2 & ITEVTEN && events != 0);
    sim_chip_interrupt(all->chip, SIM_LINE_I2C_ERROR, i2c->ctlr2 & ITERREN && i2c->star1 & ERRORS);
    int dma = (i2c->ctlr2 & DMAEN) != 0;
    sim_dma_request(all, DMA_SEND, SIM_DMA_I2C, dma && i2c->star1 & TXE);
    sim_dma_request(all, DMA_RECEIVE, SIM_DMA_I2C, dma && i2c->star1 & RXNE);
}

/* ---- time ---------------------------------------------------------------------------------------------- */

/* Cycles of an SCL period (section 13.10.9): standard 2 CCR; fast 3 CCR, or 25 CCR with DUTY. */
static uint32_t bit_cycles(const struct sim_i2c *i2c) {
    uint32_t ccr = i2c->ckcfgr & CCR ? i2c->ckcfgr & CCR : 1;
    if (!(i2c->ckcfgr & FAST)) {
        return 2 * ccr;
    }
    return i2c->ckcfgr & DUTY ? 25 * ccr : 3 * ccr;
}

static void step(struct sim_chip *chip, void *state);

/* The phase lasts so many periods of SCL. */
static void enter(struct sim_peripherals *all, enum sim_i2c_phase phase, uint32_t bits) {
    struct sim_i2c *i2c = &all->i2c;
    uint32_t bit = phase >= SIM_I2C_SLAVE_ADDRESSING ? i2c->transfer.bit_cycles : bit_cycles(i2c);
    i2c->phase = phase;
    sim_chip_schedule(all->chip, sim_chip_now(all->chip) + (uint64_t)bits * bit, SIM_ORDER_I2C, step, all);
}

/* ---- the chip as master -------------------------------------------------------------------------------- */

/* SCL and SDA (I2C1_RM, bits 1 and 22 of AFIO_PCFR1; section 7.2.11) must be open-drain alternate functions.
 */
static void check_pins(struct sim_peripherals *all) {
    static const struct sim_pin pins[3][2] = {{{1, 2}, {1, 1}}, {{2, 1}, {2, 0}}, {{1, 5}, {1, 6}}};
    uint32_t pcfr1 = sim_gpio_remap(all), remap = pcfr1 & 1 << 22 ? 2 : pcfr1 >> 1 & 1;
    for (uint32_t i = 0; i < 2; i++) {
        if (!sim_gpio_is_alternate(all, pins[remap][i]) || !sim_gpio_is_open_drain(all, pins[remap][i])) {
            i2c_unmodelled(all, CTLR1,
                           "SCL and SDA are not configured as open-drain alternate functions: the transfer "
                           "would fail on the chip");
        }
    }
}

static const struct sim_i2c_target *find_target(const struct sim_i2c *i2c, uint32_t address) {
    for (uint32_t i = 0; i < i2c->target_count; i++) {
        if (i2c->targets[i].address == address) {
            return &i2c->targets[i];
        }
    }
    return NULL;
}

static void started(struct sim_i2c *i2c) {
    i2c->ctlr1 &= ~(uint32_t)START;
    i2c->star1 = (i2c->star1 & ~(uint32_t)(TXE | BTF)) | SB;
    i2c->star2 = (i2c->star2 & ~(uint32_t)TRA) | MSL | BUSY;
    i2c->phase = SIM_I2C_STARTED;
    i2c->tdr_full = i2c->held = 0;
}

static void addressed(struct sim_i2c *i2c) {
    i2c->reading = i2c->shifter & 1;
    i2c->target = find_target(i2c, i2c->shifter >> 1);
    if (i2c->target == NULL || !i2c->target->start(i2c->target->context, i2c->reading)) {
        i2c->target = NULL;
        i2c->star1 |= AF;
        i2c->phase = SIM_I2C_WAITING;
        return;
    }
    i2c->star1 |= ADDR;
    i2c->star2 |= i2c->reading ? 0 : TRA;
    i2c->phase = SIM_I2C_ADDRESSED;
}

static void stopped(struct sim_i2c *i2c) {
    if (i2c->target != NULL && i2c->target->stop != NULL) {
        i2c->target->stop(i2c->target->context);
    }
    i2c->target = NULL;
    i2c->ctlr1 &= ~(uint32_t)STOP;
    i2c->star1 &= ~(uint32_t)(TXE | BTF);
    i2c->star2 &= ~(uint32_t)(MSL | BUSY | TRA);
    i2c->phase = SIM_I2C_IDLE;
}

/* A master that waits makes a stop or start condition when it is asked for. Returns 1 when it does. */
static int end_or_restart(struct sim_peripherals *all) {
    if (all->i2c.ctlr1 & STOP) {
        enter(all, SIM_I2C_STOPPING, 1);
        return 1;
    }
    if (all->i2c.ctlr1 & START) {
        enter(all, SIM_I2C_STARTING, 1);
        return 1;
    }
    return 0;
}

static void send_next(struct sim_peripherals *all, enum sim_i2c_phase phase) {
    struct sim_i2c *i2c = &all->i2c;
    i2c->shifter = i2c->tdr;
    i2c->tdr_full = 0;
    i2c->star1 = (i2c->star1 | TXE) & ~(uint32_t)BTF;
    enter(all, phase, BYTE_BITS);
}

static void byte_sent(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    if (!i2c->target->write(i2c->target->context, i2c->shifter)) {
        i2c->star1 |= AF;
    } else if (i2c->tdr_full) {
        send_next(all, SIM_I2C_SENDING);
        return;
    } else {
        i2c->star1 |= BTF;
    }
    i2c->phase = SIM_I2C_WAITING;
    end_or_restart(all);
}

/* With POS, ACK is about the byte after the one that is being received (section 13.10.1). */
static void receive_next(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    i2c->acknowledge = !(i2c->ctlr1 & POS) || i2c->ctlr1 & ACK;
    enter(all, SIM_I2C_RECEIVING, BYTE_BITS);
}

static void store_received(struct sim_i2c *i2c) {
    if (i2c->star1 & RXNE) {
        i2c->held = 1;
        i2c->star1 |= BTF;
        return;
    }
    i2c->rdr = i2c->shifter;
    i2c->star1 |= RXNE;
}

/* After the last byte, which was not acknowledged, the master only stops or starts again. */
static void byte_received(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    int acknowledged = i2c->ctlr1 & POS ? i2c->acknowledge : (i2c->ctlr1 & ACK) != 0;
    i2c->shifter = i2c->target->read(i2c->target->context);
    store_received(i2c);
    i2c->acknowledge = acknowledged;
    i2c->phase = SIM_I2C_WAITING;
    if (!end_or_restart(all) && acknowledged && !i2c->held) {
        i2c->acknowledge = (i2c->ctlr1 & ACK) != 0;
        enter(all, SIM_I2C_RECEIVING, BYTE_BITS);
    }
}

/* ---- the chip as slave --------------------------------------------------------------------------------- */

static void transfer_over(struct sim_i2c *i2c, int acknowledged) {
    i2c->star2 &= ~(uint32_t)(BUSY | TRA);
    i2c->star1 &= ~(uint32_t)(TXE | BTF);
    i2c->phase = SIM_I2C_IDLE;
    i2c->transfer.done(i2c->transfer.context, acknowledged);
}

static int matches_own_address(const struct sim_i2c *i2c, uint32_t address) {
    int own = (i2c->oaddr1 >> 1 & 0x7F) == address;
    int second = i2c->oaddr2 & 1 && (i2c->oaddr2 >> 1 & 0x7F) == address;
    return (i2c->ctlr1 & (PEN | ACK)) == (PEN | ACK) && (own || second);
}

static void slave_addressed(struct sim_i2c *i2c) {
    if (!matches_own_address(i2c, i2c->transfer.address)) {
        transfer_over(i2c, -1);
        return;
    }
    i2c->star1 |= ADDR;
    i2c->star2 |= BUSY | (i2c->transfer.reading ? TRA : 0);
    i2c->phase = SIM_I2C_SLAVE_ADDRESSED;
}

/* The master's next byte, or its stop condition. */
static void slave_receive_next(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    if (i2c->transferred < i2c->transfer.size) {
        enter(all, SIM_I2C_SLAVE_RECEIVING, BYTE_BITS);
        return;
    }
    i2c->star1 |= STOPF;
    transfer_over(i2c, (int)i2c->transferred);
}

static void slave_byte_received(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    i2c->shifter = i2c->transfer.bytes[i2c->transferred];
    store_received(i2c);
    if (!(i2c->ctlr1 & ACK)) {
        i2c->star1 |= STOPF;
        transfer_over(i2c, (int)i2c->transferred);
        return;
    }
    i2c->transferred++;
    if (i2c->held) {
        i2c->phase = SIM_I2C_SLAVE_WAITING;
    } else {
        slave_receive_next(all);
    }
}

static void slave_send_next(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    if (i2c->tdr_full) {
        send_next(all, SIM_I2C_SLAVE_SENDING);
    } else {
        i2c->star1 |= TXE;
        i2c->phase = SIM_I2C_SLAVE_WAITING;
    }
}

/* The master does not acknowledge the last byte it wants: AF tells the program. */
static void slave_byte_sent(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    i2c->transfer.bytes[i2c->transferred++] = i2c->shifter;
    if (i2c->transferred == i2c->transfer.size) {
        i2c->star1 |= AF;
        transfer_over(i2c, (int)i2c->transferred);
        return;
    }
    i2c->star1 |= i2c->tdr_full ? 0 : BTF;
    slave_send_next(all);
}

int sim_i2c_master(struct sim_chip *chip, const struct sim_i2c_transfer *transfer) {
    struct sim_peripherals *all = sim_peripherals_of(chip);
    if (all->i2c.phase != SIM_I2C_IDLE) {
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "the I2C bus is busy: start a transfer when the last is done");
    }
    if (transfer->size == 0 || transfer->bit_cycles == 0) {
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "an I2C transfer needs at least one byte and a bit time");
    }
    all->i2c.transfer = *transfer;
    all->i2c.transferred = 0;
    all->i2c.tdr_full = all->i2c.held = 0;
    enter(all, SIM_I2C_SLAVE_ADDRESSING, 1 + BYTE_BITS);
    return DIME_OK;
}

int sim_i2c_attach(struct sim_chip *chip, const struct sim_i2c_target *target) {
    struct sim_i2c *i2c = &sim_peripherals_of(chip)->i2c;
    if (i2c->target_count == SIM_I2C_TARGETS) {
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "more than %d devices on the I2C bus", SIM_I2C_TARGETS);
    }
    i2c->targets[i2c->target_count++] = *target;
    return DIME_OK;
}

/* ---- phases end ---------------------------------------------------------------------------------------- */

static void step(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    switch (all->i2c.phase) {
    case SIM_I2C_STARTING:
        started(&all->i2c);
        break;
    case SIM_I2C_ADDRESSING:
        addressed(&all->i2c);
        break;
    case SIM_I2C_SENDING:
        byte_sent(all);
        break;
    case SIM_I2C_RECEIVING:
        byte_received(all);
        break;
    case SIM_I2C_STOPPING:
        stopped(&all->i2c);
        break;
    case SIM_I2C_SLAVE_ADDRESSING:
        slave_addressed(&all->i2c);
        break;
    case SIM_I2C_SLAVE_SENDING:
        slave_byte_sent(all);
        break;
    case SIM_I2C_SLAVE_RECEIVING:
        slave_byte_received(all);
        break;
    default:
        break;
    }
    update_requests(all);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

/* ADDR goes when STAR1 and then STAR2 are read; the transfer then goes on. */
static uint32_t load_star2(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    uint32_t star2 = i2c->star2;
    if (!(i2c->seen & i2c->star1 & ADDR)) {
        return star2;
    }
    i2c->star1 &= ~(uint32_t)ADDR;
    if (i2c->phase == SIM_I2C_ADDRESSED && i2c->reading) {
        receive_next(all);
    } else if (i2c->phase == SIM_I2C_ADDRESSED) {
        i2c->star1 |= TXE;
        i2c->phase = SIM_I2C_WAITING;
        end_or_restart(all);
    } else if (i2c->phase == SIM_I2C_SLAVE_ADDRESSED && i2c->transfer.reading) {
        slave_send_next(all);
    } else if (i2c->phase == SIM_I2C_SLAVE_ADDRESSED) {
        slave_receive_next(all);
    }
    update_requests(all);
    return star2;
}

static uint32_t load_data(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    uint32_t data = i2c->rdr;
    i2c->star1 &= ~(uint32_t)(RXNE | BTF);
    if (i2c->held) {
        i2c->held = 0;
        i2c->rdr = i2c->shifter;
        i2c->star1 |= RXNE;
        if (i2c->phase == SIM_I2C_SLAVE_WAITING) {
            slave_receive_next(all);
        } else if (i2c->phase == SIM_I2C_WAITING && i2c->acknowledge) {
            receive_next(all);
        }
    }
    update_requests(all);
    return data;
}

static uint32_t i2c_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_i2c *i2c = &all->i2c;
    switch (offset) {
    case CTLR1:
        return i2c->ctlr1;
    case CTLR2:
        return i2c->ctlr2;
    case OADDR1:
        return i2c->oaddr1;
    case OADDR2:
        return i2c->oaddr2;
    case DATAR:
        return load_data(all);
    case STAR1:
        i2c->seen = i2c->star1;
        return i2c->star1;
    case STAR2:
        return load_star2(all);
    case CKCFGR:
        return i2c->ckcfgr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void store_data(struct sim_peripherals *all, uint32_t value) {
    struct sim_i2c *i2c = &all->i2c;
    i2c->tdr = (uint8_t)value;
    if (i2c->phase == SIM_I2C_STARTED) {
        i2c->star1 &= ~(uint32_t)SB;
        i2c->shifter = i2c->tdr;
        enter(all, SIM_I2C_ADDRESSING, BYTE_BITS);
    } else if (i2c->phase == SIM_I2C_WAITING && i2c->star2 & TRA && !(i2c->star1 & AF)) {
        send_next(all, SIM_I2C_SENDING);
    } else if (i2c->phase == SIM_I2C_SLAVE_WAITING && i2c->star2 & TRA) {
        send_next(all, SIM_I2C_SLAVE_SENDING);
    } else {
        i2c->tdr_full = 1;
        i2c->star1 &= ~(uint32_t)(TXE | BTF);
    }
}

/* Ends whatever is under way on the bus. */
static void abandon(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_I2C, step, all);
    if (i2c->phase >= SIM_I2C_SLAVE_ADDRESSING) {
        transfer_over(i2c, (int)i2c->transferred);
    } else if (i2c->phase != SIM_I2C_IDLE) {
        stopped(i2c);
    }
    i2c->ctlr1 &= ~(uint32_t)(START | STOP);
    i2c->star1 = i2c->star2 = i2c->seen = 0;
    i2c->tdr_full = i2c->held = 0;
}

static void reset_machine(struct sim_peripherals *all) {
    struct sim_i2c *i2c = &all->i2c;
    abandon(all);
    i2c->ctlr1 = i2c->ctlr2 = i2c->oaddr1 = i2c->oaddr2 = i2c->ckcfgr = 0;
}

static void store_ctlr1(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_i2c *i2c = &all->i2c;
    if (value & mask & SWRST) {
        reset_machine(all);
        i2c->ctlr1 = SWRST;
        return;
    }
    i2c->ctlr1 = sim_merge(i2c->ctlr1, value, mask & 0x9FE1);
    if (i2c->ctlr1 & (ENPEC | ENGC | NOSTRETCH | PEC)) {
        i2c_unmodelled(all, CTLR1, "packet error checking, general call and slaves that do not stretch");
    }
    if (i2c->seen & STOPF) { /* STOPF goes when STAR1 is read and CTLR1 written */
        i2c->star1 &= ~(uint32_t)STOPF;
        i2c->seen &= ~(uint32_t)STOPF;
    }
    if (!(i2c->ctlr1 & PEN)) {
        abandon(all);
        return;
    }
    if (i2c->phase == SIM_I2C_IDLE && i2c->ctlr1 & START) {
        check_pins(all);
        enter(all, SIM_I2C_STARTING, 1);
    } else if (i2c->phase == SIM_I2C_IDLE) {
        i2c->ctlr1 &= ~(uint32_t)STOP;
    } else if (i2c->phase == SIM_I2C_WAITING || i2c->phase == SIM_I2C_STARTED) {
        end_or_restart(all);
    }
}

static void store_ctlr2(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    all->i2c.ctlr2 = sim_merge(all->i2c.ctlr2, value, mask & 0x1F3F);
    if (all->i2c.ctlr2 & LAST) {
        i2c_unmodelled(all, CTLR2, "LAST: the last byte of a DMA transfer is acknowledged as ACK says");
    }
}

static void i2c_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                      uint32_t value, uint32_t mask) {
    struct sim_i2c *i2c = &all->i2c;
    switch (offset) {
    case CTLR1:
        store_ctlr1(all, value, mask);
        break;
    case CTLR2:
        store_ctlr2(all, value, mask);
        break;
    case OADDR1:
        i2c->oaddr1 = sim_merge(i2c->oaddr1, value, mask & 0x83FF);
        if (i2c->oaddr1 & 0x8000) {
            i2c_unmodelled(all, OADDR1, "10-bit addresses");
        }
        break;
    case OADDR2:
        i2c->oaddr2 = sim_merge(i2c->oaddr2, value, mask & 0xFF);
        break;
    case DATAR:
        store_data(all, value & mask);
        break;
    case STAR1:
        i2c->star1 &= value | ~(mask & ERRORS);
        break;
    case CKCFGR:
        i2c->ckcfgr = sim_merge(i2c->ckcfgr, value, mask & 0xCFFF);
        break;
    default:
        sim_block_unmodelled(all, block, offset, "not a writable register");
    }
    update_requests(all);
}

static void i2c_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    reset_machine(all);
    update_requests(all);
}

const struct sim_block sim_i2c_block = {
    .name = "I2C1",
    .base = 0x40005400,
    .size = 0x400,
    .clock_register = SIM_RCC_APB1PCENR,
    .clock_bit = 21,
    .load = i2c_load,
    .store = i2c_store,
    .reset = i2c_reset,
};
