/*
 * The discrete Fourier transform of real signals whose length is any power of two. The kernels have
 * a faster one for the two lengths that streams need.
 */
#ifndef UNECHO_DSP_FFT_H
#define UNECHO_DSP_FFT_H

#include <stddef.h>

typedef struct real_fft real_fft;

/* Of size points, a power of two, at least 4. NULL: out of memory. */
real_fft *real_fft_new(size_t size);
void real_fft_free(real_fft *f);

/* re, im [size / 2 + 1]: the sum of x[n] exp(-2 pi i k n / size). */
void real_fft_forward(real_fft *f, float *re, float *im, const float *x);

/* x [size]: size times the signal that has this spectrum. */
void real_fft_inverse(real_fft *f, float *x, const float *re, const float *im);

#endif
