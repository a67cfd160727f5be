/*
 * Lets the microphone through untouched where the far end has been digitally silent for a second,
 * and says where the network need not run. Hop by hop.
 */
#ifndef UNECHO_BYPASS_H
#define UNECHO_BYPASS_H

#include <stddef.h>
#include <stdint.h>

typedef struct bypass {
    int enabled;
    unsigned silent; /* hops in a row, up to the second that counts */
    uint32_t quiet;  /* bit i: nothing to cancel in the hop i before the newest */
    float share;     /* of the microphone, at the end of the last output */
    uint64_t hops;   /* that were the microphone alone */
} bypass;

/* What is to be done at a hop: share of the microphone in the output that is then due, at its
 * beginning and at its end; and whether the network is needed. */
typedef struct bypass_hop {
    float from, to;
    int network;
} bypass_hop;

void bypass_reset(bypass *b);

/* The next hop of the far end. What is due then is the output of the hop three before. */
bypass_hop bypass_next(bypass *b, const float *far, size_t n);

/* out [n] := the mixture of it and the microphone. */
void bypass_mix(const bypass_hop *h, float *out, const float *mic, size_t n);

#endif
