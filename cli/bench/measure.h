/*
 * One pass of a stream over a recording, timed. It does not know whose stream it is.
 */
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
    size_t samples;      /* processed: fewer than asked for if it was stopped */
    double wall_seconds; /* spent in the library */
    double cpu_seconds;  /* of all threads of this process */
};

/*
 * Warm the stream up, reset it, and give it the recording's first n samples by chunk. call_us: the
 * duration of each call in microseconds, NULL if nobody asks. Stops when the calls have taken
 * limit_seconds, or the user interrupts. Returns a unecho_status.
 */
int measure(unecho *stream, const struct bench_audio *audio, size_t n, size_t chunk,
            double limit_seconds, float *out, float *call_us, struct measurement *measurement);

#endif
