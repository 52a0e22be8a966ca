/* SPDX-License-Identifier: MIT */
/* CSRs, exceptions, interrupts. QingKe V2 Processor Manual, chapters 3 (PFIC) and 8 (CSRs). */
#include <string.h>

#include "sim/core.h"

enum {
    CSR_MSTATUS = 0x300,
    CSR_MISA = 0x301,
    CSR_MTVEC = 0x305,
    CSR_MSCRATCH = 0x340,
    CSR_MEPC = 0x341,
    CSR_MCAUSE = 0x342,
    CSR_INTSYSCR = 0x804,
    CSR_MVENDORID = 0xF11,
    CSR_MARCHID = 0xF12,
    CSR_MIMPID = 0xF13,
    CSR_MHARTID = 0xF14,
    HARD_FAULT = 3, /* entry of the vector table that exceptions take */
    INTERRUPT = INT32_MIN,
    ENTRY_CYCLES = 4, /* until the vector is fetched: not measured on hardware */
    PROLOGUE_CYCLES = 4,
    HPE = 1,
    NESTING = 2,
};

static uint32_t *writable_csr(struct sim_chip *chip, uint32_t number) {
    switch (number) {
    case CSR_MSTATUS:
        return &chip->mstatus;
    case CSR_MTVEC:
        return &chip->mtvec;
    case CSR_MSCRATCH:
        return &chip->mscratch;
    case CSR_MEPC:
        return &chip->mepc;
    case CSR_MCAUSE:
        return &chip->mcause;
    case CSR_INTSYSCR:
        return &chip->intsyscr;
    default:
        return NULL;
    }
}

static uint32_t writable_bits(uint32_t number) {
    switch (number) {
    case CSR_MSTATUS:
        return SIM_MSTATUS_MIE | SIM_MSTATUS_MPIE | SIM_MSTATUS_MPP;
    case CSR_MTVEC:
        return ~UINT32_C(0x3FC);
    case CSR_MEPC:
        return ~UINT32_C(1);
    case CSR_INTSYSCR:
        return 0x3F;
    default:
        return UINT32_MAX;
    }
}

static int read_csr(struct sim_chip *chip, uint32_t number, uint32_t *value) {
    const uint32_t *csr = writable_csr(chip, number);
    *value = csr ? *csr : 0;
    if (csr) return 0;
    switch (number) {
    case CSR_MISA:
        *value = UINT32_C(1) << 30 | 1u << 23 | 1u << 4 | 1u << 2;
        return 0; /* RV32, X, E, C */
    case CSR_MARCHID:
        *value = UINT32_C(0xDC68D841);
        return 0; /* "WCH-V2A" */
    case CSR_MVENDORID:
        *value = 0x00000000;
        return 0;
    case CSR_MIMPID:
        *value = UINT32_C(0xDC688001);
        return 0;
    case CSR_MHARTID:
        return 0;
    default:
        return -1;
    }
}

static int write_csr(struct sim_chip *chip, uint32_t number, uint32_t value) {
    uint32_t *csr = writable_csr(chip, number);
    if (!csr) return -1;
    uint32_t mask = writable_bits(number);
    *csr = (*csr & ~mask) | (value & mask);
    chip->changed = 1;
    return 0;
}

int sim_csr(struct sim_chip *chip, const struct sim_op *op, uint32_t *old) {
    uint32_t number = (uint32_t)op->imm, kind = op->csr_kind & 3u;
    uint32_t operand = op->csr_kind & 4 ? op->rs1 : chip->x[op->rs1];
    if (read_csr(chip, number, old)) return -1;
    if (kind == 1) return write_csr(chip, number, operand);
    if (!op->rs1) return 0;
    return write_csr(chip, number, kind == 2 ? *old | operand : *old & ~operand);
}

void sim_jump(struct sim_chip *chip, uint32_t pc, uint32_t hold) {
    uint32_t left, line = 1;
    sim_code_at(chip, pc, &left, &line);
    struct sim_fetch fetch = sim_fetch_restart(line, hold, chip->cycle);
    chip->pc = pc;
    chip->fetch = sim_fetch_pack(&fetch);
}

void sim_end(struct sim_chip *chip, enum sim_stop stop) {
    chip->ended = 1;
    chip->stop = stop;
}

/* ---- entering and leaving ------------------------------------------------------------------------------ */

/* mtvec bit 0: an entry of four bytes for each interrupt; bit 1: the entry is an address, not an instruction.
 */
static uint32_t vector(struct sim_chip *chip, uint32_t entry) {
    uint32_t base = chip->mtvec & ~UINT32_C(3), address = base + 4 * entry;
    if (!(chip->mtvec & 1)) return base;
    if (!(chip->mtvec & 2)) return address;
    uint32_t target = 0;
    sim_chip_bus_read(chip, address, 4, &target);
    return target & ~UINT32_C(1);
}

static void enter_trap(struct sim_chip *chip, uint32_t cause, uint32_t handler) {
    chip->mepc = chip->pc;
    chip->mcause = cause;
    uint32_t enabled = chip->mstatus & SIM_MSTATUS_MIE;
    chip->mstatus = (chip->mstatus & ~(uint32_t)SIM_MSTATUS_MPIE) | (enabled ? SIM_MSTATUS_MPIE : 0);
    if (!(chip->intsyscr & NESTING)) chip->mstatus &= ~(uint32_t)SIM_MSTATUS_MIE;
    chip->depth++;
    chip->cycle += ENTRY_CYCLES;
    chip->changed = 1;
    sim_jump(chip, handler, 0);
}

/* ra, t0-t2, a0-a5: what the hardware prologue keeps, two levels deep. */
static const uint8_t prologue_registers[SIM_SHADOW_REGISTERS] = {1, 5, 6, 7, 10, 11, 12, 13, 14, 15};

static void save_registers(struct sim_chip *chip) {
    if (!(chip->intsyscr & HPE) || chip->shadow_count == SIM_SHADOWS) return;
    struct sim_shadow *shadow = &chip->shadows[chip->shadow_count++];
    for (uint32_t i = 0; i < SIM_SHADOW_REGISTERS; i++) shadow->x[i] = chip->x[prologue_registers[i]];
    chip->cycle += PROLOGUE_CYCLES;
}

static void restore_registers(struct sim_chip *chip) {
    if (!(chip->intsyscr & HPE) || !chip->shadow_count || chip->shadow_count < chip->depth) return;
    const struct sim_shadow *shadow = &chip->shadows[--chip->shadow_count];
    for (uint32_t i = 0; i < SIM_SHADOW_REGISTERS; i++) chip->x[prologue_registers[i]] = shadow->x[i];
}

int sim_enter_interrupt(struct sim_chip *chip) {
    chip->changed = 0;
    if (!(chip->mstatus & SIM_MSTATUS_MIE) || !chip->interrupts.pending) return 0;
    int line = chip->interrupts.pending(chip, chip->interrupts.state);
    if (line < 0) return 0;
    uint32_t handler = 0;
    int table_free = chip->interrupts.enter(chip, chip->interrupts.state, (uint32_t)line, &handler);
    if (!table_free) handler = vector(chip, (uint32_t)line);
    save_registers(chip);
    enter_trap(chip, (uint32_t)INTERRUPT | (uint32_t)line, handler);
    if (chip->observed && chip->observer.interrupt)
        chip->observer.interrupt(chip->observer.context, chip, (uint32_t)line);
    return 1;
}

void sim_return_from_trap(struct sim_chip *chip) {
    int interrupt = (chip->mcause & (uint32_t)INTERRUPT) != 0;
    uint32_t enabled = chip->mstatus & SIM_MSTATUS_MPIE;
    restore_registers(chip);
    chip->mstatus &= ~(uint32_t)SIM_MSTATUS_MIE;
    if (enabled) chip->mstatus |= SIM_MSTATUS_MIE;
    chip->mstatus |= SIM_MSTATUS_MPIE;
    if (chip->depth) {
        chip->depth--;
        if (interrupt && chip->interrupts.leave) chip->interrupts.leave(chip, chip->interrupts.state);
    }
    chip->changed = 1;
    sim_jump(chip, chip->mepc, 0);
}

/* ---- faults -------------------------------------------------------------------------------------------- */

static uint32_t cause_of(enum sim_fault_kind kind) {
    switch (kind) {
    case SIM_FAULT_FETCH_UNMAPPED:
        return 1;
    case SIM_FAULT_LOAD_MISALIGNED:
        return 4;
    case SIM_FAULT_LOAD_UNMAPPED:
        return 5;
    case SIM_FAULT_STORE_MISALIGNED:
        return 6;
    case SIM_FAULT_STORE_UNMAPPED:
    case SIM_FAULT_STORE_FLASH:
        return 7;
    case SIM_FAULT_ECALL:
        return 11;
    default:
        return 2;
    }
}

static uint32_t instruction_before(const struct sim_chip *chip, uint32_t address) {
    uint32_t left, line;
    const uint8_t *code = sim_code_at(chip, address - 4, &left, &line);
    return code && left >= 4 ? (uint32_t)code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 |
                                   (uint32_t)code[3] << 24
                             : 0;
}

/* A word on the stack that points behind a jal or jalr which links ra. */
static int is_return_address(const struct sim_chip *chip, uint32_t address) {
    if (address & 1 || address < 4) return 0;
    uint32_t bits = instruction_before(chip, address);
    if ((bits & 0xFFF) == 0x0EF || (bits & 0x7FFF) == 0x00E7 || (bits & 0xFFF) == 0x0E7) return 1;
    uint32_t half = bits >> 16;
    return (half & 0xE003) == 0x2001 || ((half & 0xF07F) == 0x9002 && (half & 0x0F80));
}

/* Without frame information: ra, then every word of the stack that follows a call. */
static void backtrace(const struct sim_chip *chip, struct sim_fault *fault) {
    uint32_t last = 0;
    if (is_return_address(chip, chip->x[1])) fault->frames[fault->frame_count++] = last = chip->x[1];
    for (uint32_t at = chip->x[2] & ~3u; at - SIM_RAM_BASE < chip->ram_bytes; at += 4) {
        uint32_t word;
        memcpy(&word, chip->ram + (at - SIM_RAM_BASE), 4);
        if (fault->frame_count == SIM_BACKTRACE_MOST) return;
        if (word != last && is_return_address(chip, word)) fault->frames[fault->frame_count++] = last = word;
    }
}

void sim_raise(struct sim_chip *chip, enum sim_fault_kind kind, const struct sim_op *op, uint32_t address) {
    chip->pc = op->pc;
    if (chip->options.faults == SIM_FAULT_TRAP && kind != SIM_FAULT_STACK) {
        enter_trap(chip, cause_of(kind), vector(chip, HARD_FAULT));
        return;
    }
    chip->fetch = op->fetch;
    chip->fault = (struct sim_fault){.kind = kind, .pc = op->pc, .instruction = op->bits, .address = address};
    backtrace(chip, &chip->fault);
    sim_end(chip, SIM_STOP_FAULT);
}
