/*
 * The radix-2 transform of Cooley and Tukey: bits reversed first, then one pass per factor. It does
 * not know what is transformed.
 */
#include "doctor/fft.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

struct fft {
    size_t size;
    complex_float *turns; /* [size / 2] exp(-2 pi i k / size) */
};

struct fft *fft_new(size_t size)
{
    struct fft *fft = calloc(1, sizeof(*fft));
    complex_float *turns = malloc((size / 2 + 1) * sizeof(*turns));
    if (!fft || !turns) {
        free(fft);
        free(turns);
        return NULL;
    }
    for (size_t k = 0; k < size / 2; k++) {
        const double angle = -2.0 * PI * (double)k / (double)size;
        turns[k] = (complex_float){(float)cos(angle), (float)sin(angle)};
    }
    *fft = (struct fft){size, turns};
    return fft;
}

void fft_free(struct fft *fft)
{
    if (fft)
        free(fft->turns);
    free(fft);
}

static void reverse_bits(complex_float *x, size_t size)
{
    for (size_t i = 1, j = 0; i < size; i++) {
        size_t bit = size >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            const complex_float kept = x[i];
            x[i] = x[j];
            x[j] = kept;
        }
    }
}

void fft_forward(const struct fft *fft, complex_float *x)
{
    reverse_bits(x, fft->size);
    for (size_t half = 1; half < fft->size; half *= 2) {
        const size_t step = fft->size / (2 * half);
        for (size_t start = 0; start < fft->size; start += 2 * half) {
            complex_float *const low = x + start, *const high = low + half;
            for (size_t k = 0; k < half; k++) {
                const complex_float w = fft->turns[k * step], a = low[k], b = high[k];
                const complex_float turned = {b.re * w.re - b.im * w.im, b.re * w.im + b.im * w.re};
                low[k] = (complex_float){a.re + turned.re, a.im + turned.im};
                high[k] = (complex_float){a.re - turned.re, a.im - turned.im};
            }
        }
    }
}

void fft_inverse(const struct fft *fft, complex_float *x)
{
    /* The other sign: the transform of the mirrored input. */
    for (size_t i = 1, j = fft->size - 1; i < j; i++, j--) {
        const complex_float kept = x[i];
        x[i] = x[j];
        x[j] = kept;
    }
    fft_forward(fft, x);
}
