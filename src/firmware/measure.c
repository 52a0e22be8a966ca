/* SPDX-License-Identifier: MIT */
/* What a linked program takes: flash, RAM and the deepest stack. */
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "firmware/image.h"

#define IMAGE_LIMIT ((size_t)64 << 20)

/* What the tools say about the linked program; malloc'ed. */
struct answers {
    char *listing, *relocations, *vectors, *symbols;
};

static int ask_all(const struct dime_image *image, struct answers *answers) {
    static const char *const listing[] = {"objdump", "-d", "--no-show-raw-insn", "image.elf", NULL};
    static const char *const relocations[] = {"objdump", "-r", "everything.a", NULL};
    static const char *const vectors[] = {"objdump", "-s", "-j", ".vectors", "image.elf", NULL};
    static const char *const symbols[] = {"nm", "-S", "--defined-only", "image.elf", NULL};
    int code = dime_image_ask(image, listing, &answers->listing);
    if (!code) code = dime_image_ask(image, relocations, &answers->relocations);
    if (!code) code = dime_image_ask(image, vectors, &answers->vectors);
    return code ? code : dime_image_ask(image, symbols, &answers->symbols);
}

/* The engine's kinds of pointers: what runs a layer is called by inference alone, and so on. */
static const struct dime_stack_caller callers[] = {
    {"dime_maps_run", "dime_network_infer"},
    {"dime_rows_run", "dime_network_infer"},
    {"dime_flags_run", "dime_network_infer"},
    {"dime_products_run", "dime_network_infer"},
    {"dime_flags_run", "dime_parts_run"},
    {"dime_code_run", "dime_network_infer"},
    {"dime_fast_finish_*", "dime_code_run"},
    {"dime_fast_finish_*", "dime_rows_conclude"},
    {"dime_fast_finish_*", "dime_flags_run"},
    {"dime_rows_flush_1", "dime_rows_run"},
    {"dime_rows_flush_2", "dime_rows_run"},
    {"dime_rows_flush_4", "dime_rows_run"},
    {"dime_rows_flush_8_half", "dime_rows_run"},
    {"dime_rows_flush_8_quarter", "dime_rows_run"},
    {"dime_rows_flush_8", "dime_rows_run"},
    {"dime_parts_run", "dime_network_infer"},
    {"dime_rows_run", "dime_parts_run"},
    {"dime_fast_correct", "dime_rows_conclude"},
    {"dime_fast_correct", "dime_flags_run"},
    {"dime_fast_finish_*", "dime_parts_run"},
    {"dime_slices_run", "dime_network_infer"},
    {"dime_fast_finish_*", "dime_slices_run"},
    {"run_maps", "dime_network_infer"},
    {"dime_conv_pairs_run", "dime_conv_run"},
    {"dime_conv_wide_run", "dime_conv_run"},
    {"dime_conv_reference_run", "dime_conv_run"},
    {"dime_conv_pairs_run", "run_maps"},
    {"dime_conv_wide_run", "run_maps"},
    {"dime_conv_reference_run", "run_maps"},
    {"dime_conv_written_run", "dime_conv_run"},
    {"dime_conv_written_run", "run_maps"},
    {"dime_conv_multiply_run", "dime_conv_run"},
    {"dime_conv_multiply_run", "run_maps"},
    {"dime_multiply_run", "dime_network_infer"},
    {"dime_multiply_add_*", "dime_multiply_run"},
    {"dime_multiply_add_*", "add_inputs"},
    {"dime_fast_finish_*", "dime_multiply_run"},
    {"multiply*", "dime_conv_multiply_run"},
    {"multiply*", "run_first"},
    {"multiply*", "run_channel"},
    {"layer*_finish", "dime_conv_pairs_run"},
    {"", "dime_conv_finish_window"}, /* calls the code between calls of it */
    {"", "dime_conv_finish_pair"},
    {"", "dime_fast_hot_blocks"}, /* calls weights as code, which is no function and pushes nothing */
    {"layer*_finish", "run_row"},
    {"dime_table_run", "dime_network_infer"},
    {"dime_table_fill_*", "dime_table_take"},
    {"dime_fast_finish_*", "dime_table_run"},
    {"layer*_finish", "run_pooled_row"},
    {"layer*_finish", "run_window"},
    {"layer*_map*", "dime_conv_wide_run"},
    {"layer*_pair", "dime_conv_pairs_run"},
    {"layer*_pair", "run_row"},
    {"layer*_pair", "run_window"},
    {"layer*_pair", "run_pooled_row"},
    {"dime_conv_scale_*", "dime_conv_pairs_run"},
    {"dime_conv_scale_*", "run_row"},
    {"dime_conv_scale_*", "run_window"},
    {"dime_conv_scale_*", "run_pooled_row"},
    {"dime_planes_run", "dime_network_infer"},
    {"dime_fast_finish_*", "dime_planes_run"},
    {"dime_conv_lookup_run", "dime_conv_run"},
    {"dime_conv_lookup_run", "run_maps"},
    {"dime_conv_planes_run", "dime_conv_run"},
    {"dime_conv_planes_run", "run_maps"},
};

static int measure_from(const struct dime_listing *listing, uint32_t reset, const struct answers *answers,
                        struct dime_stack_depth *depth) {
    uint32_t *candidates = NULL, *handlers = NULL, candidate_count, handler_count;
    int code = dime_stack_candidates(listing, answers->relocations, &candidates, &candidate_count);
    if (code) return code;
    code = dime_stack_handlers(listing, answers->vectors, &handlers, &handler_count);
    if (!code) {
        struct dime_stack_entries entries = {reset,
                                             handlers,
                                             handler_count,
                                             candidates,
                                             candidate_count,
                                             callers,
                                             sizeof callers / sizeof *callers};
        code = dime_stack_measure(listing, &entries, depth);
        free(handlers);
    }
    free(candidates);
    return code;
}

static int measure_stack(const struct answers *answers, struct dime_stack_depth *depth) {
    struct dime_listing listing;
    int code = dime_listing_parse(answers->listing, &listing);
    if (code) return code;
    const struct dime_function *reset = dime_listing_named(&listing, "reset_handler");
    code = reset ? measure_from(&listing, reset->address, answers, depth)
                 : dime_error_set(DIME_ERROR_MALFORMED, "the linked program has no reset_handler");
    dime_listing_free(&listing);
    return code;
}

static int measure_flash(const struct dime_image *image, uint32_t *flash) {
    char *path = dime_path_join(image->linked, "image.bin");
    uint8_t *bytes = NULL;
    size_t size = 0;
    int code = path ? dime_file_read(path, IMAGE_LIMIT, &bytes, &size) : dime_image_out_of_memory(image);
    *flash = (uint32_t)size;
    free(bytes);
    free(path);
    return code;
}

int dime_image_measure(const struct dime_image *image, struct dime_firmware_report *report) {
    struct answers answers = {0};
    int code = ask_all(image, &answers);
    if (!code) code = dime_space_parse(answers.symbols, &report->space);
    if (!code) code = measure_flash(image, &report->flash_bytes);
    if (!code) code = measure_stack(&answers, &report->stack);
    if (!code) {
        report->ram_bytes = report->space.ram;
        report->fits = report->flash_bytes <= report->chip->flash_bytes &&
                       report->ram_bytes + report->stack.bytes <= report->chip->ram_bytes;
    }
    free(answers.listing);
    free(answers.relocations);
    free(answers.vectors);
    free(answers.symbols);
    return code;
}
