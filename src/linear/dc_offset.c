#include "dc_offset.h"

#include <math.h>

/* Smoothing; how much of the rest of the error's power the mean must outweigh. */
static const double memory = 0.95, rest_share = 0.1;

void dc_offset_follow(dc_offset *o, double sum, double energy, float *offset, size_t n)
{
    o->mean = memory * o->mean + (1.0 - memory) * sum / (double)n;
    o->power = memory * o->power + (1.0 - memory) * energy / (double)n;
    const double constant = o->mean * o->mean, rest = fmax(o->power - constant, 0.0);
    const double before = o->value;
    o->value = o->mean * constant / (constant + rest_share * rest + 1e-30);
    const double step = (o->value - before) / (double)n;
    for (int i = 0; i < (int)n; i++)
        offset[i] = (float)(before + step * ((double)i + 0.5));
}
