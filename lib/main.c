/* SPDX-License-Identifier: MIT */
/* Runs the exported network on its test pictures: compile this folder with `gcc *.c` and run it. Each picture
   is drawn with its label and prediction. The exit status is 0 when every answer is exactly the one that the
   exporting program computed. */
#include <stdint.h>
#include <stdio.h>

#include "encode.h"
#include "engine.h"
#include "model.h"
#include "test_pictures.h"

static void draw(const uint8_t *grey) {
    static const char ink[] = " .:-=+*#%@";
    for (uint32_t y = 0; y < DIME_MODEL_INPUT_SIZE; y++) {
        for (uint32_t x = 0; x < DIME_MODEL_INPUT_SIZE; x++) {
            char dot = ink[*grey++ * (sizeof ink - 1) / 256];
            putchar(dot);
            putchar(dot); /* a character is about twice as high as wide */
        }
        putchar('\n');
    }
}

/* 1 where the grey picture encodes to the stored network input. */
static int encodes_as_stored(const struct test_picture *picture) {
    int8_t input[DIME_MODEL_INPUTS];
    dime_encode(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture->grey, DIME_MODEL_INPUTS,
                input);
    for (uint32_t i = 0; i < DIME_MODEL_INPUTS; i++)
        if (input[i] != picture->input[i]) return 0;
    return 1;
}

static int same_logits(const int32_t *logits, const struct test_picture *picture) {
    for (uint32_t i = 0; i < DIME_MODEL_CLASSES; i++)
        if (logits[i] != picture->logits[i]) return 0;
    return 1;
}

/* Shows one picture; returns 1 where the answer is the exporting program's. */
static int run(const struct test_picture *picture, uint32_t *right) {
    static int32_t sums[DIME_MODEL_SUMS];
    static int8_t activations[DIME_MODEL_ACTIVATIONS];
    uint32_t predicted = dime_network_infer(&dime_model_network, picture->input, sums, activations);
    draw(picture->grey);
    printf("label: %s predicted: %s%s\n\n", test_classes[picture->label], test_classes[predicted],
           predicted == picture->label ? "" : "  (wrong)");
    if (predicted == picture->label) ++*right;
    if (predicted != picture->expected || !same_logits(sums, picture)) {
        printf("MISMATCH: the exporting program computed %s\n\n", test_classes[picture->expected]);
        return 0;
    }
    if (encodes_as_stored(picture)) return 1;
    printf("MISMATCH: the exporting program encoded this picture to another network input\n\n");
    return 0;
}

int main(void) {
    uint32_t right = 0, same = 0;
    for (uint32_t i = 0; i < TEST_PICTURES; i++) same += (uint32_t)run(&test_pictures[i], &right);
    printf("%u of %u right, %u of %u as computed by the exporting program\n", (unsigned)right,
           (unsigned)TEST_PICTURES, (unsigned)same, (unsigned)TEST_PICTURES);
    return same == TEST_PICTURES ? 0 : 1;
}
