#include "samples.h"

#include <math.h>
#include <string.h>

static const float most = 100.0f;
static const float least = 1e-15f;

static size_t read_float(float *to, const float *from, size_t n)
{
    size_t guarded = 0;
    for (size_t i = 0; i < n; i++) {
        const float x = from[i];
        /* Written so that NaN, which compares with nothing, is bad and then 0. */
        const int fits = fabsf(x) <= most;
        const int finite = fabsf(x) <= 3.402823466e38f;
        const float limited = finite ? copysignf(most, x) : 0.0f;
        guarded += !fits;
        to[i] = !fits ? limited : fabsf(x) < least ? 0.0f : x;
    }
    return guarded;
}

size_t samples_read(float *to, const void *from, sample_format format, size_t first, size_t n)
{
    if (!from) {
        memset(to, 0, n * sizeof *to);
        return 0;
    }
    if (format == SAMPLES_FLOAT)
        return read_float(to, (const float *)from + first, n);
    const int16_t *const samples = (const int16_t *)from + first;
    for (size_t i = 0; i < n; i++)
        to[i] = (float)samples[i] * (1.0f / 32768.0f);
    return 0;
}

void samples_write(void *to, sample_format format, size_t first, const float *from, size_t n)
{
    if (format == SAMPLES_FLOAT) {
        memcpy((float *)to + first, from, n * sizeof *from);
        return;
    }
    int16_t *const samples = (int16_t *)to + first;
    for (size_t i = 0; i < n; i++) {
        const float scaled = floorf(from[i] * 32768.0f + 0.5f);
        samples[i] = (int16_t)(scaled < -32768.0f  ? -32768.0f
                               : scaled > 32767.0f ? 32767.0f
                                                   : scaled);
    }
}

void samples_silence(void *to, sample_format format, size_t n)
{
    memset(to, 0, n * (format == SAMPLES_FLOAT ? sizeof(float) : sizeof(int16_t)));
}
