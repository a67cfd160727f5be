/*
 * Recordings that went wrong, made from good ones: moved, stretched, converted. Same numbers
 * everywhere.
 */
#ifndef UNECHO_TEST_SCENE_H
#define UNECHO_TEST_SCENE_H

#include "signals.h"

/* A copy, to be freed like any: */
/* each sample step of the old ones after the one before, by a windowed sinc; 16/48: at 48 kHz. */
signal_ stretched(const signal_ *s, double step);
/* by so many samples later (earlier if negative) and as long as before; silence comes in. */
signal_ moved(const signal_ *s, long samples);
/* so much louder, and cut off at full scale. */
signal_ amplified(const signal_ *s, float gain);

/* Frames of two channels, to be freed; as many as the shorter one has. */
float *interleaved(const signal_ *left, const signal_ *right, size_t *frames);

#endif
