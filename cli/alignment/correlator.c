#include "alignment/correlator.h"

#include <math.h>
#include <stdlib.h>

/* The band of speech, and of most loudspeakers, in Hz. */
#define BAND_LOW  200.0
#define BAND_HIGH 3600.0

enum {
    GUARD = CORRELATOR_RATE * 3 / 1000, /* around a peak that belongs to the peak itself */
    TAIL = CORRELATOR_RATE * 50 / 1000
};

bool correlator_open(struct correlator *c, size_t size)
{
    const size_t bins = size / 2 + 1;
    *c = (struct correlator){.size = size, .fft = real_fft_new(size)};
    c->memory = calloc(size + 6 * bins, sizeof(*c->memory));
    if (!c->fft || !c->memory)
        return false;
    c->window = c->memory;
    c->echo_re = c->window + size;
    c->echo_im = c->echo_re + bins;
    c->source_re = c->echo_im + bins;
    c->source_im = c->source_re + bins;
    c->cross_re = c->source_im + bins;
    c->cross_im = c->cross_re + bins;
    return true;
}

void correlator_close(struct correlator *c)
{
    real_fft_free(c->fft);
    free(c->memory);
    *c = (struct correlator){0};
}

void correlator_take_echo(struct correlator *c)
{
    real_fft_forward(c->fft, c->echo_re, c->echo_im, c->window);
}

void correlator_take_source(struct correlator *c)
{
    real_fft_forward(c->fft, c->source_re, c->source_im, c->window);
}

/* The cross-spectrum's phase alone, in the band. */
static void whiten(struct correlator *c)
{
    const size_t low = (size_t)(BAND_LOW * (double)c->size / CORRELATOR_RATE);
    const size_t high = (size_t)(BAND_HIGH * (double)c->size / CORRELATOR_RATE);
    for (size_t k = 0; k < c->size / 2 + 1; k++) {
        const float re = c->echo_re[k] * c->source_re[k] + c->echo_im[k] * c->source_im[k];
        const float im = c->echo_im[k] * c->source_re[k] - c->echo_re[k] * c->source_im[k];
        const float size = sqrtf(re * re + im * im);
        const bool counts = k >= low && k <= high && size > 0.0f;
        c->cross_re[k] = counts ? re / size : 0.0f;
        c->cross_im[k] = counts ? im / size : 0.0f;
    }
}

void correlator_run(struct correlator *c)
{
    whiten(c);
    real_fft_inverse(c->fft, c->window, c->cross_re, c->cross_im);
}

static double value(const struct correlator *c, long lag)
{
    return (double)c->window[(size_t)(lag + (long)c->size) % c->size];
}

/* The top of the parabola through the peak and its neighbours, relative to the peak. */
static double refine(const struct correlator *c, long peak)
{
    const double before = fabs(value(c, peak - 1));
    const double at = fabs(value(c, peak));
    const double after = fabs(value(c, peak + 1));
    const double bend = before - 2.0 * at + after;
    return bend < 0.0 ? 0.5 * (before - after) / bend : 0.0;
}

static double energy(const struct correlator *c, long from, long to)
{
    double sum = 0.0;
    for (long lag = from; lag < to; lag++)
        sum += value(c, lag) * value(c, lag);
    return sum;
}

struct correlator_peak correlator_find(const struct correlator *c, long first, long last)
{
    struct correlator_peak peak = {0};
    long best = first;
    double most = 0.0;
    for (long lag = first; lag <= last; lag++) {
        if (fabs(value(c, lag)) > most) {
            most = fabs(value(c, lag));
            best = lag;
        }
    }
    const double sum = energy(c, first, last + 1), lags = (double)(last - first + 1);
    if (most <= 0.0)
        return peak;
    peak.lag = (double)best + refine(c, best);
    peak.size = most;
    peak.height = most / sqrt(sum / lags);
    if (best - TAIL > first && best + TAIL < last) {
        const double scale = 1.0 / (most * most);
        peak.floor = scale * sum * (TAIL - GUARD) / lags;
        peak.after = scale * energy(c, best + GUARD, best + TAIL);
        peak.before = scale * energy(c, best - TAIL, best - GUARD + 1);
    }
    return peak;
}
