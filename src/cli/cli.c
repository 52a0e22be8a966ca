/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"

/* What must live as long as the popt context. */
struct cli_options {
    size_t count;             /* of the command's own options */
    int help;                 /* --help was given */
    char program[32];         /* "dime train" */
    struct poptOption *table; /* the command's own, --help, end */
    void **initial;           /* what each option's variable pointed to before parsing */
    void **current;           /* and what popt has stored there since */
};

static int is_pointer(const struct poptOption *option) {
    unsigned type = option->argInfo & POPT_ARG_MASK;
    return option->arg && (type == POPT_ARG_STRING || type == POPT_ARG_ARGV);
}

/* Whether --help shows the variable's value as the default: 0, less, and NULL stand for "not given". */
static int has_default(const struct poptOption *option) {
    if (!option->arg) return 0;
    switch (option->argInfo & POPT_ARG_MASK) {
    case POPT_ARG_STRING:
        return *(char **)option->arg != NULL;
    case POPT_ARG_INT:
        return *(int *)option->arg > 0;
    case POPT_ARG_LONG:
        return *(long *)option->arg > 0;
    case POPT_ARG_LONGLONG:
        return *(long long *)option->arg > 0;
    case POPT_ARG_FLOAT:
        return *(float *)option->arg > 0;
    case POPT_ARG_DOUBLE:
        return *(double *)option->arg > 0;
    default:
        return 0;
    }
}

static int is_end(const struct poptOption *option) {
    return !option->longName && !option->shortName && !option->arg;
}

static void options_free(struct cli_options *own) {
    if (!own) return;
    free(own->table);
    free(own->initial);
    free(own->current);
    free(own);
}

/* Copies one option. A string gets a return value of its own, so that parse hears of each time it is given.
 */
static void copy_option(struct cli_options *own, size_t index, const struct poptOption *option) {
    struct poptOption *copy = &own->table[index];
    *copy = *option;
    if (has_default(option)) copy->argInfo |= POPT_ARGFLAG_SHOW_DEFAULT;
    if (!is_pointer(option)) return;
    own->initial[index] = own->current[index] = *(void **)option->arg;
    copy->val = (int)index + 1;
}

static struct cli_options *options_new(const struct cli_command *command, const struct poptOption *options) {
    struct cli_options *own = calloc(1, sizeof *own);
    if (!own) return NULL;
    while (!is_end(&options[own->count])) own->count++;
    own->table = calloc(own->count + 2, sizeof *own->table);
    own->initial = calloc(own->count + 1, sizeof *own->initial);
    own->current = calloc(own->count + 1, sizeof *own->current);
    if (!own->table || !own->initial || !own->current) {
        options_free(own);
        return NULL;
    }
    snprintf(own->program, sizeof own->program, "dime %s", command->name);
    for (size_t i = 0; i < own->count; i++) copy_option(own, i, &options[i]);
    own->table[own->count] =
        (struct poptOption){"help", 'h', POPT_ARG_NONE, &own->help, 0, "show this help and end", NULL};
    return own;
}

static int is_list(const struct poptOption *option) {
    return (option->argInfo & POPT_ARG_MASK) == POPT_ARG_ARGV;
}

/* After each option: a string given twice replaces the first one, which popt forgets; a list has grown. */
static void note_string(struct cli_options *own, int value) {
    if (value < 1 || (size_t)value > own->count) return;
    size_t index = (size_t)value - 1;
    const struct poptOption *option = &own->table[index];
    if (!is_pointer(option)) return;
    if (!is_list(option) && own->current[index] != own->initial[index]) free(own->current[index]);
    own->current[index] = *(void **)option->arg;
}

/* popt leaves strings to the caller. */
static void free_strings(const struct cli_options *own) {
    for (size_t i = 0; i < own->count; i++) {
        const struct poptOption *option = &own->table[i];
        if (!is_pointer(option) || own->current[i] == own->initial[i]) continue;
        if (is_list(option))
            for (char **string = own->current[i]; *string; string++) free(*string);
        free(own->current[i]);
        *(void **)option->arg = own->initial[i];
    }
}

void cli_arguments_free(struct cli_arguments *arguments) {
    if (arguments->context) poptFreeContext(arguments->context);
    if (arguments->options) free_strings(arguments->options);
    options_free(arguments->options);
    *arguments = (struct cli_arguments){0};
}

/* The options as popt lays them out, without popt's own first line. */
static void print_options(poptContext context) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return;
    poptPrintHelp(context, stream, 0);
    if (!fclose(stream) && strchr(text, '\n')) fputs(strchr(text, '\n') + 1, stdout);
    free(text);
}

static int show_help(const struct cli_command *command, const struct cli_arguments *arguments) {
    printf("Usage: dime %s %s\n\n%s\n\n", command->name, command->usage, command->summary);
    print_options(arguments->context);
    if (command->details) printf("\n%s", command->details);
    return CLI_DONE;
}

static int wrong_usage(const struct cli_command *command, const char *what, const char *why) {
    fprintf(stderr, "dime %s: %s%s; try `dime %s --help`\n", command->name, what, why, command->name);
    return CLI_USAGE;
}

static int unknown_option(const struct cli_command *command, const struct cli_options *own,
                          const char *option) {
    char word[64];
    const char *start = option + strspn(option, "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(start, "="), start);
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, word);
    for (size_t i = 0; word[0] && word[1] && i <= own->count; i++)
        if (own->table[i].longName) dime_nearest_offer(&nearest, own->table[i].longName);
    if (!nearest.name) return wrong_usage(command, option, ": unknown option");
    fprintf(stderr, "dime %s: %s: unknown option; did you mean --%s? try `dime %s --help`\n", command->name,
            option, nearest.name, command->name);
    return CLI_USAGE;
}

/* popt names a wrong value without its option, where that is the word before. */
static const char *option_before(const char **argv, const char *value) {
    for (int i = 2; argv[i - 1] && argv[i]; i++)
        if (argv[i] == value && *value != '-') return argv[i - 1];
    return NULL;
}

static int bad_option(const struct cli_command *command, const char **argv,
                      const struct cli_arguments *arguments, int error) {
    const char *option = poptBadOption(arguments->context, POPT_BADOPTION_NOALIAS);
    if (error == POPT_ERROR_BADOPT) return unknown_option(command, arguments->options, option);
    const char *before = option_before(argv, option);
    char text[400];
    snprintf(text, sizeof text, "%s%s%s: %s", before ? before : "", before ? " " : "", option,
             poptStrerror(error));
    return wrong_usage(command, text, "");
}

static int count_positional(const struct cli_command *command, int least, int most,
                            struct cli_arguments *arguments) {
    arguments->positional = poptGetArgs(arguments->context);
    while (arguments->positional && arguments->positional[arguments->count]) arguments->count++;
    char text[400];
    snprintf(text, sizeof text, " arguments; usage: dime %s %s", command->name, command->usage);
    if (arguments->count < least) return wrong_usage(command, "too few", text);
    if (most >= 0 && arguments->count > most) return wrong_usage(command, "too many", text);
    return -1;
}

static int parse(const struct cli_command *command, int argc, const char **argv, int least, int most,
                 struct cli_arguments *arguments) {
    struct cli_options *own = arguments->options;
    const char *name = argv[0];
    argv[0] = own->program; /* popt shows it */
    arguments->context = poptGetContext(command->name, argc, argv, own->table, 0);
    int found = arguments->context ? poptGetNextOpt(arguments->context) : POPT_ERROR_MALLOC;
    while (found >= 0) {
        note_string(own, found);
        found = poptGetNextOpt(arguments->context);
    }
    argv[0] = name;
    if (!arguments->context || found == POPT_ERROR_MALLOC)
        return cli_fail(command, dime_error_set(DIME_ERROR_MEMORY, "out of memory"));
    if (found < -1) return bad_option(command, argv, arguments, found);
    if (own->help) return show_help(command, arguments);
    return count_positional(command, least, most, arguments);
}

int cli_parse(const struct cli_command *command, int argc, const char **argv, struct poptOption *options,
              int least, int most, struct cli_arguments *arguments) {
    *arguments = (struct cli_arguments){.options = options_new(command, options)};
    if (!arguments->options) return cli_fail(command, dime_error_set(DIME_ERROR_MEMORY, "out of memory"));
    int status = parse(command, argc, argv, least, most, arguments);
    if (status >= 0) cli_arguments_free(arguments);
    return status;
}

int cli_fail(const struct cli_command *command, int error) {
    char message[1024];
    snprintf(message, sizeof message, "%s", dime_error_message());
    for (char *c = message; *c; c++) /* parts of hostile files must not steer the terminal */
        if (iscntrl((unsigned char)*c)) *c = '?';
    fprintf(stderr, "dime %s: %s\n", command->name, message);
    return error == DIME_ERROR_USAGE ? CLI_USAGE : CLI_FAILED;
}

int cli_print_json(cJSON *object) {
    char *text = object ? cJSON_Print(object) : NULL;
    cJSON_Delete(object);
    if (!text) {
        fprintf(stderr, "dime: out of memory while writing JSON\n");
        return CLI_FAILED;
    }
    printf("%s\n", text);
    cJSON_free(text);
    return cli_flush_output();
}

int cli_flush_output(void) {
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)) return CLI_DONE;
    fprintf(stderr, "dime: cannot write to standard output%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return CLI_FAILED;
}
