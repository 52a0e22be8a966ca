/* SPDX-License-Identifier: MIT */
/* DMA1 (chapter 8): seven channels that share one bus. A transfer is one item; between two of them the
   channel with the highest priority, then the lowest number, is chosen anew. */
#include "sim/peripheral_dma.h"

#include "sim/peripheral.h"

enum { INTFR = 0x00, INTFCR = 0x04, FIRST = 0x08, STRIDE = 0x14 };
enum { CFGR = 0x00, CNTR = 0x04, PADDR = 0x08, MADDR = 0x0C };
enum {
    EN = 1 << 0,
    TCIE = 1 << 1,
    HTIE = 1 << 2,
    TEIE = 1 << 3,
    DIR = 1 << 4,
    CIRC = 1 << 5,
    PINC = 1 << 6,
    MINC = 1 << 7,
    MEM2MEM = 1 << 14,
    CFGR_BITS = 0x7FFF,
};
enum { GIF = 1, TCIF = 2, HTIF = 4, TEIF = 8 };
/* Cycles from a request to its transfer (uncertain), and of a transfer: others measured 8 million bytes a
   second from memory to memory at 48 MHz. What the core loses on the bus meanwhile is not modelled. */
enum { LATENCY = 2, TRANSFER = 6 };

/* ---- flags --------------------------------------------------------------------------------------------- */

/* TCIE, HTIE and TEIE stand at the same places as the flags. */
static void update_interrupts(struct sim_peripherals *all) {
    for (uint32_t i = 0; i < SIM_DMA_CHANNELS; i++) {
        uint32_t flags = all->dma.intfr >> (4 * i) & 15;
        uint32_t enabled = all->dma.channels[i].cfgr & (TCIE | HTIE | TEIE);
        sim_chip_interrupt(all->chip, SIM_LINE_DMA_CHANNEL_1 + i, (flags & enabled) != 0);
    }
}

static void set_flags(struct sim_peripherals *all, uint32_t index, uint32_t flags) {
    all->dma.intfr |= (flags | GIF) << (4 * index);
    update_interrupts(all);
}

/* Clearing GIF clears all flags of the channel; when the last flag goes, so does GIF. */
static void clear_flags(struct sim_peripherals *all, uint32_t bits) {
    for (uint32_t i = 0; i < SIM_DMA_CHANNELS; i++) {
        uint32_t cleared = bits >> (4 * i) & 15, flags = all->dma.intfr >> (4 * i) & 15;
        flags &= cleared & GIF ? 0 : ~cleared;
        flags = flags == GIF ? 0 : flags;
        all->dma.intfr = (all->dma.intfr & ~(15U << (4 * i))) | flags << (4 * i);
    }
    update_interrupts(all);
}

/* ---- transfers ----------------------------------------------------------------------------------------- */

static int is_ready(const struct sim_dma_channel *channel) {
    return channel->cfgr & EN && channel->cntr != 0 && (channel->cfgr & MEM2MEM || channel->requests != 0);
}

/* Index of the channel that goes next, or -1. */
static int choose(const struct sim_dma *dma) {
    int chosen = -1;
    uint32_t best = 0;
    for (int i = 0; i < SIM_DMA_CHANNELS; i++) {
        uint32_t priority = dma->channels[i].cfgr >> 12 & 3;
        if (is_ready(&dma->channels[i]) && (chosen < 0 || priority > best)) {
            chosen = i;
            best = priority;
        }
    }
    return chosen;
}

static void transfer_next(struct sim_chip *chip, void *state);

static void schedule_transfer(struct sim_peripherals *all) {
    uint64_t when = UINT64_MAX;
    if (choose(&all->dma) >= 0) {
        when = sim_chip_now(all->chip) + LATENCY;
        when = when < all->dma.free_at ? all->dma.free_at : when;
    }
    sim_chip_schedule(all->chip, when, SIM_ORDER_DMA, transfer_next, all);
}

/* 0, 1, 2 (and 3, reserved, taken as 2): 1, 2, 4 bytes. */
static uint32_t item_bytes(uint32_t code) {
    return code == 0 ? 1 : code == 1 ? 2 : 4;
}

static uint32_t peripheral_bytes(const struct sim_dma_channel *channel) {
    return item_bytes(channel->cfgr >> 8 & 3);
}

static uint32_t memory_bytes(const struct sim_dma_channel *channel) {
    return item_bytes(channel->cfgr >> 10 & 3);
}

/* Reads one item and writes it at the other side's width: cut off, or filled up with zeros (section 8.2.4).
 */
static int copy_item(struct sim_chip *chip, const struct sim_dma_channel *channel) {
    uint32_t peripheral = channel->peripheral & ~(peripheral_bytes(channel) - 1);
    uint32_t memory = channel->memory & ~(memory_bytes(channel) - 1);
    int to_peripheral = (channel->cfgr & DIR) != 0;
    uint32_t value = 0;
    int status = to_peripheral ? sim_chip_bus_read(chip, memory, memory_bytes(channel), &value)
                               : sim_chip_bus_read(chip, peripheral, peripheral_bytes(channel), &value);
    if (status != 0) {
        return status;
    }
    return to_peripheral ? sim_chip_bus_write(chip, peripheral, peripheral_bytes(channel), value)
                         : sim_chip_bus_write(chip, memory, memory_bytes(channel), value);
}

static void start_over(struct sim_dma_channel *channel) {
    channel->cntr = channel->count;
    channel->peripheral = channel->paddr;
    channel->memory = channel->maddr;
}

/* Half is when as many items are left as were moved (or one more, of an odd number). */
static void count_item(struct sim_peripherals *all, uint32_t index) {
    struct sim_dma_channel *channel = &all->dma.channels[index];
    channel->peripheral += channel->cfgr & PINC ? peripheral_bytes(channel) : 0;
    channel->memory += channel->cfgr & MINC ? memory_bytes(channel) : 0;
    channel->cntr--;
    uint32_t flags = channel->count > 1 && channel->cntr == channel->count - channel->count / 2 ? HTIF : 0;
    if (channel->cntr == 0) {
        flags |= TCIF;
        if (channel->cfgr & CIRC && !(channel->cfgr & MEM2MEM)) {
            start_over(channel);
        }
    }
    if (flags != 0) {
        set_flags(all, index, flags);
    }
}

static void transfer_failed(struct sim_peripherals *all, uint32_t index) {
    all->dma.channels[index].cfgr &= ~(uint32_t)EN;
    set_flags(all, index, TEIF);
    sim_block_unmodelled(all, &sim_dma_block, FIRST + STRIDE * index,
                         "transfer from or to an address where nothing is: the channel is switched off");
}

static void transfer_next(struct sim_chip *chip, void *state) {
    struct sim_peripherals *all = state;
    struct sim_dma *dma = &all->dma;
    int index = choose(dma);
    if (index >= 0) {
        struct sim_dma_channel *channel = &dma->channels[index];
        channel->requests &= ~(1U << SIM_DMA_TIMER);
        dma->free_at = sim_chip_now(chip) + TRANSFER;
        if (copy_item(chip, channel) == 0) {
            count_item(all, (uint32_t)index);
        } else {
            transfer_failed(all, (uint32_t)index);
        }
    }
    schedule_transfer(all);
}

void sim_dma_request(struct sim_peripherals *all, uint32_t channel, enum sim_dma_source source, int level) {
    struct sim_dma_channel *asked = &all->dma.channels[channel - 1];
    uint32_t before = asked->requests;
    asked->requests = level ? before | 1U << source : before & ~(1U << source);
    /* A request that comes while a transfer is scheduled already does not put it off. */
    if (before == 0 && asked->requests != 0 && asked->cfgr & EN) {
        schedule_transfer(all);
    }
}

static void outside_request(struct sim_chip *chip, void *state, uint32_t channel, int level) {
    (void)chip;
    if (channel >= 1 && channel <= SIM_DMA_CHANNELS) {
        sim_dma_request(state, channel, SIM_DMA_OUTSIDE, level);
    }
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static uint32_t *channel_register(struct sim_dma *dma, uint32_t offset, uint32_t *index) {
    if (offset < FIRST || offset >= FIRST + STRIDE * SIM_DMA_CHANNELS) {
        return NULL;
    }
    *index = (offset - FIRST) / STRIDE;
    struct sim_dma_channel *channel = &dma->channels[*index];
    switch ((offset - FIRST) % STRIDE) {
    case CFGR:
        return &channel->cfgr;
    case CNTR:
        return &channel->cntr;
    case PADDR:
        return &channel->paddr;
    case MADDR:
        return &channel->maddr;
    default:
        return NULL;
    }
}

static uint32_t dma_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    uint32_t index;
    const uint32_t *stored = channel_register(&all->dma, offset, &index);
    if (stored != NULL) {
        return *stored;
    }
    if (offset != INTFR && offset != INTFCR) {
        sim_block_unmodelled(all, block, offset, "no such register");
    }
    return offset == INTFR ? all->dma.intfr : 0;
}

static void store_cfgr(struct sim_peripherals *all, uint32_t index, uint32_t value) {
    struct sim_dma_channel *channel = &all->dma.channels[index];
    int starts = !(channel->cfgr & EN) && value & EN;
    channel->cfgr = value & CFGR_BITS;
    if (starts) {
        channel->count = channel->cntr;
        start_over(channel);
    }
    update_interrupts(all);
    schedule_transfer(all);
}

/* While the channel is on, a count can be written only when the last one has run out: the channel then starts
   again from its first addresses. (Programs rely on it from memory to memory; that it holds for peripherals
   is uncertain.) */
static void store_count(struct sim_peripherals *all, const struct sim_block *block, uint32_t index,
                        uint32_t count) {
    struct sim_dma_channel *channel = &all->dma.channels[index];
    if (channel->cfgr & EN && channel->cntr != 0) {
        sim_block_unmodelled(all, block, FIRST + STRIDE * index + CNTR,
                             "written while the channel is at work: the write is lost");
        return;
    }
    channel->cntr = channel->count = count & 0xFFFF;
    start_over(channel);
    schedule_transfer(all);
}

/* Addresses are taken over when the channel is switched on (sections 8.3.5 and 8.3.6). */
static void store_address(struct sim_peripherals *all, const struct sim_block *block, uint32_t index,
                          uint32_t *address, uint32_t value) {
    if (all->dma.channels[index].cfgr & EN) {
        sim_block_unmodelled(all, block, FIRST + STRIDE * index,
                             "address written while the channel is on: the write is lost");
        return;
    }
    *address = value;
}

static void dma_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                      uint32_t value, uint32_t mask) {
    uint32_t index = 0;
    uint32_t *stored = channel_register(&all->dma, offset, &index);
    if (offset == INTFCR) {
        clear_flags(all, value & mask);
    } else if (stored == NULL) {
        sim_block_unmodelled(all, block, offset, "not a writable register");
    } else if (stored == &all->dma.channels[index].cfgr) {
        store_cfgr(all, index, sim_merge(*stored, value, mask));
    } else if (stored == &all->dma.channels[index].cntr) {
        store_count(all, block, index, sim_merge(*stored, value, mask));
    } else {
        store_address(all, block, index, stored, sim_merge(*stored, value, mask));
    }
}

static void dma_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    all->dma = (struct sim_dma){0};
    update_interrupts(all);
    schedule_transfer(all);
}

const struct sim_block sim_dma_block = {
    .name = "DMA1",
    .base = 0x40020000,
    .size = 0x400,
    .clock_register = SIM_RCC_AHBPCENR,
    .clock_bit = 0,
    .load = dma_load,
    .store = dma_store,
    .reset = dma_reset,
};

void sim_dma_install(struct sim_peripherals *all) {
    sim_chip_set_dma(all->chip, outside_request, all);
}
