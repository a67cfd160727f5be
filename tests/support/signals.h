/* Signals for tests: seeded noise, recordings of the reference data, and comparison. */
#ifndef UNECHO_TEST_SIGNALS_H
#define UNECHO_TEST_SIGNALS_H

#include "unecho.h"

#include <stddef.h>
#include <stdint.h>

typedef struct signal_ {
    float *samples; /* freed by the caller */
    size_t count;
} signal_;

/* xorshift: the same numbers everywhere. The state must not be 0. */
uint32_t random_bits(uint32_t *state);
/* Uniform in [-1, 1). */
float random_float(uint32_t *state);
/* All zero. */
signal_ new_signal(size_t count);
/* Noise whose level rises and falls with something like the rhythm of syllables. */
signal_ noise_signal(size_t count, float amplitude, uint32_t seed);

/* $UNECHO_REFERENCE, or NULL. */
const char *reference_folder(void);
/* Skip the test, saying why, if UNECHO_REFERENCE is not set. */
void need_reference(void);
/* $UNECHO_REFERENCE/..., in one of four static buffers. */
const char *reference_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A mono sound file (by libsndfile, or .f32: raw floats); fails the test if it cannot be read. */
signal_ read_signal(const char *path);
/* samples/meeting_NAME.flac of this project: "mic", "far" or "near". */
signal_ read_sample(const char *name);
/* Both ends, and room for the output. */
typedef struct ends {
    signal_ mic, far;
    float *out;
} ends;

/* `count` samples of double talk from the sample. */
ends double_talk(size_t count);
void free_ends(ends *e);
/* recordings/NAME_{mic,lpb}.{wav,f32}, cut to the shorter of the two. */
void read_recording(const char *name, signal_ *mic, signal_ *far);

/* As in the reference implementation: no alignment, and the network runs on every hop. */
unecho_config reference_config(void);

/* max |a - b| */
float max_difference(const float *a, const float *b, size_t n);
/* 10 lg (power of b / power of a - b), infinite where equal. */
double snr_db(const float *a, const float *b, size_t n);
double power_db(const float *x, size_t n);
/* Scale-invariant signal to distortion of x against the near end, in dB. */
double si_sdr_db(const float *x, const float *near, size_t n);

#endif
