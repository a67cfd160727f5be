#include "dsp/packed16.h"

#include "dsp/peak.h"

#include <string.h>

/* Smaller units would be subnormal in places. */
enum { EXPONENT_LEAST = -80, EXPONENT_BIAS = 127, MANTISSA_BITS = 23, SAMPLE_BITS = 15 };

/* 2^exponent */
static float power_of_two(int exponent)
{
    const uint32_t bits = (uint32_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* The exponent of the least power of two that is no less than x. */
static int exponent_from(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)((bits + 0x7fffffu) >> MANTISSA_BITS) - EXPONENT_BIAS;
}

static int reaches(const float *x, float level, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] == level)
            return 1;
    return 0;
}

/* Integers of 16 bits reach down to -32768, and up to 32767: a power of two does not fit above. */
static int exponent_of(const float *x, size_t n)
{
    const float most = peak_of(x, n);
    const int exponent = exponent_from(most);
    if (exponent < EXPONENT_LEAST)
        return EXPONENT_LEAST;
    return exponent + (most == power_of_two(exponent) && reaches(x, most, n));
}

/* To the nearest; 32767.5 and more are one too many, and become 32767: as integers, for which
 * compilers find vectors. */
float packed16_write(int16_t *to, const float *x, size_t n)
{
    static const float shift = 0x1.8p23f;
    const int exponent = exponent_of(x, n);
    const float per_unit = power_of_two(SAMPLE_BITS - exponent);
    int32_t zero;
    memcpy(&zero, &shift, sizeof zero);
    for (size_t i = 0; i < n; i++) {
        const float shifted = per_unit * x[i] + shift;
        int32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        const int32_t whole = bits - zero;
        to[i] = (int16_t)(whole - (whole > INT16_MAX));
    }
    return power_of_two(exponent - SAMPLE_BITS);
}
