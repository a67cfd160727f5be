/* How much of one signal a linear filter can make from another. */
#ifndef UNECHO_CLI_COHERENCE_H
#define UNECHO_CLI_COHERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct coherence;

/* For signals at this sample rate, a multiple of 8 kHz and a power of two. NULL: out of memory. */
struct coherence *coherence_new(unsigned rate);
void coherence_free(struct coherence *c);

/* A stretch is two seconds; the samples of half of one. */
size_t coherence_half(const struct coherence *c);

/* The next half. The one before is the first half of the stretch now. */
void coherence_take(struct coherence *c, const float *x, const float *y);

/*
 * Add the power of y in the last two halves to before, and what such a filter over x leaves of it
 * to after. false: x is not active, nothing added.
 */
bool coherence_add(const struct coherence *c, double *before, double *after);

#endif
