/*
 * The options and arguments of the commands. It checks what can be checked without touching files.
 */
#ifndef UNECHO_TOOL_OPTIONS_H
#define UNECHO_TOOL_OPTIONS_H

#include "engine_choice.h"
#include "model_choice.h"
#include "raw_pcm.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum options_result {
    OPTIONS_GO,   /* run the command */
    OPTIONS_HELP, /* show its help instead */
    OPTIONS_WRONG /* reported */
} options_result;

typedef struct process_options {
    const char *mic, *far, *output;
    raw_format raw;
    model_choice model;
    engine_choice engine;
    size_t chunk; /* samples per call */
    bool live;    /* as a live caller: nothing before the signal */
    bool keep_latency, normalize_peak, json, quiet;
} process_options;

typedef struct info_options {
    model_choice model;
    engine_choice engine;
    bool json;
} info_options;

/* argv[0] is the command's name. */
options_result options_parse_process(process_options *options, int argc, char **argv);
options_result options_parse_info(info_options *options, int argc, char **argv);

/* ---- For commands that parse their options themselves ------------------------------------ */

/* Report what getopt_long stumbled over. */
void options_report(int result, const struct option *table, char **argv);

/* The option's value is stage 1, the next argument stage 2. false: reported. */
bool options_take_model_files(model_choice *model, int argc, char **argv);

/* false: two models are asked for, reported. */
bool options_check_model(const model_choice *model, const char *command);

/* The option's value as a number. false: it is none in that range, reported. */
bool options_take_count(const char *name, size_t lowest, size_t highest, const char *command,
                        size_t *value);

#endif
