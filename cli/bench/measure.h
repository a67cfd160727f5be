/* One timed pass of a stream over a recording. */
#ifndef UNECHO_CLI_BENCH_MEASURE_H
#define UNECHO_CLI_BENCH_MEASURE_H

#include "unecho.h"

#include <stddef.h>

/* Microphone and far end, n samples each. */
struct bench_audio {
    float *mic, *far;
    size_t n;
};

struct measurement {
    size_t samples;      /* processed: fewer than wanted if it was stopped */
    double wall_seconds; /* spent in the library */
    double cpu_seconds;  /* of all threads of this process */
};

struct pass {
    size_t n, chunk;      /* samples in total, and per call */
    double limit_seconds; /* stop when the calls have taken this long; may be infinite */
    float *out;           /* [n] */
    float *call_us;       /* the duration of each call; NULL: not wanted */
};

/*
 * Warm the stream up, reset it, and process the first samples of the recording. Also stops if the
 * user interrupts. Returns a unecho_status.
 */
int measure(unecho *stream, const struct bench_audio *audio, const struct pass *pass,
            struct measurement *measurement);

#endif
