/* SPDX-License-Identifier: MIT */
/* The RISC-V Instruction Set Manual, volume I, version 20191213: chapters 2 (RV32I), 4 (RV32E), 9 (Zicsr), 16
 * (C). */
#include "sim/decode.h"

enum { SP = 2, RA = 1 };

static uint32_t field(uint32_t bits, uint32_t low, uint32_t count) {
    return (bits >> low) & ((1u << count) - 1);
}

/* Moves a field to another place: what compressed immediates are made of. */
static uint32_t move(uint32_t bits, uint32_t low, uint32_t count, uint32_t to) {
    return field(bits, low, count) << to;
}

static int32_t extend(uint32_t value, uint32_t width) {
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

static struct sim_instruction fault(enum sim_fault_kind kind, uint8_t size) {
    return (struct sim_instruction){.operation = SIM_FAULT, .size = size, .imm = (int32_t)kind};
}

static struct sim_instruction make(enum sim_operation operation, uint32_t rd, uint32_t rs1, uint32_t rs2,
                                   int32_t imm) {
    return (struct sim_instruction){.operation = (uint8_t)operation,
                                    .size = 4,
                                    .rd = (uint8_t)rd,
                                    .rs1 = (uint8_t)rs1,
                                    .rs2 = (uint8_t)rs2,
                                    .imm = imm};
}

static struct sim_instruction illegal(void) {
    return fault(SIM_FAULT_ILLEGAL, 4);
}

static struct sim_instruction decode_op_imm(uint32_t bits) {
    uint32_t funct3 = field(bits, 12, 3), funct7 = field(bits, 25, 7);
    uint32_t rd = field(bits, 7, 5), rs1 = field(bits, 15, 5);
    if (funct3 == 1 || funct3 == 5) {
        if (funct7 != 0 && !(funct3 == 5 && funct7 == 0x20)) return illegal();
        enum sim_operation shift = funct3 == 1 ? SIM_SLLI : funct7 ? SIM_SRAI : SIM_SRLI;
        return make(shift, rd, rs1, 0, (int32_t)field(bits, 20, 5));
    }
    return make((enum sim_operation)(SIM_ADDI + funct3), rd, rs1, 0, (int32_t)bits >> 20);
}

static struct sim_instruction decode_op(uint32_t bits, enum sim_model model) {
    uint32_t funct3 = field(bits, 12, 3), funct7 = field(bits, 25, 7);
    enum sim_operation operation = (enum sim_operation)(SIM_ADD + funct3);
    if (funct7 == 0x20 && (funct3 == 0 || funct3 == 5))
        operation = funct3 ? SIM_SRA : SIM_SUB;
    else if (funct7 == 1 && funct3 < 4 && model == SIM_CH32V002)
        operation = (enum sim_operation)(SIM_MUL + funct3);
    else if (funct7)
        return illegal();
    return make(operation, field(bits, 7, 5), field(bits, 15, 5), field(bits, 20, 5), 0);
}

static struct sim_instruction decode_load(uint32_t bits) {
    static const uint8_t loads[8] = {SIM_LB, SIM_LH, SIM_LW, 0, SIM_LBU, SIM_LHU, 0, 0};
    uint32_t funct3 = field(bits, 12, 3);
    if (!loads[funct3]) return illegal();
    return make(loads[funct3], field(bits, 7, 5), field(bits, 15, 5), 0, (int32_t)bits >> 20);
}

static struct sim_instruction store(enum sim_operation operation, uint32_t rs1, uint32_t rs2, int32_t imm) {
    return make(operation == SIM_SW && rs1 == SP ? SIM_PUSH : operation, 0, rs1, rs2, imm);
}

static struct sim_instruction decode_store(uint32_t bits) {
    uint32_t funct3 = field(bits, 12, 3);
    if (funct3 > 2) return illegal();
    int32_t imm = extend(field(bits, 25, 7) << 5 | field(bits, 7, 5), 12);
    return store((enum sim_operation)(SIM_SB + funct3), field(bits, 15, 5), field(bits, 20, 5), imm);
}

static struct sim_instruction decode_branch(uint32_t bits) {
    static const uint8_t branches[8] = {SIM_BEQ, SIM_BNE, 0, 0, SIM_BLT, SIM_BGE, SIM_BLTU, SIM_BGEU};
    uint32_t funct3 = field(bits, 12, 3);
    if (!branches[funct3]) return illegal();
    uint32_t imm = move(bits, 31, 1, 12) | move(bits, 7, 1, 11) | move(bits, 25, 6, 5) | move(bits, 8, 4, 1);
    return make(branches[funct3], 0, field(bits, 15, 5), field(bits, 20, 5), extend(imm, 13));
}

static struct sim_instruction decode_jal(uint32_t bits) {
    uint32_t imm =
        move(bits, 31, 1, 20) | move(bits, 12, 8, 12) | move(bits, 20, 1, 11) | move(bits, 21, 10, 1);
    return make(SIM_JAL, field(bits, 7, 5), 0, 0, extend(imm, 21));
}

static struct sim_instruction decode_system(uint32_t bits) {
    uint32_t funct3 = field(bits, 12, 3);
    if (funct3 == 0) {
        switch (bits) {
        case 0x00000073:
            return make(SIM_ECALL, 0, 0, 0, 0);
        case 0x00100073:
            return make(SIM_EBREAK, 0, 0, 0, 0);
        case 0x30200073:
            return make(SIM_MRET, 0, 0, 0, 0);
        case 0x10500073:
            return make(SIM_WFI, 0, 0, 0, 0);
        default:
            return illegal();
        }
    }
    if (funct3 == 4) return illegal();
    struct sim_instruction csr =
        make(SIM_CSR, field(bits, 7, 5), field(bits, 15, 5), 0, (int32_t)(bits >> 20));
    csr.csr_kind = (uint8_t)funct3;
    return csr;
}

static struct sim_instruction decode_fence(uint32_t bits) {
    uint32_t funct3 = field(bits, 12, 3);
    return funct3 > 1 ? illegal() : make(funct3 ? SIM_FENCE_I : SIM_FENCE, 0, 0, 0, 0);
}

static struct sim_instruction decode_full(uint32_t bits, uint32_t pc, enum sim_model model) {
    int32_t upper = (int32_t)(bits & 0xFFFFF000u);
    uint32_t rd = field(bits, 7, 5);
    switch (field(bits, 2, 5)) {
    case 0x00:
        return decode_load(bits);
    case 0x03:
        return decode_fence(bits);
    case 0x04:
        return decode_op_imm(bits);
    case 0x05:
        return make(SIM_LUI, rd, 0, 0, (int32_t)((uint32_t)upper + pc));
    case 0x08:
        return decode_store(bits);
    case 0x0C:
        return decode_op(bits, model);
    case 0x0D:
        return make(SIM_LUI, rd, 0, 0, upper);
    case 0x18:
        return decode_branch(bits);
    case 0x19:
        if (field(bits, 12, 3)) return illegal();
        return make(SIM_JALR, rd, field(bits, 15, 5), 0, (int32_t)bits >> 20);
    case 0x1B:
        return decode_jal(bits);
    case 0x1C:
        return decode_system(bits);
    default:
        return illegal();
    }
}

/* Quadrant 0: stack addresses, loads and stores with the registers x8..x15. */
static struct sim_instruction decode_quadrant0(uint32_t c) {
    uint32_t rd = 8 + field(c, 2, 3), rs1 = 8 + field(c, 7, 3);
    uint32_t word = move(c, 5, 1, 6) | move(c, 10, 3, 3) | move(c, 6, 1, 2);
    uint32_t frame = move(c, 7, 4, 6) | move(c, 11, 2, 4) | move(c, 5, 1, 3) | move(c, 6, 1, 2);
    switch (field(c, 13, 3)) {
    case 0:
        return frame ? make(SIM_ADDI, rd, SP, 0, (int32_t)frame) : illegal();
    case 2:
        return make(SIM_LW, rd, rs1, 0, (int32_t)word);
    case 6:
        return store(SIM_SW, rs1, rd, (int32_t)word);
    default:
        return illegal();
    }
}

static struct sim_instruction decode_arithmetic(uint32_t c) {
    static const uint8_t registers[4] = {SIM_SUB, SIM_XOR, SIM_OR, SIM_AND};
    uint32_t rd = 8 + field(c, 7, 3), rs2 = 8 + field(c, 2, 3);
    uint32_t imm = move(c, 12, 1, 5) | field(c, 2, 5);
    switch (field(c, 10, 2)) {
    case 0:
        return imm > 31 ? illegal() : make(SIM_SRLI, rd, rd, 0, (int32_t)imm);
    case 1:
        return imm > 31 ? illegal() : make(SIM_SRAI, rd, rd, 0, (int32_t)imm);
    case 2:
        return make(SIM_ANDI, rd, rd, 0, extend(imm, 6));
    default:
        return field(c, 12, 1) ? illegal() : make(registers[field(c, 5, 2)], rd, rd, rs2, 0);
    }
}

static struct sim_instruction decode_c_lui(uint32_t c) {
    uint32_t rd = field(c, 7, 5);
    uint32_t imm = move(c, 12, 1, 5) | field(c, 2, 5);
    uint32_t frame =
        move(c, 12, 1, 9) | move(c, 3, 2, 7) | move(c, 5, 1, 6) | move(c, 2, 1, 5) | move(c, 6, 1, 4);
    if (!imm) return illegal();
    if (rd == SP) return make(SIM_ADDI, SP, SP, 0, extend(frame, 10));
    return make(SIM_LUI, rd, 0, 0, (int32_t)((uint32_t)extend(imm, 6) << 12));
}

static int32_t jump_offset(uint32_t c) {
    return extend(move(c, 12, 1, 11) | move(c, 8, 1, 10) | move(c, 9, 2, 8) | move(c, 6, 1, 7) |
                      move(c, 7, 1, 6) | move(c, 2, 1, 5) | move(c, 11, 1, 4) | move(c, 3, 3, 1),
                  12);
}

static int32_t branch_offset(uint32_t c) {
    return extend(
        move(c, 12, 1, 8) | move(c, 5, 2, 6) | move(c, 2, 1, 5) | move(c, 10, 2, 3) | move(c, 3, 2, 1), 9);
}

static struct sim_instruction decode_quadrant1(uint32_t c) {
    uint32_t rd = field(c, 7, 5), near = 8 + field(c, 7, 3);
    int32_t imm = extend(move(c, 12, 1, 5) | field(c, 2, 5), 6);
    switch (field(c, 13, 3)) {
    case 0:
        return make(SIM_ADDI, rd, rd, 0, imm);
    case 1:
        return make(SIM_JAL, RA, 0, 0, jump_offset(c));
    case 2:
        return make(SIM_ADDI, rd, 0, 0, imm);
    case 3:
        return decode_c_lui(c);
    case 4:
        return decode_arithmetic(c);
    case 5:
        return make(SIM_JAL, 0, 0, 0, jump_offset(c));
    case 6:
        return make(SIM_BEQ, 0, near, 0, branch_offset(c));
    default:
        return make(SIM_BNE, 0, near, 0, branch_offset(c));
    }
}

static struct sim_instruction decode_jump_or_move(uint32_t c) {
    uint32_t rd = field(c, 7, 5), rs2 = field(c, 2, 5);
    if (!field(c, 12, 1)) {
        if (rs2) return make(SIM_ADD, rd, 0, rs2, 0);
        return rd ? make(SIM_JALR, 0, rd, 0, 0) : illegal();
    }
    if (rs2) return make(SIM_ADD, rd, rd, rs2, 0);
    return rd ? make(SIM_JALR, RA, rd, 0, 0) : make(SIM_EBREAK, 0, 0, 0, 0);
}

static struct sim_instruction decode_quadrant2(uint32_t c) {
    uint32_t rd = field(c, 7, 5);
    uint32_t load = move(c, 2, 2, 6) | move(c, 12, 1, 5) | move(c, 4, 3, 2);
    uint32_t save = move(c, 7, 2, 6) | move(c, 9, 4, 2);
    switch (field(c, 13, 3)) {
    case 0:
        return field(c, 12, 1) ? illegal() : make(SIM_SLLI, rd, rd, 0, (int32_t)field(c, 2, 5));
    case 2:
        return rd ? make(SIM_LW, rd, SP, 0, (int32_t)load) : illegal();
    case 4:
        return decode_jump_or_move(c);
    case 6:
        return store(SIM_SW, SP, field(c, 2, 5), (int32_t)save);
    default:
        return illegal();
    }
}

static struct sim_instruction decode_compressed(uint32_t c) {
    switch (c & 3) {
    case 0:
        return decode_quadrant0(c);
    case 1:
        return decode_quadrant1(c);
    default:
        return decode_quadrant2(c);
    }
}

struct sim_instruction sim_decode(uint32_t bits, uint32_t pc, enum sim_model model) {
    int full = (bits & 3) == 3;
    struct sim_instruction i = full ? decode_full(bits, pc, model) : decode_compressed(bits & 0xFFFF);
    i.size = full ? 4 : 2;
    int immediate = i.operation == SIM_CSR && i.csr_kind > 4;
    if (i.rd > 15 || i.rs2 > 15 || (i.rs1 > 15 && !immediate)) return fault(SIM_FAULT_REGISTER, i.size);
    return i;
}
