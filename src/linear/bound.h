/*
 * Keeps the output's energy at or below the microphone's over any second of whole hops, by mixing
 * as much of the microphone back in as that takes. It knows nothing of how the echo is estimated.
 */
#ifndef UNECHO_BOUND_H
#define UNECHO_BOUND_H

#include <stddef.h>

enum { BOUND_HOPS = 125 /* one second */ };

typedef struct bound {
    double surplus[BOUND_HOPS]; /* output energy less the microphone's, of the last hops */
    size_t next;
} bound;

void bound_reset(bound *b);

/*
 * How much of the estimate may be subtracted from this hop, 0 to 1. mic_energy = |m|^2,
 * cross = m y, echo_energy = |y|^2, error_energy = |m - y|^2.
 */
double bound_gain(const bound *b, double mic_energy, double cross, double echo_energy,
                  double error_energy);

/* The hop is done: what its output had more than the microphone. */
void bound_add(bound *b, double surplus);

#endif
