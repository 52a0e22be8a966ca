/* SPDX-License-Identifier: MIT */
/* Reading metrics.csv back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "report/metrics.h"

static int parse(const char *text, struct dime_metrics *metrics) {
    return dime_metrics_parse("m.csv", text, strlen(text), metrics);
}

static void test_columns_by_name(void **state) {
    struct dime_metrics metrics;
    (void)state;
    assert_int_equal(parse("train_loss,other,epoch,validation_accuracy\n0.5,7,1,90\n0.25,x,2,\n", &metrics),
                     DIME_ERROR_MALFORMED); /* a word, even in a column that is not looked at */
    assert_null(metrics.epoch);
    assert_int_equal(parse("train_loss,other,epoch,validation_accuracy\n0.5,7,1,90\n0.25,8,2,\n", &metrics),
                     0);
    assert_int_equal(metrics.count, 2);
    assert_true(metrics.epoch[1] == 2 && metrics.train_loss[1] == 0.25);
    assert_true(metrics.validation_accuracy[0] == 90 && isnan(metrics.validation_accuracy[1]));
    assert_true(isnan(metrics.seconds[0]) && isnan(metrics.seconds[1]));
    dime_metrics_free(&metrics);
}

static void test_cut_line_is_left_out(void **state) {
    struct dime_metrics metrics;
    (void)state;
    assert_int_equal(parse("epoch,train_loss\n1,0.5\n2,0.", &metrics), 0);
    assert_int_equal(metrics.count, 1);
    dime_metrics_free(&metrics);
    assert_int_equal(parse("", &metrics), 0); /* a run that was killed at once */
    assert_int_equal(metrics.count, 0);
    dime_metrics_free(&metrics);
}

static void test_short_row(void **state) {
    struct dime_metrics metrics;
    (void)state;
    assert_int_equal(parse("epoch,train_loss,seconds\n3,1\n", &metrics), 0);
    assert_true(metrics.epoch[0] == 3 && metrics.train_loss[0] == 1 && isnan(metrics.seconds[0]));
    dime_metrics_free(&metrics);
}

static void test_what_is_refused(void **state) {
    static const char *const texts[] = {
        "loss\n1\n", "epoch\n1,2\n", "epoch\none\n", "epoch\n1 2\n",
        "epoch\n11111111111111111111111111111111111111111111111111111111111111111111\n"};
    static const char *const lines[] = {"m.csv:1: no column", "m.csv:2: more fields", "m.csv:2: field 1",
                                        "m.csv:2: field 1", "m.csv:2: field 1"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct dime_metrics metrics;
        assert_int_equal(parse(texts[i], &metrics), DIME_ERROR_MALFORMED);
        assert_int_equal(strncmp(dime_error_message(), lines[i], strlen(lines[i])), 0);
        assert_null(metrics.epoch);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_by_name),
        cmocka_unit_test(test_cut_line_is_left_out),
        cmocka_unit_test(test_short_row),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
