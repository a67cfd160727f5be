/* The sample at other rates, and streams to run it through. */
#ifndef UNECHO_TEST_RATES_H
#define UNECHO_TEST_RATES_H

#include "signals.h"
#include "unecho_model.h"

/* By the best that libsoxr has. */
signal_ resampled(const signal_ *x, int from, int to);

/*
 * At 48 kHz, with a band above 8 kHz as speech has it, loud where the octave below is: the images
 * of the signal's second difference, `air` times.
 */
signal_ with_air(const signal_ *x, float air);
/* What lies above 8 kHz, in a signal at 48 kHz. */
signal_ upper_band(const signal_ *x);

/* The sample, from second to second: only the far end, only the near end, or both. */
typedef struct part {
    double from, to;
} part;
extern const part far_alone, near_alone, both_talk;

/* Mean power of that part in dB. */
double part_db(const signal_ *x, int rate, part p);

/* By how much out is below mic there; more than 40 dB count as 40, beyond is noise of the line. */
double part_erle_db(const signal_ *mic, const signal_ *out, int rate, part p);

/* All with one model, unless the config names another. Fails the test where it cannot. */
unecho *open_with(const unecho_config *config);
unecho_stats stats_of(const unecho *stream);

/* unecho_process_whole with a new stream of that config, mono. */
signal_ whole(const unecho_config *config, const signal_ *mic, const signal_ *far);

#endif
