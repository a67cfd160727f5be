/* The commands: what the user types, the options, the help and the code of each. */
#ifndef UNECHO_CLI_COMMAND_H
#define UNECHO_CLI_COMMAND_H

#include "options.h"

struct command {
    const char *name;
    const char *summary;     /* one line in the list of commands */
    const char *usage;       /* the first lines of its help */
    const char *description; /* a paragraph before the options */
    const char *notes;       /* lines after the options */
    const char *details;     /* more of them, after all options; NULL: none */
    const struct option_group *groups;
    const void *defaults; /* of the struct that the groups fill */
    size_t size;          /* of that struct */
    /* Take the arguments, and check whether they and the options go together, without touching
     * files. false: they do not, reported. */
    bool (*check)(void *options, const struct arguments *arguments);
    int (*run)(const void *options); /* returns one of report.h's exit codes */
};

extern const struct command process_command, batch_command, doctor_command, replay_command,
    info_command, inspect_command, convert_command, bench_command, tune_command, completion_command,
    live_command;

/* In the order of the help; NULL ends them. */
extern const struct command *const commands[];

#endif
