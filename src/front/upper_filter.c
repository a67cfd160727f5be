#include "upper_filter.h"

#include "dsp/sine.h"

#include <string.h>

/* Blackman's window: -74 dB beyond 2.25 kHz around each edge. A multiple of 16 for `dot`. */
static size_t taps_of(unsigned rate)
{
    return ((size_t)rate * 64 / 48000 + 15) / 16 * 16;
}

/* The lowest pass, for noise, must leave the band below 8 kHz alone. */
static const double lowest_edge = 9000.0;

void upper_passes_layout(upper_passes *p, arena *a, unsigned rate)
{
    p->bands = upper_bands_count(rate, upper_lowest(rate));
    p->taps = taps_of(rate);
    p->high = arena_floats(a, p->bands * p->taps);
}

/* 1 minus a low-pass filter, so that the gain at 0 is 0. */
static void fill(float *to, size_t taps, double edge)
{
    const double pi = 3.14159265358979323846;
    double sum = 0.0;
    to[0] = 0.0f;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 1; i < taps; i++) {
            const double t = (double)i - 0.5 * (double)taps, x = (double)i / (double)taps;
            const double sine = sine_of_pi(x), square = sine * sine;
            /* 0.42 - 0.5 cos 2 pi x + 0.08 cos 4 pi x */
            const double window = square - 0.64 * square * (1.0 - square);
            const double wave = t == 0.0 ? 2.0 * edge : sine_of_pi(2.0 * edge * t) / (pi * t);
            if (pass == 0)
                sum += wave * window;
            else
                to[i] = (float)((t == 0.0) - wave * window / sum);
        }
}

void upper_passes_fill(upper_passes *p, unsigned rate)
{
    for (size_t b = 0; b < p->bands; b++)
        fill(p->high + b * p->taps, p->taps, (b == 0 ? lowest_edge : upper_edges[b]) / rate);
}

void upper_filter_layout(upper_filter *f, arena *a, const upper_passes *p)
{
    f->from = arena_floats(a, p->taps);
    f->more = arena_floats(a, p->taps);
    f->now = arena_floats(a, p->taps);
}

void upper_filter_set(upper_filter *f, const upper_passes *p, const float *from, const float *to,
                      int above)
{
    f->idle = 1;
    memset(f->from, 0, p->taps * sizeof *f->from);
    memset(f->more, 0, p->taps * sizeof *f->more);
    for (size_t b = above ? 1 : 0; b < p->bands; b++) {
        const float before = b == 0 ? from[0] : from[b] - from[b - 1];
        const float after = b == 0 ? to[0] : to[b] - to[b - 1];
        if (before == 0.0f && after == 0.0f)
            continue;
        const float *const high = p->high + b * p->taps;
        for (size_t i = 0; i < p->taps; i++) {
            f->from[i] += before * high[i];
            f->more[i] += (after - before) * high[i];
        }
        f->idle = 0;
    }
}

void upper_filter_move(upper_filter *f, const upper_passes *p, float share)
{
    for (size_t i = 0; !f->idle && i < p->taps; i++)
        f->now[i] = f->from[i] + share * f->more[i];
}
