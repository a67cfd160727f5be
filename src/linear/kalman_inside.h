/* What the files of the filter share: its rows of bins and its transforms. */
#ifndef UNECHO_KALMAN_INSIDE_H
#define UNECHO_KALMAN_INSIDE_H

#include "kalman.h"

/* One row each: those that last, and those of a hop. */
typedef enum row {
    ROW_NOISE,
    ROW_LEFT,
    ROW_TOLD, /* what the noise's weight grows by, as a share of it */
    ROW_SHARE_BEFORE,
    ROW_STEADY, /* what was heard where there could be no echo */
    ROWS_KEPT,
    ROW_Y_RE = ROWS_KEPT,
    ROW_Y_IM,
    ROW_Z_RE,
    ROW_Z_IM,
    ROW_E_RE,
    ROW_E_IM,
    ROW_SPREAD,
    ROW_CAUTION,
    ROW_GAIN_RE,
    ROW_GAIN_IM,
    ROW_REMOVAL,
    ROW_SHARE,
    ROW_UNREST,
    ROW_STEADY_SHARE, /* of the error what is such a tone */
    ROW_REUSED,       /* five of each block that is learnt from once more */
    ROWS = ROW_REUSED + 5 * PARTITION_REUSED
} row;

static inline float *row_of(const kalman *c, row r)
{
    return r < ROWS_KEPT ? c->rows + (size_t)r * PARTITION_ROW
                         : c->hop_rows + (size_t)(r - ROWS_KEPT) * PARTITION_ROW;
}

/* Back in time: the second half of the block, which is no circular convolution. */
void kalman_hop_of(kalman *c, const float *re, const float *im, float *hop);
void kalman_transform(kalman *c, const float *block, float *re, float *im);
/* The spectrum of a hop after as many zeros. */
void kalman_spectrum(kalman *c, const float *hop, float *re, float *im);

/* The sum of a * b over a hop. */
static inline double product(const kalman *c, const float *a, const float *b)
{
    return c->k->inner(a, b, KALMAN_HOP);
}

/*
 * Learn from a hop's error, in front of its correction, and echo estimate, whose spectra predict
 * left in its rows; find the share of the error that the variance explains. Nothing is learnt of a
 * far end that is silent or too faint.
 */
void kalman_learn(kalman *c, const float *error, const float *echo, int silent, int faint);

#endif
