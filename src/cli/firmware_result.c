/* SPDX-License-Identifier: MIT */
#include "cli/firmware_result.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { TABLE_ROWS = 16, PLAN_ROOM = 200 };

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
        cJSON_AddItemToArray(list, cJSON_CreateString(dime_firmware_kernel_name(report, model, i)));
}

static void add_plan(cJSON *object, const struct dime_firmware_report *report,
                     const struct dime_model *model) {
    char text[PLAN_ROOM];
    dime_firmware_plan_text(chosen_of(report), text, sizeof text);
    cJSON_AddStringToObject(object, "plan", text);
    add_cycles(object, chosen_of(report)->cycles);
    if (chosen_of(report)->picture_count) {
        cJSON_AddNumberToObject(object, "pictures", chosen_of(report)->picture_count);
        cJSON_AddNumberToObject(object, "picture_bits", chosen_of(report)->picture_bits);
    }
    if (model) add_kernels(object, model, report);
    add_candidates(object, report);
}

int cli_firmware_print_json(const struct dime_firmware_app *app, const struct dime_model *model,
                            const struct dime_firmware_report *report) {
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
    cJSON_AddStringToObject(object, "compiler", report->compiler);
    if (app->has_vision) cJSON_AddBoolToObject(object, "vision", !report->prepared_only);
    add_plan(object, report, model);
    add_space(object, &report->space);
    return cli_print_json(object);
}

/* "layers 1, 3: rows": kernels in the order in which they appear. */
static void print_kernels(const struct dime_model *model, const struct dime_firmware_report *report) {
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const char *name = dime_firmware_kernel_name(report, model, i);
        int is_first = 1;
        for (uint32_t k = 0; k < i; k++)
            is_first &= strcmp(dime_firmware_kernel_name(report, model, k), name) != 0;
        if (!is_first) continue;
        printf("%s layer %u", i ? ";" : "  kernels:", i + 1);
        for (uint32_t k = i + 1; k < model->layer_count; k++)
            if (!strcmp(dime_firmware_kernel_name(report, model, k), name)) printf(", %u", k + 1);
        printf(" %s", name);
    }
    putchar('\n');
}

static void print_candidates(const struct dime_firmware_report *report, FILE *stream) {
    char text[PLAN_ROOM];
    fprintf(stream, "  tried, from what is fastest:\n");
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
                            const struct dime_firmware_report *report) {
    char plan[PLAN_ROOM];
    printf("%s, with .bin and .hex beside it; sources in %s/\n", report->elf, report->sources);
    dime_space_print(&report->space, report->flash_bytes, report->stack.bytes, TABLE_ROWS, stdout);
    printf("  deepest stack: %s\n  compiled by %s\n", report->stack.path, report->compiler);
    if (model) {
        dime_firmware_plan_text(chosen_of(report), plan, sizeof plan);
        printf("  chosen: %s\n", plan);
        print_kernels(model, report);
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
    dime_space_print(&report->space, report->flash_bytes, report->stack.bytes, TABLE_ROWS, stderr);
    if (report->candidate_count) print_candidates(report, stderr);
}
