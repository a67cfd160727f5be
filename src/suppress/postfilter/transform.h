/*
 * The transform of the post-filter: blocks of 512 samples that end with the newest hop. Only their
 * last 256 samples are synthesised, so the output lags by one hop.
 */
#ifndef UNECHO_POSTFILTER_TRANSFORM_H
#define UNECHO_POSTFILTER_TRANSFORM_H

#include "kernels/kernels.h"

enum {
    TRANSFORM_BLOCK = FFT_SIZE,
    TRANSFORM_HOP = UNECHO_HOP,
    TRANSFORM_TAIL = 2 * TRANSFORM_HOP, /* samples of a block that are synthesised */
    TRANSFORM_ROW = 272,                /* of bins: whole cache lines */
};

typedef struct transform {
    /* The analysis window, scaled so that a full-scale sine is about 1 in the spectrum. */
    float analysis[TRANSFORM_BLOCK];
    float synthesis[TRANSFORM_TAIL]; /* the window of the tail, with the inverse scale */
} transform;

/* A spectrum. */
typedef struct bins {
    float *re, *im; /* [TRANSFORM_ROW] */
} bins;

void transform_init(transform *t);

/* to := the spectrum of x [TRANSFORM_BLOCK]. block: scratch, [TRANSFORM_BLOCK]. */
void transform_forward(const transform *t, const kernels *k, const fft *f, bins to, const float *x,
                       float *block);

/*
 * out [TRANSFORM_HOP] := the hop before the block's newest, completed with the previous block's
 * tail [TRANSFORM_HOP]. tail receives this block's. block: scratch.
 */
void transform_inverse(const transform *t, const kernels *k, const fft *f, float *out, float *tail,
                       bins from, float *block);

#endif
