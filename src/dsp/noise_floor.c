#include "dsp/noise_floor.h"

#include "dsp/bounds.h"

/* Smoothing per hop. */
static const float smoothing = 0.1f;
/* Nothing has been observed. */
static const float none = 1e30f;

void noise_floor_reset(noise_floor *n)
{
    *n = (noise_floor){.smooth = none, .lowest = none, .before = none};
}

void noise_floor_renew(noise_floor *n)
{
    n->before = n->lowest;
    n->lowest = none;
}

void noise_floor_smooth(noise_floor *n, float power)
{
    n->smooth = n->smooth == none ? power : n->smooth + smoothing * (power - n->smooth);
}

void noise_floor_observe(noise_floor *n, int clear, float bias)
{
    if (clear || bias * n->smooth < n->level)
        n->lowest = smaller(n->lowest, n->smooth);
    const float lowest = smaller(n->lowest, n->before);
    if (lowest < none)
        n->level = bias * lowest;
}
