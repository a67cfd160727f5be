/* Simulated calls for the linear canceller: seeded rooms, the bundled speech, and what came out. */
#ifndef UNECHO_TEST_ROOMS_H
#define UNECHO_TEST_ROOMS_H

#include "linear/kalman.h"
#include "signals.h"

enum { RATE = 16000 };

/* What a microphone hears, part by part, each `count` samples; to be freed by free_scene. */
typedef struct scene {
    size_t count; /* whole hops */
    float *far, *echo, *near, *noise, *mic;
    float *error, *estimate; /* what the canceller made of it */
} scene;

scene new_scene(size_t count);
void free_scene(scene *s);
/* mic = echo + near + noise */
void mix(scene *s);

/* The talkers of the bundled sample without the pauses between the parts. */
void far_speech(float *x, size_t count);
void near_speech(float *x, size_t count);
void white_noise(float *x, size_t count, float amplitude, uint32_t seed);

/*
 * Impulse response of a room: direct sound after 3 ms, 3 dB above the reverberation, which is noise
 * that falls by 60 dB in t60 seconds; energy 0.25 in all. count: RATE * t60 samples.
 */
signal_ room(double t60, uint32_t seed);
/* echo[from, to) = far through the room. */
void add_echo(scene *s, const signal_ *response, size_t from, size_t to);
/* Noise so many dB below the echo. */
void add_noise(scene *s, double snr_db, uint32_t seed);
/* The near talker from `from` to `to`, so many dB above the echo there. */
void add_near(scene *s, double db, size_t from, size_t to);

/*
 * Calls of one far end, talker or white noise, with noise 30 dB below the echo: alone for 4 s; with
 * a near end as loud as the echo from 5 to 8 s; talking in another room from 4 s on, until 7 s.
 */
scene single_talk(const signal_ *response, int with_speech, uint32_t seed);
scene double_talk_at_0_db(const signal_ *response, int with_speech, uint32_t seed);
scene changed_room(const signal_ *first, const signal_ *second, uint32_t seed);

double energy_of(const float *x, size_t from, size_t to);
/* 10 lg of microphone over error: what anyone can measure who hears no near end. */
double erle_db(const scene *s, double from, double to);
/* 10 lg of echo over what is left of it. */
double echo_reduction_db(const scene *s, double from, double to);

/* A canceller in memory of its own. */
typedef struct linear_run {
    kalman c;
    void *memory;
} linear_run;

linear_run open_linear(const kernels *k, size_t count);
void close_linear(linear_run *r);
/* The fastest kernels that this CPU has. */
const kernels *fastest(void);
/* Hops [from, to) of a scene; from and to in samples. */
void cancel(linear_run *r, scene *s, size_t from, size_t to);
/* 10 lg of |h - w|^2 / |h|^2 over the filter's length. */
double misalignment_db(const linear_run *r, const signal_ *response);
/* Cancels from `from` to the end; the worst misalignment before, after, and every 0.2 s. */
double worst_misalignment_db(linear_run *r, scene *s, const signal_ *response, size_t from);

#endif
