/* SPDX-License-Identifier: MIT */
/* USART1 (chapter 12), asynchronous: 8 or 9 data bits, parity, 1 or 2 stop bits, one bit every BRR cycles of
   HCLK. The sender puts every bit on its pin. The receiver takes its input from the pin, where an edge starts
   a frame, and from the chip's UART channel, which it asks for the next byte once a character time. */
#include "sim/peripheral_usart.h"

#include "sim/peripheral.h"

enum { STATR = 0x00, DATAR = 0x04, BRR = 0x08, CTLR1 = 0x0C, CTLR2 = 0x10, CTLR3 = 0x14, GPR = 0x18 };
enum {
    PE = 1 << 0,
    FE = 1 << 1,
    NE = 1 << 2,
    ORE = 1 << 3,
    IDLE = 1 << 4,
    RXNE = 1 << 5,
    TC = 1 << 6,
    TXE = 1 << 7,
    LBD = 1 << 8,
    CTS = 1 << 9,
    STATR_RESET = TXE | TC,
    ERRORS = PE | FE | NE | ORE | IDLE, /* cleared by reading STATR, then DATAR */
};
enum {
    SBK = 1 << 0,
    RWU = 1 << 1,
    RE = 1 << 2,
    TE = 1 << 3,
    IDLEIE = 1 << 4,
    RXNEIE = 1 << 5,
    TCIE = 1 << 6,
    TXEIE = 1 << 7,
    PEIE = 1 << 8,
    PS = 1 << 9,
    PCE = 1 << 10,
    M = 1 << 12,
    UE = 1 << 13,
};
enum { CTLR2_STOP = 3 << 12 };
enum { EIE = 1 << 0, DMAR = 1 << 6, DMAT = 1 << 7 };
enum { BRR_LEAST = 16 };
enum { DMA_SEND = 4, DMA_RECEIVE = 5 }; /* channels (section 8.2.5); 5 is uncertain */

static void usart_unmodelled(struct sim_peripherals *all, uint32_t offset, const char *what) {
    sim_block_unmodelled(all, &sim_usart_block, offset, what);
}

/* ---- pins ---------------------------------------------------------------------------------------------- */

/* USART1_RM, bits 2 and 21 of AFIO_PCFR1 (section 7.2.11.4). */
static uint32_t remap(const struct sim_peripherals *all) {
    uint32_t pcfr1 = sim_gpio_remap(all);
    return (pcfr1 >> 2 & 1) | (pcfr1 >> 21 & 1) << 1;
}

static struct sim_pin send_pin(const struct sim_peripherals *all) {
    static const struct sim_pin pins[] = {{SIM_PORT_D, 5}, {SIM_PORT_D, 0}, {SIM_PORT_D, 6}, {SIM_PORT_C, 0}};
    return pins[remap(all)];
}

static struct sim_pin receive_pin(const struct sim_peripherals *all) {
    static const struct sim_pin pins[] = {{SIM_PORT_D, 6}, {SIM_PORT_D, 1}, {SIM_PORT_D, 5}, {SIM_PORT_C, 1}};
    return pins[remap(all)];
}

static int sender_on(const struct sim_usart *usart) {
    return (usart->ctlr1 & (UE | TE)) == (UE | TE);
}

static int receiver_on(const struct sim_usart *usart) {
    return (usart->ctlr1 & (UE | RE)) == (UE | RE);
}

/* The line is high between frames. */
static void put_line(struct sim_peripherals *all) {
    const struct sim_usart_sender *sender = &all->usart.sender;
    int level = sender->bits == 0 ? 1 : (int)(sender->frame >> sender->sent & 1);
    sim_gpio_alternate(all, send_pin(all), SIM_ALTERNATE_USART, sender_on(&all->usart) ? level : -1);
}

void sim_usart_release_pins(struct sim_peripherals *all) {
    sim_gpio_alternate(all, send_pin(all), SIM_ALTERNATE_USART, -1);
}

void sim_usart_pins_changed(struct sim_peripherals *all) {
    put_line(all);
}

/* ---- interrupts and DMA requests ----------------------------------------------------------------------- */

static int interrupt_level(const struct sim_usart *usart) {
    uint32_t statr = usart->statr, ctlr1 = usart->ctlr1;
    return (ctlr1 & TXEIE && statr & TXE) || (ctlr1 & TCIE && statr & TC) ||
           (ctlr1 & RXNEIE && statr & (RXNE | ORE)) || (ctlr1 & IDLEIE && statr & IDLE) ||
           (ctlr1 & PEIE && statr & PE) ||
           (usart->ctlr3 & EIE && usart->ctlr3 & DMAR && statr & (FE | ORE | NE));
}

static void update_requests(struct sim_peripherals *all) {
    const struct sim_usart *usart = &all->usart;
    sim_chip_interrupt(all->chip, SIM_LINE_USART, interrupt_level(usart));
    sim_dma_request(all, DMA_SEND, SIM_DMA_USART,
                    usart->ctlr3 & DMAT && usart->statr & TXE && sender_on(usart));
    sim_dma_request(all, DMA_RECEIVE, SIM_DMA_USART, usart->ctlr3 & DMAR && usart->statr & RXNE);
}

/* ---- frames -------------------------------------------------------------------------------------------- */

/* Data bits of a frame, the parity bit among them. */
static uint32_t word_bits(const struct sim_usart *usart) {
    return usart->ctlr1 & M ? 9 : 8;
}

/* Stop bits: 0 one, 2 two; halves are rounded up. */
static uint32_t stop_bits(const struct sim_usart *usart) {
    return (usart->ctlr2 & CTLR2_STOP) >> 13 ? 2 : 1;
}

static uint32_t frame_bits(const struct sim_usart *usart) {
    return 1 + word_bits(usart) + stop_bits(usart);
}

/* Section 12.2: BRR holds the divider in sixteenths, so its number is the cycles of a bit. A divider below 1
   is not valid. */
static uint32_t bit_time(const struct sim_usart *usart) {
    return usart->brr < BRR_LEAST ? BRR_LEAST : usart->brr;
}

/* The word as it goes over the line: with parity its topmost bit is replaced. */
static uint32_t with_parity(const struct sim_usart *usart, uint32_t word) {
    uint32_t bits = word_bits(usart), data = word & ((1U << bits) - 1);
    if (!(usart->ctlr1 & PCE)) {
        return data;
    }
    data &= (1U << (bits - 1)) - 1;
    uint32_t odd = (uint32_t)__builtin_parity(data) ^ (usart->ctlr1 & PS ? 1 : 0);
    return data | odd << (bits - 1);
}

/* ---- sending ------------------------------------------------------------------------------------------- */

static void next_bit(struct sim_chip *chip, void *state);

static void schedule_bit(struct sim_peripherals *all) {
    const struct sim_usart_sender *sender = &all->usart.sender;
    uint64_t when = sender->start + (uint64_t)sender->sent * sender->bit_time;
    sim_chip_schedule(all->chip, when, SIM_ORDER_USART, next_bit, all);
}

/* Moves the data register into the shifter at cycle `start`. (That the start bit begins at once, without
   waiting for the baud generator, is uncertain.) */
static void start_frame(struct sim_peripherals *all, uint64_t start) {
    struct sim_usart *usart = &all->usart;
    uint32_t stop = ((1U << stop_bits(usart)) - 1) << (1 + word_bits(usart));
    usart->sender = (struct sim_usart_sender){
        .frame = stop | with_parity(usart, usart->tdr) << 1,
        .bits = frame_bits(usart),
        .bit_time = bit_time(usart),
        .start = start,
        .data = usart->tdr,
    };
    usart->statr |= TXE;
    put_line(all);
    usart->sender.sent = 1;
    schedule_bit(all);
    update_requests(all);
}

/* A byte leaves the chip only through a pin that is configured for it. */
static void deliver(struct sim_peripherals *all) {
    if (sim_gpio_is_alternate(all, send_pin(all))) {
        sim_chip_byte_sent(all->chip, SIM_CHANNEL_UART, (uint8_t)all->usart.sender.data);
    } else {
        usart_unmodelled(all, DATAR,
                         "bytes are lost: the TX pin is not configured as an alternate function output");
    }
}

static void frame_sent(struct sim_peripherals *all) {
    struct sim_usart *usart = &all->usart;
    uint64_t end = usart->sender.start + (uint64_t)usart->sender.bits * usart->sender.bit_time;
    deliver(all);
    usart->sender.bits = 0;
    if (!(usart->statr & TXE)) {
        start_frame(all, end);
        return;
    }
    usart->statr |= TC;
    update_requests(all);
    put_line(all);
}

static void next_bit(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    struct sim_usart_sender *sender = &all->usart.sender;
    if (sender->sent == sender->bits) {
        frame_sent(all);
        return;
    }
    put_line(all);
    sender->sent++;
    schedule_bit(all);
}

static void store_data(struct sim_peripherals *all, uint32_t value) {
    struct sim_usart *usart = &all->usart;
    if (!sender_on(usart) || usart->brr < BRR_LEAST) {
        usart_unmodelled(all, DATAR, "written while UE, TE or BRR are not set: the byte is lost");
        return;
    }
    usart->tdr = value & 0x1FF;
    usart->statr &= ~(uint32_t)(TXE | (usart->seen & TC));
    usart->seen &= ~(uint32_t)TC;
    if (usart->sender.bits == 0) {
        start_frame(all, sim_chip_now(all->chip));
    }
    update_requests(all);
}

/* ---- receiving ----------------------------------------------------------------------------------------- */

static void frame_received(struct sim_peripherals *all, uint32_t word, uint32_t errors) {
    struct sim_usart *usart = &all->usart;
    if (usart->ctlr1 & PCE && with_parity(usart, word) != word) {
        errors |= PE;
    }
    if (usart->statr & RXNE) {
        usart->statr |= ORE; /* the new word is lost */
    } else {
        usart->rdr = word;
        usart->statr |= RXNE | errors;
    }
    update_requests(all);
}

/* A whole character time without a new frame after the last one. */
static void line_idle(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->usart.statr |= IDLE;
    update_requests(all);
}

static void expect_idle(struct sim_peripherals *all) {
    uint64_t frame = (uint64_t)frame_bits(&all->usart) * bit_time(&all->usart);
    const struct sim_usart_receiver *receiver = &all->usart.receiver;
    sim_chip_schedule(all->chip, receiver->start + 2 * frame, SIM_ORDER_USART, line_idle, all);
}

static void begin_reception(struct sim_peripherals *all, enum sim_usart_reception from, uint64_t start) {
    struct sim_usart *usart = &all->usart;
    usart->receiver = (struct sim_usart_receiver){
        .from = from,
        .bits = frame_bits(usart),
        .bit_time = bit_time(usart),
        .start = start,
        .ask = usart->receiver.ask,
    };
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, line_idle, all);
}

/* Bits are sampled in their middle; the word is there in the middle of the (first) stop bit. */
static uint64_t sample_time(const struct sim_usart_receiver *receiver, uint32_t bit) {
    return receiver->start + (uint64_t)bit * receiver->bit_time + receiver->bit_time / 2;
}

/* From the channel: the byte comes whole, and the next one is asked for after the last stop bit. */
static void ask_channel(struct sim_chip *chip, void *state);

/* Reckoned from when it should have been asked, so that a busy core does not slow the line down. */
static void schedule_ask(struct sim_peripherals *all, uint64_t from) {
    struct sim_usart *usart = &all->usart;
    usart->receiver.ask = from + (uint64_t)frame_bits(usart) * bit_time(usart);
    sim_chip_schedule(all->chip, usart->receiver.ask, SIM_ORDER_USART, ask_channel, all);
}

static void channel_received(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    struct sim_usart *usart = &all->usart;
    frame_received(all, with_parity(usart, usart->receiver.frame), 0);
    expect_idle(all);
    usart->receiver.from = SIM_USART_IDLE;
}

static void ask_channel(struct sim_chip *chip, void *state) {
    struct sim_peripherals *all = state;
    struct sim_usart *usart = &all->usart;
    uint64_t due = usart->receiver.ask;
    int byte = usart->receiver.from == SIM_USART_IDLE ? sim_chip_byte_wanted(chip, SIM_CHANNEL_UART) : -1;
    if (byte >= 0) {
        begin_reception(all, SIM_USART_FROM_CHANNEL, due);
        usart->receiver.frame = (uint32_t)byte;
        uint64_t when = sample_time(&usart->receiver, 1 + word_bits(usart));
        sim_chip_schedule(chip, when, SIM_ORDER_USART, channel_received, all);
    }
    schedule_ask(all, due);
}

/* From the pin: bit by bit. */
static void sample_pin(struct sim_chip *chip, void *state);

static void schedule_sample(struct sim_peripherals *all) {
    const struct sim_usart_receiver *receiver = &all->usart.receiver;
    sim_chip_schedule(all->chip, sample_time(receiver, receiver->sampled), SIM_ORDER_USART, sample_pin, all);
}

static void pin_frame_ended(struct sim_peripherals *all) {
    struct sim_usart *usart = &all->usart;
    uint32_t word = usart->receiver.frame >> 1 & ((1U << word_bits(usart)) - 1);
    uint32_t stop = usart->receiver.frame >> (1 + word_bits(usart)) & 1;
    frame_received(all, word, stop ? 0 : FE);
    expect_idle(all);
    usart->receiver.from = SIM_USART_IDLE;
}

static void sample_pin(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    struct sim_usart_receiver *receiver = &all->usart.receiver;
    uint32_t level = (uint32_t)sim_gpio_level(all, receive_pin(all));
    if (receiver->sampled == 0 && level) {
        receiver->from = SIM_USART_IDLE; /* a glitch, not a start bit */
        return;
    }
    receiver->frame |= level << receiver->sampled++;
    if (receiver->sampled >= 2 + word_bits(&all->usart)) {
        pin_frame_ended(all);
    } else {
        schedule_sample(all);
    }
}

void sim_usart_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level) {
    struct sim_usart *usart = &all->usart;
    struct sim_pin input = receive_pin(all);
    if (level || pin.port != input.port || pin.number != input.number || !receiver_on(usart) ||
        usart->brr < BRR_LEAST || usart->receiver.from != SIM_USART_IDLE || sim_gpio_is_output(all, pin)) {
        return;
    }
    begin_reception(all, SIM_USART_FROM_PIN, sim_chip_now(all->chip));
    schedule_sample(all);
}

static void stop_receiver(struct sim_peripherals *all) {
    all->usart.receiver.from = SIM_USART_IDLE;
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, ask_channel, all);
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, channel_received, all);
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, sample_pin, all);
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, line_idle, all);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static uint32_t load_data(struct sim_peripherals *all) {
    struct sim_usart *usart = &all->usart;
    usart->statr &= ~(uint32_t)(RXNE | (usart->seen & ERRORS));
    usart->seen &= ~(uint32_t)ERRORS;
    update_requests(all);
    return usart->rdr;
}

static uint32_t usart_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_usart *usart = &all->usart;
    switch (offset) {
    case STATR:
        usart->seen = usart->statr;
        return usart->statr;
    case DATAR:
        return load_data(all);
    case BRR:
        return usart->brr;
    case CTLR1:
        return usart->ctlr1;
    case CTLR2:
        return usart->ctlr2;
    case CTLR3:
        return usart->ctlr3;
    case GPR:
        return usart->gpr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void store_ctlr1(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_usart *usart = &all->usart;
    int was_on = receiver_on(usart);
    usart->ctlr1 = sim_merge(usart->ctlr1, value, mask & 0x3FFF);
    if (usart->ctlr1 & (SBK | RWU)) {
        usart_unmodelled(all, CTLR1, "break characters (SBK) and mute mode (RWU)");
    }
    if (!was_on && receiver_on(usart)) {
        schedule_ask(all, sim_chip_now(all->chip));
    } else if (was_on && !receiver_on(usart)) {
        stop_receiver(all);
    }
    put_line(all);
}

static void store_ctlr3(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_usart *usart = &all->usart;
    usart->ctlr3 = sim_merge(usart->ctlr3, value, mask & 0x7FF);
    if (usart->ctlr3 & ~(uint32_t)(EIE | DMAR | DMAT)) {
        usart_unmodelled(all, CTLR3, "IrDA, half duplex, smart card and flow control");
    }
}

/* RXNE and TC can be cleared by writing 0; the other flags cannot be written. */
static void store_statr(struct sim_usart *usart, uint32_t value, uint32_t mask) {
    usart->statr &= value | ~(mask & (RXNE | TC | LBD | CTS));
}

static void usart_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                        uint32_t value, uint32_t mask) {
    struct sim_usart *usart = &all->usart;
    switch (offset) {
    case STATR:
        store_statr(usart, value, mask);
        break;
    case DATAR:
        store_data(all, value & mask);
        return;
    case BRR:
        usart->brr = sim_merge(usart->brr, value, mask & 0xFFFF);
        break;
    case CTLR1:
        store_ctlr1(all, value, mask);
        break;
    case CTLR2:
        usart->ctlr2 = sim_merge(usart->ctlr2, value, mask & 0x7F6F);
        if (usart->ctlr2 & ~(uint32_t)CTLR2_STOP) {
            usart_unmodelled(all, CTLR2, "LIN and the synchronous clock");
        }
        break;
    case CTLR3:
        store_ctlr3(all, value, mask);
        break;
    case GPR:
        usart->gpr = sim_merge(usart->gpr, value, mask & 0xFFFF);
        usart_unmodelled(all, GPR, "IrDA and smart card");
        break;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
    }
    update_requests(all);
}

static void usart_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    sim_usart_release_pins(all);
    stop_receiver(all);
    sim_chip_schedule(all->chip, UINT64_MAX, SIM_ORDER_USART, next_bit, all);
    all->usart = (struct sim_usart){.statr = STATR_RESET};
    update_requests(all);
}

const struct sim_block sim_usart_block = {
    .name = "USART1",
    .base = 0x40013800,
    .size = 0x400,
    .clock_register = SIM_RCC_APB2PCENR,
    .clock_bit = 14,
    .load = usart_load,
    .store = usart_store,
    .reset = usart_reset,
};
