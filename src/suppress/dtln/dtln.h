/*
 * The two-stage network of DTLN-aec (Westhausen & Meyer, ICASSP 2021) over T hops at once: stage 1
 * masks the microphone's spectrum, stage 2 the learned encoding of the resulting estimate. It knows
 * nothing of files, framing or instruction sets.
 */
#ifndef UNECHO_DTLN_H
#define UNECHO_DTLN_H

#include "model/stage_weights.h"
#include "network/layers.h"
#include "suppress/suppressor.h"

enum {
    DTLN_HOP = UNECHO_HOP,
    DTLN_BLOCK = 512,
    DTLN_BINS = FFT_BINS,
    DTLN_BINS_ROW = KERNEL_PAD(DTLN_BINS), /* stride of spectra and masks */
};

/*
 * The precision of the matrices. int8 keeps the signal path (encoder, decoder) in bf16: its
 * rounding errors go straight into the output, while those of the other layers only affect the
 * mask.
 */
typedef enum dtln_precision { DTLN_FP32, DTLN_BF16, DTLN_INT8, DTLN_PRECISIONS } dtln_precision;

/* The layers of one stage; only stage 2 has encoder and decoder. */
typedef struct dtln_stage {
    size_t units, features;
    norm norm_main, norm_far;
    lstm lstm[2];
    dense dense, encoder, decoder;
} dtln_stage;

/* The network packed for one kernel table and precision. Immutable, shared by any number of
 * streams. */
typedef struct dtln {
    const kernels *k;
    dtln_stage stages[2];
} dtln;

/*
 * Pack both stages. The norms' vectors are used in place and must outlive the result. Returns NULL
 * if out of memory; release with arena_release().
 */
dtln *dtln_build(const kernels *k, dtln_precision precision, const stage_weights weights[2]);

/* The LSTM states of one stream: h and c, [stage][layer], each [KERNEL_PAD(units)]. */
typedef struct dtln_memory {
    float *h[2][2], *c[2][2];
    float *all; /* all states, all_count floats */
    size_t all_count;
    float cell_limit; /* maximum magnitude of c; 0: none */
} dtln_memory;

/* Scratch for up to `rows` <= SUPPRESSOR_ROWS_MOST rows; hop t of stream s is row t * count + s. */
typedef struct dtln_workspace {
    size_t rows;
    float *features, *gates, *hidden, *mask;
    /* For the estimates, then for the far end's blocks. */
    float *blocks, *encoded;
    float *h, *c;  /* one layer's states of several streams */
    void *scratch; /* for the matrix kernels */
} dtln_workspace;

void dtln_memory_layout(dtln_memory *memory, arena *a, const dtln *net);
void dtln_memory_reset(dtln_memory *memory);
void dtln_workspace_layout(dtln_workspace *work, arena *a, const dtln *net, size_t rows);

/* One stream of a run: its states, inputs and outputs. */
typedef struct dtln_line {
    dtln_memory memory;
    /* Stage 1: magnitude spectra in, mask out, each [hops][DTLN_BINS_ROW]. */
    const float *mic_magnitude, *far_magnitude;
    float *mask;
    /* Stage 2: estimate in, block out, each [hops][DTLN_BLOCK]; the far end's blocks overlap, with
     * block t at far + t * DTLN_HOP. */
    const float *estimate, *far;
    float *block;
} dtln_line;

/*
 * Run a stage over `hops` hops of each of `count` streams, count * hops <= work->rows. A stream's
 * output is the same, bit for bit, whichever streams run with it.
 */
void dtln_stage1(const dtln *net, dtln_workspace *work, dtln_line *const *lines, size_t count,
                 size_t hops);
void dtln_stage2(const dtln *net, dtln_workspace *work, dtln_line *const *lines, size_t count,
                 size_t hops);

#endif
