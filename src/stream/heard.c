#include "heard.h"

#include "dsp/energy.h"

static const float memory = 0.7f;
/* The side is heard from so much more power on, and the mean again when both have as much. */
static const float louder = 4.0f;
/* From one to the other in two hops. */
static const float step_most = 0.5f;

void heard_reset(heard_end *h)
{
    *h = (heard_end){0};
}

/* Small powers are flushed: no product of two is subnormal. */
static float smooth(float before, float now)
{
    const float after = memory * before + (1.0f - memory) * now;
    return after < 1e-15f ? 0.0f : after;
}

void heard_mix(heard_end *h, float *mean, const float *side, size_t n)
{
    h->mean = smooth(h->mean, dsp_float_energy(mean, n));
    h->side = smooth(h->side, dsp_float_energy(side, n));
    const float from = h->share;
    if (h->side > louder * h->mean)
        h->share = from + step_most < 1.0f ? from + step_most : 1.0f;
    else if (h->side <= h->mean)
        h->share = from > step_most ? from - step_most : 0.0f;
    if (from == 0.0f && h->share == 0.0f)
        return;
    const float step = (h->share - from) / (float)n;
    for (size_t i = 0; i < n; i++)
        mean[i] += (from + step * ((float)i + 0.5f)) * (side[i] - mean[i]);
}
