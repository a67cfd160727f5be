/* The highest magnitude of samples that are finite. */
#ifndef UNECHO_DSP_PEAK_H
#define UNECHO_DSP_PEAK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Without their sign floats are in the order of their bits, of which compilers find the highest in
 * vectors. */
static inline float peak_of(const float *x, size_t n)
{
    int32_t highest = 0;
    float peak;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= INT32_MAX;
        highest = bits > highest ? bits : highest;
    }
    memcpy(&peak, &highest, sizeof peak);
    return peak;
}

#endif
