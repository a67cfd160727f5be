/*
 * The bands of the post-filter: 70 overlapping triangles over the bins of a spectrum, one bin apart
 * up to 1.25 kHz, then increasingly further.
 */
#ifndef UNECHO_POSTFILTER_BANDS_H
#define UNECHO_POSTFILTER_BANDS_H

#include "kernels/kernels.h"
#include "model/postfilter_weights.h"

enum { BANDS_ROWS = 7 };

/* Bin k lies between the centres of two bands, b and b + 1, and belongs to both in part. */
typedef struct bands {
    size_t first[POSTFILTER_BANDS]; /* bins first[b] to first[b + 1] - 1 follow centre b */
    float share[FFT_BINS];          /* of bin k in band b + 1; the rest is in b */
    float scale[POSTFILTER_BANDS];  /* 1 over the sum of the band's shares */
} bands;

void bands_init(bands *b);

/* y [BANDS_ROWS][POSTFILTER_BANDS]: the mean of each band in each of BANDS_ROWS rows of bins, which
 * are `stride` apart. */
void bands_mean(const bands *b, const kernels *k, float *y, const float *x, size_t stride);

/* y [FFT_BINS]: linear interpolation of x [POSTFILTER_BANDS] between the centres of the bands. */
void bands_interpolate(const bands *b, float *y, const float *x);

#endif
