/*
 * A constant in the far end, as analogue inputs add it: with it a far end is never silent. It is
 * followed where it outweighs the rest of the signal, and held until the signal is quiet enough to
 * show that it has changed. A far end without one keeps its bits.
 */
#ifndef UNECHO_CONSTANT_H
#define UNECHO_CONSTANT_H

#include <stddef.h>
#include <stdint.h>

enum { CONSTANT_LANES = 8 };

/* All zero: none so far. */
typedef struct constant {
    /* Of the block that has begun, in sums of every eighth sample. */
    float sum[CONSTANT_LANES], energy[CONSTANT_LANES];
    double mean, power; /* smoothed over the blocks */
    double from, to;    /* what is subtracted at the ends of the block that has begun */
} constant;

/* x [n]: less the constant. Its first sample is number `first` of the signal; blocks of UNECHO_HOP
 * samples count from number 0, so that the result does not depend on n. */
void constant_remove(constant *c, float *x, uint64_t first, size_t n);

/* Whether zeros would come out as something else. */
static inline int constant_is_on(const constant *c)
{
    return c->from != 0.0 || c->to != 0.0;
}

#endif
