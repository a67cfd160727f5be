/*
 * The discrete Fourier transform of real signals, for any power of two. Streams use a faster one
 * from the kernels, for the two sizes that they need.
 */
#ifndef UNECHO_DSP_FFT_H
#define UNECHO_DSP_FFT_H

#include <stddef.h>

typedef struct real_fft real_fft;

/* size: a power of two, at least 32. NULL: out of memory. */
real_fft *real_fft_new(size_t size);
void real_fft_free(real_fft *f);

/* re, im [size / 2 + 1]: the sum of x[n] exp(-2 pi i k n / size). */
void real_fft_forward(real_fft *f, float *re, float *im, const float *x);

/* x [size]: `size` times the signal with this spectrum. */
void real_fft_inverse(real_fft *f, float *x, const float *re, const float *im);

#endif
