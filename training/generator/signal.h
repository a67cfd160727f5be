/* Levels, and filters of a whole scene in the frequency domain. */
#ifndef UNECHO_TRAINING_SIGNAL_H
#define UNECHO_TRAINING_SIGNAL_H

#include "dsp/fft.h"
#include "material.h"

/*
 * A scene is one block of a transform. Filters wrap around into its first samples, which are not
 * part of what is written.
 */
enum {
    SCENE_BLOCK = 1 << 18,
    SCENE_BINS = SCENE_BLOCK / 2 + 1,
    SCENE_LEAD = 8192,
    SCENE_SAMPLES = SCENE_BLOCK - SCENE_LEAD,
};

float from_db(float db);
float rms(const float *x);
/* Of the louder half of the 20 ms frames. */
float active_rms(const float *x);
void scale(float *x, float factor);
float peak(const float *x);

typedef struct spectrum {
    float re[SCENE_BINS], im[SCENE_BINS];
} spectrum;

void spectrum_of(real_fft *f, spectrum *s, const float *x, size_t n);
void spectrum_signal(real_fft *f, const spectrum *s, float *x);
void spectrum_filter(spectrum *s, const spectrum *by);
void spectrum_shape(spectrum *s, const float *magnitude);

/* Magnitudes [SCENE_BINS], multiplied in place. */
void shape_flat(float *m);
void shape_high_pass(float *m, float hz);
void shape_low_pass(float *m, float hz);
/* Above hz by 6 dB an octave times slope. */
void shape_fall(float *m, float hz, float slope);
/* A random curve, a straight line from kHz to kHz. */
void shape_random(float *m, chance *random, float deviation_db);

#endif
