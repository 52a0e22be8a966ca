/* SPDX-License-Identifier: MIT */
/* What the subcommands share. Results go to stdout, everything else to stderr; exit status 0 done, 1 failed,
   2 wrong usage. */
#ifndef DIME_CLI_CLI_H
#define DIME_CLI_CLI_H

#include <cjson/cJSON.h>
#include <popt.h>
#include <stddef.h>

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli_command {
    const char *name;                        /* "train" */
    const char *usage;                       /* "CONFIG [--out RUN] ..." */
    const char *summary;                     /* one line for `dime help` */
    int (*run)(int argc, const char **argv); /* argv[0] is the command's name; returns an exit status */
    const char *details;                     /* more lines for `dime NAME --help`, or NULL */
};

/* One table in main.c; each subcommand has its own file, cli_NAME.c. */
extern const struct cli_command cli_data, cli_train, cli_eval, cli_quantize, cli_export, cli_import,
    cli_inspect, cli_predict, cli_firmware, cli_flash, cli_sim, cli_report, cli_photos, cli_live;

/* Positional arguments after option parsing. */
struct cli_arguments {
    poptContext context; /* owns `positional`; free with cli_arguments_free */
    const char **positional;
    int count;
    struct cli_options *options; /* owns what popt stored in POPT_ARG_STRING and POPT_ARG_ARGV variables */
};

/* Parses options with popt (`--help` is added and prints `dime NAME USAGE`, the options with defaults, and
   ends with status 0). Returns -1 to go on, or an exit status to return at once. Misuse prints one line to
   stderr: "dime NAME: --epoch: unknown option; try `dime NAME --help`". With a status nothing is left to
   free. Positional arguments: `least` .. `most`, any number with most -1. Variables that hold a string, or a
   number above 0, are shown as defaults; `options` ends with POPT_TABLEEND and may not include tables. */
int cli_parse(const struct cli_command *command, int argc, const char **argv, struct poptOption *options,
              int least, int most, struct cli_arguments *arguments);
/* Frees the positional arguments and the strings of the options, whose variables get their old values back.
 */
void cli_arguments_free(struct cli_arguments *arguments);

/* Prints "dime NAME: MESSAGE" with dime_error_message() and returns CLI_FAILED (CLI_USAGE for
 * DIME_ERROR_USAGE). */
int cli_fail(const struct cli_command *command, int error);

/* Prints one JSON object and a newline on stdout and deletes it; returns CLI_DONE, or CLI_FAILED where stdout
   cannot take it. */
int cli_print_json(cJSON *object);

/* Flushes stdout: CLI_DONE, or one line on stderr and CLI_FAILED where it could not take everything. main
   does this after each command that succeeded. */
int cli_flush_output(void);

#endif
