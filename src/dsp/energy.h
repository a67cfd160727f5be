/*
 * The sum of x * y in double over n elements, a multiple of 8: eight sums side by side, added up in
 * pairs at the end, so that vectors of any width give the same bits.
 */
#ifndef UNECHO_ENERGY_H
#define UNECHO_ENERGY_H

#include <stddef.h>

static inline double dsp_inner(const float *x, const float *y, size_t n)
{
    double sums[8] = {0.0};
    for (size_t i = 0; i < n; i += 8)
        for (size_t lane = 0; lane < 8; lane++)
            sums[lane] += (double)x[i + lane] * (double)y[i + lane];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static inline double dsp_energy(const float *x, size_t n)
{
    return dsp_inner(x, x, n);
}

/* The sum of x * x in float, one after the other: any n. */
static inline float dsp_float_energy(const float *x, size_t n)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

#endif
