#include "dsp/resampler.h"

#include <string.h>

/* Ratios with at most this many phases get an exact table. */
enum { EXACT_PHASES_MAX = 8 };
/* Resolution of the drift: 2^-28 of a step, 0.004 ppm. */
enum { DRIFT_BITS = 28 };

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b > 0) {
        const unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void resampler_layout(resampler *r, arena *a, unsigned rate_in, unsigned rate_out, size_t capacity,
                      int fixed)
{
    const unsigned divisor = common_divisor(rate_in, rate_out);
    const unsigned phases = rate_out / divisor;
    r->rate_in = rate_in;
    r->rate_out = rate_out;
    r->filter = sinc_design(rate_in, rate_out, fixed && phases <= EXACT_PHASES_MAX ? phases : 0);
    r->unit = (uint64_t)phases << DRIFT_BITS;
    r->step = rate_in / rate_out;
    r->step_fraction = (uint64_t)(rate_in % rate_out / divisor) << DRIFT_BITS;
    r->rows_per_unit = (double)r->filter.phases / (double)r->unit;
    r->capacity = capacity + r->filter.taps;
    r->table = NULL;
    r->line = arena_floats(a, r->capacity);
}

int resampler_start(resampler *r, dot_product *dot)
{
    r->dot = dot;
    r->table = sinc_table_take(&r->filter, r->rate_in, r->rate_out);
    return r->table ? 0 : -1;
}

void resampler_close(resampler *r)
{
    sinc_table_give_back(r->table);
    r->table = NULL;
}

size_t resampler_look_ahead(const resampler *r)
{
    return r->filter.taps / 2;
}

void resampler_reset(resampler *r, const float *past, uint64_t late)
{
    const size_t before = r->filter.taps / 2 - 1;
    memset(r->line, 0, before * sizeof *r->line);
    if (past)
        memcpy(r->line, past, before * sizeof *r->line);
    r->count = before;
    r->at = before;
    /* rate_out in lowest terms is unit >> DRIFT_BITS. */
    r->fraction = late * (r->unit >> DRIFT_BITS) / r->rate_out << DRIFT_BITS;
    r->drift = 0;
}

void resampler_drift(resampler *r, double drift)
{
    const double step = (double)r->rate_in / (double)r->rate_out * (double)r->unit;
    r->drift = (int64_t)(step * drift);
}

/* The position after n more outputs: whole samples from `at`, and the fraction. */
static size_t position_after(const resampler *r, size_t n, uint64_t *fraction)
{
    const int64_t moved =
        (int64_t)r->fraction + (int64_t)n * ((int64_t)r->step_fraction + r->drift);
    const int64_t unit = (int64_t)r->unit;
    int64_t whole = moved / unit, rest = moved % unit;
    if (rest < 0) {
        rest += unit;
        whole--;
    }
    *fraction = (uint64_t)rest;
    return (size_t)((int64_t)(n * r->step) + whole);
}

size_t resampler_missing(const resampler *r, size_t n)
{
    uint64_t fraction;
    const size_t last = r->at + position_after(r, n - 1, &fraction) + r->filter.taps / 2;
    return last < r->count ? 0 : last + 1 - r->count;
}

size_t resampler_ready(const resampler *r, size_t most)
{
    size_t low = 0, high = most;
    while (low < high) {
        const size_t middle = low + (high - low + 1) / 2;
        if (resampler_missing(r, middle) == 0)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

double resampler_waiting(const resampler *r)
{
    const double behind = (double)r->fraction / (double)r->unit;
    return (double)r->count - (double)r->at - behind;
}

void resampler_push(resampler *r, const float *x, size_t n)
{
    memcpy(r->line + r->count, x, n * sizeof *x);
    r->count += n;
}

static float output(const resampler *r)
{
    const size_t taps = r->filter.taps;
    const float *const window = r->line + r->at + 1 - taps / 2;
    /* Interpolate between the two rows around the fraction. */
    const double place = (double)r->fraction * r->rows_per_unit;
    const size_t row = (size_t)place;
    const float share = (float)(place - (double)row);
    const float *const weights = r->table->rows + row * taps;
    const float here = r->dot(window, weights, taps);
    return share > 0.0f ? here + share * (r->dot(window, weights + taps, taps) - here) : here;
}

/* Advance to the position of the next output. */
static void advance(resampler *r)
{
    /* The drift is far less than a unit: at most one whole sample more or less. */
    const int64_t unit = (int64_t)r->unit;
    int64_t fraction = (int64_t)r->fraction + (int64_t)r->step_fraction + r->drift;
    r->at += r->step;
    if (fraction >= unit) {
        fraction -= unit;
        r->at++;
    } else if (fraction < 0) {
        fraction += unit;
        r->at--;
    }
    r->fraction = (uint64_t)fraction;
}

void resampler_pull(resampler *r, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (y)
            y[i] = output(r);
        advance(r);
    }
    /* Drop the inputs that no later output needs. */
    const size_t done = r->at + 1 - r->filter.taps / 2;
    const size_t forgotten = done < r->count ? done : r->count;
    memmove(r->line, r->line + forgotten, (r->count - forgotten) * sizeof *r->line);
    r->count -= forgotten;
    r->at -= forgotten;
}
