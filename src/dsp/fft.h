/*
 * The discrete Fourier transform of real signals, for any power of two. Streams use a faster one
 * from the kernels, for the two sizes that they need.
 */
#ifndef UNECHO_DSP_FFT_H
#define UNECHO_DSP_FFT_H

#include <stddef.h>

typedef struct real_fft real_fft;

/* Signals that are transformed side by side. */
enum { FFT_LANES = 8 };

/* size: a power of two, at least 32. NULL: out of memory. */
real_fft *real_fft_new(size_t size);
/* For real_fft_forward_lanes, and nothing else. */
real_fft *real_fft_new_lanes(size_t size);
void real_fft_free(real_fft *f);

/* re, im [size / 2 + 1]: the sum of x[n] exp(-2 pi i k n / size). */
void real_fft_forward(real_fft *f, float *re, float *im, const float *x);

/* Where the signals go, [size / 2][FFT_LANES] each: samples 0, 2, 4, ... and 1, 3, 5, ... They are
 * undefined after the transform. */
void real_fft_lanes(const real_fft *f, float **even, float **odd);
/* re, im [size / 2 + 1][FFT_LANES]: of each lane as real_fft_forward, in less time. */
void real_fft_forward_lanes(real_fft *f, float *re, float *im);

/* x [size]: `size` times the signal with this spectrum. */
void real_fft_inverse(real_fft *f, float *x, const float *re, const float *im);

#endif
