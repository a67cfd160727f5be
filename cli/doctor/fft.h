/* The discrete Fourier transform of the doctor's analyses. It does not know what is transformed. */
#ifndef UNECHO_CLI_DOCTOR_FFT_H
#define UNECHO_CLI_DOCTOR_FFT_H

#include <stddef.h>

typedef struct complex_float {
    float re, im;
} complex_float;

struct fft;

/* Of size points, a power of two. NULL: out of memory. */
struct fft *fft_new(size_t size);
void fft_free(struct fft *fft);

/* In place, unscaled: sum of x[n] exp(-2 pi i k n / size). */
void fft_forward(const struct fft *fft, complex_float *x);

/* In place, unscaled, with the other sign. */
void fft_inverse(const struct fft *fft, complex_float *x);

#endif
