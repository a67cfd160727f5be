/*
 * Makes the calls of a record again and compares what comes out. It does not know what is told
 * about it.
 */
#ifndef UNECHO_CLI_RERUN_H
#define UNECHO_CLI_RERUN_H

#include "replay/record_reader.h"

#include <stdbool.h>

/* Where recorded and replayed output first differ. */
typedef struct rerun_difference {
    uint64_t call; /* its number in the file, from 1; 0: nowhere */
    double seconds;
    uint64_t sample; /* of the call */
    float recorded, replayed;
    int recorded_status, replayed_status; /* not equal: the call itself differs */
} rerun_difference;

/* All zero but the stream to begin with. */
typedef struct rerun {
    unecho *stream; /* opened as the record's config says; the caller's */
    uint64_t calls, refused, gaps, resets;
    uint64_t frames, far_frames; /* given to the calls */
    uint64_t different_samples;
    float largest; /* difference of samples; infinite where one is no number */
    rerun_difference first;
    record_head lost; /* kind 0: nothing was */
    float *out;       /* of the last call, one channel; NULL if it has none */
    float *memory;
    size_t capacity;
} rerun;

/* false: out of memory. */
bool rerun_call(rerun *r, const record_reader *of, const recorded_call *call);
void rerun_free(rerun *r);

/* Seconds of the microphone so far. */
double rerun_seconds(const rerun *r, const record_reader *of);

#endif
