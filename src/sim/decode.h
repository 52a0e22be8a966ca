/* SPDX-License-Identifier: MIT */
/* RV32EC + Zicsr (and Zmmul) decoded into one list of operations; compressed instructions become the
   operation that they abbreviate. The only place that knows encodings, and the only one that enforces RV32E.
 */
#ifndef DIME_SIM_DECODE_H
#define DIME_SIM_DECODE_H

#include <stdint.h>

#include "sim/chip.h"

/* Order matters to decode.c (funct3) and to core_execute.c (its table of handlers). */
/* clang-format off */
#define SIM_OPERATIONS(X) \
    X(ADDI) X(SLLI) X(SLTI) X(SLTIU) X(XORI) X(SRLI) X(ORI) X(ANDI) X(SRAI) X(ADD) X(SLL) X(SLT) \
    X(SLTU) X(XOR) X(SRL) X(OR) X(AND) X(SUB) X(SRA) X(MUL) X(MULH) X(MULHSU) X(MULHU) X(LUI) X(LB) \
    X(LH) X(LW) X(LBU) X(LHU) X(SB) X(SH) X(SW) X(PUSH) X(BEQ) X(BNE) X(BLT) X(BGE) X(BLTU) X(BGEU) \
    X(JAL) X(JALR) X(FENCE) X(FENCE_I) X(ECALL) X(EBREAK) X(MRET) X(WFI) X(CSR) X(FAULT) X(END)
/* clang-format on */

enum sim_operation {
#define X(name) SIM_##name,
    SIM_OPERATIONS(X)
#undef X
};

struct sim_instruction {
    uint8_t operation; /* enum sim_operation */
    uint8_t size;      /* 2 or 4 bytes */
    uint8_t rd, rs1, rs2;
    uint8_t csr_kind; /* funct3 of a CSR instruction; rs1 is then a register or an immediate */
    int32_t imm; /* SIM_LUI: the value; AUIPC too, made absolute. SIM_CSR: the CSR's number. SIM_FAULT: the
                    enum sim_fault_kind */
};

/* `bits`: the 16 bits at pc and the 16 after them. PUSH is a word store relative to sp. */
struct sim_instruction sim_decode(uint32_t bits, uint32_t pc, enum sim_model model);

#endif
