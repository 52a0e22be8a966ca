/* SPDX-License-Identifier: MIT */
/* The core's faults, traps, ends, events and code that changes under it; ELF files that are not what they
 * say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "sim/chip.h"
#include "sim/display.h"
#include "sim/elf.h"
#include "sim/trace.h"

enum { PC = 32, A0 = 10, A1 = 11, SP = 2, CODE = SIM_FLASH_BASE, EBREAK = 0x00100073 };

static struct sim_chip *make_chip(enum sim_model model, enum sim_fault_policy faults) {
    const struct sim_options options = {model, faults};
    struct sim_chip *chip;
    assert_int_equal(sim_core_create(&chip, &options), DIME_OK);
    return chip;
}

static void put_words(struct sim_chip *chip, uint32_t address, const uint32_t *words, size_t count) {
    assert_int_equal(sim_chip_poke(chip, address, words, 4 * count), 4 * count);
}

static enum sim_stop run_for(struct sim_chip *chip, uint64_t cycles) {
    const struct sim_limits limits = {sim_chip_now(chip) + cycles, UINT64_MAX};
    return sim_chip_run(chip, &limits);
}

/* ---- faults -------------------------------------------------------------------------------------------- */

static void test_each_fault_is_named(void **state) {
    (void)state;
    static const struct {
        uint32_t word, a1;
        enum sim_fault_kind kind;
        uint32_t address;
    } cases[] = {
        {0x00000000, 0, SIM_FAULT_ILLEGAL, 0},
        {0xFFFFFFFF, 0, SIM_FAULT_ILLEGAL, 0},
        {0x02B50533, 0, SIM_FAULT_ILLEGAL, 0},           /* mul a0,a0,a1 */
        {0x00A5F553, 0, SIM_FAULT_ILLEGAL, 0},           /* fadd.s */
        {0x00002000, 0, SIM_FAULT_ILLEGAL, 0},           /* c.fld, WCH's c.lbu */
        {0x00001002 | 1 << 12, 0, SIM_FAULT_ILLEGAL, 0}, /* c.slli with shamt[5] */
        {0x00100813, 0, SIM_FAULT_REGISTER, 0},          /* li a6,1 */
        {0x01050533, 0, SIM_FAULT_REGISTER, 0},          /* add a0,a0,a6 */
        {0x00004805, 0, SIM_FAULT_REGISTER, 0},          /* c.li a6,1 */
        {0x00000073, 0, SIM_FAULT_ECALL, 0},
        {0xC0002573, 0, SIM_FAULT_CSR, 0}, /* rdcycle a0 */
        {0x30151073, 0, SIM_FAULT_CSR, 0}, /* csrw misa,a0 */
        {0x0005A503, 0x20000002, SIM_FAULT_LOAD_MISALIGNED, 0x20000002},
        {0x00059503, 0x20000001, SIM_FAULT_LOAD_MISALIGNED, 0x20000001},
        {0x0005A503, 0x20000800, SIM_FAULT_LOAD_UNMAPPED, 0x20000800},
        {0x0005A503, 0x08004000, SIM_FAULT_LOAD_UNMAPPED, 0x08004000},
        {0x00A5A023, 0x20000001, SIM_FAULT_STORE_MISALIGNED, 0x20000001},
        {0x00A5A023, 0x60000000, SIM_FAULT_STORE_UNMAPPED, 0x60000000},
        {0x00A5A023, 0x08001000, SIM_FAULT_STORE_FLASH, 0x08001000},
        {0x00A58023, 0x00000010, SIM_FAULT_STORE_FLASH, 0x00000010},
        {0x00058067, 0x40000000, SIM_FAULT_FETCH_UNMAPPED, 0x40000000},
    };
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        put_words(chip, CODE, &cases[i].word, 1);
        sim_chip_reset(chip);
        sim_chip_set_register(chip, A1, cases[i].a1);
        assert_int_equal(run_for(chip, 100), SIM_STOP_FAULT);
        const struct sim_fault *fault = sim_chip_fault(chip);
        if (fault->kind != cases[i].kind) fail_msg("case %zu: %s", i, sim_fault_name(fault->kind));
        assert_int_equal(fault->address, cases[i].address);
        if (fault->kind != SIM_FAULT_FETCH_UNMAPPED) assert_int_equal(fault->pc, 0);
        sim_fault_describe(chip, fault, text, sizeof text);
        assert_non_null(strstr(text, sim_fault_name(fault->kind)));
        assert_int_equal(sim_chip_instructions(chip), fault->kind == SIM_FAULT_FETCH_UNMAPPED);
    }
    sim_chip_free(chip);
}

static void test_describing_a_fault_respects_the_buffer(void **state) {
    (void)state;
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    struct sim_fault fault = {.kind = SIM_FAULT_REGISTER, .frame_count = SIM_BACKTRACE_MOST, .address = 4};
    for (size_t size = 1; size < 200; size++) {
        char text[256];
        memset(text, 'x', sizeof text);
        sim_fault_describe(chip, &fault, text, size);
        assert_true(strlen(text) < size);
        assert_int_equal(text[size], 'x');
    }
    sim_chip_free(chip);
}

static void test_multiplier_is_the_v002s(void **state) {
    (void)state;
    const uint32_t code[] = {0x02B50533, EBREAK};
    struct sim_chip *chip = make_chip(SIM_CH32V002, SIM_FAULT_STOP);
    put_words(chip, CODE, code, 2);
    sim_chip_reset(chip);
    sim_chip_set_register(chip, A0, 0x10001);
    sim_chip_set_register(chip, A1, 0x10003);
    assert_int_equal(run_for(chip, 100), SIM_STOP_EBREAK);
    assert_int_equal(sim_chip_register(chip, A0), 0x40003);
    uint32_t word;
    assert_int_equal(sim_chip_peek(chip, SIM_RAM_BASE + 0xFFC, &word, 4), 4);
    assert_int_equal(sim_chip_peek(chip, SIM_RAM_BASE + 0x1000, &word, 4), 0);
    sim_chip_free(chip);
}

static void test_trap_enters_the_hard_fault_handler(void **state) {
    (void)state;
    /* mtvec = 0x400 | 3; at 0x40C the address 0x500; there: csrr a0,mcause; csrr a1,mepc; ebreak */
    const uint32_t code[] = {0x40300293, 0x30529073, 0x0005A503};
    const uint32_t handler = 0x500, routine[] = {0x34202573, 0x341025F3, EBREAK};
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_TRAP);
    put_words(chip, CODE, code, 3);
    put_words(chip, CODE + 0x40C, &handler, 1);
    put_words(chip, CODE + 0x500, routine, 3);
    sim_chip_reset(chip);
    sim_chip_set_register(chip, A1, 0x20000003);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_EBREAK);
    assert_int_equal(sim_chip_register(chip, A0), 4);
    assert_int_equal(sim_chip_register(chip, A1), 8);
    sim_chip_free(chip);
}

/* ---- interrupts ---------------------------------------------------------------------------------------- */

struct controller {
    int pending, entered, left;
};

static int controller_pending(struct sim_chip *chip, void *state) {
    (void)chip;
    const struct controller *controller = state;
    return controller->pending ? 12 : -1;
}

static int controller_enter(struct sim_chip *chip, void *state, uint32_t line, uint32_t *handler) {
    (void)chip, (void)handler;
    struct controller *controller = state;
    assert_int_equal(line, 12);
    controller->pending = 0;
    controller->entered++;
    return 0;
}

static void controller_leave(struct sim_chip *chip, void *state) {
    (void)chip;
    ((struct controller *)state)->left++;
}

static void ring(struct sim_chip *chip, void *state) {
    ((struct controller *)state)->pending = 1;
    sim_chip_interrupt_changed(chip);
}

static void test_interrupt_at_its_cycle(void **state) {
    (void)state;
    /* csrsi mstatus,8; nop...; j . (with interrupts on it is no end). Handler at 0x500: addi a0,a0,1; mret */
    const uint32_t code[] = {0x30046073, 0x00000013, 0x00000013, 0x0000006F};
    const uint32_t table = 0x500, handler[] = {0x00150513, 0x30200073};
    struct controller controller = {0};
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    const struct sim_interrupts interrupts = {.state = &controller,
                                              .pending = controller_pending,
                                              .enter = controller_enter,
                                              .leave = controller_leave};
    put_words(chip, CODE, code, 4);
    put_words(chip, CODE + 0x400 + 12 * 4, &table, 1);
    put_words(chip, CODE + 0x500, handler, 2);
    sim_chip_set_interrupts(chip, &interrupts);
    sim_chip_reset(chip);
    const uint32_t set_mtvec[] = {0x40300293, 0x30529073, 0x0000006F | 0x7F0 << 20};
    put_words(chip, CODE + 0x600, set_mtvec, 2);
    const uint32_t back = 0x00000067; /* jr zero */
    put_words(chip, CODE + 0x608, &back, 1);
    sim_chip_set_register(chip, PC, 0x600);
    sim_chip_schedule(chip, 1000, 0, ring, &controller);
    assert_int_equal(run_for(chip, 999), SIM_STOP_CYCLES);
    assert_int_equal(controller.entered, 0);
    assert_int_equal(run_for(chip, 100), SIM_STOP_CYCLES);
    assert_int_equal(controller.entered, 1);
    assert_int_equal(controller.left, 1);
    assert_int_equal(sim_chip_register(chip, A0), 1);
    assert_int_equal(sim_chip_register(chip, PC), 12);
    sim_chip_free(chip);
}

static void count_event(struct sim_chip *chip, void *state) {
    (void)chip;
    ++*(int *)state;
}

static void test_events_in_order_and_cancelled(void **state) {
    (void)state;
    const uint32_t code[] = {0x0000006F};
    int first = 0, second = 0;
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    put_words(chip, CODE, code, 1);
    sim_chip_reset(chip);
    sim_chip_schedule(chip, 50, 1, count_event, &first);
    sim_chip_schedule(chip, 40, 1, count_event, &second);
    sim_chip_schedule(chip, UINT64_MAX, 1, count_event, &second);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_LOOP); /* at once: interrupts are off */
    assert_int_equal(first, 0);
    const uint32_t nops[] = {0x00000013, 0x00000013, 0x00000013, 0xFF5FF06F}; /* and a jump back */
    put_words(chip, CODE, nops, 4);
    sim_chip_set_register(chip, PC, 0);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_CYCLES);
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    sim_chip_free(chip);
}

/* ---- ends ---------------------------------------------------------------------------------------------- */

static void test_ends(void **state) {
    (void)state;
    static const struct {
        uint32_t word;
        enum sim_stop stop;
    } cases[] = {{EBREAK, SIM_STOP_EBREAK},
                 {0x9002, SIM_STOP_EBREAK},
                 {0x0000006F, SIM_STOP_LOOP},
                 {0xA001, SIM_STOP_LOOP},
                 {0x10500073, SIM_STOP_SLEEP}};
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_words(chip, CODE, &cases[i].word, 1);
        sim_chip_reset(chip);
        assert_int_equal(run_for(chip, 1000), cases[i].stop);
    }
    sim_chip_free(chip);
}

/* A program in SRAM that overwrites an instruction ahead of it, and one behind it that it comes back to. */
static void test_code_that_changes(void **state) {
    (void)state;
    /* 0: sw a1,12(a2); 4: nop; 8: nop; 12: addi a0,a0,1 (becomes addi a0,a0,16); 16: ebreak */
    const uint32_t code[] = {0x00B62623, 0x00000013, 0x00000013, 0x00150513, EBREAK};
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    put_words(chip, SIM_RAM_BASE, code, 5);
    sim_chip_reset(chip);
    for (int pass = 0; pass < 2; pass++) {
        sim_chip_set_register(chip, A1, 0x01050513);
        sim_chip_set_register(chip, 12, SIM_RAM_BASE);
        sim_chip_set_register(chip, A0, 0);
        sim_chip_set_register(chip, PC, SIM_RAM_BASE);
        assert_int_equal(run_for(chip, 1000), SIM_STOP_EBREAK);
        assert_int_equal(sim_chip_register(chip, A0), 16);
    }
    sim_chip_free(chip);
}

static void test_breakpoint_and_watchpoint(void **state) {
    (void)state;
    /* sw a0,0(a1); lw a0,0(a1); ebreak */
    const uint32_t code[] = {0x00A5A023, 0x0005A503, 0x00000013, EBREAK};
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    enum sim_watch kind;
    put_words(chip, CODE, code, 4);
    sim_chip_reset(chip);
    sim_chip_set_register(chip, A1, SIM_RAM_BASE + 16);
    assert_int_equal(sim_chip_break_add(chip, CODE + 8), DIME_OK); /* runs at its alias, 8 */
    assert_int_equal(sim_chip_watch_add(chip, SIM_WATCH_READ, SIM_RAM_BASE + 18, 1), DIME_OK);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_WATCHPOINT);
    assert_int_equal(sim_chip_register(chip, PC), 8);
    assert_int_equal(sim_chip_watch_hit(chip, &kind), SIM_RAM_BASE + 16);
    assert_int_equal(kind, SIM_WATCH_READ);
    sim_chip_set_register(chip, PC, 0);
    sim_chip_watch_remove(chip, SIM_WATCH_READ, SIM_RAM_BASE + 18, 1);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_BREAKPOINT);
    assert_int_equal(sim_chip_register(chip, PC), 8);
    assert_int_equal(sim_chip_step(chip), SIM_STOP_REQUEST);
    sim_chip_break_remove(chip, CODE + 8);
    assert_int_equal(run_for(chip, 1000), SIM_STOP_EBREAK);
    sim_chip_free(chip);
}

/* ---- ELF ----------------------------------------------------------------------------------------------- */

enum { ELF_BYTES = 52 + 32 + 3 * 40 + 2 * 16 + 16 + 8 };

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value);
    put16(at + 2, value >> 16);
}

/* One segment of 8 bytes at 0 and one symbol, "_end", in SRAM: sw ra,0(sp); ebreak. */
static void make_elf(uint8_t elf[ELF_BYTES]) {
    uint8_t *segment = elf + 52, *sections = segment + 32, *symbols = sections + 120, *names = symbols + 32;
    uint8_t *code = names + 16;
    memset(elf, 0, ELF_BYTES);
    memcpy(elf, "\177ELF\1\1\1", 7);
    put16(elf + 16, 2);
    put16(elf + 18, 243);
    put32(elf + 28, 52);
    put32(elf + 32, 84);
    put32(elf + 36, 9); /* RVC, RVE */
    put16(elf + 42, 32);
    put16(elf + 44, 1);
    put16(elf + 46, 40);
    put16(elf + 48, 3);
    put32(segment, 1);
    put32(segment + 4, (uint32_t)(code - elf));
    put32(segment + 16, 8);
    put32(sections + 40 + 4, 2);
    put32(sections + 40 + 16, (uint32_t)(symbols - elf));
    put32(sections + 40 + 20, 32);
    put32(sections + 40 + 24, 2);
    put32(sections + 80 + 4, 3);
    put32(sections + 80 + 16, (uint32_t)(names - elf));
    put32(sections + 80 + 20, 16);
    put32(symbols + 16, 1);
    put32(symbols + 20, SIM_RAM_BASE + 0x100);
    put16(symbols + 30, 1);
    memcpy(names + 1, "_end", 4);
    put32(code, 0x00112023);
    put32(code + 4, EBREAK);
}

static void test_stack_into_data(void **state) {
    (void)state;
    uint8_t elf[ELF_BYTES];
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    make_elf(elf);
    assert_int_equal(sim_chip_load_elf(chip, "stack.elf", elf, sizeof elf), DIME_OK);
    sim_chip_reset(chip);
    sim_chip_set_register(chip, SP, SIM_RAM_BASE + 0x100);
    assert_int_equal(run_for(chip, 100), SIM_STOP_EBREAK);
    assert_int_equal(sim_chip_stack_lowest(chip), SIM_RAM_BASE + 0x100);
    sim_chip_reset(chip);
    sim_chip_set_register(chip, SP, SIM_RAM_BASE + 0xFC);
    assert_int_equal(run_for(chip, 100), SIM_STOP_FAULT);
    assert_int_equal(sim_chip_fault(chip)->kind, SIM_FAULT_STACK);
    sim_chip_free(chip);
}

static void expect_refused(struct sim_chip *chip, const uint8_t *elf, size_t size, int error,
                           const char *says) {
    uint8_t *copy = malloc(size + 1); /* its own end, for the sanitizers */
    assert_non_null(copy);
    memcpy(copy, elf, size);
    assert_int_equal(sim_chip_load_elf(chip, "bad.elf", copy, size), error);
    if (!strstr(dime_error_message(), says)) fail_msg("%s", dime_error_message());
    free(copy);
}

static void test_elf_refused(void **state) {
    (void)state;
    uint8_t elf[ELF_BYTES], bad[ELF_BYTES];
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    make_elf(elf);
#define REFUSED(change, error, says)                                                                         \
    do {                                                                                                     \
        memcpy(bad, elf, sizeof bad);                                                                        \
        change;                                                                                              \
        expect_refused(chip, bad, sizeof bad, error, says);                                                  \
    } while (0)
    REFUSED(bad[0] = 0, DIME_ERROR_MALFORMED, "letters ELF");
    REFUSED(bad[4] = 2, DIME_ERROR_UNSUPPORTED, "another machine");
    REFUSED(put16(bad + 18, 62), DIME_ERROR_UNSUPPORTED, "machine 62");
    REFUSED(put16(bad + 16, 1), DIME_ERROR_UNSUPPORTED, "link the objects");
    REFUSED(put32(bad + 36, 1), DIME_ERROR_UNSUPPORTED, "32 registers");
    REFUSED(put32(bad + 52 + 16, 9), DIME_ERROR_MALFORMED, "reaches beyond");
    REFUSED(put32(bad + 52 + 12, 0x60000000), DIME_ERROR_MALFORMED, "do not fit");
    REFUSED(put32(bad + 52 + 12, 0x3FFC), DIME_ERROR_MALFORMED, "do not fit");
    REFUSED(put32(bad + 52, 7), DIME_ERROR_MALFORMED, "nothing in it");
    REFUSED(put32(bad + 28, 0xFFFFFFF0), DIME_ERROR_MALFORMED, "program headers");
    REFUSED(put16(bad + 42, 8), DIME_ERROR_MALFORMED, "too small");
    REFUSED(put32(bad + 84 + 40 + 20, 0xFFFFFFF0), DIME_ERROR_MALFORMED, "symbols lie");
    REFUSED(put32(bad + 84 + 40 + 24, 3), DIME_ERROR_MALFORMED, "no names");
#undef REFUSED
    for (size_t size = 0; size < sizeof elf; size++)
        expect_refused(chip, elf, size, DIME_ERROR_MALFORMED, "bad.elf");
    sim_chip_free(chip);
}

/* ---- display and trace --------------------------------------------------------------------------------- */

static void test_display_shows_what_stays(void **state) {
    (void)state;
    static const uint8_t seven = 0x07;
    struct sim_chip *chip = make_chip(SIM_CH32V003, SIM_FAULT_STOP);
    struct sim_display display;
    const uint32_t nops[] = {0x00000013, 0x00000013, 0x00000013, 0xFF5FF06F};
    put_words(chip, CODE, nops, 4);
    sim_display_attach(&display, chip, 100);
    sim_chip_reset(chip);
    for (uint32_t pin = 0; pin < 7; pin++) sim_chip_pin_output(chip, 1, pin, !(seven >> pin & 1));
    run_for(chip, 200);
    for (uint32_t pin = 0; pin < 7; pin++) sim_chip_pin_output(chip, 1, pin, 1);
    run_for(chip, 200);
    sim_chip_pin_output(chip, 1, 1, 0);
    sim_chip_pin_output(chip, 1, 2, 0);
    sim_display_finish(&display, sim_chip_now(chip));
    assert_int_equal(display.count, 2);
    assert_int_equal(sim_display_digit(display.shown[0]), 7);
    assert_int_equal(sim_display_digit(display.shown[1]), 1);
    assert_int_equal(sim_display_digit(0x41), -1);
    char row[SIM_DISPLAY_COLUMNS + 1];
    sim_display_row(0x7F, 1, row);
    assert_string_equal(row, "|_|");
    sim_display_free(&display);
    sim_chip_free(chip);
}

static void test_disassembly(void **state) {
    (void)state;
    static const struct {
        uint32_t bits;
        const char *text;
    } cases[] = {
        {0x00150513, "addi a0,a0,1"},        {0x4501, "addi a0,zero,0"},  {0xFEC42783, "lw a5,-20(s0)"},
        {0x00A5A023, "sw a0,0(a1)"},         {0xC606, "sw ra,12(sp)"},    {0xFF5FF06F, "jal zero,0xf4"},
        {0x30046073, "csrrsi zero,0x300,8"}, {0x8082, "jalr zero,0(ra)"}, {0xFFFFFFFF, "(illegal)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        assert_string_equal(sim_disassemble(cases[i].bits, 0x100, SIM_CH32V003, text, sizeof text),
                            cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_is_named),
        cmocka_unit_test(test_describing_a_fault_respects_the_buffer),
        cmocka_unit_test(test_multiplier_is_the_v002s),
        cmocka_unit_test(test_trap_enters_the_hard_fault_handler),
        cmocka_unit_test(test_interrupt_at_its_cycle),
        cmocka_unit_test(test_events_in_order_and_cancelled),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_code_that_changes),
        cmocka_unit_test(test_breakpoint_and_watchpoint),
        cmocka_unit_test(test_stack_into_data),
        cmocka_unit_test(test_elf_refused),
        cmocka_unit_test(test_display_shows_what_stays),
        cmocka_unit_test(test_disassembly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
