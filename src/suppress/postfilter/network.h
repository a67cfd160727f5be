/*
 * The post-filter's network over count x hops rows: dense, two GRU layers, gains from both, and
 * whether the near end talks. It knows nothing of signals, files or instruction sets.
 */
#ifndef UNECHO_POSTFILTER_NETWORK_H
#define UNECHO_POSTFILTER_NETWORK_H

#include "bands.h"
#include "network/layers.h"
#include "transform.h"

typedef enum postfilter_precision {
    POSTFILTER_FP32,
    POSTFILTER_BF16,
    POSTFILTER_INT8,
    POSTFILTER_PRECISIONS
} postfilter_precision;

/* The network packed for one kernel table and precision, and the tables around it. Immutable,
 * shared by any number of streams. */
typedef struct postfilter {
    const kernels *k;
    size_t units;
    dense input, output;
    gru gru[POSTFILTER_LAYERS];
    bands bands;
    transform transform;
} postfilter;

/* Returns NULL if out of memory; release with arena_release(). */
postfilter *postfilter_build(const kernels *k, postfilter_precision precision,
                             const postfilter_weights *weights);

/* The states of one stream, each [units]. */
typedef struct network_memory {
    float *h[POSTFILTER_LAYERS];
    float *all; /* all states, all_count floats */
    size_t all_count;
} network_memory;

enum {
    FEATURES_ROW = KERNEL_PAD(POSTFILTER_FEATURES),
    GAINS_ROW = KERNEL_PAD(POSTFILTER_OUTPUTS),
};

/* Input and output, aligned to ARENA_ALIGNMENT; hop t of stream s is row t * count + s. */
typedef struct network_rows {
    float *features; /* in: [rows][FEATURES_ROW] */
    float *gains;    /* out: [rows][GAINS_ROW], and the probability as in postfilter_weights.h */
} network_rows;

void network_memory_layout(network_memory *m, arena *a, const postfilter *net);
void network_memory_reset(network_memory *m);

/* Bytes of scratch that a run of so many rows needs, aligned to ARENA_ALIGNMENT. */
size_t network_room(const postfilter *net, size_t rows);

/* Whether the model has the output POSTFILTER_NEAR_END. */
static inline bool network_tells_near_end(const postfilter *net)
{
    return net->output.rows == POSTFILTER_OUTPUTS;
}

/* A stream's output is the same, bit for bit, whichever streams run with it. */
void network_run(const postfilter *net, const network_rows *rows, void *room,
                 network_memory *const *memories, size_t count, size_t hops);

#endif
