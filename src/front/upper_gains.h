/*
 * Gains for the bands above 8 kHz, which the canceller does not hear, hop by hop: from the power
 * that the echo has there by a model of its way from the far end, from the microphone's power, and
 * from what the canceller does to the octave below. docs/high-band.md says why.
 */
#ifndef UNECHO_UPPER_GAINS_H
#define UNECHO_UPPER_GAINS_H

#include "dsp/noise_floor.h"
#include "upper_bands.h"

/* The power response from the far end to the microphone: single hops, then decays. */
enum { ECHO_HOPS = 12, ECHO_DECAYS = 2, ECHO_PARTS = ECHO_HOPS + ECHO_DECAYS };

/* How noise is to sound. */
typedef struct upper_noise {
    float gain; /* what is left of it, a factor of amplitude */
    int fill;   /* whether synthetic noise replaces what goes with the echo */
} upper_noise;

typedef struct upper_band {
    float response[ECHO_PARTS];
    float decays[ECHO_DECAYS]; /* the far end's power before the single hops, smoothed */
    float learnt;              /* hops that the response rests on */
    noise_floor noise;         /* the microphone's */
    unsigned clear;            /* hops of its window, */
    int settled;               /* which is not the first */
    float gain;
} upper_band;

/* The energy of a signal at 16 kHz above about 5 kHz. */
typedef struct octave {
    float last[4]; /* samples, oldest first */
    float energy;  /* smoothed */
} octave;

typedef struct upper_gains {
    size_t bands;
    upper_noise noise;
    octave mic, out;
    upper_band band[UPPER_BANDS];
} upper_gains;

/* One hop. */
typedef struct upper_hop {
    const float *mic, *out; /* the microphone and the canceller's output, [UNECHO_HOP] at 16 kHz */
    const float *mic_power; /* above 8 kHz, [bands] */
    const float *far_power[ECHO_HOPS + 1]; /* of the aligned far end so many hops before, [bands] */
} upper_hop;

/* Once; then upper_gains_reset before the first hop. */
void upper_gains_start(upper_gains *h, size_t bands);
void upper_gains_reset(upper_gains *h);

/*
 * gains [bands]: of the microphone, 0 to 1; all 1 where the canceller leaves it as it is. missing
 * [bands]: the amplitude of the noise in [-1, 1) to be added.
 */
void upper_gains_run(upper_gains *h, const upper_hop *hop, float *gains, float *missing);

/* The energy of a hop above about 5 kHz, smoothed over two hops. */
float octave_energy(octave *o, const float *x);

#endif
