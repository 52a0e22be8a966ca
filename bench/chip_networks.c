/* SPDX-License-Identifier: MIT */
#include "chip_calibrate.h"

#define UNSIGNED "input_encoding: unsigned\n"
#define MEAN "input_encoding: mean-subtracted\n"
#define BATCH "NormType: BatchNorm\n"
#define FC(outputs, format) "{outputs: " #outputs ", QuantType: " #format "}, "
#define CONV(outputs, format) "{type: conv2d, outputs: " #outputs ", QuantType: " #format "}, "
#define POOL "{type: maxpool}, "
#define LAST(format) "{QuantType: " #format "}]\n"
#define LAYERS "layers: ["
#define SIZE(size) "input_size: " #size "\n"

const struct chip_network chip_networks[] = {
    /* rows */
    {1, SIZE(16) UNSIGNED LAYERS FC(64, 4bitsym) FC(40, 4bitsym) FC(64, 2bitsym) FC(24, 4bitsym)
            FC(8, 4bitsym) FC(32, 4bitsym) FC(16, Ternary) LAST(4bitsym)},
    {1, SIZE(20) "input_encoding: binary\n" LAYERS FC(16, 4bitsym) FC(16, 2bitsym) FC(8, Ternary)
            FC(16, Binary) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED LAYERS FC(32, 4bitsym) FC(16, 4bit) FC(24, 4bitsym) FC(8, 4bitsym) LAST(4bitsym)},
    {1, SIZE(20) UNSIGNED LAYERS FC(8, 4bitsym) FC(6, PoT3) FC(8, 4bitsym) FC(8, Binary) LAST(4bit)},
    {1, SIZE(16) MEAN "NormType: LayerNorm\n" LAYERS FC(48, 4bitsym) FC(64, 4bitsym) FC(16, 4bitsym)
            FC(32, 4bitsym) LAST(4bitsym)},
    {1,
     SIZE(16) MEAN BATCH LAYERS FC(32, 4bitsym) FC(64, 4bitsym) FC(48, 4bitsym) FC(8, 4bitsym) LAST(4bitsym)},
    {1, SIZE(12) MEAN LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(56, 4bitsym) LAST(4bitsym)},
    {1, SIZE(12) "input_encoding: unsigned4\n" LAYERS FC(32, 4bitsym) FC(20, 4bitsym) LAST(4bitsym)},
    {1, SIZE(16) "input_encoding: unsigned4\n" BATCH LAYERS FC(64, 4bitsym) FC(64, 4bitsym) LAST(4bitsym)},
    {1, SIZE(20) "input_encoding: unsigned4\n" LAYERS FC(24, 2bitsym) FC(48, 4bitsym) LAST(4bitsym)},
    /* rows in parts */
    {1, SIZE(14) UNSIGNED LAYERS FC(16, 8bit) FC(72, 4bitsym) FC(16, 5bitsym) LAST(8bit)},
    {1, SIZE(12) MEAN BATCH LAYERS FC(32, 5bitsym) FC(16, 8bit) FC(40, 8bit) LAST(5bitsym)},
    {1, SIZE(16) UNSIGNED LAYERS FC(32, 5bitsym) FC(24, 8bit) LAST(4bitsym)},
    {1, SIZE(14) UNSIGNED BATCH LAYERS FC(20, 8bit) FC(32, 8bit) FC(40, 5bitsym) LAST(4bitsym)},
    {1, SIZE(10) MEAN LAYERS FC(40, 8bit) FC(32, 5bitsym) FC(24, 5bitsym) LAST(4bitsym)},
    {1, SIZE(10) UNSIGNED LAYERS FC(24, 8bit) FC(16, 8bit) LAST(8bit)},
    {1, SIZE(12) UNSIGNED LAYERS FC(32, 5bitsym) LAST(4bitsym)},
    {1, SIZE(12) MEAN LAYERS FC(24, 8bit) FC(20, 5bitsym) LAST(8bit)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS FC(16, 8bit) FC(24, 8bit) LAST(8bit)},
    /* tables */
    {1, SIZE(16) UNSIGNED LAYERS FC(40, FP130) FC(64, NF4) FC(24, FP130) FC(32, NF4) FC(16, FP130) FC(12, NF4)
            LAST(FP130)},
    {1, SIZE(16) MEAN BATCH LAYERS FC(24, NF4) FC(64, FP130) FC(32, NF4) FC(20, FP130) LAST(NF4)},
    {1, SIZE(16) MEAN LAYERS FC(32, FP130) FC(48, NF4) LAST(FP130)},
    {1, SIZE(12) MEAN LAYERS FC(64, FP130) FC(40, FP130) FC(16, FP130) LAST(FP130)},
    {1, SIZE(14) UNSIGNED LAYERS FC(24, FP130) FC(48, FP130) FC(32, FP130) LAST(FP130)},
    {1, SIZE(10) UNSIGNED BATCH LAYERS FC(40, FP130) FC(24, FP130) FC(32, FP130) LAST(FP130)},
    {1, SIZE(10) MEAN LAYERS FC(40, NF4) FC(32, NF4) FC(16, NF4) LAST(NF4)},
    {1, SIZE(12) UNSIGNED LAYERS FC(24, NF4) FC(40, NF4) LAST(NF4)},
    {1, SIZE(8) UNSIGNED BATCH LAYERS FC(24, NF4) FC(16, NF4) FC(32, NF4) LAST(NF4)},
    /* small layers, as code */
    {1, SIZE(12) UNSIGNED LAYERS FC(16, 4bitsym) FC(12, 2bitsym) FC(16, 5bitsym) LAST(4bitsym)},
    {1, SIZE(12) MEAN BATCH LAYERS FC(16, 2bitsym) FC(16, 4bitsym) FC(8, Ternary) LAST(4bitsym)},
    /* inputs 0 and 1 */
    {1, SIZE(28) "input_encoding: binary\n" LAYERS FC(16, 4bitsym) FC(16, 4bitsym) LAST(4bitsym)},
    {1, SIZE(20) "input_encoding: binary\n" BATCH LAYERS FC(8, 2bitsym) FC(16, 4bitsym) LAST(4bitsym)},
    /* slices */
    {1, SIZE(20) UNSIGNED LAYERS FC(32, Ternary) LAST(4bitsym)},
    {1, SIZE(25) UNSIGNED BATCH LAYERS FC(24, Ternary) LAST(4bitsym)},
    /* convolutions */
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(12, Ternary) FC(32, Ternary) LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, Ternary) CONV(6, PoT3) POOL CONV(8, Ternary) FC(20, Ternary)
            LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, PoT3) POOL CONV(16, PoT3) FC(16, 4bitsym) LAST(4bitsym)},
    {1, "model: CNNMNIST\ncnn_width: 4\nnetwork_width1: 16\nnetwork_width2: 16\nnetwork_width3: 0\n"},
    {1, "model: CNNMNIST\ncnn_width: 6\nnetwork_width1: 16\nnetwork_width2: 0\nnetwork_width3: 0\n"},
    {1, SIZE(14) "input_encoding: unsigned4\n" BATCH LAYERS CONV(8, PoT3) POOL CONV(24, Ternary)
            FC(32, 2bitsym) LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(6, PoT3) POOL CONV(40, PoT3) CONV(16, Ternary) FC(48, Ternary)
            LAST(2bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, Ternary) CONV(8, 4bitsym) CONV(8, 2bitsym) FC(16, Ternary)
            LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(24, PoT3) FC(32, Ternary) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(12, PoT3) POOL CONV(32, Ternary) CONV(48, Ternary) FC(32, 2bitsym)
            LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(10, PoT3) POOL CONV(32, PoT3) CONV(32, Ternary) FC(32, 2bitsym)
            LAST(4bitsym)},
    /* convolutions whose sums a table scales: code for that as well would not fit */
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(18, Ternary) FC(64, Ternary) FC(16, 2bitsym)
            LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(22, Ternary) FC(48, Ternary) FC(16, 2bitsym)
            LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(25, PoT3) FC(32, Ternary) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(26, PoT3) FC(32, Ternary) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS CONV(7, PoT3) POOL CONV(28, PoT3) FC(24, Ternary) LAST(4bitsym)},
    /* the reference */
    {0, SIZE(12) UNSIGNED LAYERS FC(16, Binary) FC(40, BinarySym) FC(24, Ternary) FC(32, 2bitsym)
            FC(40, Binary) FC(16, BinarySym) FC(48, Ternary) FC(12, 2bitsym) LAST(4bitsym)},
    {0, SIZE(12) MEAN BATCH LAYERS FC(16, 4bit) FC(40, 4bitsym) FC(24, 5bitsym) FC(32, 8bit) FC(40, 4bit)
            FC(16, 4bitsym) FC(48, 5bitsym) FC(12, 8bit) LAST(4bitsym)},
    {0, SIZE(12) UNSIGNED LAYERS FC(24, 8bit) FC(16, 4bitsym) FC(40, FP130) FC(24, NF4) FC(48, PoT3)
            FC(12, FP130) FC(40, NF4) FC(16, PoT3) LAST(FP130)},
    {0, SIZE(10) MEAN LAYERS FC(32, Ternary) FC(16, 2bitsym) FC(24, Binary) FC(40, BinarySym) FC(16, Ternary)
            FC(48, 2bitsym) FC(12, Binary) FC(24, BinarySym) LAST(Ternary)},
    {0, SIZE(10) UNSIGNED LAYERS FC(32, 5bitsym) FC(16, 4bit) FC(24, 4bitsym) FC(40, 5bitsym) FC(16, 4bit)
            FC(48, 4bitsym) FC(12, 8bit) FC(24, 8bit) LAST(4bit)},
    {0, SIZE(10) MEAN LAYERS FC(32, NF4) FC(16, PoT3) FC(24, FP130) FC(40, NF4) FC(16, PoT3) FC(48, FP130)
            LAST(NF4)},
    {0, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, PoT3) CONV(6, Ternary) CONV(4, 4bitsym) CONV(8, 2bitsym)
            FC(16, 4bitsym) LAST(4bitsym)},
    {0, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, 8bit) POOL CONV(6, 2bitsym) CONV(8, 4bitsym) FC(16, 2bitsym)
            LAST(4bitsym)},
    {0, SIZE(12) UNSIGNED BATCH LAYERS CONV(4, Ternary) POOL CONV(6, PoT3) CONV(4, 8bit) FC(16, 4bitsym)
            LAST(4bitsym)},
    {0, SIZE(16) UNSIGNED BATCH LAYERS CONV(8, PoT3) POOL CONV(12, PoT3) CONV(8, Ternary) FC(16, Ternary)
            LAST(4bitsym)},
    {0, SIZE(16) UNSIGNED BATCH LAYERS CONV(6, Ternary) POOL CONV(10, Ternary) CONV(8, PoT3) FC(16, 2bitsym)
            LAST(4bitsym)},
    {0, SIZE(14) UNSIGNED BATCH LAYERS CONV(4, 2bitsym) POOL CONV(8, 4bitsym) CONV(6, 2bitsym) FC(16, 4bitsym)
            LAST(4bitsym)},
    {0, SIZE(14) UNSIGNED BATCH LAYERS CONV(4, 4bitsym) POOL CONV(6, 8bit) CONV(8, 8bit) FC(16, 4bitsym)
            LAST(4bitsym)},
    /* compact */
    {2, SIZE(12) UNSIGNED LAYERS FC(16, 4bitsym) FC(40, 2bitsym) FC(24, Ternary) FC(32, PoT3) FC(40, 4bitsym)
            FC(16, 2bitsym) FC(48, Ternary) FC(12, PoT3) LAST(4bitsym)},
    {2, SIZE(10) MEAN BATCH LAYERS FC(32, Ternary) FC(24, PoT3) FC(40, 4bitsym) FC(48, 2bitsym)
            FC(16, Ternary) FC(40, PoT3) FC(12, 4bitsym) LAST(2bitsym)},
    {2, SIZE(16) UNSIGNED BATCH LAYERS FC(48, 4bitsym) FC(64, 4bitsym) FC(32, 4bitsym) LAST(4bitsym)},
    {2, SIZE(20) "input_encoding: binary\n" LAYERS FC(32, 4bitsym) FC(16, 4bitsym) LAST(4bitsym)},
    {0, "model: CNNMNIST\ncnn_width: 3\nnetwork_width1: 16\nnetwork_width2: 16\nnetwork_width3: 0\n"},
    /* rows of eight words, with inner loops in RAM */
    {1, SIZE(16) "input_encoding: unsigned4\n" LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(64, 4bitsym)
            LAST(4bitsym)},
    {1, SIZE(14) UNSIGNED BATCH LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(64, 4bitsym) LAST(4bitsym)},
    {1, SIZE(14) MEAN LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(64, 4bitsym) LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED LAYERS FC(64, 2bitsym) FC(56, 4bitsym) FC(64, 4bitsym) LAST(4bitsym)},
    /* pooled convolutions whose sums a table scales, for the same reason */
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(13, PoT3) POOL FC(64, 4bitsym) LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(14, Ternary) POOL FC(64, 4bitsym) LAST(4bitsym)},
    {1, SIZE(12) UNSIGNED BATCH LAYERS CONV(14, PoT3) POOL FC(64, 4bitsym) LAST(4bitsym)},
    /* a last layer that is multiplied: code would not fit */
    {1, SIZE(16) UNSIGNED LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(48, 4bitsym) LAST(4bitsym)},
    {1, SIZE(16) "input_encoding: unsigned4\n" BATCH LAYERS FC(64, 4bitsym) FC(64, 4bitsym) FC(40, 4bitsym)
            LAST(2bitsym)},
    {1, SIZE(16) MEAN LAYERS FC(64, 4bitsym) FC(56, 4bitsym) FC(52, 4bitsym) LAST(4bitsym)},
    /* code that the chip writes */
    {1, "model: CNNMNIST\ncnn_width: 16\nnetwork_width1: 32\nnetwork_width2: 16\nnetwork_width3: 0\n"},
    {1, "model: CNNMNIST\ncnn_width: 10\nnetwork_width1: 32\nnetwork_width2: 0\nnetwork_width3: 0\n"},
    /* many inputs of narrow layers, whose kernels leave room for inner loops in RAM */
    {1, SIZE(16) UNSIGNED LAYERS FC(16, 4bitsym) FC(16, 4bitsym) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS FC(24, 4bitsym) FC(32, 4bitsym) LAST(4bitsym)},
    {1, SIZE(16) UNSIGNED LAYERS FC(16, 8bit) FC(16, 8bit) LAST(8bit)},
    {1, SIZE(16) UNSIGNED LAYERS FC(16, 5bitsym) FC(16, 5bitsym) LAST(5bitsym)},
    {1, SIZE(16) UNSIGNED LAYERS FC(16, NF4) FC(16, NF4) LAST(NF4)},
    {1, SIZE(16) UNSIGNED LAYERS FC(16, FP130) FC(16, FP130) LAST(FP130)},
    {1, SIZE(16) UNSIGNED BATCH LAYERS FC(8, NF4) FC(24, FP130) LAST(NF4)},
    {1, SIZE(16) UNSIGNED LAYERS FC(16, 2bitsym) FC(16, PoT3) LAST(4bitsym)},
    {1, SIZE(16) MEAN LAYERS FC(16, 4bitsym) FC(24, 4bitsym) LAST(4bitsym)},
    {1, SIZE(16) MEAN BATCH LAYERS FC(32, 4bitsym) FC(16, 2bitsym) LAST(4bitsym)},
    {1, SIZE(16) MEAN LAYERS FC(16, 8bit) FC(24, 5bitsym) LAST(8bit)},
    {1, SIZE(16) MEAN LAYERS FC(24, 5bitsym) FC(16, 8bit) LAST(5bitsym)},
    {1, SIZE(16) MEAN LAYERS FC(16, NF4) FC(24, NF4) LAST(NF4)},
    {1, SIZE(16) MEAN LAYERS FC(16, FP130) FC(24, FP130) LAST(FP130)},
    {1, SIZE(16) MEAN LAYERS FC(16, Ternary) FC(16, Binary) LAST(4bitsym)},
    /* compact, formats that have had dot products last */
    {2, SIZE(12) UNSIGNED LAYERS FC(16, FP130) FC(40, Binary) FC(24, BinarySym) FC(32, FP130) FC(64, Binary)
            FC(16, BinarySym) FC(48, FP130) FC(12, Binary) LAST(BinarySym)},
    {2, SIZE(10) MEAN BATCH LAYERS FC(32, Binary) FC(24, FP130) FC(40, BinarySym) FC(64, FP130) FC(16, Binary)
            FC(40, BinarySym) FC(64, Binary) LAST(FP130)},
    {2, SIZE(16) MEAN LAYERS FC(48, Binary) FC(64, BinarySym) FC(32, FP130) FC(64, FP130) LAST(FP130)},
    {2, SIZE(14) UNSIGNED LAYERS FC(48, BinarySym) FC(40, FP130) FC(64, Binary) LAST(BinarySym)},
    {2, SIZE(12) MEAN LAYERS FC(64, FP130) FC(64, BinarySym) FC(48, FP130) FC(64, Binary) LAST(FP130)},
};
const uint32_t chip_network_count = sizeof chip_networks / sizeof *chip_networks;
