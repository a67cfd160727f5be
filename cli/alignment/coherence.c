/*
 * Magnitude-squared coherence by Welch's method. Of a bin's power P a linear filter leaves
 * P (1 - coherence).
 */
#include "alignment/coherence.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

/* 128 ms, so that most of a room's response lies within a frame. */
#define FRAME_PER_S (1000.0 / 128.0)
#define STRETCH_S   2
#define FRAME_HOPS  4
/* Mean power of x in an active stretch: -50 dB. */
#define ACTIVE 1e-5

struct coherence {
    size_t size, bins, stretch;
    real_fft *fft;
    float *window, *frame; /* [size] */
    float *x_re, *x_im, *y_re, *y_im;
    double *xx, *yy, *re, *im; /* [bins] sums of a stretch */
    float *memory;
    double *sums;
};

struct coherence *coherence_new(unsigned rate)
{
    struct coherence *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->size = (size_t)lround(rate / FRAME_PER_S);
    c->bins = c->size / 2 + 1;
    c->stretch = STRETCH_S * (size_t)rate;
    c->fft = real_fft_new(c->size);
    c->memory = malloc((2 * c->size + 4 * c->bins) * sizeof(*c->memory));
    c->sums = malloc(4 * c->bins * sizeof(*c->sums));
    if (!c->fft || !c->memory || !c->sums) {
        coherence_free(c);
        return NULL;
    }
    c->window = c->memory;
    c->frame = c->window + c->size;
    c->x_re = c->frame + c->size;
    c->x_im = c->x_re + c->bins;
    c->y_re = c->x_im + c->bins;
    c->y_im = c->y_re + c->bins;
    c->xx = c->sums;
    c->yy = c->xx + c->bins;
    c->re = c->yy + c->bins;
    c->im = c->re + c->bins;
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
    free(c->sums);
    free(c);
}

size_t coherence_stretch(const struct coherence *c)
{
    return c->stretch;
}

static void take_spectrum(struct coherence *c, const float *x, float *re, float *im)
{
    for (size_t i = 0; i < c->size; i++)
        c->frame[i] = c->window[i] * x[i];
    real_fft_forward(c->fft, re, im, c->frame);
}

static void add_frame(struct coherence *c, const float *x, const float *y)
{
    take_spectrum(c, x, c->x_re, c->x_im);
    take_spectrum(c, y, c->y_re, c->y_im);
    for (size_t k = 0; k < c->bins; k++) {
        const double xr = (double)c->x_re[k], xi = (double)c->x_im[k];
        const double yr = (double)c->y_re[k], yi = (double)c->y_im[k];
        c->xx[k] += xr * xr + xi * xi;
        c->yy[k] += yr * yr + yi * yi;
        c->re[k] += yr * xr + yi * xi;
        c->im[k] += yi * xr - yr * xi;
    }
}

static bool is_active(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum > ACTIVE * (double)n;
}

bool coherence_add(struct coherence *c, const float *x, const float *y, double *before,
                   double *after)
{
    /* Frames that overlap by three quarters count for about half as many independent ones, and
     * noise alone has a coherence of one over that number. */
    const size_t hop = c->size / FRAME_HOPS;
    const size_t frames = (c->stretch - c->size) / hop + 1;
    const double bias = 2.0 / (double)frames;
    if (!is_active(x, c->stretch))
        return false;
    memset(c->sums, 0, 4 * c->bins * sizeof(*c->sums));
    for (size_t at = 0; at + c->size <= c->stretch; at += hop)
        add_frame(c, x + at, y + at);
    for (size_t k = 0; k < c->bins; k++) {
        const double product = c->xx[k] * c->yy[k];
        const double cross = c->re[k] * c->re[k] + c->im[k] * c->im[k];
        const double coherence = product > 0.0 ? cross / product : 0.0;
        *before += c->yy[k];
        *after += c->yy[k] * (1.0 - fmax(0.0, (coherence - bias) / (1.0 - bias)));
    }
    return true;
}
