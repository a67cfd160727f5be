/* The sample at other rates, and streams that process it. */
#ifndef UNECHO_TEST_RATES_H
#define UNECHO_TEST_RATES_H

#include "signals.h"
#include "unecho_model.h"

/* With libsoxr's best quality. */
signal_ resampled(const signal_ *x, int from, int to);

/*
 * At 48 kHz, with a band above 8 kHz like that of speech, loud where the octave below is: the
 * images of the signal's second difference, times `air`.
 */
signal_ with_air(const signal_ *x, float air);
/* The part above 8 kHz of a signal at 48 kHz. */
signal_ upper_band(const signal_ *x);

/* A part of the sample, in seconds: only the far end, only the near end, or both. */
typedef struct part {
    double from, to;
} part;
extern const part far_alone, near_alone, both_talk;

/* Mean power of that part, in dB. */
double part_db(const signal_ *x, int rate, part p);

/* How far out is below mic there; at most 40 dB, beyond which only line noise is left. */
double part_erle_db(const signal_ *mic, const signal_ *out, int rate, part p);

/* All with one model unless the config names another. Fails the test on an error. */
unecho *open_with(const unecho_config *config);
unecho_stats stats_of(const unecho *stream);

/* unecho_process_whole with a new mono stream of that config. */
signal_ whole(const unecho_config *config, const signal_ *mic, const signal_ *far);

#endif
