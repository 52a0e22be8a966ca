/* SPDX-License-Identifier: MIT */
/* Who answers at an address. */
#include <string.h>

#include "base/error.h"
#include "sim/core.h"

/* Writes to peripherals are posted: one in progress, one waiting. */
enum {
    POSTED_START = 5, /* cycles until a write to an idle bridge is through */
    POSTED_NEXT = 2,  /* and until each one right behind it */
};

int sim_in_flash(uint32_t address) {
    return address < SIM_FLASH_BYTES || address - SIM_FLASH_BASE < SIM_FLASH_BYTES;
}

uint32_t sim_flash_offset(uint32_t address) {
    return address % SIM_FLASH_BYTES;
}

const uint8_t *sim_code_at(const struct sim_chip *chip, uint32_t pc, uint32_t *left, uint32_t *line) {
    if (sim_in_flash(pc)) {
        *left = SIM_FLASH_BYTES - sim_flash_offset(pc);
        *line = chip->line;
        return chip->flash + sim_flash_offset(pc);
    }
    *line = 1;
    *left = 0;
    if (pc - SIM_RAM_BASE >= chip->ram_bytes) return NULL;
    *left = chip->ram_bytes - (pc - SIM_RAM_BASE);
    return chip->ram + (pc - SIM_RAM_BASE);
}

static const struct sim_device *device_at(const struct sim_chip *chip, uint32_t address) {
    for (uint32_t i = chip->device_count; i-- > 0;) {
        const struct sim_device *device = &chip->devices[i].device;
        if (address - device->base < device->size) return device;
    }
    return NULL;
}

int sim_bus_load(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t *value) {
    const struct sim_device *device = device_at(chip, address);
    *value = 0;
    if (!device) return -1;
    *value = device->read(chip, device->state, address - device->base, bytes);
    return 0;
}

int sim_bus_store(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t value) {
    if (sim_in_flash(address)) {
        if (!chip->flash_write) return -1;
        return chip->flash_write(chip, chip->flash_state, sim_flash_offset(address), bytes, value);
    }
    const struct sim_device *device = device_at(chip, address);
    if (!device) return -1;
    device->write(chip, device->state, address - device->base, bytes, value);
    return 0;
}

uint32_t sim_posted_wait(struct sim_chip *chip, uint64_t cycle) {
    uint64_t begin = chip->posted[0] > cycle ? chip->posted[0] : cycle;
    uint64_t done = chip->posted[1] > begin ? chip->posted[1] + POSTED_NEXT : begin + POSTED_START;
    chip->posted[0] = chip->posted[1];
    chip->posted[1] = done;
    return (uint32_t)(begin - cycle);
}

/* ---- on behalf of DMA and debuggers -------------------------------------------------------------------- */

static uint8_t *memory_at(struct sim_chip *chip, uint32_t address, uint32_t bytes) {
    if (address - SIM_RAM_BASE < chip->ram_bytes && chip->ram_bytes - (address - SIM_RAM_BASE) >= bytes)
        return chip->ram + (address - SIM_RAM_BASE);
    if (sim_in_flash(address) && SIM_FLASH_BYTES - sim_flash_offset(address) >= bytes)
        return chip->flash + sim_flash_offset(address);
    return NULL;
}

int sim_chip_bus_read(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t *value) {
    *value = 0;
    if (address & (bytes - 1)) return -1;
    const uint8_t *memory = memory_at(chip, address, bytes);
    if (!memory) return sim_bus_load(chip, address, bytes, value);
    memcpy(value, memory, bytes);
    return 0;
}

static void write_ram(struct sim_chip *chip, uint32_t offset, const void *bytes, uint32_t size) {
    memcpy(chip->ram + offset, bytes, size);
    for (uint32_t word = offset / 4; word <= (offset + size - 1) / 4; word++)
        if (chip->ram_code[word]) {
            sim_code_flush(chip);
            return;
        }
}

int sim_chip_bus_write(struct sim_chip *chip, uint32_t address, uint32_t bytes, uint32_t value) {
    if (address & (bytes - 1)) return -1;
    if (address - SIM_RAM_BASE >= chip->ram_bytes) return sim_bus_store(chip, address, bytes, value);
    write_ram(chip, address - SIM_RAM_BASE, &value, bytes);
    return 0;
}

static int peek_byte(struct sim_chip *chip, uint32_t address, uint8_t *byte) {
    const uint8_t *memory = memory_at(chip, address, 1);
    uint32_t value;
    if (!memory && sim_bus_load(chip, address, 1, &value)) return -1;
    *byte = memory ? *memory : (uint8_t)value;
    return 0;
}

size_t sim_chip_peek(struct sim_chip *chip, uint32_t address, void *bytes, size_t size) {
    uint8_t *to = bytes;
    uint32_t word;
    if (size == 4 && !(address & 3) && !memory_at(chip, address, 4)) { /* registers are read whole */
        if (sim_bus_load(chip, address, 4, &word)) return 0;
        memcpy(to, &word, 4);
        return 4;
    }
    for (size_t i = 0; i < size; i++)
        if (peek_byte(chip, address + (uint32_t)i, &to[i])) return i;
    return size;
}

static int poke_byte(struct sim_chip *chip, uint32_t address, uint8_t byte) {
    if (address - SIM_RAM_BASE < chip->ram_bytes) {
        write_ram(chip, address - SIM_RAM_BASE, &byte, 1);
        return 0;
    }
    if (!sim_in_flash(address)) return sim_bus_store(chip, address, 1, byte);
    sim_chip_flash_program(chip, sim_flash_offset(address), &byte, 1);
    return 0;
}

size_t sim_chip_poke(struct sim_chip *chip, uint32_t address, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    uint32_t word;
    if (size == 4 && !(address & 3) && !memory_at(chip, address, 4)) {
        memcpy(&word, from, 4);
        return sim_bus_store(chip, address, 4, word) ? 0 : 4;
    }
    for (size_t i = 0; i < size; i++)
        if (poke_byte(chip, address + (uint32_t)i, from[i])) return i;
    return size;
}

const uint8_t *sim_chip_flash(const struct sim_chip *chip) {
    return chip->flash;
}

void sim_chip_flash_program(struct sim_chip *chip, uint32_t offset, const uint8_t *bytes, size_t size) {
    if (offset >= SIM_FLASH_BYTES) return;
    if (size > SIM_FLASH_BYTES - offset) size = SIM_FLASH_BYTES - offset;
    memcpy(chip->flash + offset, bytes, size);
    sim_code_flush(chip);
}

int sim_chip_attach(struct sim_chip *chip, const struct sim_device *device, void (*destroy)(void *state)) {
    if (chip->device_count == SIM_DEVICES_MOST)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: the chip takes at most %d devices", device->name,
                              SIM_DEVICES_MOST);
    chip->devices[chip->device_count++] = (struct sim_attached){*device, destroy};
    return DIME_OK;
}

void *sim_chip_device_state(const struct sim_chip *chip, const char *name) {
    for (uint32_t i = 0; i < chip->device_count; i++)
        if (!strcmp(chip->devices[i].device.name, name)) return chip->devices[i].device.state;
    return NULL;
}
