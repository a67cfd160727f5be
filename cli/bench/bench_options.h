/*
 * The options of the commands that measure. It checks what can be checked without touching files.
 */
#ifndef UNECHO_TOOL_BENCH_OPTIONS_H
#define UNECHO_TOOL_BENCH_OPTIONS_H

#include "bench/tune_search.h"
#include "model_choice.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct bench_options {
    model_choice model;
    const char *mic, *far; /* both or neither */
    const char *engines;   /* a list with commas; NULL: all */
    const char *plot;      /* NULL: none */
    const char *profile, *library;
    size_t chunk, seconds, rounds;
    bool json, quiet;
} bench_options;

typedef struct tune_options {
    model_choice model;
    const char *mic, *far;
    const char *output; /* NULL: the usual place */
    const char *library;
    enum tune_purpose purpose;
    size_t budget_seconds;
    bool quiet;
} tune_options;

/* argv[0] is the command's name. */
options_result options_parse_bench(bench_options *options, int argc, char **argv);
options_result options_parse_tune(tune_options *options, int argc, char **argv);

/* "throughput", as --for calls it. */
const char *tune_purpose_name(enum tune_purpose purpose);

#endif
