/*
 * Magnitude-squared coherence by Welch's method. Of a bin's power P a linear filter leaves
 * P (1 - coherence).
 */
#include "alignment/coherence.h"

#include "dsp/clones.h"
#include "dsp/dot.h"
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
    c->memory = calloc(c->size + 4 * FFT_LANES * c->bins + 8 * c->bins, sizeof(*c->memory));
    if (!c->fft || !c->memory) {
        coherence_free(c);
        return NULL;
    }
    c->window = c->memory;
    c->x_re = c->window + c->size;
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

/* A sample of each frame, times those of a window and of the frames that are used. */
static inline void gather(eight_floats *to, const float *x, const size_t at[FFT_LANES],
                          float window, const eight_floats *used)
{
    const eight_floats values = {x[at[0]], x[at[1]], x[at[2]], x[at[3]],
                                 x[at[4]], x[at[5]], x[at[6]], x[at[7]]};
    *to = *used * (window * values);
}

/* Each of n frames under the window in a lane of its own; silence in those that are left. */
CLONED static void fill_lanes(const struct coherence *c, const float *x, size_t n)
{
    const size_t hop = c->size / FRAME_HOPS;
    eight_floats used = {0};
    size_t at[FFT_LANES] = {0};
    float *parts[2];
    real_fft_lanes(c->fft, &parts[0], &parts[1]);
    for (size_t i = 0; i < n; i++) {
        used[i] = 1.0f;
        at[i] = i * hop;
    }
    for (size_t i = 0; i < hop; i++) {
        eight_floats *const first = (eight_floats *)parts[i % 2] + i / 2;
        gather(first, x + i, at, c->window[i], &used);
        gather(first + hop / 2, x + i + hop, at, c->window[i + hop], &used);
    }
}

static void take_spectra(struct coherence *c, const float *x, size_t n, float *re, float *im)
{
    fill_lanes(c, x, n);
    real_fft_forward_lanes(c->fft, re, im);
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

CLONED static double power(const float *x, size_t n)
{
    enum { SIDE_BY_SIDE = 8 };
    double sums[SIDE_BY_SIDE] = {0}, sum = 0.0;
    for (size_t i = 0; i + SIDE_BY_SIDE <= n; i += SIDE_BY_SIDE)
        for (size_t k = 0; k < SIDE_BY_SIDE; k++)
            sums[k] += (double)x[i + k] * (double)x[i + k];
    for (size_t k = 0; k < SIDE_BY_SIDE; k++)
        sum += sums[k];
    return sum;
}

void coherence_take(struct coherence *c, const float *x, const float *y)
{
    const struct sums oldest = c->first;
    c->first = c->second;
    c->second = sums_at(oldest.xx, c->bins);
    memset(c->second.xx, 0, 4 * c->bins * sizeof(*c->second.xx));
    c->second.power = power(x, c->half);
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
