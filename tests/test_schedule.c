/* SPDX-License-Identifier: MIT */
/* Learning rates against values that PyTorch's schedulers of the same names give. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "train/schedule.h"

static struct dime_config base(enum dime_schedule schedule) {
    struct dime_config config;
    dime_config_default(&config);
    config.schedule = schedule;
    config.learning_rate = 0.001f;
    config.epochs = 60;
    return config;
}

static void check(const struct dime_config *config, uint32_t epoch, double expected) {
    assert_true(fabs(dime_schedule_rate(config, epoch) - expected) < 1e-9);
}

static void test_cosine(void **state) {
    (void)state;
    struct dime_config config = base(DIME_SCHEDULE_COSINE);
    check(&config, 0, 0.001);
    check(&config, 15, 0.000853553391);
    check(&config, 30, 0.0005);
    check(&config, 59, 6.8523262e-07);
}

static void test_step(void **state) {
    (void)state;
    struct dime_config config = base(DIME_SCHEDULE_STEP);
    check(&config, 9, 0.001);
    check(&config, 10, 0.0001);
    check(&config, 29, 0.00001);
}

/* T_0 = 5, T_mult = 2: periods of 5, 10, 20 epochs. */
static void test_warm_restarts(void **state) {
    (void)state;
    struct dime_config config = base(DIME_SCHEDULE_COSINE_WARM_RESTARTS);
    config.t_0 = 5;
    config.t_mult = 2;
    check(&config, 0, 0.001);
    check(&config, 4, 0.0000954915028);
    check(&config, 5, 0.001);
    check(&config, 10, 0.0005);
    check(&config, 14, 0.0000244717419);
    check(&config, 15, 0.001);
    check(&config, 25, 0.0005);
}

static void test_halving(void **state) {
    (void)state;
    struct dime_config config = base(DIME_SCHEDULE_COSINE);
    config.halve_lr_epoch = 30;
    check(&config, 29, 0.000526167978);
    check(&config, 30, 0.00025);
}

static void test_warmup(void **state) {
    (void)state;
    struct dime_config config = base(DIME_SCHEDULE_COSINE);
    assert_true(dime_schedule_warmup(&config, 0, 0, 100) == 1);
    config.warmup_epochs = 2;
    assert_true(fabs(dime_schedule_warmup(&config, 0, 0, 100) - 0.005) < 1e-12);
    assert_true(fabs(dime_schedule_warmup(&config, 1, 99, 100) - 1) < 1e-12);
    assert_true(dime_schedule_warmup(&config, 2, 0, 100) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosine),  cmocka_unit_test(test_step),   cmocka_unit_test(test_warm_restarts),
        cmocka_unit_test(test_halving), cmocka_unit_test(test_warmup),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
