/*
 * A radix-2 Cooley-Tukey transform of half the length, whose real and imaginary parts are the even
 * and odd samples of the real signal.
 */
#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

typedef struct complex_float {
    float re, im;
} complex_float;

struct real_fft {
    size_t size;
    complex_float *turns; /* [size / 2] exp(-2 pi i k / size) */
    complex_float *z;     /* [size / 2] */
};

real_fft *real_fft_new(size_t size)
{
    real_fft *f = malloc(sizeof *f);
    complex_float *turns = malloc(size / 2 * sizeof *turns);
    complex_float *z = malloc(size / 2 * sizeof *z);
    if (!f || !turns || !z) {
        free(f);
        free(turns);
        free(z);
        return NULL;
    }
    for (size_t k = 0; k < size / 2; k++) {
        const double angle = -2.0 * PI * (double)k / (double)size;
        turns[k] = (complex_float){(float)cos(angle), (float)sin(angle)};
    }
    *f = (real_fft){size, turns, z};
    return f;
}

void real_fft_free(real_fft *f)
{
    if (!f)
        return;
    free(f->turns);
    free(f->z);
    free(f);
}

static void swap(complex_float *a, complex_float *b)
{
    const complex_float kept = *a;
    *a = *b;
    *b = kept;
}

static void reverse_bits(complex_float *z, size_t n)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j)
            swap(&z[i], &z[j]);
    }
}

static complex_float product(complex_float a, complex_float b)
{
    return (complex_float){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Transform f->z in place. */
static void transform(const real_fft *f)
{
    complex_float *const z = f->z;
    const size_t n = f->size / 2;
    reverse_bits(z, n);
    for (size_t half = 1; half < n; half *= 2) {
        const size_t step = f->size / (2 * half);
        for (size_t start = 0; start < n; start += 2 * half) {
            complex_float *const low = z + start, *const high = low + half;
            for (size_t k = 0; k < half; k++) {
                const complex_float a = low[k], b = product(high[k], f->turns[k * step]);
                low[k] = (complex_float){a.re + b.re, a.im + b.im};
                high[k] = (complex_float){a.re - b.re, a.im - b.im};
            }
        }
    }
}

void real_fft_forward(real_fft *f, float *re, float *im, const float *x)
{
    const size_t n = f->size / 2;
    for (size_t i = 0; i < n; i++)
        f->z[i] = (complex_float){x[2 * i], x[2 * i + 1]};
    transform(f);
    for (size_t k = 0; k < n; k++) {
        const complex_float a = f->z[k], b = f->z[(n - k) % n];
        /* The transforms of the even and of the odd samples. */
        const complex_float even = {0.5f * (a.re + b.re), 0.5f * (a.im - b.im)};
        const complex_float odd = {0.5f * (a.im + b.im), 0.5f * (b.re - a.re)};
        const complex_float turned = product(odd, f->turns[k]);
        re[k] = even.re + turned.re;
        im[k] = even.im + turned.im;
    }
    re[n] = f->z[0].re - f->z[0].im;
    im[n] = 0.0f;
}

void real_fft_inverse(real_fft *f, float *x, const float *re, const float *im)
{
    const size_t n = f->size / 2;
    for (size_t k = 0; k < n; k++) {
        const complex_float even = {re[k] + re[n - k], im[k] - im[n - k]};
        const complex_float turned = {re[k] - re[n - k], im[k] + im[n - k]};
        const complex_float back = {f->turns[k].re, -f->turns[k].im};
        const complex_float odd = product(turned, back);
        f->z[k] = (complex_float){even.re - odd.im, even.im + odd.re};
    }
    /* The inverse transform is the forward transform of the mirrored input. */
    for (size_t i = 1, j = n - 1; i < j; i++, j--)
        swap(&f->z[i], &f->z[j]);
    transform(f);
    for (size_t i = 0; i < n; i++) {
        x[2 * i] = f->z[i].re;
        x[2 * i + 1] = f->z[i].im;
    }
}
