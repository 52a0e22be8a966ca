/* SPDX-License-Identifier: MIT */
/* Compiling and linking an image. Drivers and model are compiled apart, each once for what it depends on. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "firmware/image.h"
#include "model/embedded.h"
#include "model/fast_layout.h"

#define MOST_WORDS 256

static int ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* ---- commands ---- */

/* Arguments of a command; owns what was formatted for it. */
struct words {
    const char *word[MOST_WORDS + 1];
    char *owned[MOST_WORDS];
    size_t count, owned_count;
    int failed;
};

static void add(struct words *words, const char *word) {
    if (words->count < MOST_WORDS)
        words->word[words->count++] = word;
    else
        words->failed = 1;
}

static void add_joined(struct words *words, const char *before, const char *path, const char *name) {
    char *text = NULL;
    if (words->owned_count == MOST_WORDS ||
        asprintf(&text, "%s%s%s%s", before, path, *name ? "/" : "", name) < 0) {
        words->failed = 1;
        return;
    }
    words->owned[words->owned_count++] = text;
    add(words, text);
}

static void add_list(struct words *words, const char *const *list) {
    for (; *list; list++) add(words, *list);
}

/* Every file of a folder with this ending, in the order of their names. */
static void add_files(struct words *words, const char *folder, const char *ending) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) words->failed = 1;
    for (int i = 0; i < count; i++) {
        if (ends_with(entries[i]->d_name, ending)) add_joined(words, "", folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* Runs and frees the command. output NULL: not wanted. */
static int run(const struct dime_image *image, const char *folder, struct words *words, char **output) {
    char *said = NULL;
    words->word[words->count] = NULL;
    int code = words->failed
                   ? dime_image_out_of_memory(image)
                   : dime_toolchain_run(&image->toolchain, folder, words->word, output ? output : &said);
    for (size_t i = 0; i < words->owned_count; i++) free(words->owned[i]);
    free(said);
    return code;
}

int dime_image_ask(const struct dime_image *image, const char *const *command, char **output) {
    struct words words = {0};
    add_list(&words, command);
    return run(image, image->linked, &words, output);
}

/* ---- compiling ---- */

static const char *const compiler_flags[] = {"-mabi=ilp32e",
                                             "-std=c11",
                                             "-g",
                                             "-ffreestanding",
                                             "-fno-common",
                                             "-fno-jump-tables",
                                             "-ffunction-sections",
                                             "-fdata-sections",
                                             "-Wall",
                                             "-Wextra",
                                             "-fstack-usage",
                                             "-fcallgraph-info=su",
                                             NULL};

static int is_all_fast(const struct dime_firmware_settings *chosen) {
    return chosen->kernels == DIME_KERNELS_FAST &&
           dime_layouts_are_fast(dime_firmware_chip(chosen), chosen->model);
}

static int has_maps(const struct dime_model *model) {
    return model->layers[0].shape.kind != DIME_LAYER_FC;
}

/* Every layer is fully connected and fast: see engine.h. */
static int is_lean(const struct dime_firmware_settings *chosen) {
    return !chosen->app->has_no_model && is_all_fast(chosen) && !has_maps(chosen->model);
}

static void add_architecture(const struct dime_image *image, const struct dime_firmware_settings *chosen,
                             struct words *words) {
    int multiplies = dime_firmware_chip(chosen)->has_multiplier;
    add(words, multiplies ? image->toolchain.multiplying : image->toolchain.architecture);
    if (multiplies) add(words, "-mno-div");
}

static void add_compiler(const struct dime_image *image, const struct dime_firmware_settings *chosen,
                         struct words *words, const char *optimization) {
    char number[32];
    add(words, "gcc");
    add_architecture(image, chosen, words);
    add(words, optimization);
    add_list(words, compiler_flags);
    add_joined(words, "-I", image->firmware_folder, "");
    if (image->model_folder) add_joined(words, "-I", image->model_folder, "");
    if (chosen->app->define) add(words, chosen->app->define);
    if (chosen->app->has_no_model) {
        snprintf(number, sizeof number, "%u", (unsigned)chosen->input_size);
        add_joined(words, "-DDIME_INPUT_SIZE=", number, "");
    }
    snprintf(number, sizeof number, "%u", (unsigned)dime_firmware_chip(chosen)->wait_states);
    add_joined(words, "-DDIME_WAIT_STATES=", number, "");
    snprintf(number, sizeof number, "%u", (unsigned)chosen->baud);
    add_joined(words, "-DDIME_BAUD=", number, "");
    if (chosen->print_swio) add(words, "-DDIME_PRINT_SWIO");
    if (chosen->once) add(words, "-DDIME_ONCE");
    if (chosen->prepared_only) add(words, "-DDIME_PREPARED_ONLY");
    if (is_lean(chosen)) add(words, "-DDIME_ENGINE_LEAN");
    add(words, "-c");
}

static int is_fast_kernel(const char *name) {
    return strncmp(name, "fast_", 5) == 0;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Takes away the words that `is_left_out` names. */
static void leave_out(struct words *words, int (*is_left_out)(const char *name)) {
    size_t kept = 0;
    for (size_t i = 0; i < words->count; i++)
        if (!is_left_out(name_of(words->word[i]))) words->word[kept++] = words->word[i];
    words->count = kept;
}

/* Fast kernels that are another when compiled for size. */
static int has_trade(const char *name) {
    return is_fast_kernel(name) && (ends_with(name, ".c") || !strcmp(name, "fast_finish.S"));
}

static int is_of_maps(const char *name) {
    return !strcmp(name, "maps.c") || !strcmp(name, "scratch.c") || !strncmp(name, "fast_conv", 9) ||
           !strncmp(name, "fast_multiply", 13);
}

/* These are compiled like the engine. */
static void add_fast_files(const struct dime_image *image, struct words *words) {
    for (size_t i = 0; i < dime_firmware_file_count; i++)
        if (has_trade(dime_firmware_files[i].name))
            add_joined(words, "", image->firmware_folder, dime_firmware_files[i].name);
}

/* Calls of these appear only while a program is linked, when nothing can be fetched from a library any more
   that would have to be optimized with it. */
static const char compiler_calls[] = "memory.c";

static int is_compiler_calls(const char *name) {
    return strcmp(name, compiler_calls) == 0;
}

/* Application and drivers are optimized as one program. Not with vision, which leaves no room on the stack
   for functions that have become one. */
static int is_whole(const struct dime_image *image, const struct dime_firmware_settings *chosen) {
    return chosen->app->is_whole && chosen->prepared_only && image->toolchain.has_lto;
}

static int compile_drivers(const struct dime_image *image, const struct dime_firmware_settings *chosen,
                           const char *folder) {
    struct words words = {0};
    add_compiler(image, chosen, &words, chosen->app->has_no_model ? "-O2" : "-Os"); /* there is room */
    add_files(&words, image->firmware_folder, ".S");
    add_files(&words, image->firmware_folder, ".c");
    leave_out(&words, has_trade);
    if (image->model_folder) leave_out(&words, is_compiler_calls);
    if (is_whole(image, chosen)) {
        add(&words, "-flto");
        add(&words, "-ffat-lto-objects"); /* the stack's analysis reads relocations */
    }
    return run(image, folder, &words, NULL);
}

/* What no layer of the model has: see engine.c. */
static void add_absences(const struct dime_model *model, struct words *words) {
    int has_affine = 0, has_shift = model->config.norm != DIME_NORM_BATCH, has_wide = 0, has_average = 0,
        has_ternary = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        if (model->layers[i].affine) has_affine = 1;
        if (model->layers[i].shape.wide_inputs) has_shift = has_wide = 1;
        if (model->layers[i].shape.kind == DIME_LAYER_AVG_POOL) has_average = 1;
        if (model->layers[i].format == DIME_FORMAT_TERNARY) has_ternary = 1;
    }
    if (!has_affine) add(words, "-DDIME_ENGINE_NO_AFFINE");
    if (!has_shift) add(words, "-DDIME_ENGINE_NO_SHIFT");
    if (model->config.norm != DIME_NORM_LAYER) add(words, "-DDIME_ENGINE_NO_CENTRE");
    if (!has_maps(model)) add(words, "-DDIME_ENGINE_NO_MAPS");
    if (!has_wide) add(words, "-DDIME_ENGINE_NO_WIDE");
    if (!has_ternary) add(words, "-DDIME_ENGINE_NO_TERNARY");
    if (!has_average) add(words, "-DDIME_ENGINE_NO_AVERAGE");
}

static int compile_model(const struct dime_image *image, const struct dime_firmware_settings *chosen,
                         const char *folder) {
    struct words words = {0};
    if (!image->model_folder) return 0;
    add_compiler(image, chosen, &words, chosen->trade == DIME_TRADE_SIZE ? "-Os" : "-O2");
    if (is_all_fast(chosen)) add(&words, "-DDIME_ENGINE_ALL_FAST");
    if (chosen->kernels == DIME_KERNELS_COMPACT) add(&words, "-DDIME_ENGINE_COMPACT");
    if (chosen->kernels != DIME_KERNELS_FAST) add(&words, "-DDIME_ENGINE_NO_FAST");
    add(&words, "-DDIME_ENCODE_FAST");
    add_absences(chosen->model, &words);
    add_fast_files(image, &words);
    add_files(&words, image->model_folder, ".S");
    add_files(&words, image->model_folder, ".c");
    add_joined(&words, "", image->firmware_folder, compiler_calls);
    if (!has_maps(chosen->model)) leave_out(&words, is_of_maps);
    return run(image, folder, &words, NULL);
}

/* ---- objects ---- */

static struct dime_image_variant drivers_of(const struct dime_image *image,
                                            const struct dime_firmware_settings *chosen) {
    return (struct dime_image_variant){.kernels = chosen->kernels,
                                       .sums = image->convolutions.sums,
                                       .activations = image->convolutions.activations,
                                       .prepared_only = chosen->prepared_only,
                                       .picture_bits = chosen->picture_bits,
                                       .picture_count = chosen->picture_count};
}

static struct dime_image_variant model_of(const struct dime_firmware_settings *chosen) {
    return (struct dime_image_variant){
        .is_model = 1, .kernels = chosen->kernels, .trade = chosen->trade, .code_room = chosen->code_room};
}

static int is_same(const struct dime_image_variant *a, const struct dime_image_variant *b) {
    return a->is_model == b->is_model && a->kernels == b->kernels && a->trade == b->trade &&
           a->code_room == b->code_room && a->sums == b->sums && a->activations == b->activations &&
           a->prepared_only == b->prepared_only && a->picture_bits == b->picture_bits &&
           a->picture_count == b->picture_count;
}

static const char *find_objects(const struct dime_image *image, const struct dime_image_variant *variant) {
    for (uint32_t i = 0; i < image->object_count; i++)
        if (is_same(&image->objects[i].variant, variant)) return image->objects[i].folder;
    return NULL;
}

/* The folder of a variant's objects, compiled where that has not been done yet. */
static int have(struct dime_image *image, const struct dime_firmware_settings *chosen,
                const struct dime_image_variant *variant, const char **folder) {
    *folder = find_objects(image, variant);
    if (*folder) return 0;
    struct dime_image_objects *objects = realloc(image->objects, (image->object_count + 1) * sizeof *objects);
    if (!objects) return dime_image_out_of_memory(image);
    image->objects = objects;
    char *made = NULL;
    if (asprintf(&made, "%s/%u", image->work, image->object_count) < 0)
        return dime_image_out_of_memory(image);
    objects[image->object_count++] = (struct dime_image_objects){*variant, made};
    int code = dime_make_folders(made);
    if (!code)
        code = variant->is_model ? compile_model(image, chosen, made) : compile_drivers(image, chosen, made);
    *folder = made;
    return code;
}

/* ---- linking ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(name_of(*(const char *const *)a), name_of(*(const char *const *)b));
}

/* Drivers and engine as a library: only what is used is linked, and with it its interrupt handlers. In the
   order of their names, so that what calls each other lies near and calls are short. */
static int archive(const struct dime_image *image, const char *drivers, const char *model) {
    struct words words = {0};
    char *old = dime_path_join(image->linked, "everything.a");
    if (!old) return dime_image_out_of_memory(image);
    remove(old);
    free(old);
    add(&words, "ar");
    add(&words, "rcs");
    add(&words, "everything.a");
    size_t first = words.count;
    add_files(&words, drivers, ".o");
    add_files(&words, model, ".o");
    qsort(words.word + first, words.count - first, sizeof *words.word, by_name);
    return run(image, image->linked, &words, NULL);
}

static int link_program(const struct dime_image *image, const struct dime_firmware_settings *chosen,
                        const char *drivers) {
    struct words words = {0};
    char start[64], ram[32];
    snprintf(start, sizeof start, "%.50s.o", image->settings->app->name);
    add(&words, "gcc");
    add_architecture(image, chosen, &words);
    add(&words, "-Os");
    add_list(&words, compiler_flags);
    add(&words, is_whole(image, chosen) ? "-flto" : "-fno-lto");
    add(&words, "-nostdlib");
    add(&words, "-nostartfiles");
    add_joined(&words, "-T", image->firmware_folder, "ch32v003.ld");
    add_joined(&words, "-L", image->firmware_folder, "");
    add(&words, "-Wl,--gc-sections");
    snprintf(ram, sizeof ram, "%u", (unsigned)dime_firmware_chip(chosen)->ram_bytes);
    add_joined(&words, "-Wl,--defsym=__ram_bytes=", ram, "");
    add(&words, "-Wl,--defsym=__measure=1"); /* what does not fit is to be measured, too */
    add(&words, "-o");
    add(&words, "image.elf");
    add_joined(&words, "", drivers, "start.o");
    add_joined(&words, "", drivers, start);
    add(&words, "everything.a");
    add(&words, image->toolchain.libgcc);
    return run(image, image->linked, &words, NULL);
}

static int convert(const struct dime_image *image, const char *format, const char *target) {
    const char *const command[] = {"objcopy", "-O", format, "image.elf", target, NULL};
    char *said = NULL;
    int code = dime_image_ask(image, command, &said);
    free(said);
    return code;
}

int dime_image_link(struct dime_image *image, const struct dime_firmware_settings *chosen) {
    const struct dime_image_variant variants[] = {drivers_of(image, chosen), model_of(chosen)};
    const char *drivers, *model;
    int code = have(image, chosen, &variants[0], &drivers);
    if (!code) code = have(image, chosen, &variants[1], &model);
    if (!code) code = dime_image_place_code(image, chosen->code);
    if (!code) code = archive(image, drivers, model);
    if (!code) code = link_program(image, chosen, drivers);
    if (!code) code = convert(image, "binary", "image.bin");
    return code ? code : convert(image, "ihex", "image.hex");
}
