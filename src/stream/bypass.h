/*
 * Passes the microphone through unchanged once the far end has been digitally silent for a second,
 * and decides which hops the suppressor can skip.
 */
#ifndef UNECHO_BYPASS_H
#define UNECHO_BYPASS_H

#include <stddef.h>
#include <stdint.h>

typedef struct bypass {
    int enabled;
    int fresh;       /* no hop since the reset */
    size_t lag;      /* hops by which the output lags the newest hop; below 31 */
    unsigned silent; /* consecutive silent hops, saturating at a second */
    uint32_t quiet;  /* bit i: nothing to cancel in the hop i before the newest */
    float share;     /* of the microphone in the output, at its end so far */
    uint64_t hops;   /* whose output was the microphone alone */
} bypass;

/* One hop: the share of the microphone at the beginning and at the end of the output that the hop
 * completes, and whether the suppressor must run. */
typedef struct bypass_hop {
    float from, to;
    int suppress;
} bypass_hop;

/* Call bypass_reset before the first hop. */
void bypass_start(bypass *b, size_t lag);
/* May change between hops. */
void bypass_enable(bypass *b, int enabled);
void bypass_reset(bypass *b);

/* Plan the next hop, whose far end is `far`. */
bypass_hop bypass_next(bypass *b, const float *far, size_t n);

/* Mix the microphone into out [n]. */
void bypass_mix(const bypass_hop *h, float *out, const float *mic, size_t n);

#endif
