/* Sounds of the near end that nobody recorded: songs, whistles, beeps. */
#ifndef UNECHO_TRAINING_TUNE_H
#define UNECHO_TRAINING_TUNE_H

#include "signal.h"

/*
 * Held notes of one voice or instrument, at times with vibrato, or a tone that does not end. The
 * same song by another voice has the same notes at the same times.
 */
void tune_sing(float *x, chance song, chance *random);
/* A whistle, a device that beeps, the keys of a telephone, or birds. */
void tune_beep(float *x, chance *random);

#endif
