/*
 * The microphone: resampled to 16 kHz, cut into hops, and held back until the far end that belongs
 * to it must have arrived.
 */
#ifndef UNECHO_MICROPHONE_H
#define UNECHO_MICROPHONE_H

#include "dsp/resampler.h"
#include "fifo.h"
#include "kernels/kernels.h"

typedef struct microphone_plan {
    unsigned rate;
    size_t wait;         /* native frames by which a hop is held back for the far end */
    size_t hops_at_once; /* maximum number of hops that wait */
} microphone_plan;

typedef struct microphone {
    microphone_plan plan;
    size_t wait; /* the same with the resampler's look ahead */
    resampler resampler;
    fifo samples; /* at 16 kHz */
    float *scratch;
    uint64_t frames; /* pushed so far */
    uint64_t hops;   /* popped so far */
} microphone;

/* Maximum frames for one microphone_push. */
enum { MICROPHONE_PART = 256 };

void microphone_layout(microphone *m, arena *a, const microphone_plan *plan);
/* Returns 0, or -1 if out of memory; microphone_close in either case. */
int microphone_start(microphone *m, const kernels *k);
void microphone_close(microphone *m);
void microphone_reset(microphone *m);

/* How many frames must have been pushed before hop number `hop` (from 0) is complete. */
uint64_t microphone_needed(const microphone *m, uint64_t hop);

/* Push n <= MICROPHONE_PART frames; at most hops_at_once complete hops may wait. */
void microphone_push(microphone *m, const float *x, size_t n);
/* Pop the next hop, which must be complete. */
void microphone_give(microphone *m, float *hop);

#endif
