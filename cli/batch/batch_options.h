/* The options of `unecho batch`. */
#ifndef UNECHO_CLI_BATCH_OPTIONS_H
#define UNECHO_CLI_BATCH_OPTIONS_H

#include "batch/naming.h"
#include "command.h"
#include "process/process_options.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct batch_options {
    process_options process; /* as for a single pair; its paths are unused */
    const char *folder;      /* for the outputs and the journal */
    const char *ending;      /* of the outputs, without the dot; NULL: as the microphone's */
    const char *report;      /* NULL: none */
    const char *shard;       /* NULL: the environment decides */
    const char *merge;       /* an output folder whose journals to merge; NULL: process pairs */
    unsigned jobs;           /* 0: one for each CPU */
    bool examine, json, quiet;
    struct {
        struct naming_pattern patterns[NAMING_PATTERNS];
        size_t count;
    } naming;
    const struct arguments *arguments; /* the inputs and the options as they were given */
} batch_options;

/* The options of one pair in a manifest fill a process_options. */
extern const struct option_group batch_pair_groups[];

extern const struct option_group batch_groups[];
extern const batch_options batch_defaults;
extern const char batch_usage[], batch_description[], batch_notes[];

/* false: the options do not go together, reported. */
bool batch_options_check(void *options, const struct arguments *arguments);

/* Complete the options for one pair. false: they do not go together, reported. */
bool batch_options_settle(process_options *process, const char *mic, const char *far,
                          const char *out);

/* The options that change the output, as text that is equal if they are. Freed by the caller. */
char *batch_options_text(const batch_options *options);

#endif
