#include "levels.h"

#include "unecho.h"

#include <math.h>

static double energy(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

void levels_add(levels *l, const float *mic, const float *far, const float *out, size_t hop)
{
    const double mic_energy = energy(mic, hop);
    const double far_energy = energy(far, hop);
    const double out_energy = energy(out, hop);
    l->hops++;
    l->mic_energy += mic_energy;
    l->far_energy += far_energy;
    l->out_energy += out_energy;
    if (far_energy > UNECHO_FAR_ACTIVE_POWER * (double)hop) {
        l->active_hops++;
        l->active_mic_energy += mic_energy;
        l->active_out_energy += out_energy;
    }
    for (size_t i = 0; i < hop; i++)
        l->peak = fabsf(out[i]) > l->peak ? fabsf(out[i]) : l->peak;
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
