#include "scene.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
/* Zero crossings of the sinc on either side. */
#define CROSSINGS 12

static signal_ silence(size_t count)
{
    signal_ s = {calloc(count + 1, sizeof(float)), count};
    assert_non_null(s.samples);
    return s;
}

static double windowed_sinc(double x)
{
    if (fabs(x) >= CROSSINGS)
        return 0.0;
    const double window = 0.5 + 0.5 * cos(PI * x / CROSSINGS);
    return x == 0.0 ? 1.0 : window * sin(PI * x) / (PI * x);
}

signal_ stretched(const signal_ *s, double step)
{
    signal_ out = silence((size_t)((double)s->count / step));
    const double band = step > 1.0 ? 1.0 / step : 1.0;
    for (size_t i = 0; i < out.count; i++) {
        const double at = (double)i * step;
        const long from = (long)ceil(at - CROSSINGS / band);
        const long to = (long)floor(at + CROSSINGS / band);
        double sum = 0.0;
        for (long k = from < 0 ? 0 : from; k <= to && k < (long)s->count; k++)
            sum += (double)s->samples[k] * windowed_sinc(band * ((double)k - at));
        out.samples[i] = (float)(band * sum);
    }
    return out;
}

signal_ moved(const signal_ *s, long samples)
{
    signal_ out = silence(s->count);
    for (size_t i = 0; i < s->count; i++) {
        const long from = (long)i - samples;
        if (from >= 0 && from < (long)s->count)
            out.samples[i] = s->samples[from];
    }
    return out;
}

signal_ amplified(const signal_ *s, float gain)
{
    signal_ out = silence(s->count);
    for (size_t i = 0; i < s->count; i++)
        out.samples[i] = fmaxf(-1.0f, fminf(1.0f, gain * s->samples[i]));
    return out;
}

float *interleaved(const signal_ *left, const signal_ *right, size_t *frames)
{
    const size_t n = left->count < right->count ? left->count : right->count;
    float *both = malloc((2 * n + 1) * sizeof(*both));
    assert_non_null(both);
    for (size_t i = 0; i < n; i++) {
        both[2 * i] = left->samples[i];
        both[2 * i + 1] = right->samples[i];
    }
    *frames = n;
    return both;
}
