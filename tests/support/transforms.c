#include "transforms.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

signal_ repeated(const signal_ *x, size_t count)
{
    signal_ y = new_signal(count);
    for (size_t i = 0; i < count; i++)
        y.samples[i] = x->samples[i % x->count];
    return y;
}

signal_ delayed(const signal_ *x, long delay)
{
    signal_ y = new_signal(x->count);
    for (long i = 0; i < (long)x->count; i++)
        if (i - delay >= 0 && i - delay < (long)x->count)
            y.samples[i] = x->samples[i - delay];
    return y;
}

/* x between its samples: a sinc over 64 of them with a Hann window. */
static float between(const signal_ *x, double position)
{
    enum { HALF = 32 };
    const long whole = (long)floor(position);
    const double part = position - (double)whole;
    if (part == 0.0)
        return whole < (long)x->count ? x->samples[whole] : 0.0f;
    double sum = 0.0;
    const double sine = sin(pi * part);
    for (long i = -HALF + 1; i <= HALF; i++) {
        if (whole + i < 0 || whole + i >= (long)x->count)
            continue;
        const double t = (double)i - part;
        const double wave = (i % 2 ? 1.0 : -1.0) * sine / (pi * t);
        sum += wave * (0.5 + 0.5 * cos(pi * t / (double)HALF)) * (double)x->samples[whole + i];
    }
    return (float)sum;
}

signal_ recorded_by(const signal_ *x, double ppm)
{
    signal_ y = new_signal(x->count);
    for (size_t i = 0; i < y.count; i++)
        y.samples[i] = between(x, (double)i / (1.0 + 1e-6 * ppm));
    return y;
}

/* Zero crossings on either side. */
enum { CROSSINGS = 12 };

static double windowed_sinc(double x)
{
    if (fabs(x) >= (double)CROSSINGS)
        return 0.0;
    const double window = 0.5 + 0.5 * cos(pi * x / (double)CROSSINGS);
    return x == 0.0 ? 1.0 : window * sin(pi * x) / (pi * x);
}

signal_ stretched(const signal_ *x, double step)
{
    signal_ y = new_signal((size_t)((double)x->count / step));
    const double band = step > 1.0 ? 1.0 / step : 1.0;
    for (size_t i = 0; i < y.count; i++) {
        const double at = (double)i * step;
        const long from = (long)ceil(at - (double)CROSSINGS / band);
        const long to = (long)floor(at + (double)CROSSINGS / band);
        double sum = 0.0;
        for (long k = from < 0 ? 0 : from; k <= to && k < (long)x->count; k++)
            sum += (double)x->samples[k] * windowed_sinc(band * ((double)k - at));
        y.samples[i] = (float)(band * sum);
    }
    return y;
}

signal_ amplified(const signal_ *x, float gain)
{
    signal_ y = new_signal(x->count);
    for (size_t i = 0; i < x->count; i++)
        y.samples[i] = fmaxf(-1.0f, fminf(1.0f, gain * x->samples[i]));
    return y;
}

/* Some tests take ten thousand million steps here, for which the sanitizers would need a minute. */
__attribute__((no_sanitize("address", "undefined"))) void
add_filtered(float *y, const float *x, const signal_ *response, size_t from, size_t to)
{
    for (size_t k = 0; k < response->count; k++) {
        const float tap = response->samples[k];
        for (size_t i = from > k ? from : k; i < to; i++)
            y[i] += tap * x[i - k];
    }
}

signal_ filtered(const signal_ *x, const signal_ *response)
{
    signal_ y = new_signal(x->count);
    add_filtered(y.samples, x->samples, response, 0, x->count);
    return y;
}

float *interleaved(const signal_ *left, const signal_ *right, size_t *frames)
{
    const size_t n = left->count < right->count ? left->count : right->count;
    float *const both = malloc((2 * n + 1) * sizeof *both);
    assert_non_null(both);
    for (size_t i = 0; i < n; i++) {
        both[2 * i] = left->samples[i];
        both[2 * i + 1] = right->samples[i];
    }
    *frames = n;
    return both;
}

void add_to(signal_ *x, const signal_ *y, float gain)
{
    for (size_t i = 0; i < x->count && i < y->count; i++)
        x->samples[i] += gain * y->samples[i];
}

void add_hiss(signal_ *x, float amplitude, uint32_t seed)
{
    for (size_t i = 0; i < x->count; i++)
        x->samples[i] += amplitude * random_float(&seed);
}
