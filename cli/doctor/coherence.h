/* How much of one signal a linear filter of another can explain. */
#ifndef UNECHO_CLI_DOCTOR_COHERENCE_H
#define UNECHO_CLI_DOCTOR_COHERENCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * By how many dB the power of y drops without what a linear filter of x explains, over the
 * stretches of two seconds in which x is active; n samples each at 16 kHz, aligned to within some
 * milliseconds. NaN: x is never active. false: out of memory.
 */
bool coherence_gain(const float *x, const float *y, size_t n, double *db);

#endif
