/*
 * The seam between the canceller and what runs behind its linear filter. A suppressor removes the
 * echo that the filter leaves, hop by hop at 16 kHz, from the signals that the canceller lays out.
 * A new network is one kind of suppressor: a folder beside this file and a row in table.c.
 *
 * A suppressor knows nothing of the caller's chunks, of alignment and of statistics.
 */
#ifndef UNECHO_SUPPRESSOR_H
#define UNECHO_SUPPRESSOR_H

#include "arena.h"
#include "kernels/kernels.h"
#include "message.h"
#include "unecho_model.h"
#include "unecho_onnxruntime.h"

/* Rows that run at once: hops of one stream, or one hop each of many streams. */
enum { SUPPRESSOR_ROWS_MOST = UNECHO_HOPS_AT_ONCE_MAX };

/*
 * The signals of one stream, at fixed addresses as long as it lives. Each line holds the kind's
 * `history` samples and behind them the new hops, so that hop t and its past are the
 * history + UNECHO_HOP samples at line + t * UNECHO_HOP.
 */
typedef struct suppressor_lines {
    float *mic;
    float *far;   /* aligned */
    float *error; /* the linear filter's output; without a filter the microphone */
    float *echo;  /* the filter's echo estimate, mic - error; NULL without a filter */
} suppressor_lines;

typedef struct suppressor suppressor;
typedef struct suppressor_kind suppressor_kind;

/* What suppressor_find makes of a config. */
typedef struct suppressor_plan {
    const suppressor_kind *kind;
    const unecho_config *config;
    size_t kernels_index;
    int filtered;        /* whether a linear filter runs in front */
    unecho_model *model; /* a reference; NULL where the kind has no model */
    const void *network; /* the kind's own: packed weights that streams share */
} suppressor_plan;

struct suppressor_kind {
    size_t history; /* samples before the newest hop that it needs */
    size_t latency; /* samples by which its output lags its input; whole hops */
    int denoises;   /* whether it changes a near end without echo: silent far ends bypass it */

    /* Make plan->network. NULL: there is nothing to share. Returns a status. */
    int (*prepare)(suppressor_plan *plan, const message *to);
    /* All memory of one stream; NULL while the arena measures. */
    suppressor *(*layout)(arena *a, const suppressor_plan *plan);
    /*
     * Once laid out. transform: of FFT_SIZE points, outlives the suppressor. To be reset before the
     * first run. Returns a status; on failure nothing is left to close.
     */
    int (*start)(suppressor *s, const suppressor_plan *plan, const suppressor_lines *lines,
                 const fft *transform, const message *to);
    /* Release everything but the stream's own memory. */
    void (*close)(suppressor *s);

    /*
     * Advance `count` streams by `hops` hops each, in the scratch memory of `host`, which is any
     * stream of their kind: count * hops <= host->rows, and each pair of streams may run together
     * (see below). out[i] [hops * UNECHO_HOP] is the output of stream i. A stream's output is the
     * same, bit for bit, in whatever company. On failure returns a status, the output is silence
     * and the streams are reset. Real-time safe, unless the kind says otherwise.
     */
    int (*run)(suppressor *host, suppressor *const *all, float *const *out, size_t count,
               size_t hops);
    /* Advance by `hops` hops in which there is nothing to suppress; the output is not needed. */
    void (*skip)(suppressor *s, size_t hops);
    /* The far end jumped: forget what depends on it; output that is on its way still comes. */
    void (*restart)(suppressor *s);
    /* Return to the state after `start`. */
    void (*reset)(suppressor *s);
    /* Whether both may run in one call. NULL: no two streams may. */
    int (*together)(const suppressor *a, const suppressor *b);
};

struct suppressor {
    const suppressor_kind *kind;
    const char *kernels; /* what it computes on, as in unecho_kernels */
    size_t rows;         /* that its scratch memory has room for */
};

/*
 * The suppressor that a config asks for, its model and its network: the only place that decides by
 * engine, kind of model and backend. Returns a status; on success the caller owns plan->model.
 */
int suppressor_find(suppressor_plan *plan, const unecho_config *config, size_t kernels_index,
                    const message *to);

#endif
