/* The recording to measure with: choosing, reading and repeating it. */
#ifndef UNECHO_CLI_BENCH_RECORDING_H
#define UNECHO_CLI_BENCH_RECORDING_H

#include "bench/measure.h"
#include "model_choice.h"
#include "options.h"

#include <stdbool.h>

/* Both or neither. */
typedef struct recording_files {
    const char *mic, *far;
} recording_files;

/* Fill a recording_files. */
extern const struct option recording_options[];

/* false: only one of them is given, reported. */
bool recording_files_check(const recording_files *files, const char *command);

/* Where microphone and far end come from, and with which model; strings are the owner's. */
struct recording_choice {
    char mic[4096], far[4096];
    char model_prefix[4096];
    model_choice model;
};

/*
 * The recording and the model that the options name. Without a recording: the double talk of the
 * reference data and its model of 128 units if UNECHO_REFERENCE is set, else the bundled sample and
 * the built-in model. false: reported.
 */
bool recording_choose(struct recording_choice *choice, const recording_files *files,
                      const model_choice *model);

/* The same without the reference data and without a model. */
bool recording_choose_sample(struct recording_choice *choice, const recording_files *files);

/*
 * The chosen model, by default unecho-128. NULL: it cannot be loaded, or is a post-filter, which
 * does not run by itself; reported.
 */
unecho_model *recording_model(const model_choice *choice);

/*
 * Read it into memory that child processes share, repeated to at least so many seconds, in whole
 * hops; a longer recording as far as it goes, at most a minute. false: reported. recording_free in
 * either case.
 */
bool recording_read(struct bench_audio *audio, const struct recording_choice *choice,
                    double seconds);

void recording_free(struct bench_audio *audio);

#endif
