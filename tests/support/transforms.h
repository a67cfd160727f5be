/* Signals made from others: moved, stretched, louder, in a room. The same numbers everywhere. */
#ifndef UNECHO_TEST_TRANSFORMS_H
#define UNECHO_TEST_TRANSFORMS_H

#include "signals.h"

/* Each returns a new signal, which the caller frees. */

/* x again and again until there are `count` samples. */
signal_ repeated(const signal_ *x, size_t count);
/* x, `delay` samples later (negative: earlier), as long as before and filled up with silence. */
signal_ delayed(const signal_ *x, long delay);
/* x as a clock that runs faster by so many parts per million would have recorded it. */
signal_ recorded_by(const signal_ *x, double ppm);
/* x at every `step`-th sample, band limited; 16.0 / 48 converts 16 kHz to 48 kHz. */
signal_ stretched(const signal_ *x, double step);
/* x times gain, clipped at full scale. */
signal_ amplified(const signal_ *x, float gain);
/* x after a room whose impulse response is given. */
signal_ filtered(const signal_ *x, const signal_ *response);
/* Frames of two channels, as many as the shorter of them has. */
float *interleaved(const signal_ *left, const signal_ *right, size_t *frames);

/* x[i] += gain * y[i] */
void add_to(signal_ *x, const signal_ *y, float gain);
/* y[from, to) += x through a room. */
void add_filtered(float *y, const float *x, const signal_ *response, size_t from, size_t to);
/* Adds white noise. */
void add_hiss(signal_ *x, float amplitude, uint32_t seed);

#endif
