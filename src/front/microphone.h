/*
 * The microphone on its way to the network's clock: resampled to 16 kHz where its rate is another,
 * and held until the far end that belongs to it must have come.
 */
#ifndef UNECHO_MICROPHONE_H
#define UNECHO_MICROPHONE_H

#include "dsp/resampler.h"
#include "fifo.h"
#include "kernels/kernels.h"

typedef struct microphone_plan {
    unsigned rate;
    size_t wait;         /* native frames that a hop waits for the far end, but for the resampler */
    size_t hops_at_once; /* the most hops that are collected before they are given */
} microphone_plan;

typedef struct microphone {
    microphone_plan plan;
    size_t wait; /* native frames that a hop waits for anything */
    resampler resampler;
    fifo samples; /* at 16 kHz */
    float *scratch;
    uint64_t frames; /* taken in so far */
    uint64_t hops;   /* given so far */
} microphone;

/* The most frames for one microphone_push. */
enum { MICROPHONE_PART = 256 };

void microphone_layout(microphone *m, arena *a, const microphone_plan *plan);
void microphone_start(microphone *m, const kernels *k);
void microphone_reset(microphone *m);

/* How many frames must have come before hop number `hop` (from 0) can be given. */
uint64_t microphone_needed(const microphone *m, uint64_t hop);

/* n <= MICROPHONE_PART more frames; no more than complete hops_at_once hops that were not given. */
void microphone_push(microphone *m, const float *x, size_t n);
/* The next hop, which must be complete. */
void microphone_give(microphone *m, float *hop);

#endif
