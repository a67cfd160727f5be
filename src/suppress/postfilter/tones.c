#include "tones.h"

#include "ramp.h"

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

static void follow_noise(tones_memory *m, const float *restrict noise)
{
    float *restrict const steady = m->steady;
    if (m->hops < SETTLED) {
        m->hops++;
        memcpy(steady, noise, POSTFILTER_BANDS * sizeof *steady);
        return;
    }
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        steady[b] = smaller(noise[b], larger(steady[b], steady_least) * steady_up);
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

/* peaks [POSTFILTER_BANDS]: 1 where a band holds a tone, 0 elsewhere. */
static void find_peaks(const float *restrict error, float *restrict peaks)
{
    float below[LAST], above[LAST], padded[FURTHEST + POSTFILTER_BANDS];
    for (size_t k = 0; k < FURTHEST; k++)
        padded[k] = error[0];
    memcpy(padded + FURTHEST, error, POSTFILTER_BANDS * sizeof *padded);
    memcpy(below, error, sizeof below);
    memcpy(above, error, sizeof above);
    for (size_t k = NEAREST; k <= FURTHEST; k++)
        for (size_t b = FIRST; b < LAST; b++) {
            below[b] = smaller(below[b], padded[FURTHEST + b - k]);
            above[b] = smaller(above[b], error[b + k]);
        }
    memset(peaks, 0, POSTFILTER_BANDS * sizeof *peaks);
    for (size_t b = FIRST; b < LAST; b++)
        peaks[b] = error[b] > prominence * larger(below[b], above[b]) ? 1.0f : 0.0f;
}

/* noise: what a tone, or anything else, has to be above; shares: of near end in the error. */
static void share_bands(const tones_memory *m, const tones_heard *h, const float *restrict peaks,
                        float *restrict noise, float *restrict shares)
{
    float of_tones[POSTFILTER_BANDS], of_others[POSTFILTER_BANDS];
    const float *restrict const steady = m->steady, *restrict const now = h->noise;
    const float *restrict const echo = h->echo, *restrict const least = h->least;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        of_tones[b] = tone_margin * steady[b];
        of_others[b] = noise_margin * now[b];
    }
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        noise[b] = peaks[b] > 0.0f ? of_tones[b] : of_others[b];
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float left = 1.0f - (echo[b] + noise[b]) / least[b];
        shares[b] = left > 0.0f ? left : 0.0f;
    }
}

float tones_find(tones_memory *m, const tones_heard *h, float *shares)
{
    float peaks[POSTFILTER_BANDS], noise[POSTFILTER_BANDS];
    follow_noise(m, h->noise);
    follow_far_end(m, h->far);
    find_peaks(h->error, peaks);
    share_bands(m, h, peaks, noise, shares);
    float tones = 0.0f, low = 1e-12f, near_end = 0.0f, all = 1e-12f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        all += h->weight[b];
        near_end += h->weight[b] * shares[b];
    }
    for (size_t b = FIRST; b < LAST; b++) {
        const float above = h->error[b] - noise[b];
        low += h->error[b];
        tones += above > 0.0f ? peaks[b] * above : 0.0f;
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
