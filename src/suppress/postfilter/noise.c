#include "noise.h"

#include <math.h>
#include <string.h>

/* Smoothing per hop. */
static const float recent_smoothing = 0.5f, smoothing = 0.1f;
/* 0.75 s. A word is shorter than two windows. */
enum { WINDOW_HOPS = 94 };
/* Nothing has been observed. */
static const float none = 1e30f;
/* An echo estimate of more than this share of the error: the error may be residual echo. */
static const float echo_share = 0.25f;
/* The smoothed noise fluctuates by less than this factor. */
static const float fluctuation = 1.5f;

void noise_layout(noise_memory *m, arena *a)
{
    float **const rows[] = {&m->recent, &m->smooth, &m->lowest, &m->before, &m->level};
    enum { ROWS = sizeof rows / sizeof *rows };
    m->all_count = ROWS * POSTFILTER_BANDS;
    m->all = arena_floats(a, m->all_count);
    for (size_t i = 0; m->all && i < ROWS; i++)
        *rows[i] = m->all + i * POSTFILTER_BANDS;
}

void noise_reset(noise_memory *m)
{
    memset(m->all, 0, m->all_count * sizeof *m->all);
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        m->smooth[b] = m->lowest[b] = m->before[b] = none;
    m->hops = 0;
    m->seed = 1;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

void noise_advance(noise_memory *m, const bands *b, const float *error, const float *echo)
{
    if (m->hops == WINDOW_HOPS) {
        memcpy(m->before, m->lowest, POSTFILTER_BANDS * sizeof *m->before);
        for (size_t i = 0; i < POSTFILTER_BANDS; i++)
            m->lowest[i] = none;
        m->hops = 0;
    }
    m->hops++;
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        m->recent[i] += recent_smoothing * (error[i] - m->recent[i]);
        float *const smooth = &m->smooth[i];
        *smooth = *smooth == none ? error[i] : *smooth + smoothing * (error[i] - *smooth);
        /* The lowest of many values lies below their mean, the more the fewer bins share a band. */
        const float bias = 1.0f + sqrtf(b->scale[i]);
        if (echo[i] <= echo_share * *smooth || bias * *smooth < m->level[i])
            m->lowest[i] = smaller(m->lowest[i], *smooth);
        const float lowest = smaller(m->lowest[i], m->before[i]);
        if (lowest < none)
            m->level[i] = bias * lowest;
    }
}

void noise_keep(const noise_memory *m, const noise_target *target, float *gains)
{
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        /* The share of noise in the error: echo and voice are above it. */
        const float noise = fluctuation * m->level[i];
        const float share = noise < m->recent[i] ? noise / m->recent[i] : 1.0f;
        const float kept = target->gain * share;
        if (gains[i] < kept)
            gains[i] = kept;
    }
}

void noise_missing(const noise_memory *m, const noise_target *target, const float *gains, float *y)
{
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        const float wanted = target->gain * target->gain * m->level[i];
        const float there = gains[i] * gains[i] * m->recent[i];
        y[i] = there < wanted ? sqrtf(wanted - there) : 0.0f;
    }
}

/* Uniform in [-1, 1): a linear congruential generator (Press et al., Numerical Recipes, 7.1). */
static float uniform(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) * 0x1p-23f - 1.0f;
}

void noise_add(noise_memory *m, const float *amplitude, float *re, float *im)
{
    /* Real and imaginary part have 2/3 of the power of a number of this amplitude, and the
     * synthesis of blocks that do not belong together loses 3.6 dB. */
    const float scale = 1.84f;
    uint32_t seed = m->seed;
    for (size_t k = 0; k < FFT_BINS; k++) {
        re[k] += scale * amplitude[k] * uniform(&seed);
        im[k] += scale * amplitude[k] * uniform(&seed);
    }
    m->seed = seed;
}
