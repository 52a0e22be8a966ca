/* SPDX-License-Identifier: MIT */
/* dime flash: writes a firmware to the chip with the programmer that is installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"
#include "firmware/tool.h"

#define MOST_WORDS 6

/* A program that talks to the board's programmer. */
struct programmer {
    const char *name;
    const char *image;                 /* ending of the file that it takes */
    const char *arguments[MOST_WORDS]; /* NULL ends them; "FILE" stands for the image */
    const char *where;
};

/* The first that is installed is used. wlink reads ELF files; minichlink takes the plain image. */
static const struct programmer programmers[] = {
    {"minichlink", ".bin", {"-w", "FILE", "flash", "-b", NULL}, "https://github.com/cnlohr/ch32fun"},
    {"wlink", ".elf", {"flash", "FILE", NULL}, "https://github.com/ch32-rs/wlink"},
};
enum { PROGRAMMER_COUNT = sizeof(programmers) / sizeof(programmers[0]) };

struct settings {
    const char *file, *tool;
    int dry_run, json;
};

/* What will be run. */
struct plan {
    const struct programmer *programmer;
    char *program; /* path; NULL: not installed */
    char *image;
    const char *words[MOST_WORDS + 2];
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory");
}

static int none_installed(void) {
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "neither %s nor %s is installed: build minichlink from %s (folder minichlink; needs "
        "libusb-1.0-0-dev and libudev-dev; `make`), or get a release of wlink from %s, and put it "
        "into a folder of $PATH",
        programmers[0].name, programmers[1].name, programmers[0].where, programmers[1].where);
}

/* The programmer of that name, or the first one installed. */
static int choose(const struct settings *settings, struct plan *plan) {
    for (int i = 0; i < PROGRAMMER_COUNT && !plan->program; i++) {
        if (settings->tool && strcmp(settings->tool, programmers[i].name) != 0) continue;
        plan->programmer = &programmers[i];
        plan->program = dime_tool_find(programmers[i].name);
    }
    if (!plan->programmer)
        return dime_error_set(DIME_ERROR_USAGE, "--tool %s: unknown; it is %s or %s", settings->tool,
                              programmers[0].name, programmers[1].name);
    if (plan->program || (settings->tool && settings->dry_run)) return 0;
    if (!settings->tool) return none_installed();
    return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s is not installed; see %s", plan->programmer->name,
                          plan->programmer->where);
}

/* The file beside FILE.elf with the ending that the programmer takes. */
static int find_image(const struct settings *settings, struct plan *plan) {
    const char *file = settings->file, *dot = strrchr(file, '.');
    if (!dot || (strcmp(dot, ".elf") != 0 && strcmp(dot, ".bin") != 0))
        return dime_error_set(DIME_ERROR_USAGE, "%s: expected the FILE.elf that `dime firmware` wrote", file);
    if (asprintf(&plan->image, "%.*s%s", (int)(dot - file), file, plan->programmer->image) < 0) {
        plan->image = NULL;
        return out_of_memory();
    }
    if (!access(plan->image, R_OK)) return 0;
    return dime_error_set(DIME_ERROR_IO,
                          "%s: not there, or not readable; %s takes it, `dime firmware` writes it",
                          plan->image, plan->programmer->name);
}

static void list_words(struct plan *plan) {
    const char *const *argument = plan->programmer->arguments;
    int count = 0;
    plan->words[count++] = plan->program ? plan->program : plan->programmer->name;
    for (; *argument; argument++)
        plan->words[count++] = strcmp(*argument, "FILE") == 0 ? plan->image : *argument;
    plan->words[count] = NULL;
}

static int has_only(const char *word, const char *set) {
    return *word && !word[strspn(word, set)];
}

/* As one would type it in a shell. */
static void print_command(const struct plan *plan, FILE *stream) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+:,@%";
    for (int i = 0; plan->words[i]; i++) {
        const char *word = plan->words[i];
        if (i) fputc(' ', stream);
        if (has_only(word, plain)) {
            fputs(word, stream);
            continue;
        }
        fputc('\'', stream);
        for (; *word; word++) fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, stream);
        fputc('\'', stream);
    }
    fputc('\n', stream);
}

static int run_programmer(const struct plan *plan) {
    char *output = NULL;
    fprintf(stderr, "with %s: ", plan->programmer->name);
    print_command(plan, stderr);
    int status = dime_tool_run(NULL, plan->words, &output);
    if (output) fputs(output, stderr);
    free(output);
    if (status <= 0) return status;
    return dime_error_set(DIME_ERROR_IO,
                          "%s failed (status %d); is the board plugged in, and may you open its USB device?",
                          plan->programmer->name, status);
}

static int report(const struct settings *settings, const struct plan *plan) {
    if (!settings->json) {
        if (settings->dry_run)
            print_command(plan, stdout);
        else
            printf("%s: written to the chip\n", plan->image);
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON *command = cJSON_AddArrayToObject(object, "command");
    cJSON_AddStringToObject(object, "tool", plan->programmer->name);
    cJSON_AddStringToObject(object, "image", plan->image);
    cJSON_AddBoolToObject(object, "dry_run", settings->dry_run);
    for (int i = 0; plan->words[i]; i++) cJSON_AddItemToArray(command, cJSON_CreateString(plan->words[i]));
    return cli_print_json(object);
}

static int flash(const struct settings *settings) {
    struct plan plan = {0};
    int code = choose(settings, &plan);
    if (!code) code = find_image(settings, &plan);
    if (!code) {
        list_words(&plan);
        if (!settings->dry_run) code = run_programmer(&plan);
    }
    int status = code ? cli_fail(&cli_flash, code) : report(settings, &plan);
    free(plan.program);
    free(plan.image);
    return status;
}

static int run(int argc, const char **argv) {
    struct settings settings = {0};
    struct poptOption options[] = {
        {"tool", 0, POPT_ARG_STRING, &settings.tool, 0, "use this one (default: the first that is installed)",
         "minichlink|wlink"},
        {"dry-run", 0, POPT_ARG_NONE, &settings.dry_run, 0, "print the command instead of running it", NULL},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_flash, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    settings.file = arguments.positional[0];
    status = flash(&settings);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_flash = {
    .name = "flash",
    .usage = "FILE.elf [--tool minichlink|wlink] [--dry-run] [--json]",
    .summary = "write a firmware to the chip",
    .run = run,
};
