/* Repeats the calls of a record and compares the outputs. */
#ifndef UNECHO_CLI_RERUN_H
#define UNECHO_CLI_RERUN_H

#include "replay/record_reader.h"

#include <stdbool.h>

/* The first difference of recorded and replayed output. */
typedef struct rerun_difference {
    uint64_t call; /* its number in the file, from 1; 0: nowhere */
    double seconds;
    uint64_t sample; /* of the call */
    float recorded, replayed;
    int recorded_status, replayed_status; /* not equal: the call itself differs */
} rerun_difference;

/* All zero but the stream at first. */
typedef struct rerun {
    unecho *stream; /* opened with the record's config; belongs to the caller */
    uint64_t calls, refused, gaps, resets;
    uint64_t frames; /* given to the calls */
    double heard;    /* seconds of sound that the stream got */
    uint64_t different_samples;
    float largest; /* difference of samples; infinite if one is not finite */
    rerun_difference first;
    record_head lost; /* kind 0: nothing */
    float *out;       /* of the last call, one channel; NULL: none */
    float *memory;
    size_t capacity;
} rerun;

/* false: out of memory. */
bool rerun_call(rerun *r, const record_reader *of, const recorded_call *call);
void rerun_free(rerun *r);

/* Seconds of the microphone so far. */
double rerun_seconds(const rerun *r, const record_reader *of);

#endif
