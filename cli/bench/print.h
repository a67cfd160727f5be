/*
 * A contest's outcome for people, for programs, and as a picture. It measures nothing.
 */
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

/* One JSON object on a line; null where there is no finite number. */
void bench_print_json(const struct bench_outcome *outcome, FILE *stream);

/* An SVG: speed for both feeds, and what it costs. */
void bench_plot(const struct bench_outcome *outcome, FILE *stream);

/* A path's last part. */
const char *bench_file_name(const char *path);

/* Whose speed the ratios are relative to; "" where there are none. */
const char *bench_base_name(const struct contest *contest);

#endif
