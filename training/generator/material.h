/*
 * What scenes are made of: recordings and impulse responses, as prepare.py writes them, and noise.
 */
#ifndef UNECHO_TRAINING_MATERIAL_H
#define UNECHO_TRAINING_MATERIAL_H

#include "chance.h"

/* 16-bit samples at 16 kHz, end to end. */
typedef struct corpus {
    const int16_t *x;
    size_t n;
} corpus;

typedef struct response {
    float *x;
    size_t n;
} response;

typedef struct responses {
    response *all;
    size_t count;
} responses;

enum { MATERIAL_NOISE = 1 << 20 };

typedef struct material {
    corpus near, far, noise, music;
    responses rooms, devices;
    float *white; /* [MATERIAL_NOISE], variance 1 */
} material;

/* Exits with a message if a file is missing or too short for a scene of `least` samples. */
material material_load(const char *folder, const char *split, size_t least);

/* n samples from a random place, which is returned. */
size_t corpus_cut(const corpus *c, chance *random, float *to, size_t n);
/* n samples that begin at `at`, or that end with the corpus. */
void corpus_read(const corpus *c, size_t at, float *to, size_t n);
/* n consecutive samples of white noise. */
const float *white_cut(const material *m, chance *random, size_t n);

#endif
