/* SPDX-License-Identifier: MIT */
/* Decoded code: found by (pc, fetch queue state), made when it is first needed, dropped as a whole when code
   memory changes. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/core.h"

int sim_code_create(struct sim_chip *chip) {
    chip->ops = malloc(sizeof *chip->ops * SIM_OPS_MOST);
    chip->blocks = malloc(sizeof *chip->blocks * SIM_CODES_MOST);
    chip->hash = calloc(SIM_HASH_SLOTS, sizeof(struct sim_code *));
    if (!chip->ops || !chip->blocks || !chip->hash)
        return dime_error_set(DIME_ERROR_MEMORY, "not enough memory for the simulated chip");
    sim_execute(chip, NULL);
    return DIME_OK;
}

void sim_code_free(struct sim_chip *chip) {
    free(chip->ops);
    free(chip->blocks);
    free(chip->hash);
}

void sim_code_flush(struct sim_chip *chip) {
    memset(chip->hash, 0, SIM_HASH_SLOTS * sizeof(struct sim_code *));
    memset(chip->ram_code, 0, sizeof chip->ram_code);
    chip->op_count = chip->block_count = 0;
    chip->generation++;
    chip->deadline = 0;
}

static uint64_t key_of(const struct sim_chip *chip) {
    return (uint64_t)chip->fetch << 32 | chip->pc;
}

static uint32_t slot_of(uint64_t key) {
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 50) % SIM_HASH_SLOTS;
}

enum sim_timing_class sim_timing_of(enum sim_operation operation) {
    if (operation >= SIM_LB && operation <= SIM_PUSH) return SIM_TIMING_ACCESS;
    if (operation == SIM_JAL || operation == SIM_JALR || operation == SIM_MRET) return SIM_TIMING_REDIRECT;
    return SIM_TIMING_PLAIN;
}

/* 16 or 32 bits at pc; 0 (an illegal instruction) with *mapped 0 where there is no memory. */
static uint32_t fetch_bits(const struct sim_chip *chip, uint32_t pc, int *mapped) {
    uint32_t left, line;
    const uint8_t *code = sim_code_at(chip, pc, &left, &line);
    *mapped = code && left >= 2;
    if (!*mapped) return 0;
    uint32_t bits = (uint32_t)code[0] | (uint32_t)code[1] << 8;
    if ((bits & 3) != 3) return bits;
    *mapped = left >= 4;
    return *mapped ? bits | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24 : 0;
}

static void mark_decoded(struct sim_chip *chip, uint32_t pc, uint32_t size) {
    if (pc - SIM_RAM_BASE >= chip->ram_bytes) return;
    for (uint32_t at = pc & ~3u; at < pc + size; at += 4)
        if (at - SIM_RAM_BASE < chip->ram_bytes) chip->ram_code[(at - SIM_RAM_BASE) / 4] = 1;
}

static uint8_t target_register(uint8_t rd) {
    return rd ? rd : SIM_NOWHERE;
}

static struct sim_op *append(struct sim_chip *chip, struct sim_code *block, uint32_t pc,
                             const struct sim_instruction *in) {
    struct sim_op *op = &block->ops[block->count];
    *op = (struct sim_op){.handler = chip->handlers[in->operation],
                          .imm = in->imm,
                          .pc = pc,
                          .index = (uint8_t)block->count,
                          .operation = in->operation,
                          .rd = target_register(in->rd),
                          .rs1 = in->rs1,
                          .rs2 = in->rs2,
                          .size = in->size,
                          .csr_kind = in->csr_kind};
    block->count++;
    return op;
}

static int is_branch(uint8_t operation) {
    return operation >= SIM_BEQ && operation <= SIM_BGEU;
}

static int ends_block(uint8_t operation) {
    return operation >= SIM_JAL && operation != SIM_FENCE;
}

/* Decodes one instruction and moves `fetch` and *cycle past it. */
static struct sim_op *decode_next(struct sim_chip *chip, struct sim_code *block, uint32_t pc,
                                  struct sim_fetch *fetch, uint32_t *cycle) {
    int mapped;
    uint32_t bits = fetch_bits(chip, pc, &mapped);
    struct sim_instruction in = sim_decode(bits, pc, chip->options.model);
    if (!mapped)
        in = (struct sim_instruction){.operation = SIM_FAULT, .size = 2, .imm = SIM_FAULT_FETCH_UNMAPPED};
    struct sim_op *op = append(chip, block, pc, &in);
    op->bits = bits;
    op->cycle = (uint16_t)*cycle;
    op->fetch = (uint16_t)sim_fetch_pack(fetch);
    if (mapped) mark_decoded(chip, pc, in.size);
    struct sim_fetch jumped = *fetch;
    op->taken = (uint16_t)(*cycle + sim_fetch_execute(&jumped, pc, in.size, SIM_TIMING_REDIRECT, 0, 1));
    op->hold = jumped.hold;
    op->stall = (uint8_t)(op->taken - *cycle - 1);
    enum sim_timing_class timing = sim_timing_of(in.operation);
    *cycle += sim_fetch_execute(fetch, pc, in.size, timing, 0, 1);
    if (is_branch(in.operation)) op->imm += (int32_t)pc;
    if (in.operation == SIM_JAL) op->imm += (int32_t)pc;
    return op;
}

static void close_block(struct sim_chip *chip, struct sim_code *block, uint32_t pc,
                        const struct sim_fetch *fetch, uint32_t cycle) {
    const struct sim_instruction end = {.operation = SIM_END};
    struct sim_op *op = append(chip, block, pc, &end);
    op->cycle = (uint16_t)cycle;
    op->fetch = (uint16_t)sim_fetch_pack(fetch);
    block->worst = cycle + SIM_CODE_SLACK;
    chip->op_count += block->count;
}

static void decode_block(struct sim_chip *chip, struct sim_code *block) {
    uint32_t left, line = 1, pc = chip->pc, cycle = 0;
    sim_code_at(chip, pc, &left, &line);
    struct sim_fetch fetch = sim_fetch_unpack(chip->fetch, line);
    for (;;) {
        struct sim_op *op = decode_next(chip, block, pc, &fetch, &cycle);
        pc += op->size;
        if (ends_block(op->operation) || block->count == SIM_CODE_MOST - 1) break;
    }
    close_block(chip, block, pc, &fetch, cycle);
}

struct sim_code *sim_code_find(struct sim_chip *chip) {
    uint64_t key = key_of(chip);
    uint32_t slot = slot_of(key);
    for (; chip->hash[slot]; slot = (slot + 1) % SIM_HASH_SLOTS)
        if (chip->hash[slot]->key == key) return chip->hash[slot];
    if (chip->block_count == SIM_CODES_MOST || chip->op_count + SIM_CODE_MOST > SIM_OPS_MOST) {
        sim_code_flush(chip);
        slot = slot_of(key);
    }
    struct sim_code *block = &chip->blocks[chip->block_count++];
    *block = (struct sim_code){.key = key, .ops = &chip->ops[chip->op_count]};
    decode_block(chip, block);
    chip->hash[slot] = block;
    return block;
}
