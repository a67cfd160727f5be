/*
 * How far the filter is off, from regressions of its error on what it makes of the far end. Knows
 * the sums of `partitions_weigh`, not the filter.
 */
#ifndef UNECHO_MISADJUSTMENT_H
#define UNECHO_MISADJUSTMENT_H

#include "kernels/kernels.h"

/* A likeness (kernels.h) over time. */
typedef struct smooth_likeness {
    double cross, power, scatter;
} smooth_likeness;

/* All zero: nothing seen yet. */
typedef struct misadjustment {
    /* Of the error on the echo estimate, and on what the recent changes make of the far end. */
    smooth_likeness estimate, change;
    double error;
    /* Of the error on the echo estimate again, over the last hops and as if all had the weight of
     * the newest: whether the echo is only louder or quieter than estimated. */
    smooth_likeness level;
    double level_error, level_weight;
} misadjustment;

/* What the filter's variance lacks, the share of it that is too much, the factor that the weights
 * need, and how certain it is that the error is an echo on whose way the filter is, 0 to 1. */
typedef struct readjustment {
    float more, less, scale, onwards;
} readjustment;

/* With the next hop's sums. */
readjustment misadjustment_next(misadjustment *m, const misfit *hop);

#endif
