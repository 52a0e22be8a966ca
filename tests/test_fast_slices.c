/* SPDX-License-Identifier: MIT */
/* Sliced sums of ternary weights against the reference: random and extreme weights and activations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "engine/fast_slices.h"

enum { MOST_INPUTS = DIME_SLICED_INPUTS, TRIALS = 60 };

/* extreme: 1 all weights +1, 2 all -1, with the largest activations. */
static void compare(uint32_t inputs, uint32_t outputs, int extreme, struct dime_random *random) {
    static struct dime_slice_masks masks[MOST_INPUTS];
    static uint16_t rows[DIME_SLICED_OUTPUTS][MOST_INPUTS / 10 + 2];
    static int8_t x[MOST_INPUTS];
    uint8_t codes[MOST_INPUTS];
    int32_t sums[DIME_SLICED_OUTPUTS];
    memset(masks, 0, sizeof masks);
    for (uint32_t k = 0; k < inputs; k++)
        x[k] = (int8_t)(extreme ? 127 : dime_random_below(random, 2) ? 0 : dime_random_below(random, 128));
    for (uint32_t m = 0; m < outputs; m++) {
        for (uint32_t k = 0; k < inputs; k++) {
            codes[k] = (uint8_t)(extreme ? extreme - 1 : (int)dime_random_below(random, 3));
            masks[k].plus |= (uint32_t)(codes[k] == 0) << m;
            masks[k].minus |= (uint32_t)(codes[k] == 1) << m;
        }
        dime_format_pack(&dime_format_ternary, codes, inputs, rows[m]);
    }
    struct dime_fast_slices slices = {{dime_slices_run, dime_fast_finish_none}, masks};
    struct dime_layer layer = {
        .fast = &slices.fast, .inputs = (uint16_t)inputs, .outputs = (uint16_t)outputs};
    dime_slices_run(&layer, x, sums, NULL);
    for (uint32_t m = 0; m < outputs; m++)
        assert_int_equal(sums[m], dime_format_ternary.dot(rows[m], x, inputs));
}

static void test_slices(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(5, 0, 0);
    for (uint32_t trial = 0; trial < TRIALS; trial++)
        compare(1 + dime_random_below(&random, MOST_INPUTS), 1 + dime_random_below(&random, 32), 0, &random);
    for (int extreme = 1; extreme <= 2; extreme++) compare(MOST_INPUTS, 32, extreme, &random);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_slices)};
    return cmocka_run_group_tests_name("sliced sums", tests, NULL, NULL);
}
