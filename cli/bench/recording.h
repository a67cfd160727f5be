/*
 * The recording that is measured on: which one, read and repeated. It does not know what for.
 */
#ifndef UNECHO_TOOL_BENCH_RECORDING_H
#define UNECHO_TOOL_BENCH_RECORDING_H

#include "bench/measure.h"
#include "model_choice.h"

#include <stdbool.h>

/* Where microphone and far end come from, and with which model; strings are the owner's. */
struct recording_choice {
    char mic[4096], far[4096];
    char model_prefix[4096];
    model_choice model;
};

/*
 * What the options say; without a recording among them the reference data's double talk and its
 * model of 128 units where UNECHO_REFERENCE says where they are, else the bundled sample and the
 * built-in model. mic and far: both or neither. false: reported.
 */
bool recording_choose(struct recording_choice *choice, const char *mic, const char *far,
                      const model_choice *model);

/* The same without the reference data: mic and far, or the bundled sample; no model. */
bool recording_choose_sample(struct recording_choice *choice, const char *mic, const char *far);

/*
 * Read it, repeat it to at least this many seconds, whole hops, in memory that child processes
 * share. More than that come only as far as the recording goes, and at most a minute. false:
 * reported. recording_free in either case.
 */
bool recording_read(struct bench_audio *audio, const struct recording_choice *choice,
                    double seconds);

void recording_free(struct bench_audio *audio);

#endif
