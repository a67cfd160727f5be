/*
 * What the network does to the band that it hears, for the band above that it does not: hop by hop
 * a gain between 0 and 1.
 */
#ifndef UNECHO_HIGH_BAND_H
#define UNECHO_HIGH_BAND_H

#include <stddef.h>

typedef struct high_band {
    float mic[2], out[2]; /* the last two samples of each */
    float mic_energy, out_energy;
} high_band;

void high_band_reset(high_band *h);

/* The gain for a hop of n samples of the microphone that became `out`. */
float high_band_gain(high_band *h, const float *mic, const float *out, size_t n);

#endif
