/* The bundled sample in a folder of its own, for tests of the command line. */
#ifndef UNECHO_TEST_SAMPLE_PAIR_H
#define UNECHO_TEST_SAMPLE_PAIR_H

#include "signals.h"

#include <sndfile.h>

/* Mono, at 16 kHz. */
#define FLOAT_WAV (SF_FORMAT_WAV | SF_FORMAT_FLOAT)

/* The two ends: the far end alone to 8.9 s, the near end alone to 16 s, then both. */
extern signal_ mic, far;

/* Group fixtures: enter_folder, with the two ends in mic.wav and far.wav; leave_folder. */
int enter_with_sample(void **state);
int leave_with_sample(void **state);

/* Write a FLOAT_WAV and free the signal. */
void put(const char *path, signal_ s);

#endif
