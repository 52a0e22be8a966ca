/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/version.h"
#include "cli/cli.h"

static const struct cli_command *const commands[] = {
    &cli_data,    &cli_train,    &cli_eval, &cli_quantize, &cli_export, &cli_import, &cli_inspect,
    &cli_predict, &cli_firmware, &cli_sim,  &cli_flash,    &cli_report, &cli_live,   &cli_photos,
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *stream) {
    fputs("Usage: dime COMMAND [ARGUMENT]...\n"
          "\n"
          "Trains low-bit neural networks and runs them on the CH32V003 microcontroller.\n"
          "\n"
          "Commands:\n",
          stream);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help       show this, or with the name of a command what it takes\n"
          "\n"
          "`dime COMMAND --help` lists a command's options; `dime --version` shows the version.\n"
          "Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          stream);
}

static const struct cli_command *find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(commands[i]->name, name)) return commands[i];
    return NULL;
}

static int unknown_command(const char *name) {
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, name);
    for (int i = 0; i < COMMAND_COUNT; i++) dime_nearest_offer(&nearest, commands[i]->name);
    dime_nearest_offer(&nearest, "help");
    fprintf(stderr, "dime: %s: unknown %s; ", name, *name == '-' ? "option" : "command");
    if (nearest.name && *name != '-') fprintf(stderr, "did you mean `dime %s`? ", nearest.name);
    fputs("try `dime help`\n", stderr);
    return CLI_USAGE;
}

static int run(const struct cli_command *command, int argc, const char **argv) {
    int status = command->run(argc, argv);
    return status == CLI_DONE ? cli_flush_output() : status;
}

static int help(int argc, const char **argv) {
    if (argc < 2) {
        print_usage(stdout);
        return cli_flush_output();
    }
    if (argc > 2) {
        fputs("dime help: too many arguments; usage: dime help [COMMAND]\n", stderr);
        return CLI_USAGE;
    }
    const struct cli_command *command = find_command(argv[1]);
    if (!command) return unknown_command(argv[1]);
    const char *arguments[] = {command->name, "--help", NULL};
    return run(command, 2, arguments);
}

static int version(void) {
    puts("dime " DIME_VERSION);
    return cli_flush_output();
}

/* A file opened while stdin, stdout or stderr is closed would take its number, and messages would end up in
   it. The wrong direction makes every use of the stand-in an error. */
static void occupy_standard_files(void) {
    for (int file = 0; file <= 2; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file ? O_RDONLY : O_WRONLY) < 0) return;
}

int main(int argc, char **argv) {
    occupy_standard_files();
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    const char **arguments = (const char **)argv + 1;
    const struct cli_command *command = find_command(argv[1]);
    if (command) return run(command, argc - 1, arguments);
    if (!strcmp(argv[1], "--version")) return version();
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) return help(1, arguments);
    if (!strcmp(argv[1], "help")) {
        if (argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) return help(1, arguments);
        return help(argc - 1, arguments);
    }
    return unknown_command(argv[1]);
}
