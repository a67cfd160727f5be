/* Simulated calls at 16 kHz: rooms, talkers, music, and how well a canceller did. */
#ifndef UNECHO_TEST_SCENE_H
#define UNECHO_TEST_SCENE_H

#include "signals.h"

enum { RATE = 16000 };

/* What a microphone hears, part by part, each `count` samples. Freed by free_scene. */
typedef struct scene {
    size_t count; /* whole hops */
    float *far, *echo, *near, *noise, *mic;
    float *error, *estimate; /* what a canceller made of it */
} scene;

/* All silent. */
scene new_scene(size_t count);
/* Of a recording, or mixed already; takes the signals over. near may be empty. */
scene scene_of(signal_ mic, signal_ far, signal_ near);
void free_scene(scene *s);
/* mic = echo + near + noise */
void mix(scene *s);

/* ---- Sources ---------------------------------------------------------------------------- */

/* The talkers of the bundled sample without the pauses between the parts. */
void far_speech(float *x, size_t count);
void near_speech(float *x, size_t count);
void white_noise(float *x, size_t count, float amplitude, uint32_t seed);
/* Chords of decaying tones, a new one every second. */
signal_ music(size_t count, float amplitude, uint32_t seed);

/* ---- Rooms ------------------------------------------------------------------------------ */

/*
 * Impulse response of a room, RATE * t60 samples: the direct sound after 3 ms, 3 dB above the
 * reverberation, which is noise that falls by 60 dB in t60 seconds. Energy: 0.25.
 */
signal_ room(double t60, uint32_t seed);
/*
 * x as it comes back from a room with little reverberation: the direct sound `direct` samples late,
 * then noise that falls by 60 dB in t60 seconds. Energy of the response: gain^2.
 */
signal_ room_echo(const signal_ *x, double t60, float gain, size_t direct, uint32_t seed);

/* echo[from, to) = far through the room. */
void add_echo(scene *s, const signal_ *response, size_t from, size_t to);
/* Noise so many dB below the echo. */
void add_noise(scene *s, double snr_db, uint32_t seed);
/* The near talker from `from` to `to`, so many dB above the echo there. */
void add_near(scene *s, double db, size_t from, size_t to);

/*
 * Calls with a talker or white noise as the far end and noise 30 dB below the echo: the far end
 * alone for 4 s; a near end as loud as the echo from 5 to 8 s; another room from 4 to 7 s.
 */
scene single_talk(const signal_ *response, int with_speech, uint32_t seed);
scene double_talk_at_0_db(const signal_ *response, int with_speech, uint32_t seed);
scene changed_room(const signal_ *first, const signal_ *second, uint32_t seed);

/* ---- Measures; from and to in seconds, or in samples where they are size_t ---------------- */

double energy_of(const float *x, size_t from, size_t to);
/* 10 lg of microphone over error. */
double erle_db(const scene *s, double from, double to);
/* 10 lg of echo over what is left of it. */
double echo_reduction_db(const scene *s, double from, double to);
/* 10 lg of microphone over output in the hops with an active far end (-50 dB), aligned sample by
 * sample; at most 40 dB, beyond which nobody hears a difference. */
double active_erle_db(const float *mic, const float *far, const float *out, size_t from, size_t to);
/* Mean over the 32 ms frames with speech of the ratio of near end to the rest, -10 to 35 dB. */
double segmental_snr_db(const float *near, const float *out, size_t from, size_t to);

#endif
