/* Seeded simulations of rooms and sound cards, for tests and studies of alignment. 16 kHz. */
#ifndef UNECHO_TEST_SCENES_H
#define UNECHO_TEST_SCENES_H

#include "signals.h"

/* What one side of a call hears and plays. */
typedef struct scene {
    signal_ mic, far;
    signal_ near; /* what of the microphone is near end; no samples where that is not known */
} scene;

void free_scene(scene *s);

signal_ copy_of(const signal_ *x);
/* x over and over, `count` samples long, of which each turn is as loud as the first. */
signal_ repeated(const signal_ *x, size_t count);
/* x, `delay` samples later (negative: earlier); silence comes in, the length stays. */
signal_ delayed(const signal_ *x, long delay);
/* x as a clock that is so many parts per million faster would have recorded it. */
signal_ recorded_by(const signal_ *x, double ppm);
void add_to(signal_ *x, const signal_ *y, float gain);
void add_noise(signal_ *x, float amplitude, uint32_t seed);

/*
 * x as it comes back from a room: the direct sound `direct` samples late, and noise behind it that
 * decays by 60 dB in t60 seconds. Energy of the response: gain^2.
 */
signal_ room_echo(const signal_ *x, double t60, float gain, size_t direct, uint32_t seed);
/* Chords of decaying tones, one a second and never the same one twice in a row. */
signal_ music(size_t count, float amplitude, uint32_t seed);

/* Sample i of `out` belongs to sample i of the others: power of mic over power of out, in the hops
 * from..to whose far end is active (-50 dB); at most 40 dB, as nobody hears what is beyond. */
double erle_between(const signal_ *mic, const signal_ *far, const float *out, size_t from,
                    size_t to);
/* Mean over the 32 ms frames with speech of the ratio of near end to what is not, -10 to 35 dB. */
double segmental_snr(const signal_ *near, const float *out, size_t from, size_t to);

#endif
