#include "dsp/packed16.h"

#include <string.h>

/* Smaller units would be subnormal in places. */
enum { EXPONENT_LEAST = -80, EXPONENT_BIAS = 127, MANTISSA_BITS = 23, SAMPLE_BITS = 15 };

/* The highest sample of all times `sign`, or 0; in lanes, which a vector can hold. */
static float highest(const float *x, float sign, size_t n)
{
    enum { LANES = 8 };
    float most[LANES] = {0.0f};
    for (size_t i = 0; i < n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            most[lane] = sign * x[i + lane] > most[lane] ? sign * x[i + lane] : most[lane];
    for (size_t lane = 1; lane < LANES; lane++)
        most[0] = most[lane] > most[0] ? most[lane] : most[0];
    return most[0];
}

/* 2^exponent */
static float power_of_two(int exponent)
{
    const uint32_t bits = (uint32_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Exponents of the least power of two above x, and of the least that is no less than x. */
static int exponent_above(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> MANTISSA_BITS) + 1 - EXPONENT_BIAS;
}

static int exponent_from(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)((bits + 0x7fffffu) >> MANTISSA_BITS) - EXPONENT_BIAS;
}

/* Integers of 16 bits reach down to -32768, and up to 32767. */
static int exponent_of(const float *x, size_t n)
{
    const int up = exponent_above(highest(x, 1.0f, n)), down = exponent_from(highest(x, -1.0f, n));
    const int both = up > down ? up : down;
    return both > EXPONENT_LEAST ? both : EXPONENT_LEAST;
}

/* To the nearest; 32767.5 and more are one too many, and become 32767. */
float packed16_write(int16_t *to, const float *x, size_t n)
{
    static const float shift = 0x1.8p23f, most = 32767.0f;
    const int exponent = exponent_of(x, n);
    const float per_unit = power_of_two(SAMPLE_BITS - exponent);
    int32_t zero;
    memcpy(&zero, &shift, sizeof zero);
    for (size_t i = 0; i < n; i++) {
        const float scaled = per_unit * x[i];
        const float shifted = (scaled < most ? scaled : most) + shift;
        int32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        to[i] = (int16_t)(bits - zero);
    }
    return power_of_two(exponent - SAMPLE_BITS);
}
