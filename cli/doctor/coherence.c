/*
 * Magnitude-squared coherence by Welch's method. Of a bin's power P a linear filter leaves
 * P (1 - coherence).
 */
#include "doctor/coherence.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

enum { SIZE = 2048, HOP = SIZE / 4, BINS = SIZE / 2 + 1, STRETCH = 32000 };
/* Mean power of x in an active stretch: -50 dB. */
#define ACTIVE 1e-5

struct spectra {
    double xx[BINS], yy[BINS], re[BINS], im[BINS];
};

struct work {
    real_fft *fft;
    float window[SIZE], frame[SIZE];
    float x_re[BINS], x_im[BINS], y_re[BINS], y_im[BINS];
    struct spectra sums;
};

static void take_spectrum(struct work *w, const float *x, float *re, float *im)
{
    for (size_t i = 0; i < SIZE; i++)
        w->frame[i] = w->window[i] * x[i];
    real_fft_forward(w->fft, re, im, w->frame);
}

static void add_frame(struct work *w, const float *x, const float *y)
{
    take_spectrum(w, x, w->x_re, w->x_im);
    take_spectrum(w, y, w->y_re, w->y_im);
    for (size_t k = 0; k < BINS; k++) {
        const double xr = (double)w->x_re[k], xi = (double)w->x_im[k];
        const double yr = (double)w->y_re[k], yi = (double)w->y_im[k];
        w->sums.xx[k] += xr * xr + xi * xi;
        w->sums.yy[k] += yr * yr + yi * yi;
        w->sums.re[k] += yr * xr + yi * xi;
        w->sums.im[k] += yi * xr - yr * xi;
    }
}

/* Add the power of y in a stretch, and what a filter leaves of it. */
static void add_stretch(struct work *w, const float *x, const float *y, double *before,
                        double *after)
{
    /* Frames that overlap by three quarters count for about half as many independent ones, and
     * noise alone has a coherence of one over that number. */
    const int frames = (STRETCH - SIZE) / HOP + 1;
    const double bias = 2.0 / frames;
    w->sums = (struct spectra){0};
    for (size_t at = 0; at + SIZE <= STRETCH; at += HOP)
        add_frame(w, x + at, y + at);
    for (size_t k = 0; k < BINS; k++) {
        const double product = w->sums.xx[k] * w->sums.yy[k];
        const double cross = w->sums.re[k] * w->sums.re[k] + w->sums.im[k] * w->sums.im[k];
        const double coherence = product > 0.0 ? cross / product : 0.0;
        *before += w->sums.yy[k];
        *after += w->sums.yy[k] * (1.0 - fmax(0.0, (coherence - bias) / (1.0 - bias)));
    }
}

static bool is_active(const float *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < STRETCH; i++)
        sum += (double)x[i] * (double)x[i];
    return sum > ACTIVE * STRETCH;
}

bool coherence_gain(const float *x, const float *y, size_t n, double *db)
{
    struct work *w = calloc(1, sizeof(*w));
    double before = 0.0, after = 0.0;
    *db = (double)NAN;
    if (!w)
        return false;
    w->fft = real_fft_new(SIZE);
    if (!w->fft) {
        free(w);
        return false;
    }
    for (size_t i = 0; i < SIZE; i++)
        w->window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (double)i / SIZE));
    for (size_t at = 0; at + STRETCH <= n; at += STRETCH)
        if (is_active(x + at))
            add_stretch(w, x + at, y + at, &before, &after);
    if (after > 0.0)
        *db = 10.0 * log10(before / after);
    real_fft_free(w->fft);
    free(w);
    return true;
}
