/* SPDX-License-Identifier: MIT */
#include "sim/trace.h"

#include "sim/decode.h"
#include "sim/symbols.h"

static const char *const register_names[16] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2",
                                               "s0",   "s1", "a0", "a1", "a2", "a3", "a4", "a5"};
static const char *const mnemonics[] = {
    "addi", "slli",   "slti",    "sltiu", "xori",   "srli", "ori", "andi", "srai",      "add",
    "sll",  "slt",    "sltu",    "xor",   "srl",    "or",   "and", "sub",  "sra",       "mul",
    "mulh", "mulhsu", "mulhu",   "lui",   "lb",     "lh",   "lw",  "lbu",  "lhu",       "sb",
    "sh",   "sw",     "sw",      "beq",   "bne",    "blt",  "bge", "bltu", "bgeu",      "jal",
    "jalr", "fence",  "fence.i", "ecall", "ebreak", "mret", "wfi", "csr",  "(illegal)", "(end)"};
_Static_assert(sizeof mnemonics / sizeof *mnemonics == SIM_END + 1, "a mnemonic for each operation");

static const char *csr_mnemonic(uint8_t kind) {
    static const char *const names[8] = {"", "csrrw", "csrrs", "csrrc", "", "csrrwi", "csrrsi", "csrrci"};
    return names[kind & 7];
}

static void format(const struct sim_instruction *i, uint32_t pc, char *text, size_t size) {
    const char *name = mnemonics[i->operation], *rd = register_names[i->rd & 15];
    const char *rs1 = register_names[i->rs1 & 15], *rs2 = register_names[i->rs2 & 15];
    if (i->operation <= SIM_SRAI)
        snprintf(text, size, "%s %s,%s,%d", name, rd, rs1, i->imm);
    else if (i->operation < SIM_LUI)
        snprintf(text, size, "%s %s,%s,%s", name, rd, rs1, rs2);
    else if (i->operation == SIM_LUI)
        snprintf(text, size, "li %s,0x%x", rd, (uint32_t)i->imm);
    else if (i->operation <= SIM_LHU || i->operation == SIM_JALR)
        snprintf(text, size, "%s %s,%d(%s)", name, rd, i->imm, rs1);
    else if (i->operation <= SIM_PUSH)
        snprintf(text, size, "%s %s,%d(%s)", name, rs2, i->imm, rs1);
    else if (i->operation <= SIM_BGEU)
        snprintf(text, size, "%s %s,%s,0x%x", name, rs1, rs2, pc + (uint32_t)i->imm);
    else if (i->operation == SIM_JAL)
        snprintf(text, size, "%s %s,0x%x", name, rd, pc + (uint32_t)i->imm);
    else if (i->operation == SIM_CSR && i->csr_kind > 4)
        snprintf(text, size, "%s %s,0x%x,%u", csr_mnemonic(i->csr_kind), rd, (uint32_t)i->imm, i->rs1);
    else if (i->operation == SIM_CSR)
        snprintf(text, size, "%s %s,0x%x,%s", csr_mnemonic(i->csr_kind), rd, (uint32_t)i->imm, rs1);
    else
        snprintf(text, size, "%s", name);
}

const char *sim_disassemble(uint32_t bits, uint32_t pc, enum sim_model model, char *text, size_t size) {
    struct sim_instruction instruction = sim_decode(bits, pc, model);
    format(&instruction, pc, text, size);
    return text;
}

void sim_trace_before(struct sim_trace *trace, struct sim_chip *chip) {
    trace->cycle = sim_chip_now(chip);
    for (uint32_t i = 1; i < 16; i++) trace->registers[i] = sim_chip_register(chip, i);
}

void sim_trace_after(struct sim_trace *trace, struct sim_chip *chip, uint32_t pc, uint32_t instruction) {
    char where[64], text[64];
    fprintf(trace->stream, "%10llu %08x %-28s %0*x%s  %-28s", (unsigned long long)trace->cycle, pc,
            sim_symbols_describe(sim_chip_symbols(chip), pc, where, sizeof where),
            (instruction & 3) == 3 ? 8 : 4, instruction, (instruction & 3) == 3 ? "" : "    ",
            sim_disassemble(instruction, pc, sim_chip_model(chip), text, sizeof text));
    for (uint32_t i = 1; i < 16; i++)
        if (sim_chip_register(chip, i) != trace->registers[i])
            fprintf(trace->stream, " %s=%08x", register_names[i], sim_chip_register(chip, i));
    fputc('\n', trace->stream);
}

void sim_trace_interrupt(struct sim_trace *trace, struct sim_chip *chip, uint32_t line) {
    char where[64];
    fprintf(trace->stream, "%10llu %08x interrupt %u enters %s\n", (unsigned long long)sim_chip_now(chip),
            sim_chip_register(chip, 32), line,
            sim_symbols_describe(sim_chip_symbols(chip), sim_chip_register(chip, 32), where, sizeof where));
}
