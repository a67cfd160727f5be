/*
 * Magnitude-squared coherence by Welch's method. Of a bin's power P a linear filter leaves
 * P (1 - coherence).
 */
#include "alignment/coherence.h"

#include "dsp/clones.h"
#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

/* 128 ms, so that most of a room's response lies within a frame. */
#define FRAME_PER_S (1000.0 / 128.0)
#define FRAME_HOPS  2
/* Mean power of x in an active stretch: -50 dB. */
#define ACTIVE 1e-5

struct coherence {
    size_t size, bins, half, frames;  /* frames: of a half */
    real_fft *fft;                    /* of several of them side by side */
    float *window;                    /* [size] */
    float *lanes;                     /* [size][FFT_LANES] */
    float *x_re, *x_im, *y_re, *y_im; /* [bins][FFT_LANES] */
    struct sums {
        float *xx, *yy, *re, *im; /* [bins] */
        double power;             /* of x */
    } first, second;              /* halves */
    float *memory;
};

static struct sums sums_at(float *memory, size_t bins)
{
    return (struct sums){memory, memory + bins, memory + 2 * bins, memory + 3 * bins, 0.0};
}

struct coherence *coherence_new(unsigned rate)
{
    struct coherence *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->size = (size_t)lround(rate / FRAME_PER_S);
    c->bins = c->size / 2 + 1;
    c->half = rate;
    c->frames = (c->half - c->size) / (c->size / FRAME_HOPS) + 1;
    c->fft = real_fft_new_lanes(c->size);
    c->memory =
        calloc(c->size + FFT_LANES * (c->size + 4 * c->bins) + 8 * c->bins, sizeof(*c->memory));
    if (!c->fft || !c->memory) {
        coherence_free(c);
        return NULL;
    }
    c->window = c->memory;
    c->lanes = c->window + c->size;
    c->x_re = c->lanes + c->size * FFT_LANES;
    c->x_im = c->x_re + c->bins * FFT_LANES;
    c->y_re = c->x_im + c->bins * FFT_LANES;
    c->y_im = c->y_re + c->bins * FFT_LANES;
    c->first = sums_at(c->y_im + c->bins * FFT_LANES, c->bins);
    c->second = sums_at(c->first.im + c->bins, c->bins);
    for (size_t i = 0; i < c->size; i++)
        c->window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (double)i / (double)c->size));
    return c;
}

void coherence_free(struct coherence *c)
{
    if (!c)
        return;
    real_fft_free(c->fft);
    free(c->memory);
    free(c);
}

size_t coherence_half(const struct coherence *c)
{
    return c->half;
}

/* Each of n frames under the window in a lane of its own; silence in those that are left. */
CLONED static void fill_lanes(const struct coherence *c, const float *x, size_t n)
{
    const size_t hop = c->size / FRAME_HOPS;
    float values[FFT_LANES + 1] = {0}, used[FFT_LANES] = {0};
    for (size_t i = 0; i < n; i++)
        used[i] = 1.0f;
    for (size_t at = 0; at < hop; at++) {
        float *const first = c->lanes + at * FFT_LANES, *const second = first + hop * FFT_LANES;
        for (size_t i = 0; i <= n; i++)
            values[i] = x[i * hop + at];
        for (size_t i = 0; i < FFT_LANES; i++)
            first[i] = used[i] * (c->window[at] * values[i]);
        for (size_t i = 0; i < FFT_LANES; i++)
            second[i] = used[i] * (c->window[at + hop] * values[i + 1]);
    }
}

static void take_spectra(struct coherence *c, const float *x, size_t n, float *re, float *im)
{
    fill_lanes(c, x, n);
    real_fft_forward_lanes(c->fft, re, im, c->lanes);
}

static inline float sum_lanes(float lanes[FFT_LANES])
{
    for (size_t n = FFT_LANES / 2; n > 0; n /= 2)
        for (size_t i = 0; i < n; i++)
            lanes[i] += lanes[i + n];
    return lanes[0];
}

CLONED static void add_spectra(struct coherence *c)
{
    const struct sums s = c->second;
    for (size_t k = 0; k < c->bins; k++) {
        float xx[FFT_LANES], yy[FFT_LANES], re[FFT_LANES], im[FFT_LANES];
        for (size_t i = 0; i < FFT_LANES; i++) {
            const size_t at = k * FFT_LANES + i;
            const float xr = c->x_re[at], xi = c->x_im[at], yr = c->y_re[at], yi = c->y_im[at];
            xx[i] = xr * xr + xi * xi;
            yy[i] = yr * yr + yi * yi;
            re[i] = yr * xr + yi * xi;
            im[i] = yi * xr - yr * xi;
        }
        s.xx[k] += sum_lanes(xx);
        s.yy[k] += sum_lanes(yy);
        s.re[k] += sum_lanes(re);
        s.im[k] += sum_lanes(im);
    }
}

void coherence_take(struct coherence *c, const float *x, const float *y)
{
    const struct sums oldest = c->first;
    c->first = c->second;
    c->second = sums_at(oldest.xx, c->bins);
    memset(c->second.xx, 0, 4 * c->bins * sizeof(*c->second.xx));
    for (size_t i = 0; i < c->half; i++)
        c->second.power += (double)x[i] * (double)x[i];
    for (size_t i = 0; i < c->frames; i += FFT_LANES) {
        const size_t at = i * (c->size / FRAME_HOPS);
        const size_t n = c->frames - i < FFT_LANES ? c->frames - i : FFT_LANES;
        take_spectra(c, x + at, n, c->x_re, c->x_im);
        take_spectra(c, y + at, n, c->y_re, c->y_im);
        add_spectra(c);
    }
}

bool coherence_add(const struct coherence *c, double *before, double *after)
{
    /* Frames that overlap by half are nearly independent under this window (Welch 1967), and noise
     * alone has a coherence of one over their number. */
    const double bias = 1.0 / (double)(2 * c->frames);
    const struct sums a = c->first, b = c->second;
    if (a.power + b.power <= ACTIVE * 2.0 * (double)c->half)
        return false;
    for (size_t k = 0; k < c->bins; k++) {
        const double xx = (double)(a.xx[k] + b.xx[k]), yy = (double)(a.yy[k] + b.yy[k]);
        const double re = (double)(a.re[k] + b.re[k]), im = (double)(a.im[k] + b.im[k]);
        const double coherence = xx * yy > 0.0 ? (re * re + im * im) / (xx * yy) : 0.0;
        const double excess = (coherence - bias) / (1.0 - bias);
        *before += yy;
        *after += yy * (1.0 - (excess > 0.0 ? excess : 0.0));
    }
    return true;
}
