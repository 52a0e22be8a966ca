/* SPDX-License-Identifier: MIT */
/* Peripherals and core together: small programs, assembled here, that write a letter for each thing that
   happens. Skipped where the cross assembler is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "sim/chip.h"
#include "sim/peripherals.h"

#define COMPILER "riscv64-unknown-elf-gcc"

/* Vector table, set-up and the macros of every program. s1 points behind the last letter. */
static const char PRELUDE[] =
    ".macro letter c\n li a0, \\c\n sb a0, 0(s1)\n addi s1, s1, 1\n .endm\n"
    ".macro put address, value\n li a4, \\address\n li a5, \\value\n sw a5, 0(a4)\n .endm\n"
    ".equ PFIC, 0xE000E000\n"
    ".equ SYSTICK, 0xE000F000\n"
    ".equ RCC, 0x40021000\n"
    ".text\n.global _start\n_start:\n"
    ".option push\n.option norvc\n j reset\n .option pop\n"
    " .fill 11, 4, 0\n .word systick\n .word 0\n .word software\n .fill 5, 4, 0\n"
    " .word exti\n .fill 11, 4, 0\n .word usart\n .fill 8, 4, 0\n"
    " .weak systick, software, exti, usart\n"
    "reset:\n li sp, 0x20000800\n li s1, 0x20000000\n li a0, 3\n csrw mtvec, a0\n";

struct program {
    struct sim_chip *chip;
    char letters[64];
    const char *input;
    char output[64];
    size_t output_count;
};

static int has_compiler(void) {
    return system(COMPILER " --version > /dev/null 2>&1") == 0;
}

static void write_file(const char *path, const char *text) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fprintf(stream, "%s%s", PRELUDE, text) > 0);
    assert_int_equal(fclose(stream), 0);
}

/* Assembles a program and loads it. */
static void assemble(struct sim_chip *chip, const char *text) {
    char folder[] = "/tmp/dime_sim_XXXXXX", source[64], image[64], command[512];
    assert_non_null(mkdtemp(folder));
    snprintf(source, sizeof source, "%s/program.S", folder);
    snprintf(image, sizeof image, "%s/program.elf", folder);
    write_file(source, text);
    snprintf(command, sizeof command,
             COMPILER
             " -march=rv32ec_zicsr -mabi=ilp32e -nostdlib -nostartfiles -Wl,-Ttext=0,--no-warn-rwx-segments "
             "-o %s %s",
             image, source);
    int status = system(command);
    if (status == 0 && sim_chip_load_file(chip, image) != 0) {
        print_error("%s\n", dime_error_message());
        status = 1;
    }
    unlink(source);
    unlink(image);
    rmdir(folder);
    assert_int_equal(status, 0);
}

static int next_input(void *context, uint64_t cycle) {
    struct program *program = context;
    (void)cycle;
    return *program->input ? (uint8_t)*program->input++ : -1;
}

static void on_byte(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct program *program = context;
    (void)cycle, (void)channel;
    if (program->output_count < sizeof program->output - 1) {
        program->output[program->output_count++] = (char)byte;
    }
}

static int setup(void **state) {
    struct program *program = calloc(1, sizeof *program);
    assert_non_null(program);
    program->input = "";
    assert_int_equal(sim_ch32v003_create(&program->chip, NULL), 0);
    sim_chip_byte_source(program->chip, SIM_CHANNEL_UART, next_input, program);
    assert_int_equal(sim_chip_byte_listen(program->chip, on_byte, program), 0);
    *state = program;
    return 0;
}

static int teardown(void **state) {
    struct program *program = *state;
    sim_chip_free(program->chip);
    free(program);
    return 0;
}

static void load(struct program *program, const char *text) {
    if (!has_compiler()) {
        print_message(COMPILER " is not installed\n");
        skip();
    }
    assemble(program->chip, text);
    sim_chip_reset(program->chip);
}

/* Runs to the ebreak and compares the letters. */
static void run(struct program *program, const char *letters) {
    struct sim_limits limits = {.cycles = 10000000, .instructions = UINT64_MAX};
    enum sim_stop stop = sim_chip_run(program->chip, &limits);
    if (stop == SIM_STOP_FAULT) {
        char report[1024];
        sim_fault_describe(program->chip, sim_chip_fault(program->chip), report, sizeof report);
        print_error("%s\n", report);
    }
    assert_string_equal(sim_stop_name(stop), sim_stop_name(SIM_STOP_EBREAK));
    sim_chip_peek(program->chip, SIM_RAM_BASE, program->letters, sizeof program->letters - 1);
    assert_string_equal(program->letters, letters);
}

static uint64_t run_cycles(struct program *program, const char *letters) {
    run(program, letters);
    return sim_chip_now(program->chip);
}

/* ---- nesting and priorities ---------------------------------------------------------------------------- */

/* The handler of SysTick (preemption priority 1) sets the software interrupt (0) pending in its middle. */
#define NESTED_HANDLERS                                                                                      \
    "systick:\n csrr s0, mepc\n letter 'A'\n put PFIC + 0x200, 1 << 14\n nop\n nop\n letter 'C'\n csrw "     \
    "mepc, s0\n"                                                                                             \
    " mret\n"                                                                                                \
    "software:\n letter 'B'\n mret\n"
#define NESTED_MAIN                                                                                          \
    " put PFIC + 0x40C, 0x00000080\n put PFIC + 0x100, (1 << 12) | (1 << 14)\n csrsi mstatus, 8\n"           \
    " put PFIC + 0x200, 1 << 12\n nop\n nop\n nop\n letter 'D'\n ebreak\n"

static void test_nesting(void **state) {
    load(*state, " csrwi 0x804, 2\n" NESTED_MAIN NESTED_HANDLERS);
    run(*state, "ABCD");
}

static void test_no_nesting(void **state) {
    load(*state, " csrwi 0x804, 0\n" NESTED_MAIN NESTED_HANDLERS);
    run(*state, "ACBD");
}

/* Bit 7 alone preempts: of equal preemption priority the second waits, even with the smaller value. */
static void test_sub_priority_does_not_preempt(void **state) {
    load(*state, " csrwi 0x804, 2\n put PFIC + 0x40C, 0x00000040\n put PFIC + 0x100, (1 << 12) | (1 << 14)\n"
                 " csrsi mstatus, 8\n put PFIC + 0x200, 1 << 12\n nop\n nop\n nop\n letter 'D'\n "
                 "ebreak\n" NESTED_HANDLERS);
    run(*state, "ACBD");
}

#define LETTER_HANDLERS "systick:\n letter 'A'\n mret\nsoftware:\n letter 'B'\n mret\n"

static void test_priority_order(void **state) {
    load(*state,
         " put PFIC + 0x40C, 0x004000C0\n put PFIC + 0x100, (1 << 12) | (1 << 14)\n"
         " put PFIC + 0x200, (1 << 12) | (1 << 14)\n csrsi mstatus, 8\n nop\n nop\n nop\n letter 'D'\n"
         " ebreak\n" LETTER_HANDLERS);
    run(*state, "BAD");
}

static void test_equal_priority_goes_by_number(void **state) {
    load(*state, " put PFIC + 0x100, (1 << 12) | (1 << 14)\n put PFIC + 0x200, (1 << 12) | (1 << 14)\n"
                 " csrsi mstatus, 8\n nop\n nop\n nop\n letter 'D'\n ebreak\n" LETTER_HANDLERS);
    run(*state, "ABD");
}

static void test_threshold(void **state) {
    load(*state,
         " put PFIC + 0x40C, 0x00000080\n put PFIC + 0x40, 0x40\n put PFIC + 0x100, (1 << 12) | (1 << 14)\n"
         " put PFIC + 0x200, (1 << 12) | (1 << 14)\n csrsi mstatus, 8\n nop\n nop\n nop\n letter 'D'\n"
         " put PFIC + 0x40, 0\n nop\n nop\n nop\n letter 'E'\n ebreak\n" LETTER_HANDLERS);
    run(*state, "BDAE");
}

static void test_table_free(void **state) {
    load(*state, " put PFIC + 0x50, 14\n la a5, direct\n ori a5, a5, 1\n li a4, PFIC + 0x60\n sw a5, 0(a4)\n"
                 " put PFIC + 0x100, (1 << 12) | (1 << 14)\n put PFIC + 0x200, (1 << 12) | (1 << 14)\n"
                 " csrsi mstatus, 8\n nop\n nop\n nop\n letter 'D'\n ebreak\n"
                 "direct:\n letter 'V'\n mret\n" LETTER_HANDLERS);
    run(*state, "AVD");
}

/* A flag that the handler does not clear interrupts again; the status register tells what is active. */
static void test_level_stays_pending(void **state) {
    load(*state,
         " put SYSTICK + 0x10, 50\n put SYSTICK, 7\n put PFIC + 0x100, 1 << 12\n li s0, 3\n"
         " csrsi mstatus, 8\n1: bnez s0, 1b\n letter 'D'\n ebreak\n"
         "systick:\n letter 'A'\n li a4, PFIC\n lw a5, 0x4C(a4)\n andi a5, a5, 0xFF\n addi a5, a5, '0'\n"
         " sb a5, 0(s1)\n addi s1, s1, 1\n addi s0, s0, -1\n bnez s0, 2f\n put SYSTICK + 4, 0\n2: mret\n");
    run(*state, "A1A1A1D");
}

/* ---- sleeping and waking ------------------------------------------------------------------------------- */

static void test_wfi_wakes_by_systick(void **state) {
    struct program *program = *state;
    load(program,
         " put SYSTICK + 0x10, 5000\n put SYSTICK, 7\n put PFIC + 0x100, 1 << 12\n csrsi mstatus, 8\n wfi\n"
         " letter 'D'\n ebreak\nsystick:\n put SYSTICK + 4, 0\n letter 'A'\n mret\n");
    uint64_t cycles = run_cycles(program, "AD");
    assert_in_range(cycles, 5000, 5200);
    assert_in_range(sim_chip_instructions(program->chip), 20, 80); /* it slept */
}

/* wfe (WFITOWFE) wakes by an event without an interrupt: EXTI line 0 on PA0... here by its software trigger.
 */
static void test_wfe_wakes_by_event(void **state) {
    load(*state,
         " put 0x40010404, 1\n put 0x40010410, 1\n put PFIC + 0xD10, 8\n wfi\n letter 'D'\n ebreak\n");
    run(*state, "D");
}

static void push_button(struct sim_chip *chip, void *state) {
    (void)state;
    sim_chip_pin_drive(chip, SIM_PORT_D, 2, SIM_PIN_LOW);
}

static void test_exti_wakes(void **state) {
    struct program *program = *state;
    load(program,
         " put RCC + 0x18, 0x21\n put 0x40011400, 0x44444844\n put 0x4001140C, 4\n put 0x40010008, 3 << 4\n"
         " put 0x4001040C, 4\n put 0x40010400, 4\n put PFIC + 0x100, 1 << 20\n csrsi mstatus, 8\n wfi\n"
         " letter 'D'\n ebreak\nexti:\n put 0x40010414, 4\n letter 'A'\n mret\n");
    sim_chip_schedule(program->chip, 30000, 0, push_button, program);
    assert_in_range(run_cycles(program, "AD"), 30000, 30200);
}

/* ---- serial line --------------------------------------------------------------------------------------- */

static void test_usart_echo(void **state) {
    struct program *program = *state;
    program->input = "Hello.";
    load(program, " put RCC + 0x18, 0x4020\n put 0x40011400, 0x44B44444\n put 0x40013808, 69\n"
                  " put 0x4001380C, 0x202C\n put PFIC + 0x104, 1\n csrsi mstatus, 8\n"
                  "1: wfi\n lbu a0, -1(s1)\n li a1, '.'\n bne a0, a1, 1b\n"
                  "2: li a4, 0x40013800\n lw a5, 0(a4)\n andi a5, a5, 0x40\n beqz a5, 2b\n ebreak\n"
                  "usart:\n li a4, 0x40013800\n lw a5, 0(a4)\n lw a5, 4(a4)\n sw a5, 4(a4)\n sb a5, 0(s1)\n"
                  " addi s1, s1, 1\n mret\n");
    /* Asked for after a character time; six frames in, and one more out: eight of 690 cycles. */
    assert_in_range(run_cycles(program, "Hello."), 8 * 690, 8 * 690 + 300);
    assert_string_equal(program->output, "Hello.");
}

/* ---- resets -------------------------------------------------------------------------------------------- */

/* Memory stays, the cause is told, the program starts again. Letter: the cause in RSTSCKR bits 31..26, plus
 * '@'. */
#define WRITE_CAUSE " li a4, RCC\n lw a5, 0x24(a4)\n srli a5, a5, 26\n addi a5, a5, '@'\n"

static void test_watchdog_resets(void **state) {
    struct program *program = *state;
    load(program, " lbu a0, 0(s1)\n bnez a0, 1f\n" WRITE_CAUSE " sb a5, 0(s1)\n put RCC + 0x24, 1 << 24\n"
                  " put 0x40003000, 0x5555\n put 0x40003008, 31\n put 0x40003000, 0xCCCC\n0: nop\n j 0b\n"
                  "1:" WRITE_CAUSE " sb a5, 1(s1)\n ebreak\n");
    /* 32 * 4 / 128 kHz = 1 ms = 8000 cycles. From power-on: pin and power (3); then the watchdog (8). */
    assert_in_range(run_cycles(program, "CH"), 8000, 8300);
}

static void test_program_resets_itself(void **state) {
    load(*state, " lbu a0, 0(s1)\n bnez a0, 1f\n" WRITE_CAUSE " sb a5, 0(s1)\n put RCC + 0x24, 1 << 24\n"
                 " put PFIC + 0x48, 0xBEEF0080\n0: j 0b\n"
                 "1:" WRITE_CAUSE " sb a5, 1(s1)\n ebreak\n");
    run(*state, "CD"); /* software: 4 */
}

/* ---- flash --------------------------------------------------------------------------------------------- */

/* A program in flash stands still while a page is erased; what it reads afterwards is erased. */
static void test_flash_stalls_the_program(void **state) {
    struct program *program = *state;
    load(program,
         " li a4, 0x40022000\n li a5, 0x45670123\n sw a5, 4(a4)\n sw a5, 0x24(a4)\n li a5, 0xCDEF89AB\n"
         " sw a5, 4(a4)\n sw a5, 0x24(a4)\n put 0x40022010, 0x20000\n put 0x40022014, 0x08003000\n"
         " put SYSTICK, 5\n put 0x40022010, 0x20040\n li a4, SYSTICK\n lw a2, 8(a4)\n letter 'D'\n ebreak\n"
         " .org 0x3000\n .word 0x12345678\n");
    run(program, "D");
    assert_in_range(sim_chip_register(program->chip, 12), 24000, 24100); /* 3 ms at 8 MHz */
    uint32_t word = 0;
    assert_int_equal(sim_chip_peek(program->chip, 0x3000, &word, 4), 4);
    assert_int_equal(word, 0xFFFFFFFF);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nesting),
        TEST(test_no_nesting),
        TEST(test_sub_priority_does_not_preempt),
        TEST(test_priority_order),
        TEST(test_equal_priority_goes_by_number),
        TEST(test_threshold),
        TEST(test_table_free),
        TEST(test_level_stays_pending),
        TEST(test_wfi_wakes_by_systick),
        TEST(test_wfe_wakes_by_event),
        TEST(test_exti_wakes),
        TEST(test_usart_echo),
        TEST(test_watchdog_resets),
        TEST(test_program_resets_itself),
        TEST(test_flash_stalls_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
