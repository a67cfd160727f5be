#include "steady.h"

#include "dsp/bounds.h"

#include <string.h>

/* Where echo estimate and variance explain less than this share of the error there is no echo. */
static const float no_echo = 0.01f;
/* Smoothing per hop: 0.16 s. */
static const float smoothing = 0.05f;
/* Tones from 125 Hz to 2.8 kHz, 10 dB above what lies two to four bins of 62.5 Hz from them, on
 * either side. */
enum { FIRST = 2, LAST = 46, NEAREST = 2, FURTHEST = 4 };
static const float prominence = 10.0f;
static const float least_power = 1e-12f;

/* e [STEADY_BINS]: the error's power. */
static void follow(float *restrict power, const steady_hop *h, const float *restrict e)
{
    const float *restrict y_re = h->y_re, *restrict y_im = h->y_im;
    const float *restrict spread = h->spread, *restrict noise = h->noise;
    for (int k = 0; k < STEADY_BINS; k++) {
        const float y = y_re[k] * y_re[k] + y_im[k] * y_im[k];
        const float next = power[k] + smoothing * (e[k] - power[k]);
        const float heard = spread[k] + y < no_echo * e[k] ? next : power[k];
        power[k] = smaller(heard, noise[k]);
    }
}

/* The lowest power two to four bins below or above bin k. */
static float valley(const float *power, int k, int direction)
{
    float least = power[k];
    for (int d = NEAREST; d <= FURTHEST; d++) {
        const int at = k + direction * d;
        least = smaller(least, power[at > 0 ? at : 0]);
    }
    return least;
}

void steady_next(float *power, float *share, const steady_hop *h)
{
    float e[STEADY_BINS];
    for (int k = 0; k < STEADY_BINS; k++)
        e[k] = h->e_re[k] * h->e_re[k] + h->e_im[k] * h->e_im[k];
    follow(power, h, e);
    memset(share, 0, STEADY_BINS * sizeof *share);
    for (int k = FIRST; k < LAST; k++) {
        const float around = larger(valley(power, k, -1), valley(power, k, 1));
        if (power[k] > prominence * around)
            share[k] = smaller(1.0f, power[k] / (larger(e[k], h->noise[k]) + least_power));
    }
}
