/*
 * A gain for the band above 8 kHz, which the canceller does not see, derived from what the
 * canceller does to the band below. One gain between 0 and 1 for each hop.
 */
#ifndef UNECHO_HIGH_BAND_H
#define UNECHO_HIGH_BAND_H

#include <stddef.h>

typedef struct high_band {
    float mic[2], out[2]; /* the last two samples of each */
    float mic_energy, out_energy;
} high_band;

void high_band_reset(high_band *h);

/* The gain of a hop of n microphone samples and the canceller's output for them. */
float high_band_gain(high_band *h, const float *mic, const float *out, size_t n);

#endif
