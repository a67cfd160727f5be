/*
 * The power of a signal in the bands above 8 kHz, at the signal's own rate; of a microphone below
 * 16 kHz, in what its resampler takes off below half its rate. It knows nothing of hops, delays or
 * what the powers are for.
 */
#ifndef UNECHO_UPPER_BANDS_H
#define UNECHO_UPPER_BANDS_H

#include "arena.h"
#include "kernels/kernels.h"

#include <stddef.h>

enum { UPPER_BANDS = 4 };

/* Lower edges in Hz. What a filter does to the last band it does to all above it. */
extern const double upper_edges[UPPER_BANDS];

/* Where the lowest band begins for a microphone of that rate, in Hz. */
double upper_lowest(unsigned mic_rate);
/* How many of the bands a rate has if the lowest begins there. */
size_t upper_bands_count(unsigned rate, double lowest);

/* The last 10.7 ms of a signal. */
typedef struct upper_meter {
    const kernels *k;
    const fft *transform;
    unsigned rate;
    double lowest; /* Hz */
    size_t bands;
    size_t length;             /* in frames */
    size_t first[UPPER_BANDS]; /* bins first[b] to last[b] are band b */
    size_t last[UPPER_BANDS];
    float *window, *past; /* [length]; past: a ring, the oldest frame at `at` */
    size_t at;
    size_t silent; /* frames since the last that was not 0, up to length */
} upper_meter;

void upper_meter_layout(upper_meter *m, arena *a, unsigned rate, double lowest);
/* Once laid out. transform has FFT_SIZE points and outlives the meter. */
void upper_meter_start(upper_meter *m, const kernels *k, const fft *transform);
void upper_meter_reset(upper_meter *m);

void upper_meter_push(upper_meter *m, const float *x, size_t n);
/* Add to power [bands] the mean square of the white noise that would be as strong there. */
void upper_meter_add(const upper_meter *m, float *power);

#endif
