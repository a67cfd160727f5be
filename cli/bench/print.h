/* A contest's outcome as tables, as JSON and as a picture. */
#ifndef UNECHO_CLI_BENCH_REPORT_H
#define UNECHO_CLI_BENCH_REPORT_H

#include "bench/contest.h"
#include "bench/front.h"
#include "bench/recording.h"

#include <stdio.h>

struct bench_outcome {
    const struct contest *contest;
    const struct recording_choice *recording;
    struct bench_front front;
    char tuned[256]; /* where the settings of `onnxruntime tuned here` come from; "": not asked */
};

/* Tables that are also valid Markdown. */
void bench_print(const struct bench_outcome *outcome, FILE *stream);

/* One JSON object on a line; null: not finite. */
void bench_print_json(const struct bench_outcome *outcome, FILE *stream);

/* An SVG: speed and CPU time of both feeds. */
void bench_plot(const struct bench_outcome *outcome, FILE *stream);

/* The last part of a path. */
const char *bench_file_name(const char *path);

/* The backend that ratios are relative to; "": none. */
const char *bench_base_name(const struct contest *contest);

#endif
