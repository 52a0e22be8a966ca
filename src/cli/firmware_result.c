/* SPDX-License-Identifier: MIT */
#include "cli/firmware_result.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "firmware/explain.h"
#include "firmware/kernels.h"

enum { TABLE_ROWS = 16, PLAN_ROOM = 320 };

static void add_space(cJSON *object, const struct dime_space *space) {
    cJSON *list = cJSON_AddArrayToObject(object, "space");
    for (size_t i = 0; i < space->count && i < TABLE_ROWS; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", space->items[i].name);
        cJSON_AddNumberToObject(item, "flash", space->items[i].flash);
        cJSON_AddNumberToObject(item, "ram", space->items[i].ram);
        cJSON_AddItemToArray(list, item);
    }
}

static const struct dime_firmware_candidate *chosen_of(const struct dime_firmware_report *report) {
    return &report->candidates[report->candidate_count - 1];
}

/* Only what is known. */
static void add_cycles(cJSON *object, uint64_t cycles) {
    if (cycles) cJSON_AddNumberToObject(object, "cycles", (double)cycles);
}

static void add_candidates(cJSON *object, const struct dime_firmware_report *report) {
    char text[PLAN_ROOM];
    cJSON *list = cJSON_AddArrayToObject(object, "candidates");
    for (uint32_t i = 0; i < report->candidate_count; i++) {
        const struct dime_firmware_candidate *candidate = &report->candidates[i];
        cJSON *item = cJSON_CreateObject();
        dime_firmware_plan_text(candidate, text, sizeof text);
        cJSON_AddStringToObject(item, "plan", text);
        cJSON_AddNumberToObject(item, "flash_bytes", candidate->flash_bytes);
        cJSON_AddNumberToObject(item, "ram_bytes", candidate->ram_bytes);
        cJSON_AddNumberToObject(item, "stack_bytes", candidate->stack_bytes);
        add_cycles(item, candidate->cycles);
        cJSON_AddBoolToObject(item, "fits", candidate->fits);
        dime_firmware_verdict_text(candidate, text, sizeof text);
        cJSON_AddStringToObject(item, "verdict", text);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_kernels(cJSON *object, const struct dime_model *model,
                        const struct dime_firmware_report *report) {
    cJSON *list = cJSON_AddArrayToObject(object, "kernels");
    for (uint32_t i = 0; i < model->layer_count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(dime_firmware_kernel_of(report->chip, report->kernels,
                                                                              &report->convolutions, model, i)
                                                          .name));
}

static void add_layers(cJSON *object, const struct dime_model *model, const struct dime_activity *activity,
                       const struct dime_firmware_report *report) {
    struct dime_firmware_layer layers[DIME_MAX_LAYERS];
    uint32_t count = dime_firmware_explain(report, model, activity, layers);
    cJSON *list = cJSON_AddArrayToObject(object, "layers");
    for (uint32_t i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "first", layers[i].first + 1);
        cJSON_AddNumberToObject(item, "last", layers[i].last + 1);
        cJSON_AddStringToObject(item, "kernel", layers[i].kernel);
        cJSON_AddStringToObject(item, "place", layers[i].place);
        cJSON_AddNumberToObject(item, "weight_bytes", layers[i].weight_bytes);
        add_cycles(item, layers[i].cycles);
        cJSON_AddStringToObject(item, "why", layers[i].why);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_plan(cJSON *object, const struct dime_firmware_report *report, const struct dime_model *model,
                     const struct dime_activity *activity) {
    char text[PLAN_ROOM];
    dime_firmware_plan_text(chosen_of(report), text, sizeof text);
    cJSON_AddStringToObject(object, "plan", text);
    add_cycles(object, chosen_of(report)->cycles);
    if (chosen_of(report)->picture_count) {
        cJSON_AddNumberToObject(object, "pictures", chosen_of(report)->picture_count);
        cJSON_AddNumberToObject(object, "picture_bits", chosen_of(report)->picture_bits);
    }
    dime_firmware_why_text(report, text, sizeof text);
    cJSON_AddStringToObject(object, "why", text);
    if (model) {
        add_kernels(object, model, report);
        add_layers(object, model, activity, report);
    }
    add_candidates(object, report);
}

int cli_firmware_print_json(const struct dime_firmware_app *app, const struct dime_model *model,
                            const struct dime_activity *activity, const struct dime_firmware_report *report) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "flash_bytes", report->flash_bytes);
    cJSON_AddNumberToObject(object, "ram_bytes", report->ram_bytes);
    cJSON_AddNumberToObject(object, "stack_bytes", report->stack.bytes);
    cJSON_AddStringToObject(object, "stack_path", report->stack.path);
    cJSON_AddStringToObject(object, "elf", report->elf);
    cJSON_AddStringToObject(object, "bin", report->bin);
    cJSON_AddStringToObject(object, "hex", report->hex);
    cJSON_AddStringToObject(object, "sources", report->sources);
    cJSON_AddStringToObject(object, "app", app->name);
    cJSON_AddStringToObject(object, "chip", report->chip->name);
    cJSON_AddStringToObject(object, "compiler", report->compiler);
    if (app->has_vision) cJSON_AddBoolToObject(object, "vision", !report->prepared_only);
    add_plan(object, report, model, activity);
    add_space(object, &report->space);
    return cli_print_json(object);
}

static void print_layers(const struct dime_model *model, const struct dime_activity *activity,
                         const struct dime_firmware_report *report) {
    struct dime_firmware_layer layers[DIME_MAX_LAYERS];
    uint32_t count = dime_firmware_explain(report, model, activity, layers);
    int width = (int)strlen("kernel");
    for (uint32_t i = 0; i < count; i++)
        if ((int)strlen(layers[i].kernel) > width) width = (int)strlen(layers[i].kernel);
    printf("  %-7s %-*s %-6s %6s %9s  %s\n", "layer", width, "kernel", "place", "bytes", "cycles", "why");
    for (uint32_t i = 0; i < count; i++) {
        const struct dime_firmware_layer *layer = &layers[i];
        char number[32], cycles[32] = "?";
        snprintf(number, sizeof number, layer->last > layer->first ? "%u to %u" : "%u", layer->first + 1,
                 layer->last + 1);
        if (layer->cycles) snprintf(cycles, sizeof cycles, "%llu", (unsigned long long)layer->cycles);
        printf("  %-7s %-*s %-6s %6u %9s  %s\n", number, width, layer->kernel, layer->place,
               layer->weight_bytes, cycles, layer->why);
    }
}

static void print_candidates(const struct dime_firmware_report *report, FILE *stream) {
    char text[PLAN_ROOM];
    fprintf(stream, "  tried:\n");
    for (uint32_t i = 0; i < report->candidate_count; i++) {
        const struct dime_firmware_candidate *candidate = &report->candidates[i];
        dime_firmware_plan_text(candidate, text, sizeof text);
        fprintf(stream, "    %s: ", text);
        dime_firmware_verdict_text(candidate, text, sizeof text);
        fprintf(stream, "%s", text);
        if (candidate->cycles)
            fprintf(stream, "; %llu cycles predicted", (unsigned long long)candidate->cycles);
        fputc('\n', stream);
    }
}

int cli_firmware_print_text(const struct dime_firmware_app *app, const struct dime_model *model,
                            const struct dime_activity *activity, const struct dime_firmware_report *report) {
    char plan[PLAN_ROOM];
    printf("%s, with .bin and .hex beside it; sources in %s/\n", report->elf, report->sources);
    dime_space_print(&report->space, report->chip, report->flash_bytes, report->stack.bytes, TABLE_ROWS,
                     stdout);
    printf("  deepest stack: %s\n  compiled by %s\n", report->stack.path, report->compiler);
    if (model) {
        dime_firmware_plan_text(chosen_of(report), plan, sizeof plan);
        printf("  chosen: %s", plan);
        if (chosen_of(report)->cycles)
            printf(", %llu cycles predicted", (unsigned long long)chosen_of(report)->cycles);
        dime_firmware_why_text(report, plan, sizeof plan);
        printf("\n  why: %s\n", plan);
        print_layers(model, activity, report);
        print_candidates(report, stdout);
    }
    if (app->has_vision)
        printf("  takes %s\n",
               report->prepared_only
                   ? "prepared pictures only, as the camera sends them: no room for device/vision"
                   : "pictures of any size");
    return CLI_DONE;
}

void cli_firmware_print_failure(const struct dime_firmware_report *report) {
    dime_space_print(&report->space, report->chip, report->flash_bytes, report->stack.bytes, TABLE_ROWS,
                     stderr);
    if (report->candidate_count) print_candidates(report, stderr);
}
