/* The options of `unecho doctor`. It checks what can be checked without touching files. */
#ifndef UNECHO_TOOL_DOCTOR_OPTIONS_H
#define UNECHO_TOOL_DOCTOR_OPTIONS_H

#include "options.h"

typedef struct doctor_options {
    end_choice mic, far;
    model_choice model;
    engine_choice engine;
    const char *picture; /* NULL: none */
    bool json, quiet;
} doctor_options;

/* argv[0] is the command's name. */
options_result options_parse_doctor(doctor_options *options, int argc, char **argv);

#endif
