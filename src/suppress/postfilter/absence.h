/*
 * Whether an echo that has been heard is gone: headphones are plugged in, or the loudspeaker is
 * muted. A network that knows an echo expects it for seconds, and takes a near end that begins
 * meanwhile for it.
 */
#ifndef UNECHO_POSTFILTER_ABSENCE_H
#define UNECHO_POSTFILTER_ABSENCE_H

#include "arena.h"
#include "dsp/noise_floor.h"

/* The state of one stream; rows are [POSTFILTER_BANDS]. */
typedef struct absence_memory {
    /* Powers of echo estimate and far end while the filter cancels, over 0.4 s. */
    float *echo, *far;
    int known;  /* hops that these are from, at most 0.5 s */
    int missed; /* hops of an echo that should have been heard and was not, in a row */
} absence_memory;

void absence_layout(absence_memory *m, arena *a);
void absence_reset(absence_memory *m);

/*
 * Advance by one hop; nonzero once the echo has been missed for 0.4 s of a far end that is loud
 * enough, and not again before it has been cancelled anew. power [SIGNALS][POSTFILTER_BANDS]: means
 * in the bands; noise: in the error.
 */
int absence_next(absence_memory *m, const float *power, const noise_floor *noise);

#endif
