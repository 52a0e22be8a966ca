/* SPDX-License-Identifier: MIT */
/* Down-sampling of MNIST-sized pictures, against the textbook form of the same filter and against Pillow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "bench.h"
#include "data/resize.h"

enum { PICTURES = 2000, SIDE = 28, TARGET = 16 };

struct work {
    const uint8_t *source;
    uint8_t *target;
};

static void must(int code) {
    if (code == DIME_OK) return;
    fprintf(stderr, "bench_resize: %s\n", dime_error_message());
    exit(1);
}

static void resize_many(void *context) {
    const struct work *work = context;
    must(dime_resize_many(work->source, PICTURES, SIDE, SIDE, work->target, TARGET, TARGET));
    bench_use(work->target);
}

static void resize_each(void *context) {
    const struct work *work = context;
    for (int i = 0; i < PICTURES; i++)
        must(dime_resize(work->source + i * SIDE * SIDE, SIDE, SIDE, work->target + i * TARGET * TARGET,
                         TARGET, TARGET));
    bench_use(work->target);
}

/* The weight of a source pixel in a target pixel: a triangle as wide as two target pixels. */
static double triangle(int target, int source) {
    const double scale = (double)SIDE / TARGET;
    const double distance = fabs((source + 0.5 - (target + 0.5) * scale) / scale);
    return distance < 1 ? 1 - distance : 0;
}

static uint8_t textbook_pixel(const uint8_t *source, int row, int column) {
    double sum = 0, weights = 0;
    for (int y = 0; y < SIDE; y++) {
        const double vertical = triangle(row, y);
        if (vertical == 0) continue;
        for (int x = 0; x < SIDE; x++) {
            const double weight = vertical * triangle(column, x);
            sum += weight * source[y * SIDE + x];
            weights += weight;
        }
    }
    return (uint8_t)lround(sum / weights);
}

static void resize_textbook(void *context) {
    const struct work *work = context;
    for (int i = 0; i < PICTURES; i++)
        for (int pixel = 0; pixel < TARGET * TARGET; pixel++)
            work->target[i * TARGET * TARGET + pixel] =
                textbook_pixel(work->source + i * SIDE * SIDE, pixel / TARGET, pixel % TARGET);
    bench_use(work->target);
}

/* Seconds that Pillow takes for as many pictures, or a negative number where it is not installed. */
static double pillow_seconds(void) {
    static const char command[] = "/usr/bin/python3 -c 'import time; from PIL import Image\n"
                                  "pictures = [Image.effect_noise((28, 28), 64) for i in range(2000)]\n"
                                  "def once():\n"
                                  "    start = time.perf_counter()\n"
                                  "    for picture in pictures: picture.resize((16, 16), Image.BILINEAR)\n"
                                  "    return time.perf_counter() - start\n"
                                  "print(min(once() for i in range(5)))' 2>/dev/null";
    FILE *answer = popen(command, "r");
    if (!answer) return -1;
    char line[64] = "";
    const int have = fgets(line, sizeof line, answer) != NULL;
    return pclose(answer) == 0 && have ? strtod(line, NULL) : -1;
}

int main(void) {
    uint8_t *source = bench_random_bytes(1, (uint64_t)PICTURES * SIDE * SIDE);
    uint8_t *target = bench_random_bytes(2, (uint64_t)PICTURES * TARGET * TARGET);
    struct work work = {source, target};
    const double many =
        bench_run("28x28 to 16x16, coefficients once", resize_many, &work, PICTURES, "pictures");
    const double each =
        bench_run("28x28 to 16x16, each on its own", resize_each, &work, PICTURES, "pictures");
    const double textbook =
        bench_run("28x28 to 16x16, textbook, doubles", resize_textbook, &work, PICTURES, "pictures");
    bench_ratio("coefficients once, against each on its own", each, many);
    bench_ratio("coefficients once, against the textbook", textbook, many);
    const double pillow = pillow_seconds();
    if (pillow > 0) bench_ratio("coefficients once, against Pillow", pillow, many);
    free(source);
    free(target);
    return 0;
}
