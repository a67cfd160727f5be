/*
 * A process of its own for each backend, so that memory and CPU time are that backend's alone. It
 * processes the recording once for each order.
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
    bool model_failed; /* the model could not be loaded, reported */
    char message[UNECHO_MESSAGE_SIZE];
    double open_seconds; /* model and stream */
    struct measurement measured;
    /* Resident memory besides the recording: the most so far, and at the end of the run. */
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
 * Start the process, which opens nothing yet. All pointers must stay valid. earlier: the workers
 * started before. false: failed, reported.
 */
bool worker_start(struct worker *worker, const struct backend *backend, const model_choice *model,
                  const struct bench_audio *audio, const struct worker *earlier, size_t count);

/*
 * Process the recording's first n samples in a new stream. record: keep the duration of each call,
 * for chunks of at least a hop. false: the process is gone or the user interrupted, reported.
 */
bool worker_run(struct worker *worker, size_t n, size_t chunk, bool record,
                struct worker_result *result);

/* End the process at once. */
void worker_stop(struct worker *worker);

/* n floats shared by parent and children; NULL on failure, reported. */
float *worker_share(size_t n);
void worker_unshare(float **memory, size_t n);

#endif
