/*
 * Blocks of samples as 16-bit integers in a unit of their own: the least power of two in which the
 * block fits. What was 16 bits before is exact, anything else within 2^-15 of the block's peak.
 */
#ifndef UNECHO_PACKED16_H
#define UNECHO_PACKED16_H

#include <stddef.h>
#include <stdint.h>

/* to := x, n finite samples, a multiple of 8. Returns the unit. */
float packed16_write(int16_t *to, const float *x, size_t n);

/* Any n. */
static inline void packed16_read(float *to, const int16_t *from, float unit, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = unit * (float)from[i];
}

#endif
