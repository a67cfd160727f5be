/* The options of `unecho process`. */
#ifndef UNECHO_CLI_PROCESS_OPTIONS_H
#define UNECHO_CLI_PROCESS_OPTIONS_H

#include "command.h"
#include "files/ends.h"
#include "model_choice.h"
#include "process/session.h"

typedef struct process_options {
    ends_choice ends;
    const char *output;
    const char *record;    /* NULL: none */
    unsigned channels_out; /* 0: not given */
    model_choice model;
    session_settings session;
    bool align_given, reference;
    bool normalize_peak, json, quiet;
} process_options;

extern const struct option_group process_groups[];
extern const process_options process_defaults;
extern const char process_usage[], process_description[], process_details[], process_notes[];

/* Completes the options. false: they do not go together, reported. */
bool process_options_check(void *options, const struct arguments *arguments);

#endif
