/* SPDX-License-Identifier: MIT */
/* Executes decoded blocks: each handler does its instruction and jumps to the next one's. */
#include <string.h>

#include "sim/core.h"

static inline uint32_t load_bytes(const uint8_t *at, uint32_t bytes) {
    uint32_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static uint32_t line_of(const struct sim_chip *chip, uint32_t pc) {
    uint32_t left, line = 1;
    sim_code_at(chip, pc, &left, &line);
    return line;
}

/* A flash read or a write that had to wait: how long the instruction took, and the queue after it. */
static uint32_t leave_with(struct sim_chip *chip, const struct sim_op *op, uint64_t cycle,
                           enum sim_timing_class timing, uint32_t extra) {
    struct sim_fetch fetch = sim_fetch_unpack(op->fetch, line_of(chip, op->pc));
    uint32_t cycles = sim_fetch_execute(&fetch, op->pc, op->size, timing, extra, chip->line);
    chip->cycle = cycle + cycles;
    chip->pc = op->pc + op->size;
    chip->fetch = sim_fetch_pack(&fetch);
    return cycles;
}

static void push_check(struct sim_chip *chip, uint32_t address) {
    if (address - SIM_RAM_BASE < chip->ram_bytes && address < chip->stack_lowest)
        chip->stack_lowest = address;
}

/* Peripherals, option bytes, writes to flash: everything that is not plain memory. */
static int slow_load(struct sim_chip *chip, const struct sim_op *op, uint64_t cycle, uint32_t address,
                     uint32_t bytes, uint32_t *value) {
    chip->cycle = cycle + 1;
    chip->pc = op->pc;
    if (address & ((bytes)-1)) {
        sim_raise(chip, SIM_FAULT_LOAD_MISALIGNED, op, address);
        return -1;
    }
    if (!sim_bus_load(chip, address, bytes, value)) return 0;
    sim_raise(chip, SIM_FAULT_LOAD_UNMAPPED, op, address);
    return -1;
}

static int slow_store(struct sim_chip *chip, const struct sim_op *op, uint64_t cycle, uint32_t address,
                      uint32_t bytes, uint32_t value) {
    chip->cycle = cycle + 1;
    chip->pc = op->pc;
    enum sim_fault_kind kind = SIM_FAULT_STORE_MISALIGNED;
    if (!(address & ((bytes)-1))) {
        if (!sim_bus_store(chip, address, bytes, value)) return 0;
        kind = sim_in_flash(address) ? SIM_FAULT_STORE_FLASH : SIM_FAULT_STORE_UNMAPPED;
    }
    sim_raise(chip, kind, op, address);
    return -1;
}

static uint32_t multiply_high(uint32_t operation, uint32_t a, uint32_t b) {
    int64_t left = operation == SIM_MULHU ? (int64_t)a : (int64_t)(int32_t)a;
    int64_t right = operation == SIM_MULH ? (int64_t)(int32_t)b : (int64_t)b;
    if (operation == SIM_MULHU) return (uint32_t)((uint64_t)a * b >> 32);
    return (uint32_t)((uint64_t)(left * right) >> 32);
}

#define NEXT                                                                                                 \
    do {                                                                                                     \
        op++;                                                                                                \
        goto * op->handler;                                                                                  \
    } while (0)
#define HANDLER(name) do_##name:
#define ALU_IMMEDIATE(name, expression)                                                                      \
    HANDLER(name) {                                                                                          \
        const uint32_t a = x[op->rs1], i = (uint32_t)op->imm;                                                \
        x[op->rd] = (expression);                                                                            \
        NEXT;                                                                                                \
    }
#define ALU_REGISTERS(name, expression)                                                                      \
    HANDLER(name) {                                                                                          \
        const uint32_t a = x[op->rs1], b = x[op->rs2];                                                       \
        x[op->rd] = (expression);                                                                            \
        NEXT;                                                                                                \
    }
#define BRANCH(name, condition)                                                                              \
    HANDLER(name) {                                                                                          \
        const uint32_t a = x[op->rs1], b = x[op->rs2];                                                       \
        target = (uint32_t)op->imm;                                                                          \
        if (condition) goto taken;                                                                           \
        NEXT;                                                                                                \
    }
#define LOAD(name, type, bytes)                                                                              \
    HANDLER(name) {                                                                                          \
        const uint32_t address = x[op->rs1] + (uint32_t)op->imm, offset = address - SIM_RAM_BASE;            \
        uint32_t value;                                                                                      \
        if (offset < ram_bytes && !(address & ((bytes)-1))) {                                                \
            x[op->rd] = (uint32_t)(type)load_bytes(chip->ram + offset, bytes);                               \
            NEXT;                                                                                            \
        }                                                                                                    \
        if (sim_in_flash(address) && !(address & ((bytes)-1))) {                                             \
            value = load_bytes(chip->flash + sim_flash_offset(address), bytes);                              \
            x[op->rd] = (uint32_t)(type)value;                                                               \
            if (chip->line > 1) goto flash_read;                                                             \
            NEXT;                                                                                            \
        }                                                                                                    \
        if (slow_load(chip, op, base + op->cycle + op->stall, address, bytes, &value)) goto faulted;         \
        x[op->rd] = (uint32_t)(type)value;                                                                   \
        if (chip->deadline != deadline) goto interrupted;                                                    \
        NEXT;                                                                                                \
    }
#define STORE_AT(bytes)                                                                                      \
    if (offset < ram_bytes && !(address & ((bytes)-1))) {                                                    \
        memcpy(chip->ram + offset, &x[op->rs2], bytes);                                                      \
        if (chip->ram_code[offset / 4]) {                                                                    \
            sim_code_flush(chip);                                                                            \
            goto interrupted;                                                                                \
        }                                                                                                    \
        NEXT;                                                                                                \
    }                                                                                                        \
    store_address = address;                                                                                 \
    store_bytes = bytes;                                                                                     \
    goto store;
#define STORE(name, bytes)                                                                                   \
    HANDLER(name) {                                                                                          \
        const uint32_t address = x[op->rs1] + (uint32_t)op->imm, offset = address - SIM_RAM_BASE;            \
        STORE_AT(bytes)                                                                                      \
    }

/* One long function by nature: the handlers must share it to jump to each other. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
void sim_execute(struct sim_chip *chip, struct sim_op *ops) {
    static const void *const table[] = {
#define X(name) &&do_##name,
        SIM_OPERATIONS(X)
#undef X
    };
    if (!ops) {
        chip->handlers = table;
        return;
    }
    uint32_t *const x = chip->x;
    const uint32_t ram_bytes = chip->ram_bytes;
    const uint64_t deadline = chip->deadline;
    uint64_t base = chip->cycle, executed = chip->instructions;
    uint32_t target, store_address, store_bytes;
    struct sim_code *code;
    struct sim_op *op = ops;
    goto * op->handler;

    ALU_IMMEDIATE(ADDI, a + i)
    ALU_IMMEDIATE(SLTI, (int32_t)a < (int32_t)i)
    ALU_IMMEDIATE(SLTIU, a < i)
    ALU_IMMEDIATE(XORI, a ^ i)
    ALU_IMMEDIATE(ORI, a | i)
    ALU_IMMEDIATE(ANDI, a & i)
    ALU_IMMEDIATE(SLLI, a << i)
    ALU_IMMEDIATE(SRLI, a >> i)
    ALU_IMMEDIATE(SRAI, (uint32_t)((int32_t)a >> i))
    ALU_REGISTERS(ADD, a + b)
    ALU_REGISTERS(SUB, a - b)
    ALU_REGISTERS(SLL, a << (b & 31))
    ALU_REGISTERS(SLT, (int32_t)a < (int32_t)b)
    ALU_REGISTERS(SLTU, a < b)
    ALU_REGISTERS(XOR, a ^ b)
    ALU_REGISTERS(SRL, a >> (b & 31))
    ALU_REGISTERS(SRA, (uint32_t)((int32_t)a >> (b & 31)))
    ALU_REGISTERS(OR, a | b)
    ALU_REGISTERS(AND, a & b)
    ALU_REGISTERS(MUL, a * b)
    ALU_REGISTERS(MULH, multiply_high(SIM_MULH, a, b))
    ALU_REGISTERS(MULHSU, multiply_high(SIM_MULHSU, a, b))
    ALU_REGISTERS(MULHU, multiply_high(SIM_MULHU, a, b))
    HANDLER(LUI) {
        x[op->rd] = (uint32_t)op->imm;
        NEXT;
    }
    LOAD(LB, int8_t, 1)
    LOAD(LBU, uint8_t, 1)
    LOAD(LH, int16_t, 2)
    LOAD(LHU, uint16_t, 2)
    LOAD(LW, uint32_t, 4)
    STORE(SB, 1)
    STORE(SH, 2)
    STORE(SW, 4)
    HANDLER(PUSH) {
        const uint32_t address = x[op->rs1] + (uint32_t)op->imm, offset = address - SIM_RAM_BASE;
        if (address < chip->stack_lowest) {
            if (address < chip->stack_limit && offset < ram_bytes) {
                chip->cycle = base + op->cycle;
                sim_raise(chip, SIM_FAULT_STACK, op, address);
                goto faulted;
            }
            push_check(chip, address);
        }
        STORE_AT(4)
    }
    BRANCH(BEQ, a == b)
    BRANCH(BNE, a != b)
    BRANCH(BLT, (int32_t)a < (int32_t)b)
    BRANCH(BGE, (int32_t)a >= (int32_t)b)
    BRANCH(BLTU, a < b)
    BRANCH(BGEU, a >= b)
    HANDLER(JAL) {
        target = (uint32_t)op->imm;
        x[op->rd] = op->pc + op->size;
        if (target == op->pc && !(chip->mstatus & SIM_MSTATUS_MIE)) {
            sim_end(chip, SIM_STOP_LOOP);
            goto before;
        }
        goto taken;
    }
    HANDLER(JALR) {
        target = (x[op->rs1] + (uint32_t)op->imm) & ~1u;
        x[op->rd] = op->pc + op->size;
        goto taken;
    }
    HANDLER(FENCE) NEXT;
    HANDLER(FENCE_I) NEXT;
    HANDLER(ECALL) {
        chip->cycle = base + op->cycle;
        sim_raise(chip, SIM_FAULT_ECALL, op, 0);
        goto faulted;
    }
    HANDLER(EBREAK) {
        sim_end(chip, SIM_STOP_EBREAK);
        goto before;
    }
    HANDLER(MRET) {
        chip->cycle = base + op->taken;
        chip->instructions = executed + op->index + 1;
        sim_return_from_trap(chip);
        return;
    }
    HANDLER(WFI) {
        chip->sleeping = 1;
        goto interrupted;
    }
    HANDLER(CSR) {
        uint32_t old = 0;
        if (sim_csr(chip, op, &old)) {
            chip->cycle = base + op->cycle;
            sim_raise(chip, SIM_FAULT_CSR, op, 0);
            goto faulted;
        }
        x[op->rd] = old;
        goto interrupted;
    }
    HANDLER(FAULT) {
        chip->cycle = base + op->cycle;
        sim_raise(chip, (enum sim_fault_kind)op->imm, op, op->imm == SIM_FAULT_FETCH_UNMAPPED ? op->pc : 0);
        goto faulted;
    }
    HANDLER(END) {
        base += op->cycle;
        executed += op->index;
        chip->pc = op->pc;
        chip->fetch = op->fetch;
        code = op->link;
        if (!code) {
            uint32_t generation = chip->generation;
            chip->cycle = base;
            code = sim_code_find(chip);
            if (generation == chip->generation) op->link = code;
        }
        goto enter;
    }

taken:
    base += op->taken;
    executed += op->index + 1u;
    code = op->link;
    if (!code || (uint32_t)code->key != target) {
        uint32_t generation = chip->generation;
        chip->cycle = base;
        sim_jump(chip, target, op->hold);
        code = sim_code_find(chip);
        if (generation == chip->generation && line_of(chip, target) == line_of(chip, op->pc)) op->link = code;
    }
enter:
    if (base + code->worst <= chip->deadline) {
        op = code->ops;
        goto * op->handler;
    }
    chip->pc = (uint32_t)code->key;
    chip->fetch = (uint32_t)(code->key >> 32);
    chip->cycle = base;
    chip->instructions = executed;
    return;

flash_read : {
    const uint32_t parity = (uint32_t)(base + op->cycle) & 1;
    executed += op->index + 1u;
    code = op->after_flash[parity];
    if (code) {
        base += op->cycle + (uint32_t)op->flash_cycles[parity];
        goto enter;
    }
    uint32_t cycles = leave_with(chip, op, base + op->cycle, SIM_TIMING_FLASH_READ, 0);
    uint32_t generation = chip->generation;
    code = sim_code_find(chip);
    if (generation == chip->generation && chip->line == 2) {
        op->after_flash[parity] = code;
        op->flash_cycles[parity] = (uint8_t)cycles;
    }
    base = chip->cycle;
    goto enter;
}

store : {
    const uint64_t cycle = base + op->cycle, begin = cycle + op->stall;
    const uint32_t wait = store_address >> 28 == 4 ? sim_posted_wait(chip, begin) : 0;
    if (slow_store(chip, op, begin + wait, store_address, store_bytes, x[op->rs2])) goto faulted;
    if (wait) {
        leave_with(chip, op, cycle, SIM_TIMING_ACCESS, wait);
        chip->instructions = executed + op->index + 1;
        return;
    }
    if (chip->deadline != deadline) goto interrupted;
    NEXT;
}

interrupted: /* after the instruction, something wants attention */
    op++;
    chip->cycle = base + op->cycle;
    chip->instructions = executed + op->index;
    chip->pc = op->pc;
    chip->fetch = op->fetch;
    return;
before: /* the instruction ends the run and is not left */
    chip->cycle = base + op->cycle;
    chip->pc = op->pc;
    chip->fetch = op->fetch;
faulted:
    chip->instructions = executed + op->index;
}
#pragma GCC diagnostic pop
