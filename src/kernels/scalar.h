/*
 * exp, tanh, sigmoid, log and powers of one float: every set performs these operations in this
 * order. Finite input gives finite output, without branches.
 */
#ifndef UNECHO_SCALAR_H
#define UNECHO_SCALAR_H

#include "bf16.h"

#ifdef __wasm__
/*
 * WebAssembly has no fused multiply-add; in software it would take most of the time. So there, and
 * only there, products are rounded before they are added: bits of its own, the same with and
 * without vectors.
 */
#define fmaf(a, b, c) ((a) * (b) + (c))
#endif

/* Written so that compilers make it one min and one max. */
static inline float clamp_(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/*
 * e^x = 2^n (1 + p), |x| <= 80: n = round(x / ln 2), r = x - n ln 2 within +-0.347, p = e^r - 1 by
 * its series up to r^7 (relative error 1.5e-8). Gives p and 2^n.
 */
static inline float exp_parts(float x, float *scale)
{
    const float shift = 0x1.8p23f; /* adding it rounds to an integer, found in the low bits */
    const float n_shifted = fmaf(x, 0x1.715476p0f, shift);
    const float n = n_shifted - shift;
    /* ln 2 in two parts; the first has zeros at its end, so that n times it is exact. */
    float r = fmaf(n, -0x1.62e400p-1f, x);
    r = fmaf(n, -0x1.7f7d1cp-20f, r);
    float q = 1.0f / 5040.0f;
    q = fmaf(q, r, 1.0f / 720.0f);
    q = fmaf(q, r, 1.0f / 120.0f);
    q = fmaf(q, r, 1.0f / 24.0f);
    q = fmaf(q, r, 1.0f / 6.0f);
    q = fmaf(q, r, 0.5f);
    *scale = float_of_bits((bits_of_float(n_shifted) + 127u) << 23);
    return fmaf(r * r, q, r);
}

/* 1 / (1 + e^-x). Saturates at 2^-58 and 1. */
static inline float sigmoid_(float x)
{
    float scale;
    const float p = exp_parts(clamp_(-x, -40.0f, 40.0f), &scale);
    return 1.0f / (1.0f + fmaf(scale, p, scale));
}

/*
 * tanh |x| = m / (m + 2) with m = e^(2|x|) - 1 = 2^n p + (2^n - 1), which keeps the relative
 * precision near 0. Beyond 10 it is 1 in float.
 */
static inline float tanh_(float x)
{
    float scale;
    const float a = clamp_(fabsf(x), 0.0f, 10.0f);
    const float p = exp_parts(2.0f * a, &scale);
    const float m = fmaf(scale, p, scale - 1.0f);
    return copysignf(m / (m + 2.0f), x);
}

/*
 * ln x for normal x > 0: x = 2^e f with f in [sqrt(1/2), sqrt(2)), ln f = 2 atanh(s) with
 * s = (f - 1) / (f + 1), |s| <= 0.172, by its series up to s^11.
 */
static inline float log_(float x)
{
    const uint32_t bits = bits_of_float(x) - 0x3f3504f3u; /* sqrt(1/2) */
    const float e = (float)((int32_t)bits >> 23);
    const float f = float_of_bits((bits & 0x007fffffu) + 0x3f3504f3u);
    const float s = (f - 1.0f) / (f + 1.0f);
    const float z = s * s;
    float q = 2.0f / 11.0f;
    q = fmaf(q, z, 2.0f / 9.0f);
    q = fmaf(q, z, 2.0f / 7.0f);
    q = fmaf(q, z, 2.0f / 5.0f);
    q = fmaf(q, z, 2.0f / 3.0f);
    const float tail = fmaf(e, 0x1.7f7d1cp-20f, s * z * q);
    return fmaf(e, 0x1.62e400p-1f, fmaf(2.0f, s, tail));
}

/* x^exponent for normal x > 0; beyond e^-80 and e^80 it saturates. */
static inline float raise_(float x, float exponent)
{
    float scale;
    const float p = exp_parts(clamp_(exponent * log_(x), -80.0f, 80.0f), &scale);
    return fmaf(scale, p, scale);
}

/* The nearest integer, ties to even, |x| <= 2^22. */
static inline int32_t round_(float x)
{
    const float shift = 0x1.8p23f;
    return (int32_t)(bits_of_float(x + shift) - bits_of_float(shift));
}

#endif
