#include "tones.h"

#include "ramp.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The bands of single bins from 94 Hz to 1.25 kHz, below which there is hum, and how far away the
 * valleys between tones are looked for on either side. */
enum { FIRST = 3, LAST = 40, NEAREST = 2, FURTHEST = 5 };
/* A tone is 10 dB above both valleys. */
static const float prominence = 10.0f;
/* Smoothing per hop. */
static const float tonal_smoothing = 0.1f, near_smoothing = 0.04f;
/* What is there in the first 1.6 s is noise; what sets in becomes it by 1 dB a second. Per hop. */
enum { SETTLED = 200 };
static const float steady_up = 1.001844f, steady_least = 1e-12f;
/* A tone is above what has lasted, anything else above the noise of now. */
static const float tone_margin = 1.5f, noise_margin = 4.0f;
/* Fitted to scenes: how much the shares of tones and of near end count beside the probability that
 * somebody talks. Residual echo seldom has more than the first of the sums. */
static const float tonal_weight = 1.6f, near_weight = 0.6f, doubtful = 1.8f, certain = 2.0f;
/* So pure are no voices: near a tone the error resembles the far end whatever that is. */
static const float rich = 0.75f, pure = 0.9f;
/* Without a far end for a second there is no echo, and tones are all that it takes. */
enum { ECHOES_END = 125 };
static const float silence = 1e-10f, some = 0.3f, most = 0.6f;

void tones_layout(tones_memory *m, arena *a)
{
    m->steady = arena_floats(a, POSTFILTER_BANDS);
}

void tones_reset(tones_memory *m)
{
    memset(m->steady, 0, POSTFILTER_BANDS * sizeof *m->steady);
    m->tonal = m->near_end = 0.0f;
    m->hops = m->far_away = 0;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static void follow_noise(tones_memory *m, const noise_floor *noise)
{
    const bool settled = m->hops == SETTLED;
    m->hops += !settled;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float raised = larger(m->steady[b], steady_least) * steady_up;
        m->steady[b] = settled ? smaller(noise[b].level, raised) : noise[b].level;
    }
}

static void follow_far_end(tones_memory *m, const float *far)
{
    float loudest = 0.0f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        loudest = larger(loudest, far[b]);
    if (loudest > silence)
        m->far_away = 0;
    else if (m->far_away < ECHOES_END)
        m->far_away++;
}

/* is [POSTFILTER_BANDS]: whether a band holds a tone. */
static void find_peaks(const float *error, bool *is)
{
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        is[b] = false;
    for (size_t b = FIRST; b < LAST; b++) {
        float below = error[b], above = error[b];
        for (size_t k = NEAREST; k <= FURTHEST; k++) {
            below = smaller(below, error[b > k ? b - k : 0]);
            above = smaller(above, error[b + k]);
        }
        is[b] = error[b] > prominence * larger(below, above);
    }
}

float tones_find(tones_memory *m, const tones_heard *h, float *shares)
{
    bool is[POSTFILTER_BANDS];
    follow_noise(m, h->noise);
    follow_far_end(m, h->far);
    find_peaks(h->error, is);
    float tones = 0.0f, low = 1e-12f, near_end = 0.0f, all = 1e-12f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float e = h->error[b], weight = sqrtf(e);
        const float noise = is[b] ? tone_margin * m->steady[b] : noise_margin * h->noise[b].level;
        const float others = h->echo[b] + noise;
        shares[b] = others < h->least[b] ? 1.0f - others / h->least[b] : 0.0f;
        all += weight;
        near_end += weight * shares[b];
        if (b >= FIRST && b < LAST)
            low += e;
        if (is[b] && e > noise)
            tones += e - noise;
    }
    m->tonal += tonal_smoothing * (tones / low - m->tonal);
    m->near_end += near_smoothing * (near_end / all - m->near_end);
    if (m->hops < SETTLED)
        return 0.0f;
    const float sum = h->talk + tonal_weight * m->tonal + near_weight * m->near_end;
    const float differs = larger(h->differs, ramp(m->tonal, rich, pure));
    const float by_sum = differs * ramp(sum, doubtful, certain);
    return m->far_away < ECHOES_END ? by_sum : larger(by_sum, ramp(m->tonal, some, most));
}
