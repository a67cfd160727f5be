/*
 * The options of the commands that read and write models. It checks what can be checked without
 * touching files.
 */
#ifndef UNECHO_TOOL_MODEL_OPTIONS_H
#define UNECHO_TOOL_MODEL_OPTIONS_H

#include "options.h"

#include "unecho_model.h"

typedef struct inspect_options {
    char **names;
    size_t count;
    bool json;
} inspect_options;

typedef struct convert_options {
    model_choice model;
    unecho_storage storage;
    const char *prefix;    /* of the new files */
    const char *mic, *far; /* both or neither */
    bool report, json, quiet;
} convert_options;

options_result inspect_options_parse(inspect_options *options, int argc, char **argv);
options_result convert_options_parse(convert_options *options, int argc, char **argv);

#endif
