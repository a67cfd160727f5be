#include "process/power.h"

#include "dsp/clones.h"
#include "dsp/dot.h"
#include "dsp/peak.h"

#include <float.h>
#include <math.h>

/* Of a sample that counts. */
#define LARGEST 100.0f
/* Samples whose squares floats add up without a loss that counts. */
enum { PART = 512 };

/* Added up in eight lanes. */
static inline double squares(const float *samples, size_t n)
{
    eight_floats eight = {0};
    const size_t whole = n - n % 8;
    double sum = 0.0;
    for (size_t i = 0; i < whole; i += 8) {
        const eight_floats x = *(const eight_floats *)(samples + i);
        eight += x * x;
    }
    for (size_t i = whole; i < n; i++)
        eight[i - whole] += samples[i] * samples[i];
    for (size_t k = 0; k < 8; k++)
        sum += (double)eight[k];
    return sum;
}

CLONED double power_of(const float *samples, size_t n)
{
    float part[PART];
    double sum = 0.0;
    for (size_t at = 0; at < n; at += PART) {
        const size_t count = n - at < PART ? n - at : PART;
        if (peak_of(samples + at, count) <= LARGEST) {
            sum += squares(samples + at, count);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            const float size = fabsf(samples[at + i]);
            /* Infinity is no large sample, and NaN is none. */
            part[i] = size <= LARGEST ? size : size <= FLT_MAX ? LARGEST : 0.0f;
        }
        sum += squares(part, count);
    }
    return sum;
}
