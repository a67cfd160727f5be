#include "high_band.h"

#include <math.h>

void high_band_reset(high_band *h)
{
    *h = (high_band){0};
}

/* Energy of the second difference, which emphasises the octave below 8 kHz: speech with energy
 * above 8 kHz has energy there, too. */
static float upper_energy(const float *x, size_t n, float last[2])
{
    float energy = 0.0f, before = last[0], previous = last[1];
    for (size_t i = 0; i < n; i++) {
        const float y = x[i] - 2.0f * previous + before;
        energy += y * y;
        before = previous;
        previous = x[i];
    }
    last[0] = before;
    last[1] = previous;
    return energy;
}

float high_band_gain(high_band *h, const float *mic, const float *out, size_t n)
{
    /* Averages over about two hops: with less the gain flutters, with more echo is audible. */
    h->mic_energy = 0.5f * h->mic_energy + upper_energy(mic, n, h->mic);
    h->out_energy = 0.5f * h->out_energy + upper_energy(out, n, h->out);
    if (h->mic_energy <= 1e-20f || h->out_energy >= h->mic_energy)
        return 1.0f;
    return sqrtf(h->out_energy / h->mic_energy);
}
