/* The bits of a float, and numbers of 16 bits with its exponent (bf16). */
#ifndef UNECHO_BF16_H
#define UNECHO_BF16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t bits_of_float(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/*
 * The nearest bf16, ties to even. Below 2^-40 it is 0: then no product and no sum of products can
 * be subnormal, and it does not matter that some instructions flush those. As the upper half of a
 * float's bits, the lower half not cleared.
 */
static inline uint32_t bf16_above(float x)
{
    const uint32_t bits = bits_of_float(x);
    return fabsf(x) < 0x1p-40f ? 0u : bits + 0x7fffu + ((bits >> 16) & 1u);
}

static inline uint16_t bf16_(float x)
{
    return (uint16_t)(bf16_above(x) >> 16);
}

/* Two in a word: a complex number, its imaginary part above. */
static inline uint32_t bf16_pair(float re, float im)
{
    return bf16_above(re) >> 16 | (bf16_above(im) & 0xffff0000u);
}

static inline float bf16_re(uint32_t pair)
{
    return float_of_bits(pair << 16);
}

static inline float bf16_im(uint32_t pair)
{
    return float_of_bits(pair & 0xffff0000u);
}

#endif
