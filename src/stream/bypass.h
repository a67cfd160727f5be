/*
 * Passes the microphone through untouched while the far end has been digitally silent for a second,
 * and says which hops the suppressor can skip. Hop by hop.
 */
#ifndef UNECHO_BYPASS_H
#define UNECHO_BYPASS_H

#include <stddef.h>
#include <stdint.h>

typedef struct bypass {
    int enabled;
    size_t lag;      /* hops by which the output lags the newest hop; below 31 */
    unsigned silent; /* hops in a row, up to the second that counts */
    uint32_t quiet;  /* bit i: nothing to cancel in the hop i before the newest */
    float share;     /* of the microphone, at the end of the last output */
    uint64_t hops;   /* that were the microphone alone */
} bypass;

/* One hop: the share of the microphone in the output that it completes, at the beginning and at the
 * end of that output; and whether the suppressor has to run. */
typedef struct bypass_hop {
    float from, to;
    int suppress;
} bypass_hop;

/* To be reset before the first hop. */
void bypass_start(bypass *b, int enabled, size_t lag);
void bypass_reset(bypass *b);

/* The next hop of the far end. */
bypass_hop bypass_next(bypass *b, const float *far, size_t n);

/* out [n] := the mixture of it and the microphone. */
void bypass_mix(const bypass_hop *h, float *out, const float *mic, size_t n);

#endif
