#include "levels.h"

#include "dsp/energy.h"
#include "dsp/peak.h"
#include "unecho.h"

#include <math.h>

/* What is left after a hop of 8 ms of how the levels were: a time constant of 0.3 s, as that of a
 * VU meter, and of 3 s of active far end for the ERLE, which words and pauses would shake. */
#define LEVEL_KEPT 0.973686
#define ERLE_KEPT  0.997337

/* Below this it counts as 0: it must not become subnormal. */
#define ENERGY_LEAST 1e-30

static double faded(double mean, double energy, double kept)
{
    const double next = kept * mean + (1.0 - kept) * energy;
    return next < ENERGY_LEAST ? 0.0 : next;
}

void levels_add(levels *l, const float *mic, const float *far, const float *out, size_t hop)
{
    const double mic_energy = dsp_energy(mic, hop);
    const double far_energy = dsp_energy(far, hop);
    const double out_energy = dsp_energy(out, hop);
    l->hops++;
    l->all.mic += mic_energy;
    l->all.far += far_energy;
    l->all.out += out_energy;
    l->now.mic = faded(l->now.mic, mic_energy, LEVEL_KEPT);
    l->now.far = faded(l->now.far, far_energy, LEVEL_KEPT);
    l->now.out = faded(l->now.out, out_energy, LEVEL_KEPT);
    if (far_energy > UNECHO_FAR_ACTIVE_POWER * (double)hop) {
        l->active_hops++;
        l->all.active_mic += mic_energy;
        l->all.active_out += out_energy;
        l->now.active_mic = faded(l->now.active_mic, mic_energy, ERLE_KEPT);
        l->now.active_out = faded(l->now.active_out, out_energy, ERLE_KEPT);
    }
    const float highest = peak_of(out, hop);
    l->peak = highest > l->peak ? highest : l->peak;
}

float levels_db(double energy, uint64_t samples)
{
    return samples > 0 ? (float)(10.0 * log10(energy / (double)samples)) : -INFINITY;
}

float levels_erle_db(double before, double after, uint64_t hops)
{
    if (hops == 0 || before <= 0.0)
        return 0.0f;
    /* Digital silence counts as -120 dB of full scale, to keep the ratio finite. */
    const double floor = 1e-12 * (double)hops;
    return (float)(10.0 * log10(before / (after > floor ? after : floor)));
}
