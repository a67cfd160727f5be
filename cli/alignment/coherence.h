/* How much of one signal a linear filter can make from another. */
#ifndef UNECHO_CLI_COHERENCE_H
#define UNECHO_CLI_COHERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct coherence;

/* For signals at this sample rate, a multiple of 8 kHz and a power of two. NULL: out of memory. */
struct coherence *coherence_new(unsigned rate);
void coherence_free(struct coherence *c);

/* The samples of a stretch, two seconds. */
size_t coherence_stretch(const struct coherence *c);

/*
 * Add the power of a stretch of y to before, and what such a filter over x leaves of it to after.
 * false: x is not active, nothing added.
 */
bool coherence_add(struct coherence *c, const float *x, const float *y, double *before,
                   double *after);

#endif
