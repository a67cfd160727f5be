#include "absence.h"

#include "features.h"

#include <string.h>

/* Smoothing per hop. */
static const float smoothing = 0.02f;
/* A filter cancels that leaves a quarter of the microphone. */
static const float cancels = 0.25f;
/* An echo is heard where it would be 23 dB above the noise, and missed where the microphone is
 * 15 dB below it. */
static const float audible = 200.0f, missing = 30.0f;
/* A muted microphone misses nothing, and nothing is expected of a silent far end. */
static const float muted = 1e-10f, silent = 1e-12f;
/* Hops in which the filter cancelled before an echo is known, as a near end may happen to look like
 * one; and in which it is missed, longer than it may come later by another device. */
enum { KNOWN = 60, MISSED = 50 };

void absence_layout(absence_memory *m, arena *a)
{
    m->echo = arena_floats(a, POSTFILTER_BANDS);
    m->far = arena_floats(a, POSTFILTER_BANDS);
}

void absence_reset(absence_memory *m)
{
    memset(m->echo, 0, POSTFILTER_BANDS * sizeof *m->echo);
    memset(m->far, 0, POSTFILTER_BANDS * sizeof *m->far);
    m->missed = m->known = 0;
}

static float sum(const float *power)
{
    float all = 0.0f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        all += power[b];
    return all;
}

static void learn(absence_memory *m, const float *restrict echo, const float *restrict far)
{
    float *restrict const y = m->echo, *restrict const x = m->far;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        y[b] += smoothing * (echo[b] - y[b]);
        x[b] += smoothing * (far[b] - x[b]);
    }
    m->known += m->known < KNOWN;
}

int absence_next(absence_memory *m, const float *power, const noise_floor *noise)
{
    const float *const error = power + SIGNAL_ERROR * POSTFILTER_BANDS;
    const float *const mic = power + SIGNAL_MIC * POSTFILTER_BANDS;
    const float *const echo = power + SIGNAL_ECHO * POSTFILTER_BANDS;
    const float *const far = power + SIGNAL_FAR * POSTFILTER_BANDS;
    float expected = 0.0f, heard = 0.0f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float level = m->far[b] > silent ? far[b] * m->echo[b] / m->far[b] : 0.0f;
        const int counts = level > audible * noise[b].level;
        expected += counts ? level : 0.0f;
        heard += counts ? mic[b] : 0.0f;
    }
    if (sum(error) < cancels * sum(mic))
        learn(m, echo, far);
    if (missing * heard > expected)
        m->missed = 0;
    else if (m->known == KNOWN && expected > 0.0f && heard > muted)
        m->missed++;
    if (m->missed < MISSED)
        return 0;
    absence_reset(m);
    return 1;
}
