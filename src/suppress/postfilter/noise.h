/*
 * The background noise in the linear filter's error, in bands. A network removes noise as far as
 * it was trained to; with the level of the noise known it can be kept instead, or replaced where it
 * goes with the echo.
 */
#ifndef UNECHO_POSTFILTER_NOISE_H
#define UNECHO_POSTFILTER_NOISE_H

#include "arena.h"
#include "bands.h"
#include "dsp/noise_floor.h"

/* How the noise is to sound. */
typedef struct noise_target {
    float gain; /* what is left of the noise at least, a factor of amplitude */
    int fill;   /* whether synthetic noise replaces what is missing at that level */
} noise_target;

/* The state of one stream, each [POSTFILTER_BANDS]. */
typedef struct noise_memory {
    float *recent; /* the error's power, over two hops */
    noise_floor *floor;
    float *busy;   /* how often the error is well above the noise, over 0.4 s, 0 to 1 */
    unsigned hops; /* of the floors' window so far */
    uint32_t seed;
} noise_memory;

void noise_layout(noise_memory *m, arena *a);
void noise_reset(noise_memory *m);

/* Advance by one hop. error, echo: mean power of the linear filter's error and echo estimate in the
 * bands. */
void noise_advance(noise_memory *m, const bands *b, const float *error, const float *echo);

/* Lower the network's gains to this where there is nothing but noise that has lasted; after
 * noise_advance. lasting [POSTFILTER_BANDS]: its power. */
void noise_bound(const noise_memory *m, const float *lasting, float most, float *gains);

/* Raise the network's gains to what keeps this much of the noise, a factor of amplitude; after
 * noise_advance. */
void noise_keep(const noise_memory *m, float least, float *gains);

/* y [POSTFILTER_BANDS]: the amplitude of the noise that the error with these gains lacks. */
void noise_missing(const noise_memory *m, const noise_target *target, const float *gains, float *y);

/* Add noise of random phase and of this amplitude [FFT_BINS] to a spectrum. */
void noise_add(noise_memory *m, const float *amplitude, float *re, float *im);

#endif
