/*
 * The options and arguments of the commands. It checks what can be checked without touching files.
 */
#ifndef UNECHO_TOOL_OPTIONS_H
#define UNECHO_TOOL_OPTIONS_H

#include "engine_choice.h"
#include "model_choice.h"
#include "process/ends.h"
#include "process/session.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum options_result {
    OPTIONS_GO,   /* run the command */
    OPTIONS_HELP, /* show its help instead */
    OPTIONS_WRONG /* reported */
} options_result;

typedef struct process_options {
    end_choice mic, far;
    const char *output;
    const char *record; /* NULL: no recording of the stream */
    model_choice model;
    session_settings session;
    bool normalize_peak, json, quiet;
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

/*
 * The options that say where the two ends are in the inputs, for the tables of commands that have
 * such; options_take_end reads them.
 */
#define OPTIONS_OF_ENDS                                                                            \
    {"raw", required_argument, NULL, OPTION_RAW}, {"rate", required_argument, NULL, OPTION_RATE},  \
        {"far-rate", required_argument, NULL, OPTION_FAR_RATE},                                    \
        {"channels", required_argument, NULL, OPTION_CHANNELS},                                    \
        {"far-channels", required_argument, NULL, OPTION_FAR_CHANNELS},                            \
        {"mic-channel", required_argument, NULL, OPTION_MIC_CHANNEL},                              \
    {                                                                                              \
        "far-channel", required_argument, NULL, OPTION_FAR_CHANNEL                                 \
    }
enum {
    OPTION_RAW = 512,
    OPTION_RATE,
    OPTION_FAR_RATE,
    OPTION_CHANNELS,
    OPTION_FAR_CHANNELS,
    OPTION_MIC_CHANNEL,
    OPTION_FAR_CHANNEL
};

/* Whether it was one of them; *right: whether it was a right one, else reported. */
bool options_take_end(end_choice *mic, end_choice *far, int option, const char *command,
                      bool *right);

/*
 * The arguments MIC and FAR, or one file that holds both, and whether the options fit. false:
 * reported.
 */
bool options_take_ends(end_choice *mic, end_choice *far, int argc, char **argv);

/* The option's value as a number. false: it is none in that range, reported. */
bool options_take_count(const char *name, size_t lowest, size_t highest, const char *command,
                        size_t *value);

#endif
