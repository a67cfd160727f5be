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
#define FRAME_HOPS  2
/* Mean power of x in an active stretch: -50 dB. */
#define ACTIVE 1e-5

struct coherence {
    size_t size, bins, half;
    real_fft *fft;
    float *window, *frame; /* [size] */
    float *x_re, *x_im, *y_re, *y_im;
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
    c->fft = real_fft_new(c->size);
    c->memory = calloc(2 * c->size + 12 * c->bins, sizeof(*c->memory));
    if (!c->fft || !c->memory) {
        coherence_free(c);
        return NULL;
    }
    c->window = c->memory;
    c->frame = c->window + c->size;
    c->x_re = c->frame + c->size;
    c->x_im = c->x_re + c->bins;
    c->y_re = c->x_im + c->bins;
    c->y_im = c->y_re + c->bins;
    c->first = sums_at(c->y_im + c->bins, c->bins);
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

static void take_spectrum(struct coherence *c, const float *x, float *re, float *im)
{
    for (size_t i = 0; i < c->size; i++)
        c->frame[i] = c->window[i] * x[i];
    real_fft_forward(c->fft, re, im, c->frame);
}

static void add_frame(struct coherence *c, const float *x, const float *y)
{
    const struct sums s = c->second;
    take_spectrum(c, x, c->x_re, c->x_im);
    take_spectrum(c, y, c->y_re, c->y_im);
    for (size_t k = 0; k < c->bins; k++) {
        const float xr = c->x_re[k], xi = c->x_im[k], yr = c->y_re[k], yi = c->y_im[k];
        s.xx[k] += xr * xr + xi * xi;
        s.yy[k] += yr * yr + yi * yi;
        s.re[k] += yr * xr + yi * xi;
        s.im[k] += yi * xr - yr * xi;
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
    for (size_t at = 0; at + c->size <= c->half; at += c->size / FRAME_HOPS)
        add_frame(c, x + at, y + at);
}

bool coherence_add(const struct coherence *c, double *before, double *after)
{
    /* Frames that overlap by half are nearly independent under this window (Welch 1967), and noise
     * alone has a coherence of one over their number. */
    const size_t frames = 2 * ((c->half - c->size) / (c->size / FRAME_HOPS) + 1);
    const double bias = 1.0 / (double)frames;
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
