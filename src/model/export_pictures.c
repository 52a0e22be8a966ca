/* SPDX-License-Identifier: MIT */
/* test_pictures.h and .c: pictures with the answers that the exporting program computed. */
#include <stdlib.h>

#include "base/error.h"
#include "model/export_parts.h"

static int make_pictures_h(struct dime_export *export) {
    int code = dime_export_text_open(export, &export->pictures_h);
    if (code) return code;
    FILE *stream = export->pictures_h.stream;
    dime_export_print_origin(export, stream);
    fprintf(stream,
            "#ifndef DIME_EXPORTED_TEST_PICTURES_H\n#define DIME_EXPORTED_TEST_PICTURES_H\n\n"
            "#include <stdint.h>\n\n#include \"model.h\"\n\n#define TEST_PICTURES %u\n\n",
            export->pictures->count);
    fputs("struct test_picture {\n"
          "    uint8_t label;\n"
          "    uint8_t expected; /* the class that the exporting program computed */\n"
          "    int32_t logits[DIME_MODEL_CLASSES]; /* likewise */\n"
          "    uint8_t grey[DIME_MODEL_INPUTS]; /* 0 (background) .. 255 */\n"
          "    int8_t input[DIME_MODEL_INPUTS]; /* the same, encoded for the network */\n"
          "};\n\n"
          "extern const struct test_picture test_pictures[TEST_PICTURES];\n"
          "extern const char *const test_classes[DIME_MODEL_CLASSES];\n\n#endif\n",
          stream);
    return dime_export_text_close(export, &export->pictures_h);
}

static void print_bytes(FILE *stream, const char *member, const void *bytes, int is_signed, uint32_t size) {
    fprintf(stream, "        .%s = {", member);
    for (uint32_t i = 0; i < size * size; i++)
        fprintf(stream, "%s%d,", i % size ? " " : "\n            ",
                is_signed ? ((const int8_t *)bytes)[i] : ((const uint8_t *)bytes)[i]);
    fputs("\n        },\n", stream);
}

static void print_logits(FILE *stream, const int32_t *logits, uint32_t classes) {
    fputs("        .logits = {", stream);
    for (uint32_t i = 0; i < classes; i++) fprintf(stream, "%s%ld", i ? ", " : "", (long)logits[i]);
    fputs("},\n", stream);
}

/* Scratch of one inference on the host. */
struct scratch {
    int8_t *input, *activations;
    int32_t *sums;
};

static void print_picture(struct dime_export *export, FILE *stream, uint32_t index,
                          const struct scratch *scratch) {
    const struct dime_config *config = &export->model->config;
    uint32_t size = config->input_size;
    const uint8_t *grey = export->pictures->grey + (size_t)index * size * size;
    uint32_t label = export->pictures->labels[index];
    dime_encode(config->input_encoding, config->input_threshold, grey, size * size, scratch->input);
    uint32_t class =
        dime_network_infer(&export->runtime.network, scratch->input, scratch->sums, scratch->activations);
    export->summary.right += class == label;
    fprintf(stream, "    {\n        .label = %u,\n        .expected = %u,\n", label, class);
    print_logits(stream, scratch->sums, export->model->classes);
    print_bytes(stream, "grey", grey, 0, size);
    print_bytes(stream, "input", scratch->input, 1, size);
    fputs("    },\n", stream);
}

static void print_classes(const struct dime_export *export, FILE *stream) {
    const char *const *names = export->pictures->class_names;
    if (export->model->class_names) names = (const char *const *)export->model->class_names;
    fputs("const char *const test_classes[DIME_MODEL_CLASSES] = {\n", stream);
    for (uint32_t i = 0; i < export->model->classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        fputs("    ", stream);
        dime_export_print_literal(stream, names ? names[i] : number);
        fputs(",\n", stream);
    }
    fputs("};\n\n", stream);
}

static void print_pictures(struct dime_export *export, FILE *stream, const struct scratch *scratch) {
    dime_export_print_origin(export, stream);
    fputs("/* From: ", stream);
    dime_export_print_plain(stream, export->pictures->source);
    fputs(". */\n#include \"test_pictures.h\"\n\n", stream);
    print_classes(export, stream);
    fputs("const struct test_picture test_pictures[TEST_PICTURES] = {\n", stream);
    for (uint32_t i = 0; i < export->pictures->count; i++) print_picture(export, stream, i, scratch);
    fputs("};\n", stream);
}

static int make_pictures_c(struct dime_export *export) {
    const struct dime_network *network = &export->runtime.network;
    uint32_t size = export->model->config.input_size;
    struct scratch scratch = {malloc(size * size), malloc(network->activations),
                              malloc(network->sums * sizeof(int32_t))};
    int code = 0;
    if (!scratch.input || !scratch.activations || !scratch.sums) code = dime_export_no_memory(export);
    if (!code) code = dime_export_text_open(export, &export->pictures_c);
    if (!code) {
        print_pictures(export, export->pictures_c.stream, &scratch);
        code = dime_export_text_close(export, &export->pictures_c);
    }
    free(scratch.input);
    free(scratch.activations);
    free(scratch.sums);
    return code;
}

int dime_export_make_pictures(struct dime_export *export) {
    int code = make_pictures_h(export);
    return code ? code : make_pictures_c(export);
}

int dime_export_check_pictures(const struct dime_export *export) {
    const struct dime_export_pictures *pictures = export->pictures;
    if (!pictures) return 0;
    for (uint32_t i = 0; i < pictures->count; i++)
        if (pictures->labels[i] >= export->model->classes)
            return dime_error_set(DIME_ERROR_MALFORMED,
                                  "%s: test picture %u has label %u, but %s has %u classes", pictures->source,
                                  i, pictures->labels[i], export->name, export->model->classes);
    return 0;
}
