/* SPDX-License-Identifier: MIT */
/* The worst-case stack and the space table, from what the tools of the cross compiler print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "firmware/listing.h"
#include "firmware/space.h"
#include "firmware/stack.h"
#include "firmware/tool.h"

#define RESET                                                                                                \
    "00000010 <reset_handler>:\n"                                                                            \
    "  10:\tauipc\tgp,0x20000\n"                                                                             \
    "  14:\tmv\tsp,gp\n"                                                                                     \
    "  18:\tjal\t20 <main>\n"                                                                                \
    "  1c:\tj\t1c <reset_handler+0xc>\n"                                                                     \
    "\n"

static void parse(const char *text, struct dime_listing *listing) {
    if (dime_listing_parse(text, listing)) fail_msg("%s", dime_error_message());
}

/* Measures from reset_handler at 0x10. */
static int measure(const char *text, const struct dime_stack_entries *entries,
                   struct dime_stack_depth *depth) {
    struct dime_listing listing;
    parse(text, &listing);
    int code = dime_stack_measure(&listing, entries, depth);
    dime_listing_free(&listing);
    return code;
}

static uint32_t measure_plain(const char *text) {
    struct dime_stack_entries entries = {.reset = 0x10};
    struct dime_stack_depth depth;
    if (measure(text, &entries, &depth)) fail_msg("%s", dime_error_message());
    return depth.bytes;
}

static void refuse(const char *text, const char *word) {
    struct dime_stack_entries entries = {.reset = 0x10};
    struct dime_stack_depth depth;
    assert_true(measure(text, &entries, &depth) < 0);
    if (!strstr(dime_error_message(), word)) fail_msg("\"%s\" does not say %s", dime_error_message(), word);
}

/* ---- listings ---- */

static void test_steps(void **state) {
    (void)state;
    struct dime_listing listing;
    parse("00000000 <f>:\n"
          "   0:\taddi\tsp,sp,-32\n"
          "   2:\tc.addi16sp\tsp,64\n"
          "   4:\tadd\tsp,sp,-16\n"
          "   6:\tbeqz\ta0,0 <f>\n"
          "   8:\tjal\tra,100 <g>\n"
          "   c:\tjal\tzero,100 <g>\n"
          "  10:\tjalr\t-12(ra) # 100 <g>\n"
          "  14:\tjr\t-12(t1) # 100 <g>\n"
          "  18:\tjalr\ta5\n"
          "  1a:\tjr\ta5\n"
          "  1c:\tret\n"
          "  1e:\tmv\tt0,ra\n"
          "  20:\tjr\tt0\n"
          "  22:\tsw\tsp,0(a0)\n"
          "  24:\tadd\tsp,sp,a0\n"
          "  26:\tlw\tsp,0(a0)\n"
          "  28:\tmret\n"
          "  2c:\tlw\tra,4(sp)\n"
          "  2e:\tbltu\ta0,a1,0 <f>\n",
          &listing);
    static const struct {
        enum dime_step step;
        uint32_t target;
        int32_t pushed;
    } expected[] = {
        {DIME_STEP_PLAIN, 0, 32},     {DIME_STEP_PLAIN, 0, -64},  {DIME_STEP_PLAIN, 0, 16},
        {DIME_STEP_BRANCH, 0, 0},     {DIME_STEP_CALL, 0x100, 0}, {DIME_STEP_JUMP, 0x100, 0},
        {DIME_STEP_CALL, 0x100, 0},   {DIME_STEP_JUMP, 0x100, 0}, {DIME_STEP_CALL_ANY, 0, 0},
        {DIME_STEP_JUMP_ANY, 0, 0},   {DIME_STEP_RETURN, 0, 0},   {DIME_STEP_PLAIN, 0, 0},
        {DIME_STEP_RETURN, 0, 0},     {DIME_STEP_PLAIN, 0, 0},    {DIME_STEP_SP_UNKNOWN, 0, 0},
        {DIME_STEP_SP_UNKNOWN, 0, 0}, {DIME_STEP_RETURN, 0, 0},   {DIME_STEP_PLAIN, 0, 0},
        {DIME_STEP_BRANCH, 0, 0},
    };
    assert_int_equal(listing.instruction_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < listing.instruction_count; i++) {
        const struct dime_instruction *found = &listing.instructions[i];
        if (found->step != expected[i].step || found->pushed != expected[i].pushed)
            fail_msg("instruction at %x: step %d, pushed %d", found->address, found->step, found->pushed);
        if (expected[i].target) assert_int_equal(found->target, expected[i].target);
    }
    dime_listing_free(&listing);
}

static void test_sections_in_any_order(void **state) {
    (void)state;
    struct dime_listing listing;
    parse("20000000 <in_ram>:\n20000000:\tret\n\n00000004 <in_flash>:\n   4:\tli\ta0,1\n   6:\tret\n",
          &listing);
    assert_int_equal(listing.instructions[0].address, 4);
    assert_int_equal(listing.instructions[2].address, 0x20000000);
    assert_string_equal(dime_listing_function(&listing, 0x20000000)->name, "in_ram");
    assert_int_equal(dime_listing_named(&listing, "in_ram")->first, 2);
    assert_null(dime_listing_named(&listing, "in"));
    dime_listing_free(&listing);
}

static void test_no_code(void **state) {
    (void)state;
    struct dime_listing listing;
    assert_int_equal(dime_listing_parse("nothing here\n", &listing), DIME_ERROR_MALFORMED);
    assert_int_equal(dime_listing_parse("", &listing), DIME_ERROR_MALFORMED);
    assert_int_equal(dime_listing_parse("00000000 <f>:\n\n", &listing), DIME_ERROR_MALFORMED);
}

/* ---- depth ---- */

/* The call lies where 16 of main's 48 bytes have been given back. */
static void test_depth_at_the_call(void **state) {
    (void)state;
    assert_int_equal(measure_plain(RESET "00000020 <main>:\n"
                                         "  20:\tadd\tsp,sp,-48\n"
                                         "  22:\tadd\tsp,sp,16\n"
                                         "  24:\tjal\t30 <f>\n"
                                         "  26:\tadd\tsp,sp,32\n"
                                         "  28:\tret\n"
                                         "00000030 <f>:\n"
                                         "  30:\tadd\tsp,sp,-20\n"
                                         "  32:\tadd\tsp,sp,20\n"
                                         "  34:\tret\n"),
                     52);
}

/* A tail call needs no more than the function that it replaces. */
static void test_tail_call(void **state) {
    (void)state;
    assert_int_equal(measure_plain(RESET "00000020 <main>:\n"
                                         "  20:\tadd\tsp,sp,-16\n"
                                         "  22:\tadd\tsp,sp,16\n"
                                         "  24:\tj\t30 <f>\n"
                                         "00000030 <f>:\n"
                                         "  30:\tadd\tsp,sp,-24\n"
                                         "  32:\tadd\tsp,sp,24\n"
                                         "  34:\tret\n"),
                     24);
}

/* One way pushes before it joins the other: the deeper one counts. */
static void test_ways_that_meet(void **state) {
    (void)state;
    assert_int_equal(measure_plain(RESET "00000020 <main>:\n"
                                         "  20:\tbeqz\ta0,26 <main+0x6>\n"
                                         "  22:\tadd\tsp,sp,-40\n"
                                         "  24:\tnop\n"
                                         "  26:\tadd\tsp,sp,-8\n"
                                         "  28:\tjal\t30 <f>\n"
                                         "  2a:\tret\n"
                                         "00000030 <f>:\n"
                                         "  30:\tret\n"),
                     48);
}

static void test_interrupts_are_added(void **state) {
    (void)state;
    static const char text[] = RESET "00000020 <main>:\n"
                                     "  20:\tadd\tsp,sp,-48\n"
                                     "  22:\tj\t22 <main+0x2>\n"
                                     "00000030 <small_handler>:\n"
                                     "  30:\tadd\tsp,sp,-16\n"
                                     "  32:\tmret\n"
                                     "00000040 <large_handler>:\n"
                                     "  40:\tadd\tsp,sp,-40\n"
                                     "  42:\tmret\n";
    static const uint32_t handlers[] = {0x30, 0x40};
    struct dime_stack_entries entries = {.reset = 0x10, .handlers = handlers, .handler_count = 2};
    struct dime_stack_depth depth;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 48 + 40);
    assert_int_equal(depth.handler_bytes, 40);
    assert_string_equal(depth.path, "reset_handler > main + large_handler");
}

static void test_pointers(void **state) {
    (void)state;
    static const char text[] = RESET "00000020 <main>:\n"
                                     "  20:\tadd\tsp,sp,-16\n"
                                     "  22:\tjalr\ta5\n"
                                     "  24:\tret\n"
                                     "00000030 <f>:\n"
                                     "  30:\tadd\tsp,sp,-12\n"
                                     "  32:\tret\n"
                                     "00000040 <g>:\n"
                                     "  40:\tadd\tsp,sp,-28\n"
                                     "  42:\tret\n";
    static const uint32_t candidates[] = {0x40, 0x30};
    struct dime_stack_entries entries = {.reset = 0x10, .candidates = candidates, .candidate_count = 2};
    struct dime_stack_depth depth;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 16 + 28);
    assert_string_equal(depth.path, "reset_handler > main > g");
    entries.candidates = candidates + 1; /* f alone */
    entries.candidate_count = 1;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 16 + 12);
}

/* g calls through a pointer and is called through one, but by main alone: not by itself. */
static void test_pointers_with_one_caller(void **state) {
    (void)state;
    static const char text[] = RESET "00000020 <main>:\n"
                                     "  20:\tadd\tsp,sp,-16\n"
                                     "  22:\tjalr\ta5\n"
                                     "  24:\tret\n"
                                     "00000030 <f>:\n"
                                     "  30:\tadd\tsp,sp,-12\n"
                                     "  32:\tret\n"
                                     "00000040 <g>:\n"
                                     "  40:\tadd\tsp,sp,-28\n"
                                     "  42:\tjalr\ta5\n"
                                     "  44:\tret\n";
    static const uint32_t candidates[] = {0x40, 0x30};
    static const struct dime_stack_caller callers[] = {{"g", "main"}}, unknown[] = {{"g", "nobody"}},
                                          elsewhere[] = {{"g", "main"}, {"f", "main"}},
                                          back[] = {{"g", "main"}, {"", "g"}};
    struct dime_stack_entries entries = {
        .reset = 0x10, .candidates = candidates, .candidate_count = 2, .callers = callers, .caller_count = 1};
    struct dime_stack_depth depth;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 16 + 28 + 12);
    assert_string_equal(depth.path, "reset_handler > main > g > f");
    entries.callers = unknown;
    assert_int_equal(measure(text, &entries, &depth), DIME_ERROR_UNSUPPORTED);
    entries.callers = elsewhere; /* what g calls has been forgotten: all but itself */
    entries.caller_count = 2;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 16 + 28 + 12);
    entries.callers = back;
    assert_int_equal(measure(text, &entries, &depth), 0);
    assert_int_equal(depth.bytes, 16 + 28);
    entries.callers = callers;
    entries.caller_count = 1;
    entries.candidate_count = 1; /* without f there is nothing that g could call */
    assert_int_equal(measure(text, &entries, &depth), DIME_ERROR_UNSUPPORTED);
    assert_non_null(strstr(dime_error_message(), "g calls through a pointer"));
}

/* An assembly function's own subroutine, which returns by another register than ra. */
static void test_own_subroutine(void **state) {
    (void)state;
    assert_int_equal(measure_plain(RESET "00000020 <main>:\n"
                                         "  20:\taddi\tsp,sp,-16\n"
                                         "  22:\tjal\ts1,2a <main+0xa>\n"
                                         "  26:\taddi\tsp,sp,16\n"
                                         "  28:\tret\n"
                                         "  2a:\taddi\tsp,sp,-8\n"
                                         "  2c:\taddi\tsp,sp,8\n"
                                         "  2e:\tjr\ts1\n"),
                     24);
}

static void test_no_bound(void **state) {
    (void)state;
    refuse(RESET "00000020 <main>:\n  20:\tjal\t24 <f>\n  22:\tret\n00000024 <f>:\n  24:\tjal\t20 <main>\n  "
                 "26:\tret\n",
           "calls itself");
    refuse(RESET "00000020 <main>:\n  20:\tadd\tsp,sp,-16\n  22:\tj\t20 <main>\n", "without end");
    refuse(RESET "00000020 <main>:\n  20:\tsub\tsp,sp,a0\n  22:\tret\n", "unknown value");
    refuse(RESET "00000020 <main>:\n  20:\tjal\t80 <lost>\n  22:\tret\n", "no code");
}

/* ---- entries ---- */

static void test_candidates(void **state) {
    (void)state;
    struct dime_listing listing;
    uint32_t *found, count;
    parse(RESET "00000020 <main>:\n  20:\tret\n00000030 <dot>:\n  30:\tret\n00000040 <dot>:\n  40:\tret\n"
                "00000050 <value>:\n  50:\tret\n",
          &listing);
    assert_int_equal(
        dime_stack_candidates(&listing,
                              "RELOCATION RECORDS FOR [.text.f]:\nOFFSET   TYPE              VALUE\n"
                              "00000014 R_RISCV_CALL_PLT  main\n00000014 R_RISCV_RELAX     *ABS*\n"
                              "00000020 R_RISCV_JAL  value\n"
                              "RELOCATION RECORDS FOR [.rodata.t]:\n00000010 R_RISCV_32        dot\n"
                              "RELOCATION RECORDS FOR [.debug_info]:\n00000010 R_RISCV_32        main\n"
                              "RELOCATION RECORDS FOR [.vectors]:\n00000010 R_RISCV_32        main\n",
                              &found, &count),
        0);
    assert_int_equal(count, 2); /* both functions of that name */
    assert_int_equal(found[0], 0x30);
    assert_int_equal(found[1], 0x40);
    free(found);
    dime_listing_free(&listing);
}

static void test_handlers(void **state) {
    (void)state;
    struct dime_listing listing;
    uint32_t *found, count;
    parse(RESET "00000020 <main>:\n  20:\tret\n000005e8 <unhandled>:\n 5e8:\tj\t5e8 <unhandled>\n", &listing);
    assert_int_equal(dime_stack_handlers(&listing,
                                         "\nx.elf:     file format elf32-littleriscv\n\n"
                                         "Contents of section .vectors:\n"
                                         " 0000 20000000 00000000 e8050000 e8050000  o...............\n"
                                         " 0010 00000000 20000000                    ................\n",
                                         &found, &count),
                     0);
    assert_int_equal(count, 2); /* the first word is an instruction */
    assert_int_equal(found[0], 0x5e8);
    assert_int_equal(found[1], 0x20);
    free(found);
    dime_listing_free(&listing);
}

/* ---- space ---- */

static void test_space(void **state) {
    (void)state;
    struct dime_space space;
    assert_int_equal(dime_space_parse("00000010 00000040 T main\n"
                                      "00000100 00002000 r weights\n"
                                      "20000000 00000010 T in_ram\n"
                                      "20000010 00000020 b B_buffer\n"
                                      "20000030 B _end\n"
                                      "00000010 t label\n",
                                      &space),
                     0);
    assert_int_equal(space.ram, 0x30);
    assert_int_equal(space.count, 4);
    assert_string_equal(space.items[0].name, "weights");
    assert_int_equal(space.items[0].flash, 0x2000);
    assert_int_equal(space.items[0].ram, 0);
    assert_string_equal(space.items[2].name, "B_buffer"); /* equal sizes: by name */
    assert_int_equal(space.items[2].flash, 0);
    assert_int_equal(space.items[3].flash, 0x10); /* code in RAM is loaded from flash */
    assert_int_equal(space.items[3].ram, 0x10);
    dime_space_free(&space);
    assert_int_equal(dime_space_parse("00000010 00000040 T main\n", &space), DIME_ERROR_MALFORMED);
}

static void test_space_table(void **state) {
    (void)state;
    struct dime_space space;
    char *text = NULL;
    size_t size;
    assert_int_equal(dime_space_parse("00000010 00000040 T main\n20000030 B _end\n", &space), 0);
    FILE *stream = open_memstream(&text, &size);
    dime_space_print(&space, dime_chips, 16384 + 4, 100, 10, stream);
    fclose(stream);
    assert_non_null(strstr(text, "flash: 4 bytes too many, RAM: 1900 bytes left"));
    free(text);
    dime_space_free(&space);
}

/* ---- tools ---- */

static void test_tool(void **state) {
    (void)state;
    char *output = NULL;
    const char *const speaks[] = {"sh", "-c", "echo out; echo err >&2; pwd; cat; exit 3", NULL};
    assert_int_equal(dime_tool_run("/", speaks, &output), 3);
    assert_string_equal(output, "out\nerr\n/\n");
    free(output);
    const char *const missing[] = {"./no-such-program", NULL};
    assert_int_equal(dime_tool_run(NULL, missing, &output), 127);
    assert_non_null(strstr(output, "no-such-program"));
    free(output);
    char *path = dime_tool_find("sh");
    assert_non_null(path);
    free(path);
    assert_null(dime_tool_find("no-such-program"));
    assert_null(dime_tool_find("/"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_sections_in_any_order),
        cmocka_unit_test(test_no_code),
        cmocka_unit_test(test_depth_at_the_call),
        cmocka_unit_test(test_tail_call),
        cmocka_unit_test(test_ways_that_meet),
        cmocka_unit_test(test_interrupts_are_added),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_pointers_with_one_caller),
        cmocka_unit_test(test_own_subroutine),
        cmocka_unit_test(test_no_bound),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_handlers),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_space_table),
        cmocka_unit_test(test_tool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
