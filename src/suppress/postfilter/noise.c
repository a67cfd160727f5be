#include "noise.h"

#include "dsp/bounds.h"
#include "dsp/uniform.h"

#include <math.h>
#include <string.h>

/* Smoothing per hop. */
static const float recent_smoothing = 0.5f;
/* An echo estimate of more than this share of the error: the error may be residual echo. */
static const float echo_share = 0.25f;
/* The smoothed noise fluctuates by less than this factor. */
static const float fluctuation = 1.5f;
/* A voice exceeds the noise by this factor in more than four of a hundred hops, over 0.4 s. */
static const float busy_margin = 4.0f, busy_smoothing = 0.02f, busy_least = 0.04f;

void noise_layout(noise_memory *m, arena *a)
{
    m->recent = arena_floats(a, POSTFILTER_BANDS);
    m->floor = arena_take(a, POSTFILTER_BANDS * sizeof *m->floor);
    m->busy = arena_floats(a, POSTFILTER_BANDS);
}

void noise_reset(noise_memory *m)
{
    memset(m->recent, 0, POSTFILTER_BANDS * sizeof *m->recent);
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        noise_floor_reset(&m->floor[b]);
    memset(m->busy, 0, POSTFILTER_BANDS * sizeof *m->busy);
    m->hops = 0;
    m->seed = 1;
}

void noise_advance(noise_memory *m, const bands *b, const float *error, const float *echo)
{
    const int renew = m->hops == NOISE_FLOOR_WINDOW;
    m->hops = renew ? 1 : m->hops + 1;
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        m->recent[i] += recent_smoothing * (error[i] - m->recent[i]);
        noise_floor *const floor = &m->floor[i];
        if (renew)
            noise_floor_renew(floor);
        noise_floor_smooth(floor, error[i]);
        /* The lowest of many values lies below their mean, the more the fewer bins share a band. */
        noise_floor_observe(floor, echo[i] <= echo_share * floor->smooth,
                            1.0f + sqrtf(b->scale[i]));
        const float exceeds = (float)(m->recent[i] > busy_margin * floor->level);
        m->busy[i] += busy_smoothing * (exceeds - m->busy[i]);
    }
}

void noise_bound(const noise_memory *m, const float *lasting, float most, float *gains)
{
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        const float level = m->floor[i].level;
        const int alone = m->busy[i] < busy_least && m->recent[i] <= busy_margin * level;
        if (alone && level <= fluctuation * lasting[i])
            gains[i] = smaller(gains[i], most);
    }
}

void noise_keep(const noise_memory *m, float least, float *gains)
{
    if (least == 0.0f)
        return;
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        /* The share of noise in the error: echo and voice are above it. */
        const float noise = fluctuation * m->floor[i].level;
        const float share = noise < m->recent[i] ? noise / m->recent[i] : 1.0f;
        const float kept = least * share;
        if (gains[i] < kept)
            gains[i] = kept;
    }
}

void noise_missing(const noise_memory *m, const noise_target *target, const float *gains, float *y)
{
    for (size_t i = 0; i < POSTFILTER_BANDS; i++) {
        const float wanted = target->gain * target->gain * m->floor[i].level;
        const float there = gains[i] * gains[i] * m->recent[i];
        y[i] = there < wanted ? sqrtf(wanted - there) : 0.0f;
    }
}

void noise_add(noise_memory *m, const float *amplitude, float *re, float *im)
{
    /* Real and imaginary part have 2/3 of the power of a number of this amplitude, and the
     * synthesis of blocks that do not belong together loses 3.6 dB. */
    const float scale = 1.84f;
    uint32_t seed = m->seed;
    for (size_t k = 0; k < FFT_BINS; k++) {
        re[k] += scale * amplitude[k] * uniform_noise(&seed);
        im[k] += scale * amplitude[k] * uniform_noise(&seed);
    }
    m->seed = seed;
}
