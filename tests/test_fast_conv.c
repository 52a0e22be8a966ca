/* SPDX-License-Identifier: MIT */
/* Convolutions whose weights have become instructions, on the simulated chip, against the reference on the
   PC: random and extreme weights, many shapes. Each program holds a stage, its input, and a main that runs
   it. Needs a RISC-V cross compiler; skipped where it is missing. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/fast_planes.h"
#include "engine/stage.h"
#include "firmware/toolchain.h"
#include "model/conv_channel.h"
#include "model/conv_code.h"
#include "model/conv_multiply.h"
#include "model/conv_stage.h"
#include "model/conv_written.h"
#include "model/lookup_layout.h"
#include "model/planes_layout.h"
#include "sim/chip.h"
#include "sim/symbols.h"

enum { MOST_LAYERS = 6, MOST_WEIGHTS = 64 * 64 * 9, MOST_ENTRIES = 8192 };

static struct dime_toolchain toolchain;
static char folder[] = "/tmp/dime-test-conv.XXXXXX";

enum method { PAIRS, SUMS, LOOKUP, PLANES, WIDE, MULTIPLY, WRITTEN };
static const char *const method_names[] = {"pairs", "sums",     "lookup", "planes",
                                           "wide",  "multiply", "written"};

/* A stage with integer weights beside the packed ones. */
struct stage {
    enum method method;
    int is_upward; /* the output lies behind the input, and over what has been read of it */
    struct dime_layer layers[MOST_LAYERS];
    int16_t *values[MOST_LAYERS];
    uint32_t *packed[MOST_LAYERS];
    struct dime_affine *affine[MOST_LAYERS];
    uint32_t count;
    int8_t input[MOST_ENTRIES];
    uint32_t input_count;
    struct dime_random random;
};

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

static void *allocate(size_t size) {
    void *block = calloc(1, size);
    assert_non_null(block);
    return block;
}

/* ---- a random stage ---- */

static uint32_t draw(struct stage *stage, uint32_t below) {
    return dime_random_below(&stage->random, below);
}

/* weights: 0 any code, 1 the largest magnitude only, 2 no weight but 0 where the format has it. */
static void draw_weights(struct stage *stage, uint32_t index, int weights) {
    struct dime_layer *layer = &stage->layers[index];
    uint32_t row = dime_format_row_bytes(layer->format, layer->inputs),
             count = layer->outputs * layer->inputs;
    uint8_t codes[1024];
    stage->values[index] = allocate(count * sizeof(int16_t));
    stage->packed[index] = allocate((size_t)row * layer->outputs + 4);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++) {
            int16_t value;
            do {
                codes[k] = (uint8_t)draw(stage, layer->format->codes);
                value = layer->format->value(codes[k]);
            } while ((weights == 1 && abs(value) != layer->format->largest && draw(stage, 50)) ||
                     (weights == 2 && value));
            stage->values[index][m * layer->inputs + k] = value;
        }
        dime_format_pack(layer->format, codes, layer->inputs, (uint8_t *)stage->packed[index] + m * row);
    }
    layer->weights = stage->packed[index];
}

static void draw_affine(struct stage *stage, uint32_t index) {
    struct dime_layer *layer = &stage->layers[index];
    struct dime_affine *affine = allocate(layer->outputs * sizeof *affine);
    layer->bias_shift = (uint8_t)draw(stage, 4);
    for (uint32_t m = 0; m < layer->outputs; m++)
        affine[m] = (struct dime_affine){.bias = (int16_t)((int32_t)draw(stage, 4000) - 2000),
                                         .multiplier = (uint8_t)(draw(stage, 8) ? 32 + draw(stage, 32) : 0),
                                         .shift = (uint8_t)draw(stage, 14)};
    stage->affine[index] = affine;
    layer->affine = affine;
}

static struct dime_layer *add_layer(struct stage *stage, uint8_t kind, uint32_t outputs, uint32_t kernel,
                                    uint32_t stride) {
    struct dime_layer *layer = &stage->layers[stage->count++];
    const struct dime_layer *before = layer - 1;
    if (stage->count > 1) {
        layer->channels = before->outputs;
        layer->height = before->out_height;
        layer->width = before->out_width;
    }
    layer->kind = kind;
    layer->kernel = (uint8_t)kernel;
    layer->stride = (uint8_t)stride;
    layer->outputs = (uint16_t)outputs;
    layer->activation_bits = 8;
    layer->out_height = (uint8_t)((layer->height - kernel) / stride + 1);
    layer->out_width = (uint8_t)((layer->width - kernel) / stride + 1);
    if (kind == DIME_LAYER_CONV2D) layer->inputs = (uint16_t)(layer->channels * kernel * kernel);
    if (kind == DIME_LAYER_DEPTHWISE) layer->inputs = (uint16_t)(kernel * kernel);
    return layer;
}

static void begin(struct stage *stage, uint32_t channels, uint32_t height, uint32_t width, uint64_t seed) {
    memset(stage, 0, sizeof *stage);
    stage->random = dime_random_stream(seed, 0, 0);
    stage->layers[0].channels = (uint16_t)channels;
    stage->layers[0].height = (uint8_t)height;
    stage->layers[0].width = (uint8_t)width;
    stage->input_count = channels * height * width;
}

static void draw_input(struct stage *stage, int32_t least, int32_t most) {
    for (uint32_t i = 0; i < stage->input_count; i++)
        stage->input[i] = (int8_t)(least + (int32_t)draw(stage, (uint32_t)(most - least + 1)));
}

static void end(struct stage *stage) {
    for (uint32_t i = 0; i < stage->count; i++) {
        free(stage->values[i]);
        free(stage->packed[i]);
        free(stage->affine[i]);
    }
}

static const struct dime_layer *last_of(const struct stage *stage) {
    return &stage->layers[stage->count - 1];
}

static uint32_t output_count(const struct stage *stage) {
    return last_of(stage)->outputs * dime_map_size(last_of(stage));
}

/* ---- its program ---- */

static FILE *create(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    return stream;
}

/* Run on the chip with 4 KB. */
static int has_ram(const struct stage *stage) {
    return stage->method == MULTIPLY || stage->method == WRITTEN;
}

static int is_wide(const struct stage *stage) {
    return stage->method == WIDE || has_ram(stage);
}

static uint32_t map_function_count(const struct stage *stage) {
    uint32_t convolutions = 0;
    for (uint32_t i = 0; i < stage->count; i++) convolutions += stage->layers[i].inputs > 0;
    return convolutions * stage->layers[0].outputs;
}

static uint32_t write_maps(const struct stage *stage, FILE *stream) {
    uint32_t number = 0, cycles = 0;
    for (uint32_t m = 0; m < stage->layers[0].outputs; m++)
        for (uint32_t i = 0; i < stage->count; i++) {
            const struct dime_layer *layer = &stage->layers[i];
            if (!layer->inputs) continue;
            char symbol[32];
            snprintf(symbol, sizeof symbol, "map%u", number++);
            assert_null(dime_conv_map_refusal(layer));
            cycles += dime_conv_map_write(layer, stage->values[i] + m * layer->inputs, i > 0, symbol, stream)
                          .cycles;
        }
    return cycles;
}

/* Returns the predicted cycles of one call (pairs) or of all calls (maps). */
static uint32_t write_code(const struct stage *stage, int32_t least, int32_t most) {
    FILE *stream = create("code.S");
    uint32_t cycles;
    if (stage->method == WIDE) {
        cycles = write_maps(stage, stream);
    } else if (stage->method == PLANES || stage->method == LOOKUP || stage->method == MULTIPLY ||
               stage->method == WRITTEN) {
        cycles = 0;
    } else {
        const char *refusal = dime_conv_pairs_refusal(&stage->layers[0], stage->values[0], least, most);
        if (refusal) fail_msg("refused: %s", refusal);
        cycles = dime_conv_pairs_write(&stage->layers[0], stage->values[0], "pair", stream).cycles;
        cycles += dime_conv_finish_write(&stage->layers[0], last_of(stage), "finish", stream).cycles;
    }
    fclose(stream);
    return cycles;
}

static void write_layers(const struct stage *stage, FILE *stream) {
    fputs("static const struct dime_layer layers[] = {\n", stream);
    for (uint32_t i = 0; i < stage->count; i++) {
        const struct dime_layer *layer = &stage->layers[i];
        fprintf(stream,
                "{.affine = %s, .inputs = %u, .outputs = %u, .requantize = %u, .activation_bits = %u,",
                layer->affine ? "affine" : "0", layer->inputs, layer->outputs, layer->requantize,
                layer->activation_bits);
        fprintf(stream, ".bias_shift = %u, .kind = %u, .kernel = %u, .stride = %u, .channels = %u,",
                layer->bias_shift, layer->kind, layer->kernel, layer->stride, layer->channels);
        fprintf(stream, ".height = %u, .width = %u, .out_height = %u, .out_width = %u},\n", layer->height,
                layer->width, layer->out_height, layer->out_width);
    }
    fputs("};\n", stream);
}

static void write_affine(const struct dime_layer *layer, FILE *stream) {
    if (!layer->affine) return;
    fputs("static const struct dime_affine affine[] = {", stream);
    for (uint32_t m = 0; m < layer->outputs; m++)
        fprintf(stream, "{%d, %u, %u},", layer->affine[m].bias, layer->affine[m].multiplier,
                layer->affine[m].shift);
    fputs("};\n", stream);
}

static struct dime_planes_shape shape_of(const struct stage *stage, const struct dime_model_layer *layer) {
    struct dime_planes_shape shape;
    (void)stage;
    assert_true(dime_planes_shape_of(layer, 0, 127, &shape));
    assert_int_equal(shape.bits, DIME_PLANES_BITS);
    return shape;
}

static struct dime_model_layer model_layer(const struct stage *stage) {
    const struct dime_layer *layer = &stage->layers[0];
    struct dime_model_layer result = {
        .inputs = layer->inputs, .outputs = layer->outputs, .value = stage->values[0]};
    while (dime_format_get(result.format) != layer->format) result.format++;
    return result;
}

static void write_planes(const struct stage *stage, FILE *stream) {
    const struct dime_layer *layer = &stage->layers[0];
    struct dime_model_layer model = model_layer(stage);
    struct dime_planes_shape shape = shape_of(stage, &model);
    struct dime_planes_print print = {.number = 1,
                                      .places = (uint32_t)layer->kernel * layer->kernel,
                                      .run = (uint32_t)layer->kernel * layer->channels,
                                      .step = (uint32_t)layer->width * layer->channels,
                                      .runs = layer->kernel,
                                      .head = "static const struct dime_planes planes = ",
                                      .tail = ";"};
    dime_planes_print(&model, &shape, &print, stream);
    fputs("static const struct dime_conv_stage stage = {.run = dime_conv_planes_run, .planes = &planes};\n",
          stream);
}

static void list_values(const struct stage *stage, const int16_t *values[MOST_LAYERS]) {
    for (uint32_t i = 0; i < stage->count; i++) values[i] = stage->values[i];
}

static void write_multiply(const struct stage *stage, FILE *stream) {
    FILE *assembly = create("code.S");
    const int16_t *values[MOST_LAYERS];
    list_values(stage, values);
    assert_null(dime_conv_channel_refusal(&stage->layers[0], last_of(stage), values));
    dime_conv_multiply_print(&stage->layers[0], last_of(stage), values, -20, 127, 1, assembly, stream);
    fclose(assembly);
    fputs("static const struct dime_conv_stage stage = {.run = dime_conv_multiply_run, .multiply = "
          "&layer1_multiply};\n",
          stream);
}

static void write_written(const struct stage *stage, FILE *stream) {
    FILE *assembly = create("code.S");
    const int16_t *values[MOST_LAYERS];
    list_values(stage, values);
    assert_null(dime_conv_written_refusal(&stage->layers[0], last_of(stage), values));
    dime_conv_written_print(&stage->layers[0], last_of(stage), values, 1, assembly, stream);
    fclose(assembly);
    fputs("static const struct dime_conv_stage stage = {.run = dime_conv_written_run, .written = "
          "&layer1_written};\n",
          stream);
}

static void write_stage(const struct stage *stage, FILE *stream) {
    if (stage->method == WRITTEN) {
        write_written(stage, stream);
        return;
    }
    if (stage->method == MULTIPLY) {
        write_multiply(stage, stream);
        return;
    }
    if (stage->method == PLANES) {
        write_planes(stage, stream);
        return;
    }
    if (stage->method == LOOKUP) {
        dime_lookup_print(&stage->layers[0], stage->values[0], 1, stream);
        fputs("static const struct dime_conv_stage stage = {.run = dime_conv_lookup_run, .lookup = "
              "&layer1_lookup};\n",
              stream);
        return;
    }
    if (stage->method == SUMS) {
        fprintf(stream,
                "dime_conv_pair pair;\n"
                "static const struct dime_conv_stage stage = {dime_conv_pairs_run, pair, dime_conv_scale_%s, "
                "0, 0, 0};\n",
                stage->count > 1 ? "window" : "pair");
        return;
    }
    if (!is_wide(stage)) {
        fputs("dime_conv_pair pair;\ndime_conv_finish finish;\n"
              "static const struct dime_conv_stage stage = {dime_conv_pairs_run, pair, finish, 0, 0, 0};\n",
              stream);
        return;
    }
    uint32_t count = map_function_count(stage);
    for (uint32_t i = 0; i < count; i++) fprintf(stream, "dime_conv_map map%u;\n", i);
    fputs("static dime_conv_map *const maps[] = {", stream);
    for (uint32_t i = 0; i < count; i++) fprintf(stream, "map%u,", i);
    fputs("};\nstatic const struct dime_conv_stage stage = {.run = dime_conv_wide_run, .map = maps};\n",
          stream);
}

static uint32_t sums_of(const struct stage *stage) {
    if (stage->method == WRITTEN) {
        const int16_t *values[MOST_LAYERS];
        list_values(stage, values);
        return dime_conv_written_sums(&stage->layers[0], last_of(stage), values);
    }
    if (stage->method == MULTIPLY) return dime_conv_multiply_sums(&stage->layers[0], last_of(stage));
    if (is_wide(stage)) return output_count(stage) + dime_map_size(&stage->layers[0]);
    if (stage->method == PLANES) {
        struct dime_model_layer model = model_layer(stage);
        struct dime_planes_shape shape = shape_of(stage, &model);
        return dime_planes_slices(&shape);
    }
    if (stage->method == LOOKUP) return (stage->layers[0].outputs + 1u) & ~1u;
    return stage->layers[0].outputs * 2u;
}

/* Bytes from the beginning of the buffer: stages that run place by place write over what they have read. */
struct buffer {
    uint32_t size, input, output;
};

static struct buffer buffer_of(const struct stage *stage) {
    uint32_t count = output_count(stage), input = (stage->input_count + 3) & ~3u;
    if (is_wide(stage)) return (struct buffer){input + count, 0, input};
    uint32_t size = dime_conv_overlapped(&stage->layers[0], last_of(stage), stage->is_upward);
    if (stage->is_upward) return (struct buffer){size, 0, (size - count) & ~3u};
    return (struct buffer){size, (size - stage->input_count) & ~3u, 0};
}

/* From channel by channel to place by place. */
static void by_places(const int8_t *maps, uint32_t channels, uint32_t places, int8_t *result) {
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t i = 0; i < places; i++) result[i * channels + c] = maps[c * places + i];
}

/* The flash has one wait state, as at 48 MHz; SysTick counts HCLK. */
static void write_main(const struct stage *stage) {
    static int8_t ordered[MOST_ENTRIES];
    struct buffer buffer = buffer_of(stage);
    uint32_t channels = is_wide(stage) ? 1 : stage->layers[0].channels;
    FILE *stream = create("main.c");
    by_places(stage->input, channels, stage->input_count / channels, ordered);
    fputs("#include \"fast_conv.h\"\n", stream);
    write_affine(&stage->layers[0], stream);
    write_layers(stage, stream);
    write_stage(stage, stream);
    fprintf(stream, "static const int8_t input[%u] = {", stage->input_count);
    for (uint32_t i = 0; i < stage->input_count; i++) fprintf(stream, "%d,", ordered[i]);
    fprintf(stream,
            "};\n_Alignas(4) int8_t buffer[%u];\n_Alignas(4) int32_t sums[%u];\nuint32_t cycles;\n"
            "int main(void) {\n*(volatile uint32_t *)0x40022000 = 1;\n"
            "for (unsigned i = 0; i < %u; i++) buffer[%u + i] = input[i];\n"
            "*(volatile uint32_t *)0xE000F000 = 5;\nuint32_t start = *(volatile uint32_t *)0xE000F008;\n"
            "stage.run(&stage, layers, layers + %u, buffer + %u, sums, buffer + %u);\n"
            "cycles = *(volatile uint32_t *)0xE000F008 - start;\n__asm__ volatile(\"li a0, 0\\nebreak\");\n"
            "for (;;) {\n}\n}\n",
            buffer.size, sums_of(stage), stage->input_count, buffer.input, stage->count - 1, buffer.input,
            buffer.output);
    fclose(stream);
}

#define ENGINE "engine/"
#define FIRMWARE "firmware/"

static void compile(const struct stage *stage) {
    const char *const architecture =
        stage->method == MULTIPLY ? toolchain.multiplying : toolchain.architecture;
    const char *const command[] = {"gcc",
                                   architecture,
                                   stage->method == MULTIPLY ? "-mno-div" : "-g",
                                   "-mabi=ilp32e",
                                   "-Os",
                                   "-std=c11",
                                   "-ffreestanding",
                                   "-ffunction-sections",
                                   "-fdata-sections",
                                   "-nostdlib",
                                   "-nostartfiles",
                                   "-I" ENGINE,
                                   "-I" FIRMWARE,
                                   "-T" FIRMWARE "ch32v003.ld",
                                   "-L.",
                                   "-Wl,--gc-sections",
                                   "-Wl,--defsym=__measure=1",
                                   has_ram(stage) ? "-Wl,--defsym=__ram_bytes=4096" : "-g",
                                   "-o",
                                   "program.elf",
                                   FIRMWARE "start.S",
                                   FIRMWARE "memory.c",
                                   FIRMWARE "divide.S",
                                   FIRMWARE "multiply.S",
                                   "main.c",
                                   "code.S",
                                   ENGINE "fast_conv_pairs.c",
                                   ENGINE "fast_conv_finish.S",
                                   ENGINE "fast_conv_scale.S",
                                   ENGINE "fast_conv_lookup.c",
                                   ENGINE "fast_lookup_add.S",
                                   ENGINE "fast_conv_planes.c",
                                   ENGINE "fast_planes.c",
                                   ENGINE "fast_planes_add.S",
                                   ENGINE "fast_conv_map.S",
                                   ENGINE "fast_conv_wide.c",
                                   ENGINE "fast_conv_multiply.c",
                                   ENGINE "fast_conv_channel.c",
                                   ENGINE "fast_conv_written.c",
                                   ENGINE "fast_conv_written_run.c",
                                   ENGINE "fast_conv_written_row.S",
                                   ENGINE "fast_conv_written_sum.S",
                                   ENGINE "engine.c",
                                   "-lgcc",
                                   NULL};
    char *output = NULL;
    fclose(create("ram_code.ld"));
    check(dime_toolchain_run(&toolchain, folder, command, &output));
    free(output);
}

static uint32_t address_of(struct sim_chip *chip, const char *name) {
    const struct sim_symbol *symbol = sim_symbols_named(sim_chip_symbols(chip), name);
    assert_non_null(symbol);
    return symbol->address;
}

/* Runs the program; what it leaves `at` bytes behind the beginning of its buffer, and the cycles. */
static uint32_t run(const struct stage *stage, int8_t *output, uint32_t at, uint32_t count) {
    const struct sim_options options = {has_ram(stage) ? SIM_CH32V002 : SIM_CH32V003, SIM_FAULT_STOP};
    struct sim_chip *chip;
    struct sim_limits limits = {100000000, UINT64_MAX};
    char path[128];
    uint32_t cycles;
    snprintf(path, sizeof path, "%s/program.elf", folder);
    check(sim_ch32v003_create(&chip, &options));
    check(sim_chip_load_file(chip, path));
    sim_chip_reset(chip);
    assert_int_equal(sim_chip_run(chip, &limits), SIM_STOP_EBREAK);
    assert_int_equal(sim_chip_peek(chip, address_of(chip, "buffer") + at, output, count), count);
    assert_int_equal(sim_chip_peek(chip, address_of(chip, "cycles"), &cycles, 4), 4);
    sim_chip_free(chip);
    return cycles;
}

/* Reference and chip give the same; prints what the chip took. */
static void compare(struct stage *stage, int32_t least, int32_t most, const char *name) {
    static int32_t sums[1 << 16];
    static int8_t maps[MOST_ENTRIES], expected[MOST_ENTRIES], got[MOST_ENTRIES];
    uint32_t count = output_count(stage), channels = is_wide(stage) ? 1 : last_of(stage)->outputs;
    dime_stage_run(&stage->layers[0], last_of(stage), stage->input, sums, maps);
    by_places(maps, channels, count / channels, expected);
    uint32_t predicted = write_code(stage, least, most);
    write_main(stage);
    compile(stage);
    uint32_t cycles = run(stage, got, buffer_of(stage).output, count);
    if (getenv("DIME_SHOW")) printf("%s: %u cycles, code %u\n", name, cycles, predicted);
    assert_memory_equal(got, expected, count);
    uint32_t nonzero = 0;
    for (uint32_t i = 0; i < count; i++) nonzero += expected[i] != 0;
    assert_true(nonzero > 0); /* or the comparison says nothing */
    end(stage);
}

/* ---- what is tried ---- */

struct shape {
    enum method method;
    const struct dime_format *format;
    uint32_t channels, size, outputs, kernel, stride, pool;
    int32_t least, most;
    int weights;
};

static void test_dense(void **state) {
    (void)state;
    static const struct shape shapes[] = {
        {PAIRS, &dime_format_pot3, 1, 16, 8, 3, 1, 2, 0, 127, 0},
        {PAIRS, &dime_format_pot3, 8, 7, 24, 3, 1, 0, 0, 127, 0},
        {PAIRS, &dime_format_ternary, 12, 7, 32, 3, 1, 0, 0, 127, 0},
        {PAIRS, &dime_format_ternary, 1, 6, 40, 3, 1, 2, -127, 127, 0},
        {PAIRS, &dime_format_pot3, 7, 6, 9, 3, 1, 0, 0, 127, 1},    /* the largest sums that fit 16 bits */
        {PAIRS, &dime_format_ternary, 2, 8, 6, 3, 1, 2, 0, 127, 2}, /* nothing but biases */
        {PAIRS, &dime_format_pot3, 1, 28, 12, 5, 2, 2, 0, 1, 0},
        {PAIRS, &dime_format_4bitsym, 1, 9, 5, 3, 1, 0, -127, 127, 0},
        {PAIRS, &dime_format_8bit, 1, 9, 3, 1, 1, 0, -127, 127, 0},
        {PAIRS, &dime_format_ternary, 3, 7, 65, 2, 1, 2, 0, 127, 0},
        {PAIRS, &dime_format_binarysym, 2, 12, 7, 7, 3, 0, 0, 127, 0},
        {SUMS, &dime_format_pot3, 1, 16, 8, 3, 1, 2, 0, 127, 0},
        {SUMS, &dime_format_ternary, 2, 8, 6, 3, 1, 2, 0, 127, 2},
        {SUMS, &dime_format_ternary, 5, 7, 33, 3, 1, 0, 0, 127, 0},
        {LOOKUP, &dime_format_ternary, 12, 7, 32, 3, 1, 0, 0, 127, 0},
        {LOOKUP, &dime_format_ternary, 32, 5, 48, 3, 1, 0, 0, 60, 0},
        {LOOKUP, &dime_format_binarysym, 9, 9, 13, 3, 2, 0, -7, 7, 1},
        {LOOKUP, &dime_format_ternary, 1, 4, 5, 3, 1, 0, -127, 127, 0},
        {LOOKUP, &dime_format_ternary, 2, 8, 6, 3, 1, 0, 0, 127, 2},
        {PLANES, &dime_format_ternary, 12, 7, 32, 3, 1, 0, 0, 127, 0},
        {PLANES, &dime_format_ternary, 32, 5, 48, 3, 1, 0, 0, 3, 0},
        {PLANES, &dime_format_2bitsym, 3, 6, 37, 3, 1, 0, 0, 127, 0},
        {PLANES, &dime_format_pot3, 8, 7, 24, 3, 1, 0, 0, 63, 0},
        {PLANES, &dime_format_binarysym, 5, 9, 65, 2, 2, 0, 0, 127, 0},
        {PLANES, &dime_format_4bitsym, 3, 5, 7, 3, 1, 0, 0, 127, 1}, /* the largest sums that fit 16 bits */
        {PLANES, &dime_format_4bit, 4, 4, 12, 2, 1, 0, 0, 127, 0},
        {PLANES, &dime_format_ternary, 2, 8, 6, 3, 1, 0, 0, 127, 2},
    };
    for (uint32_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        struct stage stage;
        begin(&stage, shape->channels, shape->size, shape->size, 100 + i);
        stage.method = shape->method;
        stage.is_upward = i % 2;
        struct dime_layer *layer =
            add_layer(&stage, DIME_LAYER_CONV2D, shape->outputs, shape->kernel, shape->stride);
        layer->format = shape->format;
        layer->requantize = DIME_REQUANTIZE_FIXED;
        draw_weights(&stage, 0, shape->weights);
        draw_affine(&stage, 0);
        if (shape->pool)
            add_layer(&stage, DIME_LAYER_MAX_POOL, shape->outputs, 2, 2)->requantize = DIME_REQUANTIZE_NONE;
        draw_input(&stage, shape->least, shape->most);
        compare(&stage, shape->least, shape->most, method_names[shape->method]);
    }
}

static void test_wide(void **state) {
    (void)state;
    struct stage stage;
    begin(&stage, 1, 16, 16, 7);
    stage.method = WIDE;
    uint32_t channels = 16;
    add_layer(&stage, DIME_LAYER_CONV2D, channels, 3, 1);
    add_layer(&stage, DIME_LAYER_DEPTHWISE, channels, 3, 1);
    add_layer(&stage, DIME_LAYER_MAX_POOL, channels, 2, 2)->requantize = DIME_REQUANTIZE_NONE;
    add_layer(&stage, DIME_LAYER_DEPTHWISE, channels, 3, 1);
    add_layer(&stage, DIME_LAYER_MAX_POOL, channels, 2, 2)->requantize = DIME_REQUANTIZE_SHIFT;
    for (uint32_t i = 0; i < 4; i++) {
        if (!stage.layers[i].inputs) continue;
        stage.layers[i].format = &dime_format_8bit;
        stage.layers[i].requantize = DIME_REQUANTIZE_WIDE;
        draw_weights(&stage, i, 0);
    }
    draw_input(&stage, -127, 127);
    compare(&stage, -127, 127, "wide");
}

/* One stage channel by channel: layers named c for a convolution, p for pooling; the last one is shifted.
 */
struct chain {
    const char *layers;
    const struct dime_format *format;
    uint32_t height, width, channels;
    int32_t least;
    int weights;
};

static void run_chains(enum method method) {
    static const struct chain chains[] = {
        {"ccpcp", &dime_format_8bit, 16, 16, 16, -19, 0},
        {"ccpcp", &dime_format_8bit, 16, 16, 3, -127, 1},    /* no two channels together */
        {"ccpcp", &dime_format_4bitsym, 15, 18, 5, -127, 0}, /* all of them; what is pooled has odd sizes */
        {"cc", &dime_format_4bitsym, 7, 9, 4, 0, 1},
        {"cccp", &dime_format_8bit, 12, 16, 2, 0, 0},
        {"ccc", &dime_format_4bit, 8, 7, 7, -60, 0},
        {"ccpp", &dime_format_5bitsym, 14, 14, 6, -127, 0},
        {"ccp", &dime_format_8bit, 28, 12, 6, -100, 1},
    };
    for (uint32_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        const struct chain *chain = &chains[i];
        struct stage stage;
        begin(&stage, 1, chain->height, chain->width, 300 + i);
        if (method == WRITTEN && strstr(chain->layers, "pp")) continue;
        stage.method = method;
        for (const char *name = chain->layers; *name; name++) {
            struct dime_layer *layer =
                *name == 'p' ? add_layer(&stage, DIME_LAYER_MAX_POOL, chain->channels, 2, 2)
                             : add_layer(&stage, stage.count ? DIME_LAYER_DEPTHWISE : DIME_LAYER_CONV2D,
                                         chain->channels, 3, 1);
            layer->requantize = !name[1]       ? DIME_REQUANTIZE_SHIFT
                                : *name == 'p' ? DIME_REQUANTIZE_NONE
                                               : DIME_REQUANTIZE_WIDE;
            if (*name == 'p') continue;
            layer->format = chain->format;
            draw_weights(&stage, stage.count - 1, chain->weights);
        }
        draw_input(&stage, chain->least, 127);
        compare(&stage, chain->least, 127, chain->layers);
    }
}

static void test_multiply(void **state) {
    (void)state;
    run_chains(MULTIPLY);
}

static void test_written(void **state) {
    (void)state;
    run_chains(WRITTEN);
}

/* The compiler runs in the folder of the program. */
static void link_sources(const char *sources, const char *name) {
    char absolute[PATH_MAX], path[128];
    assert_non_null(realpath(sources, absolute));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(absolute, path), 0);
}

static int prepare(void **state) {
    (void)state;
    if (dime_toolchain_find(&toolchain)) {
        print_message("skipped: %s\n", dime_error_message());
        exit(0);
    }
    if (!mkdtemp(folder)) return -1;
    link_sources("device/engine", "engine");
    link_sources("firmware", "firmware");
    return 0;
}

static int clean(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    dime_toolchain_free(&toolchain);
    return getenv("DIME_KEEP") ? 0 : system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests_name("fast convolutions", tests, prepare, clean);
}
