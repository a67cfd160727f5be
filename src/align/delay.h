/*
 * The delay of the echo behind the far end, by generalised cross-correlation with phase transform
 * (C. H. Knapp and G. C. Carter, "The generalized correlation method for estimation of time delay",
 * IEEE Trans. ASSP 24, 1976), summed up over the frames in which the far end plays.
 *
 * The range of delays is cut into partitions of one frame. Every frame adds its whitened cross
 * spectrum to each partition; the partitions are then turned into correlations a few at a time, so
 * that every hop costs the same. A correlation is told in multiples of its standard deviation where
 * the two signals have nothing in common, which the whitening makes known.
 *
 * 16 kHz on both sides. Real-time safe but for the layout.
 */
#ifndef UNECHO_DELAY_H
#define UNECHO_DELAY_H

#include "arena.h"
#include "kernels/kernels.h"

#include <stdint.h>

enum {
    DELAY_FRAME = FFT_SIZE / 2,
    /* 250 Hz to 4.2 kHz: where speech is, and small loudspeakers play. */
    DELAY_BIN_FIRST = 8,
    DELAY_BINS = 128,
};

/* A peak of the correlation. */
typedef struct delay_peak {
    float height; /* in standard deviations */
    double lag;   /* of the echo behind the far end, in samples, between samples too */
} delay_peak;

typedef struct delay_partition {
    float weight;    /* the sum of squares of what has been added up */
    delay_peak peak; /* when it was last looked at */
    float runner_up; /* the highest elsewhere in it */
} delay_partition;

typedef struct delay_slot {
    uint64_t frame; /* which far-end frame is in it, plus 1; 0: none */
    int active;
} delay_slot;

typedef struct delay {
    const kernels *k;
    const fft *fft;
    size_t partitions, ring;
    size_t frames_late; /* how far lags reach below 0 */
    /* Per partition: the sums, and in a ring the whitened spectra of the far end. */
    float *cross_re, *cross_im, *far_re, *far_im;
    delay_slot *slots;
    delay_partition *found;
    float *block, *re, *im;
    size_t next; /* the partition to be looked at next */
} delay;

/* Lags from -late (rounded up to frames) to most, in samples. */
void delay_layout(delay *d, arena *a, size_t most, size_t late);
void delay_start(delay *d, const kernels *k, const fft *f);
void delay_reset(delay *d);

/* Frame number `frame` of the far end: x [1 + FFT_SIZE], that frame last, the one before it in
 * front of it, and one sample more. */
void delay_add_far(delay *d, uint64_t frame, const float *x);
/* Frame number `frame` of the microphone: x [1 + DELAY_FRAME], one sample more in front of it. The
 * far end's frames up to frame + frames_late should have come. */
void delay_add_mic(delay *d, uint64_t frame, const float *x);

/* Look at the next partitions; nonzero when all have been looked at since the last time. */
int delay_look(delay *d);

/* What delay_look has seen: the highest peak, and the highest that is not next to it. */
typedef struct delay_view {
    delay_peak best;
    float runner_up;
    float frames; /* how many frames it rests on */
} delay_view;
delay_view delay_seen(const delay *d);
/* The highest peak within `gate` samples of a lag; of height 0: none. */
delay_peak delay_near(const delay *d, double lag, double gate);

#endif
