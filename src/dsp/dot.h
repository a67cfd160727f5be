/*
 * The sum of x * y over n elements, a multiple of 16: sixteen sums side by side, added up in pairs
 * at the end, so that vectors of any width give the same bits.
 */
#ifndef UNECHO_DOT_H
#define UNECHO_DOT_H

#include <float.h>
#include <stddef.h>

_Static_assert(
    FLT_EVAL_METHOD == 0,
    "The compiler computes with more digits than a float has: the output would have other "
    "bits. On x86 -msse2 -mfpmath=sse mends it, elsewhere -fexcess-precision=fast.");

/* Unaligned. The compiler maps it to the vectors of the instruction set. */
typedef float four_floats __attribute__((vector_size(16), aligned(4), may_alias));
typedef float eight_floats __attribute__((vector_size(32), aligned(4), may_alias));

static inline float dsp_dot(const float *x, const float *y, size_t n)
{
    eight_floats low = {0}, high = {0};
    for (size_t i = 0; i < n; i += 16) {
        low += *(const eight_floats *)(x + i) * *(const eight_floats *)(y + i);
        high += *(const eight_floats *)(x + i + 8) * *(const eight_floats *)(y + i + 8);
    }
    const eight_floats eight = low + high;
    const four_floats left = {eight[0], eight[1], eight[2], eight[3]};
    const four_floats right = {eight[4], eight[5], eight[6], eight[7]};
    const four_floats four = left + right;
    return (four[0] + four[2]) + (four[1] + four[3]);
}

#endif
