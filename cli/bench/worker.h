/*
 * A process of its own for each backend, so that memory and CPU time are that backend's alone; it
 * runs the recording once whenever it is told to. It does not know what comes of the figures.
 */
#ifndef UNECHO_CLI_BENCH_WORKER_H
#define UNECHO_CLI_BENCH_WORKER_H

#include "bench/backend.h"
#include "bench/measure.h"
#include "model_choice.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How one run went. */
struct worker_result {
    int status;        /* unecho_status */
    bool model_failed; /* it is the model that could not be loaded; reported */
    char message[UNECHO_MESSAGE_SIZE];
    double open_seconds; /* model and stream */
    struct measurement measured;
    /* Memory resident on top of the recording: the most so far, and at the end of the run. */
    uint64_t rss_bytes, resident_bytes;
    char kernels[32];
    char model[64];
    unsigned units;
};

struct worker {
    const char *name; /* the backend's */
    pid_t pid;        /* 0: none */
    int fd;
    size_t n;
    float *out;     /* [n] of the last run */
    float *call_us; /* [n / UNECHO_HOP] of the last run with recorded calls */
};

/*
 * Start the process; nothing is opened yet. audio and everything else pointed to must stay.
 * earlier: the workers that are already there. false: reported.
 */
bool worker_start(struct worker *worker, const struct backend *backend, const model_choice *model,
                  const struct bench_audio *audio, const struct worker *earlier, size_t count);

/*
 * Run the recording's first n samples in a fresh stream. record: keep each call's duration; only
 * with chunks of at least a hop. false: the process is gone or the user interrupts, reported.
 */
bool worker_run(struct worker *worker, size_t n, size_t chunk, bool record,
                struct worker_result *result);

/* End the process at once. */
void worker_stop(struct worker *worker);

/* n floats that parent and children see alike; NULL on failure, reported. */
float *worker_share(size_t n);
void worker_unshare(float **memory, size_t n);

#endif
