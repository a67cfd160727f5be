/* The options of `unecho process`. */
#ifndef UNECHO_CLI_PROCESS_OPTIONS_H
#define UNECHO_CLI_PROCESS_OPTIONS_H

#include "command.h"
#include "files/ends.h"
#include "model_choice.h"
#include "process/session.h"

#include <limits.h>

typedef struct process_options {
    ends_choice ends;
    const char *output;
    const char *record;    /* NULL: none */
    unsigned channels_out; /* 0: not given */
    model_choice model;
    session_settings session;
    bool align_given, late_given, reference;
    bool normalize_peak, json, quiet;
} process_options;

/* As reference_late_ms, until the options are checked. */
#define PROCESS_LATE_NOT_GIVEN UINT_MAX

#define PROCESS_DEFAULTS                                                                           \
    {                                                                                              \
        .session = {.engine = ENGINE_CHOICE_DEFAULT,                                               \
                    .reference_late_ms = PROCESS_LATE_NOT_GIVEN,                                   \
                    .suppression = 1.0f,                                                           \
                    .noise_reduction_db = UNECHO_NOISE_REDUCTION_DB,                               \
                    .high_band = true},                                                            \
    }

/* Fill a process_options: what changes the signal, and what changes its output. */
extern const struct option process_usual_options[], process_signal_options[],
    process_output_options[];

extern const struct option_group process_groups[];
extern const process_options process_defaults;
extern const char process_usage[], process_description[], process_details[], process_notes[];

/* Completes the options. false: they do not go together, reported. */
bool process_options_check(void *options, const struct arguments *arguments);

#endif
