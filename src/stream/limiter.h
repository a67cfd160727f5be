/*
 * Keeps the output from being louder than the microphone. The linear filter can add an echo that is
 * not there, and a network can emphasise what it should remove; a loudspeaker and a microphone that
 * hear each other would turn either into a howl.
 *
 * Over any number of hops up to LIMITER_HOPS the output has at most 0.4 dB more energy
 * than the microphone has in these hops, the one before and the one after. One hop either way is
 * what overlapping blocks smear: recordings of calls stay within that, so the limiter does not
 * change them. The gain falls within 2 ms and rises within 32 ms.
 */
#ifndef UNECHO_LIMITER_H
#define UNECHO_LIMITER_H

#include <stdint.h>

/* As many as 100 ms can touch. */
enum { LIMITER_HOPS = 14 };

typedef struct limiter {
    /* Energies of the last hops, newest last. mic has one more on either side. */
    double mic[LIMITER_HOPS + 2], out[LIMITER_HOPS - 1];
    float gain;    /* at the end of the last hop */
    uint64_t hops; /* that it changed */
} limiter;

void limiter_reset(limiter *l);

/* Limit the next hop of output; next is the hop of the microphone after the one that belongs to
 * it. */
void limiter_run(limiter *l, float *out, const float *next);

#endif
