/*
 * The tones of a near end that sings or plays. Networks take held notes for noise, as they are
 * steady, and for residual echo, as they are no speech. Where the error of the linear filter
 * consists of tones that stand far above what lies between them, above the echo that the filter may
 * have left, and above the noise of before, somebody holds them.
 */
#ifndef UNECHO_POSTFILTER_TONES_H
#define UNECHO_POSTFILTER_TONES_H

#include "arena.h"
#include "model/postfilter_weights.h"

typedef struct tones_memory {
    /* [POSTFILTER_BANDS] each: */
    float *steady;     /* the noise that has lasted */
    float *before;     /* the error where there could be no echo, as far as it is still there */
    float *far;        /* the far end, whose echo fades over 0.3 s */
    float tonal;       /* the share of tones in the error, over 80 ms, 0 to 1 */
    float near_end;    /* the share of near end, over 0.2 s, 0 to 1 */
    float sung;        /* the share of tones in the far end below 1.25 kHz, over 80 ms, 0 to 1 */
    float sung_high;   /* above that, over 0.4 s in which the far end is heard */
    unsigned hops;     /* since the beginning, while the noise is not known */
    unsigned far_away; /* hops since the far end was heard */
} tones_memory;

/* Powers of one hop in the bands, each [POSTFILTER_BANDS]. */
typedef struct tones_heard {
    const float *error;  /* over some hops */
    const float *weight; /* the root of that */
    const float *least;  /* the lower of that and the newest hop's */
    const float *echo;   /* the most that the linear filter leaves */
    const float *far;
    const float *tonal, *far_tonal; /* shares of tones in the bands wider than a bin, of the error
                                       and, over 50 ms, the far end */
    const float *noise;             /* in the error */
    float talk;    /* the probability that the near end talks, 0 if nothing tells */
    int proven;    /* whether the echo path is known to be right, most of the microphone is
                      echo, and something else has been heard since */
    float differs; /* whether the error resembles the far end no more than chance has it,
                      0 to 1 */
} tones_heard;

void tones_layout(tones_memory *m, arena *a);
void tones_reset(tones_memory *m);

/*
 * Advance by one hop: how certain it is that the near end sings or plays, 0 to 1.
 * shares [POSTFILTER_BANDS]: the share of the error that is near end then.
 */
float tones_find(tones_memory *m, const tones_heard *h, float *shares);

/* The power of the noise that has lasted [POSTFILTER_BANDS]; NULL while it is not known. */
const float *tones_lasting_noise(const tones_memory *m);

#endif
