/*
 * Interpolation by a windowed sinc, its values looked up in a table. It does not know what is
 * heard.
 */
#include "doctor/resample.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* Zero crossings on each side, and table entries between two. */
enum { CROSSINGS = 16, PER_CROSSING = 256, ENTRIES = CROSSINGS * PER_CROSSING };
/* Of the narrower band: the rest is for the slope of the filter. */
#define PASS 0.92

/* sinc times a Hann window, over the distance from the middle in zero crossings. */
static void fill_table(float *table)
{
    for (int i = 0; i <= ENTRIES; i++) {
        const double x = PI * i / PER_CROSSING;
        const double window = 0.5 + 0.5 * cos(PI * i / ENTRIES);
        table[i] = (float)(i ? window * sin(x) / x : 1.0);
    }
    table[ENTRIES + 1] = 0.0f;
}

float *resample(const float *x, size_t n, double start, double step, size_t out_n)
{
    float table[ENTRIES + 2];
    const double band = PASS * fmin(1.0, 1.0 / step); /* of that of x */
    const double reach = CROSSINGS / band;            /* in samples of x */
    float *out = malloc((out_n ? out_n : 1) * sizeof(*out));
    if (!out)
        return NULL;
    fill_table(table);
    for (size_t i = 0; i < out_n; i++) {
        const double at = start + (double)i * step;
        const double from = ceil(at - reach), to = floor(at + reach);
        const size_t first = from < 0.0 ? 0 : (size_t)from;
        const size_t end = to < 0.0 ? 0 : to >= (double)n ? n : (size_t)to + 1;
        float sum = 0.0f;
        for (size_t k = first; k < end; k++) {
            const float place = (float)(fabs((double)k - at) * band * PER_CROSSING);
            const int entry = (int)place;
            const float part = place - (float)entry;
            sum += x[k] * (table[entry] + part * (table[entry + 1] - table[entry]));
        }
        out[i] = sum * (float)band;
    }
    return out;
}
