/*
 * The canceller: framing, transforms, masking and overlap-add around the network's two stages, over
 * whole hops. It knows nothing of the caller's chunks and sample formats.
 */
#ifndef UNECHO_CANCELLER_H
#define UNECHO_CANCELLER_H

#include "levels.h"
#include "network/dtln.h"

enum {
    /* What a block holds besides its newest hop; also the network's latency. */
    CANCELLER_HISTORY = DTLN_BLOCK - DTLN_HOP,
};

typedef struct canceller {
    const dtln *net;
    size_t hops_at_once;
    dtln_state state;
    /* The last CANCELLER_HISTORY samples, then room for hops_at_once new hops. */
    float *mic, *far;
    /* Overlap-add: the sums of the blocks so far. Same size. */
    float *sums;
    /* Scratch, [hops_at_once][...]. */
    float *re, *im, *mic_magnitude, *far_magnitude, *mask;
    float *estimate, *block;
    levels levels;
} canceller;

void canceller_layout(canceller *c, arena *a, const dtln *net, size_t hops_at_once);
void canceller_reset(canceller *c);

/* Where the next hops of microphone and far end are to be written before canceller_run. */
float *canceller_mic(canceller *c);
float *canceller_far(canceller *c);

/*
 * Advance by 1 to hops_at_once hops. out [hops * DTLN_HOP] lags the new microphone samples by
 * CANCELLER_HISTORY. Real-time safe.
 */
void canceller_run(canceller *c, float *out, size_t hops);

#endif
