/* SPDX-License-Identifier: MIT */
/* Flash memory controller (chapter 16): standard programming by halfwords, erasing 1 KiB, and the fast mode
   with its 64-byte pages and page buffer. */
#include "sim/peripheral_flash.h"

#include <string.h>

#include "sim/peripheral.h"

enum {
    ACTLR = 0x00,
    KEYR = 0x04,
    OBKEYR = 0x08,
    STATR = 0x0C,
    CTLR = 0x10,
    ADDR = 0x14,
    OBR = 0x1C,
    WPR = 0x20,
    MODEKEYR = 0x24,
    BOOT_MODEKEYR = 0x28,
};
enum { BSY = 1, WRPRTERR = 1 << 4, EOP = 1 << 5, BOOT_LOCK = 1 << 15 };
enum {
    PG = 1 << 0,
    PER = 1 << 1,
    MER = 1 << 2,
    OBPG = 1 << 4,
    OBER = 1 << 5,
    STRT = 1 << 6,
    LOCK = 1 << 7,
    OBWRE = 1 << 9,
    ERRIE = 1 << 10,
    EOPIE = 1 << 12,
    FLOCK = 1 << 15,
    FTPG = 1 << 16,
    FTER = 1 << 17,
    BUFLOAD = 1 << 18,
    BUFRST = 1 << 19,
    CTLR_WRITABLE = PG | PER | MER | OBPG | OBER | ERRIE | EOPIE | FTPG | FTER,
};
enum { SECTOR = 1024, OPTION_BASE = 0x1FFFF800 };

/* Times are uncertain: page programming and erasing take about 3 ms each by what others measured; the rest is
   of that order in the data sheet. */
enum { ERASE_NS = 3000000, PAGE_NS = 3000000, HALFWORD_NS = 3000000, BUFFER_CYCLES = 6 };

static const uint32_t KEYS[2] = {0x45670123, 0xCDEF89AB};
/* What the factory wrote: read protection off, watchdog in software, PD7 is NRST after 12 ms (USER 0xF7,
   uncertain), nothing write-protected. */
static const uint8_t FACTORY_OPTIONS[] = {0xA5, 0x5A, 0xF7, 0x08, 0xFF, 0x00,
                                          0xFF, 0x00, 0xFF, 0x00, 0xFF, 0x00};

static void flash_unmodelled(struct sim_peripherals *all, uint32_t offset, const char *what) {
    sim_block_unmodelled(all, &sim_flash_block, offset, what);
}

/* ---- busy ---------------------------------------------------------------------------------------------- */

static void update_interrupt(struct sim_peripherals *all) {
    struct sim_flash *flash = &all->flash;
    int level =
        (flash->ctlr & EOPIE && flash->statr & EOP) || (flash->ctlr & ERRIE && flash->statr & WRPRTERR);
    sim_chip_interrupt(all->chip, SIM_LINE_FLASH, level);
}

static void finished(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_peripherals *all = state;
    all->flash.statr = (all->flash.statr & ~(uint32_t)BSY) | EOP;
    update_interrupt(all);
}

/* The memory cannot be read meanwhile: a program that runs from flash stands still, one in SRAM goes on. */
static void start_busy(struct sim_peripherals *all, uint32_t ns) {
    uint64_t cycles = sim_cycles(all, ns);
    all->flash.statr |= BSY;
    all->flash.busy_until = sim_chip_now(all->chip) + cycles;
    sim_chip_schedule(all->chip, all->flash.busy_until, SIM_ORDER_FLASH, finished, all);
    uint32_t pc = sim_chip_register(all->chip, 32);
    if (pc < SIM_FLASH_BYTES || pc - SIM_FLASH_BASE < SIM_FLASH_BYTES) {
        sim_chip_stall(all->chip, cycles);
    }
}

static void buffer_finished(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_flash *flash = state;
    flash->statr &= ~(uint32_t)BSY;
}

/* BUF_LOAD and BUF_RST: busy for a few cycles, without EOP. */
static void start_buffer(struct sim_peripherals *all) {
    all->flash.statr |= BSY;
    sim_chip_schedule(all->chip, sim_chip_now(all->chip) + BUFFER_CYCLES, SIM_ORDER_FLASH, buffer_finished,
                      &all->flash);
}

/* ---- erasing and programming --------------------------------------------------------------------------- */

/* Offset in flash of an address in either of its two places; SIM_FLASH_BYTES where it is in neither. */
static uint32_t flash_offset(uint32_t address) {
    if (address < SIM_FLASH_BYTES) {
        return address;
    }
    return address - SIM_FLASH_BASE < SIM_FLASH_BYTES ? address - SIM_FLASH_BASE : SIM_FLASH_BYTES;
}

/* One bit of WPR for each KiB; 0 protects (section 16.6). */
static int refuse_protected(struct sim_peripherals *all, uint32_t offset, uint32_t size) {
    uint32_t bits = ((1U << ((size + SECTOR - 1) / SECTOR)) - 1) << offset / SECTOR;
    if ((all->flash.wpr & bits) == (bits & 0xFFFF)) {
        return 0;
    }
    all->flash.statr |= WRPRTERR;
    update_interrupt(all);
    return 1;
}

static void erase(struct sim_peripherals *all, uint32_t offset, uint32_t size) {
    static const uint8_t erased[SIM_FLASH_PAGE] = {[0 ... SIM_FLASH_PAGE - 1] = 0xFF};
    if (refuse_protected(all, offset, size)) {
        return;
    }
    for (uint32_t at = offset; at < offset + size; at += SIM_FLASH_PAGE) {
        sim_chip_flash_program(all->chip, at, erased, sizeof erased);
    }
    start_busy(all, ERASE_NS);
}

/* Programming clears bits and never sets them. (What this chip does with a word that is not erased is
 * uncertain.) */
static void program(struct sim_peripherals *all, uint32_t offset, const uint8_t *bytes, uint32_t size,
                    uint32_t ns) {
    uint8_t result[SIM_FLASH_PAGE];
    if (refuse_protected(all, offset, size)) {
        return;
    }
    const uint8_t *old = sim_chip_flash(all->chip) + offset;
    int lost = 0;
    for (uint32_t i = 0; i < size; i++) {
        result[i] = old[i] & bytes[i];
        lost |= result[i] != bytes[i];
    }
    if (lost) {
        flash_unmodelled(all, ADDR,
                         "programmed over what was not erased: the bits are ANDed, the chip may differ");
    }
    sim_chip_flash_program(all->chip, offset, result, size);
    start_busy(all, ns);
}

/* ---- option bytes -------------------------------------------------------------------------------------- */

/* Option bytes are pairs of a value and its complement. */
static int option_is_whole(const uint8_t *pair) {
    return (pair[0] ^ pair[1]) == 0xFF;
}

/* OBR and WPR are loaded at reset (section 16.6.1). */
static void load_options(struct sim_flash *flash) {
    const uint8_t *options = flash->options;
    int whole = 1;
    for (uint32_t pair = 0; pair < sizeof FACTORY_OPTIONS; pair += 2) {
        whole &= option_is_whole(options + pair);
    }
    int unprotected = options[0] == 0xA5 && option_is_whole(options);
    flash->obr = (uint32_t)!whole | (uint32_t)!unprotected << 1 | (uint32_t)options[2] << 2 |
                 (uint32_t)options[4] << 10 | (uint32_t)options[6] << 18;
    flash->wpr = options[8] | (uint32_t)options[10] << 8;
}

static void erase_options(struct sim_peripherals *all) {
    memset(all->flash.options, 0xFF, sizeof all->flash.options);
    start_busy(all, ERASE_NS);
}

/* Only the low byte counts; the controller writes its complement beside it. */
static void program_option(struct sim_peripherals *all, uint32_t offset, uint32_t value) {
    uint8_t *pair = all->flash.options + (offset & ~1U);
    pair[0] &= (uint8_t)value;
    pair[1] &= (uint8_t)~value;
    start_busy(all, HALFWORD_NS);
}

static uint32_t option_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    (void)block;
    uint32_t word;
    memcpy(&word, all->flash.options + offset, sizeof word);
    return word;
}

static void option_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                         uint32_t value, uint32_t mask) {
    uint32_t needed = OBPG | OBWRE;
    if ((all->flash.ctlr & needed) != needed) {
        sim_block_unmodelled(all, block, offset,
                             "written without OBPG and OBWRE in FLASH_CTLR: the write is lost");
    } else if (mask == 0xFFFF) {
        program_option(all, offset, value);
    } else if (mask == 0xFFFF0000) {
        program_option(all, offset + 2, value >> 16);
    } else {
        sim_block_unmodelled(all, block, offset,
                             "option bytes are programmed by halfwords: the write is lost");
    }
}

static void option_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    struct sim_flash *flash = &all->flash;
    if (!flash->option_bytes_exist) {
        memset(flash->options, 0xFF, sizeof flash->options);
        memcpy(flash->options, FACTORY_OPTIONS, sizeof FACTORY_OPTIONS);
        flash->option_bytes_exist = 1;
    }
}

const struct sim_block sim_option_block = {
    .name = "option bytes",
    .base = OPTION_BASE,
    .size = SIM_OPTION_BYTES,
    .load = option_load,
    .store = option_store,
    .reset = option_reset,
};

/* ---- locks --------------------------------------------------------------------------------------------- */

/* The two keys in turn. A wrong one locks until the next reset (section 16.5.1). Returns 1 when the lock
 * opens. */
static int take_key(uint32_t *step, uint32_t key) {
    if (*step >= 2) {
        return 0;
    }
    *step = key == KEYS[*step] ? *step + 1 : UINT32_MAX;
    return *step == 2;
}

static void store_key(struct sim_peripherals *all, uint32_t offset, uint32_t key) {
    struct sim_flash *flash = &all->flash;
    if (offset == KEYR && take_key(&flash->key_step, key)) {
        flash->ctlr &= ~(uint32_t)LOCK;
    }
    if (offset == MODEKEYR && take_key(&flash->mode_key_step, key)) {
        flash->ctlr &= ~(uint32_t)FLOCK;
    }
    /* Keys for the option bytes count only once KEYR has opened the controller. */
    if (offset == OBKEYR && !(flash->ctlr & LOCK) && take_key(&flash->option_key_step, key)) {
        flash->ctlr |= OBWRE;
    }
}

/* ---- CTLR ---------------------------------------------------------------------------------------------- */

static void start_fast(struct sim_peripherals *all) {
    uint32_t offset = flash_offset(all->flash.addr) & ~(uint32_t)(SIM_FLASH_PAGE - 1);
    if (offset >= SIM_FLASH_BYTES) {
        flash_unmodelled(all, ADDR, "fast mode outside the 16 KiB of user flash");
    } else if (all->flash.ctlr & FLOCK) {
        flash_unmodelled(all, CTLR, "fast mode is locked (write the keys to MODEKEYR): nothing happens");
    } else if (all->flash.ctlr & FTER) {
        erase(all, offset, SIM_FLASH_PAGE);
    } else {
        program(all, offset, all->flash.buffer, SIM_FLASH_PAGE, PAGE_NS);
    }
}

static void start_sector(struct sim_peripherals *all) {
    uint32_t offset = flash_offset(all->flash.addr) & ~(uint32_t)(SECTOR - 1);
    if (offset >= SIM_FLASH_BYTES) {
        flash_unmodelled(all, ADDR, "erase outside the 16 KiB of user flash");
    } else {
        erase(all, offset, SECTOR);
    }
}

static void start(struct sim_peripherals *all) {
    uint32_t ctlr = all->flash.ctlr;
    if (ctlr & (FTPG | FTER)) {
        start_fast(all);
    } else if (ctlr & PER) {
        start_sector(all);
    } else if (ctlr & MER) {
        erase(all, 0, SIM_FLASH_BYTES);
    } else if (ctlr & OBER && ctlr & OBWRE) {
        erase_options(all);
    } else {
        flash_unmodelled(all, CTLR, "STRT without an operation: nothing happens");
    }
}

static void load_buffer(struct sim_peripherals *all) {
    struct sim_flash *flash = &all->flash;
    if (!flash->latched) {
        flash_unmodelled(all, CTLR, "BUF_LOAD without a word stored to flash before it");
        return;
    }
    memcpy(flash->buffer + flash->latch_offset % SIM_FLASH_PAGE, &flash->latch_value, 4);
    flash->latched = 0;
    start_buffer(all);
}

static void store_ctlr(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    struct sim_flash *flash = &all->flash;
    uint32_t written = value & mask;
    if (flash->ctlr & LOCK) {
        flash_unmodelled(all, CTLR, "written while locked (write the keys to KEYR): the write is lost");
        return;
    }
    if (flash->statr & BSY) {
        flash_unmodelled(all, CTLR, "written while BSY: the write is lost, the chip may differ");
        return;
    }
    flash->ctlr = sim_merge(flash->ctlr, value, mask & CTLR_WRITABLE) | (written & (LOCK | FLOCK));
    /* A lock that was closed on purpose can be opened again. */
    flash->key_step = written & LOCK ? 0 : flash->key_step;
    flash->mode_key_step = written & FLOCK ? 0 : flash->mode_key_step;
    if (mask & OBWRE && !(value & OBWRE)) {
        flash->ctlr &= ~(uint32_t)OBWRE;
        flash->option_key_step = 0;
    }
    if (written & BUFRST) {
        memset(flash->buffer, 0xFF, sizeof flash->buffer);
        flash->latched = 0;
        start_buffer(all);
    }
    if (written & BUFLOAD) {
        load_buffer(all);
    }
    if (written & STRT) {
        start(all);
    }
    update_interrupt(all);
}

/* Stores of the program to flash addresses. */
static int flash_write(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value) {
    (void)chip;
    struct sim_peripherals *all = state;
    struct sim_flash *flash = &all->flash;
    if (flash->ctlr & FTPG && !(flash->ctlr & (LOCK | FLOCK)) && bytes == 4) {
        flash->latch_offset = offset;
        flash->latch_value = value;
        flash->latched = 1;
        return 0;
    }
    if (flash->ctlr & PG && !(flash->ctlr & LOCK) && bytes == 2 && !(flash->statr & BSY)) {
        const uint8_t halfword[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
        program(all, offset, halfword, sizeof halfword, HALFWORD_NS);
        return 0;
    }
    return -1;
}

/* ---- wait states --------------------------------------------------------------------------------------- */

void sim_flash_check_wait_states(struct sim_peripherals *all) {
    if ((all->flash.actlr & 3) == 0 && sim_chip_clock(all->chip) > 24000000) {
        flash_unmodelled(all, ACTLR,
                         "HCLK above 24 MHz with 0 wait states: the chip may fetch wrong instructions");
    }
}

static void store_actlr(struct sim_peripherals *all, uint32_t value, uint32_t mask) {
    all->flash.actlr = sim_merge(all->flash.actlr, value, mask & 3);
    uint32_t wait_states = all->flash.actlr & 3;
    if (wait_states > 1 && sim_chip_model(all->chip) == SIM_CH32V003) {
        flash_unmodelled(all, ACTLR, "LATENCY above 1 is not valid on this chip: taken as 1");
        wait_states = 1;
    }
    sim_chip_set_wait_states(all->chip, wait_states);
    sim_flash_check_wait_states(all);
}

/* ---- registers ----------------------------------------------------------------------------------------- */

static uint32_t flash_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    struct sim_flash *flash = &all->flash;
    switch (offset) {
    case ACTLR:
        return flash->actlr;
    case KEYR:
    case OBKEYR:
    case MODEKEYR:
    case BOOT_MODEKEYR:
    case ADDR: /* write only */
        return 0;
    case STATR:
        return flash->statr;
    case CTLR:
        return flash->ctlr;
    case OBR:
        return flash->obr;
    case WPR:
        return flash->wpr;
    default:
        sim_block_unmodelled(all, block, offset, "no such register");
        return 0;
    }
}

static void flash_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                        uint32_t value, uint32_t mask) {
    struct sim_flash *flash = &all->flash;
    switch (offset) {
    case ACTLR:
        store_actlr(all, value, mask);
        break;
    case KEYR:
    case OBKEYR:
    case MODEKEYR:
        store_key(all, offset, value);
        break;
    case STATR: /* flags are cleared by writing 1 */
        if (value & mask & 1 << 14) {
            flash_unmodelled(all, STATR, "switch to the boot area (MODE)");
        }
        flash->statr &= ~(value & mask & (WRPRTERR | EOP));
        update_interrupt(all);
        break;
    case CTLR:
        store_ctlr(all, value, mask);
        break;
    case ADDR:
        flash->addr = sim_merge(flash->addr, value, mask);
        break;
    default:
        sim_block_unmodelled(all, block, offset,
                             offset == BOOT_MODEKEYR ? "programming of the boot area" : "not writable");
    }
}

static void flash_reset(struct sim_peripherals *all, const struct sim_block *block) {
    (void)block;
    struct sim_flash *flash = &all->flash;
    flash->actlr = 0;
    flash->statr = BOOT_LOCK;
    flash->ctlr = LOCK | FLOCK;
    flash->addr = 0;
    flash->key_step = flash->mode_key_step = flash->option_key_step = 0;
    flash->busy_until = 0;
    flash->latched = 0;
    memset(flash->buffer, 0xFF, sizeof flash->buffer);
    load_options(flash);
    sim_chip_set_wait_states(all->chip, 0);
    update_interrupt(all);
}

const struct sim_block sim_flash_block = {
    .name = "FLASH",
    .base = 0x40022000,
    .size = 0x400,
    .load = flash_load,
    .store = flash_store,
    .reset = flash_reset,
};

void sim_flash_install(struct sim_peripherals *all) {
    sim_chip_set_flash_write(all->chip, flash_write, all);
}

/* ---- electronic signature ------------------------------------------------------------------------------ */

/* Chapter 17. The identifiers are made up, but fixed; the chip id is that of a CH32V003F4U6 (uncertain). */
static uint32_t signature_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    switch (block->base + offset) {
    case 0x1FFFF7C4:
        return 0x00310500;
    case 0x1FFFF7E0:
        return 0xFFFF0000 | SIM_FLASH_BYTES / 1024;
    case 0x1FFFF7E8:
        return 0x656D6964;
    case 0x1FFFF7EC:
        return 0x206D6973;
    case 0x1FFFF7F0:
        return 0x00000001;
    default:
        sim_block_unmodelled(all, block, offset, "vendor bytes");
        return 0xFFFFFFFF;
    }
}

static void signature_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                            uint32_t value, uint32_t mask) {
    (void)value, (void)mask;
    sim_block_unmodelled(all, block, offset, "read-only");
}

const struct sim_block sim_signature_block = {
    .name = "ESIG",
    .base = 0x1FFFF7C0,
    .size = 0x40,
    .load = signature_load,
    .store = signature_store,
};
