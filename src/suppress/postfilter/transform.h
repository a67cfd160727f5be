/*
 * The transform of the post-filter: blocks of 512 samples that end with the newest hop, of which
 * only the last 256 come back, so that the output lags by one hop.
 */
#ifndef UNECHO_POSTFILTER_TRANSFORM_H
#define UNECHO_POSTFILTER_TRANSFORM_H

#include "kernels/kernels.h"

enum {
    TRANSFORM_BLOCK = FFT_SIZE,
    TRANSFORM_HOP = UNECHO_HOP,
    TRANSFORM_TAIL = 2 * TRANSFORM_HOP, /* samples of a block that come back */
    TRANSFORM_ROW = KERNEL_PAD(FFT_BINS),
};

typedef struct transform {
    /* The analysis window, scaled so that a full-scale sine is about 1 in the spectrum. */
    float analysis[TRANSFORM_BLOCK];
    float synthesis[TRANSFORM_TAIL]; /* the window of the tail, scaled back */
} transform;

/* A spectrum. */
typedef struct bins {
    float *re, *im; /* [TRANSFORM_ROW] */
} bins;

void transform_init(transform *t);

/* Of x [TRANSFORM_BLOCK]; block: as much scratch. */
void transform_forward(const transform *t, const kernels *k, const fft *f, bins to, const float *x,
                       float *block);

/*
 * out [TRANSFORM_HOP]: the hop before the block's newest, complete with what the last block left in
 * tail [TRANSFORM_HOP], which receives what this one leaves. block: scratch.
 */
void transform_inverse(const transform *t, const kernels *k, const fft *f, float *out, float *tail,
                       bins from, float *block);

#endif
