/*
 * The interface between the canceller and the stage after its linear filter. A suppressor removes
 * the residual echo, hop by hop at 16 kHz, from the signals that the canceller lays out. To add a
 * network, add a kind of suppressor: a folder beside this file and a row in table.c.
 *
 * A suppressor knows nothing of the caller's chunks, alignment or statistics.
 */
#ifndef UNECHO_SUPPRESSOR_H
#define UNECHO_SUPPRESSOR_H

#include "arena.h"
#include "kernels/kernels.h"
#include "message.h"
#include "unecho_model.h"
#include "unecho_onnxruntime.h"

/* Maximum rows of one run: hops of one stream, or one hop each of many streams. */
enum { SUPPRESSOR_ROWS_MOST = UNECHO_HOPS_AT_ONCE_MAX };

/*
 * The signals of one stream, at addresses that are fixed for its lifetime. Each line holds the
 * kind's `history` samples and then the new hops, so that hop t with its past is the
 * history + UNECHO_HOP samples at line + t * UNECHO_HOP.
 */
typedef struct suppressor_lines {
    float *far;   /* aligned */
    float *error; /* the linear filter's output; without a filter the microphone */
    float *echo;  /* the filter's echo estimate, mic - error; NULL without a filter */
} suppressor_lines;

/* What may change while a stream runs, as in unecho_config. */
typedef struct suppressor_settings {
    float suppression;
    unsigned noise_reduction_db;
    int comfort_noise;
} suppressor_settings;

typedef struct suppressor suppressor;
typedef struct suppressor_kind suppressor_kind;

/* The result of suppressor_find for a config. */
typedef struct suppressor_plan {
    const suppressor_kind *kind;
    const unecho_config *config;
    size_t kernels_index;
    int filtered;        /* whether a linear filter runs first */
    unecho_model *model; /* an owned reference; NULL if the kind needs no model */
    const void *network; /* the kind's own: packed weights that streams share */
} suppressor_plan;

struct suppressor_kind {
    size_t history; /* samples that it needs before the newest hop */
    size_t latency; /* samples by which the output lags the input; a multiple of a hop */
    int tells;    /* whether the filter goes by its near_share and held: a stream's runs are one hop
                     then */
    int denoises; /* whether it changes a near end without echo: silent far ends bypass it */

    /* Build plan->network. NULL: nothing to share. Returns a status. */
    int (*prepare)(suppressor_plan *plan, const message *to);
    /* Lay out all memory of one stream. Returns NULL while the arena measures. */
    suppressor *(*layout)(arena *a, const suppressor_plan *plan);
    /*
     * Called once, after layout; reset follows before the first run. transform has FFT_SIZE points
     * and outlives the suppressor. Returns a status; on failure nothing is left to close.
     */
    int (*start)(suppressor *s, const suppressor_plan *plan, const suppressor_lines *lines,
                 const fft *transform, const message *to);
    /* Release everything but the stream's own memory. */
    void (*close)(suppressor *s);
    /* Follow the settings from the next run on; also called before the first. NULL: it has none.
     * Real-time safe. */
    void (*set)(suppressor *s, const suppressor_settings *to);

    /*
     * Advance `count` streams by `hops` hops each, in the scratch memory of `host`, any stream of
     * their kind: count * hops <= host->rows, and every pair of streams may run together (see
     * below). out[i] [hops * UNECHO_HOP] is the output of stream i, the same bits whichever streams
     * run with it. On failure returns a status, the output is silence and the streams are reset.
     * Real-time safe unless the kind says otherwise.
     */
    int (*run)(suppressor *host, suppressor *const *all, float *const *out, size_t count,
               size_t hops);
    /* Advance by `hops` hops without echo, whose output is not needed. */
    void (*skip)(suppressor *s, size_t hops);
    /* The far end jumped: reset what depends on it, but keep the output that is pending. */
    void (*restart)(suppressor *s);
    /* Return to the state after `start`. */
    void (*reset)(suppressor *s);
    /* Another call on the same devices begins, after silence. NULL: reset does for that. */
    void (*next_call)(suppressor *s);
    /* Whether two streams may run in one call. NULL: never. */
    int (*together)(const suppressor *a, const suppressor *b);
};

struct suppressor {
    const suppressor_kind *kind;
    const char *kernels; /* what it runs on, as unecho_kernels reports it */
    size_t rows;         /* capacity of its scratch memory */
    /* Of each hop of the last run the probability that the near end talks, or NULL if the kind
     * cannot tell: [rows]. */
    const float *near_end;
    /* If the kind tells: of the last hop's error the share of the amplitude that is near end, at
     * the bins of a transform of two hops, [UNECHO_HOP + 1], 0 to 1. */
    const float *near_share;
    /* The same: how certain it is that the near end sings or plays, 0 to 1. */
    const float *held;
};

/*
 * Find the suppressor that a config asks for, with its model and network: the only place that
 * switches on engine, kind of model and backend. Returns a status; on success the caller owns
 * plan->model.
 */
int suppressor_find(suppressor_plan *plan, const unecho_config *config, size_t kernels_index,
                    const message *to);

#endif
