/*
 * The two-stage network of DTLN-aec (Westhausen & Meyer, ICASSP 2021) over T hops at once: stage 1
 * masks the microphone's spectrum, stage 2 the estimate's learned encoding. It knows no files, no
 * framing, no instruction set.
 */
#ifndef UNECHO_DTLN_H
#define UNECHO_DTLN_H

#include "layers.h"

enum {
    DTLN_HOP = 128,
    DTLN_BLOCK = 512,
    DTLN_BINS = FFT_BINS,
    DTLN_BINS_ROW = KERNEL_PAD(DTLN_BINS), /* distance of the rows of spectra and masks */
};

/*
 * How the matrices are kept and multiplied. int8 leaves the signal path (encoder, decoder) in bf16:
 * its rounding goes straight into the output, while that of the rest only moves the mask a little.
 */
typedef enum dtln_precision { DTLN_FP32, DTLN_BF16, DTLN_INT8, DTLN_PRECISIONS } dtln_precision;

/* The layers of one stage; encoder and decoder in stage 2 only. */
typedef struct dtln_stage {
    size_t units, features;
    norm norm_main, norm_far;
    lstm lstm[2];
    linear dense, encoder, decoder;
} dtln_stage;

/* The network packed for one kernel table and precision. Immutable, shared by any number of streams. */
typedef struct dtln {
    const kernels *k;
    fft fft;
    dtln_stage stages[2];
} dtln;

/*
 * Pack both stages. The vectors of the weights (norms) are used in place and must outlive the
 * result. Returns NULL where memory is short; free with free().
 */
dtln *dtln_build(const kernels *k, dtln_precision precision, const stage_weights weights[2]);

/* What one stream needs besides: states, and scratch for up to hops_at_once hops. */
typedef struct dtln_state {
    lstm_state lstm[2][2]; /* [stage][layer] */
    float *states;         /* all of them, states_count floats */
    size_t states_count;
    float *features, *gates, *hidden, *mask;
    /* Of the estimates, then of the far end's blocks. */
    float *blocks, *encoded;
    void *scratch; /* of the matrix kernels */
} dtln_state;

/* Lay the state out in an arena. The states are to be zeroed by dtln_state_reset. */
void dtln_state_layout(dtln_state *state, arena *a, const dtln *net, size_t hops_at_once);
void dtln_state_reset(dtln_state *state);

/*
 * Stage 1 over `hops` hops: magnitude spectra of microphone and far end in, mask out, each
 * [hops][DTLN_BINS_ROW].
 */
void dtln_stage1(const dtln *net, dtln_state *state, const float *mic_magnitude,
                 const float *far_magnitude, float *mask, size_t hops);

/*
 * Stage 2 over `hops` hops: estimate [hops][DTLN_BLOCK] in, block [hops][DTLN_BLOCK] out; the far
 * end's blocks overlap: block t at far + t * DTLN_HOP.
 */
void dtln_stage2(const dtln *net, dtln_state *state, const float *estimate, const float *far,
                 float *block, size_t hops);

#endif
