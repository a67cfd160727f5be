/*
 * A sinc under a Kaiser window that is zero at all multiples of the factor but 0, in polyphase form
 * (Vaidyanathan, "Multirate Systems and Filter Banks", 4.6): each phase of the input is a row of
 * its own, so that outputs beside each other need inputs beside each other.
 */
#include "alignment/decimator.h"

#include "dsp/clones.h"
#include "dsp/dot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

/* Inputs of each phase that an output needs: half of them before it. */
enum { TAPS = 24, BEFORE = TAPS / 2, BLOCK = 64 };

/* For -50 dB (Kaiser, "Nonrecursive digital filter design", 1974). */
#define KAISER_BETA 4.5

struct decimator {
    size_t factor, room;
    size_t have, phase; /* inputs of each row; the rows before `phase` have one more */
    float *weights;     /* [factor][TAPS] */
    float *rows;        /* [factor][room], from BEFORE before the next output on */
};

/* The modified Bessel function of order 0. */
static double bessel(double x)
{
    double term = 1.0, sum = 1.0;
    for (int k = 1; k < 30; k++) {
        term *= 0.25 * x * x / ((double)k * (double)k);
        sum += term;
    }
    return sum;
}

static double weight(double inputs, double factor)
{
    const double edge = inputs / ((double)BEFORE * factor), x = PI * inputs / factor;
    const double window = bessel(KAISER_BETA * sqrt(1.0 - edge * edge)) / bessel(KAISER_BETA);
    return (x == 0.0 ? 1.0 : sin(x) / x) * window / factor;
}

struct decimator *decimator_new(unsigned factor, size_t most)
{
    struct decimator *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    d->factor = factor;
    d->room = TAPS + most / factor + 2 + BLOCK;
    d->have = BEFORE;
    d->weights = malloc(factor * TAPS * sizeof(*d->weights));
    d->rows = calloc(factor * d->room, sizeof(*d->rows));
    if (!d->weights || !d->rows) {
        decimator_free(d);
        return NULL;
    }
    for (size_t p = 0; p < factor; p++)
        for (size_t i = 0; i < TAPS; i++)
            d->weights[p * TAPS + i] =
                (float)weight(((double)i - (double)BEFORE) * factor + (double)p, factor);
    return d;
}

void decimator_free(struct decimator *d)
{
    if (!d)
        return;
    free(d->weights);
    free(d->rows);
    free(d);
}

static inline void push_rows(struct decimator *d, const float *restrict x, size_t n, size_t factor)
{
    for (size_t p = 0; p < factor; p++) {
        const size_t first = (p + factor - d->phase) % factor;
        const size_t count = first < n ? (n - first - 1) / factor + 1 : 0;
        float *restrict const row = d->rows + p * d->room + d->have + (p < d->phase);
        for (size_t i = 0; i < count; i++)
            row[i] = x[first + i * factor];
    }
    d->have += (d->phase + n) / factor;
    d->phase = (d->phase + n) % factor;
}

CLONED void decimator_push(struct decimator *d, const float *x, size_t n)
{
    /* For a factor that they know compilers find vectors. */
    if (d->factor == 2)
        push_rows(d, x, n, 2);
    else
        push_rows(d, x, n, d->factor);
}

/* BLOCK outputs from `at` on. */
CLONED static void convert(const struct decimator *d, size_t at, float *y)
{
    /* Of phase 0 only the input at the output itself counts. */
    const eight_floats *const middle = (const eight_floats *)(d->rows + at + BEFORE);
    eight_floats sums[BLOCK / 8];
    for (size_t k = 0; k < BLOCK / 8; k++)
        sums[k] = d->weights[BEFORE] * middle[k];
    for (size_t p = 1; p < d->factor; p++) {
        const float *const row = d->rows + p * d->room + at, *const weights = d->weights + p * TAPS;
        for (size_t i = 0; i < TAPS; i++)
            for (size_t k = 0; k < BLOCK / 8; k++)
                sums[k] += weights[i] * ((const eight_floats *)(row + i))[k];
    }
    memcpy(y, sums, sizeof(sums));
}

size_t decimator_pull(struct decimator *d, float *y, size_t n)
{
    const size_t ready = d->have < TAPS ? 0 : d->have - TAPS + 1;
    const size_t count = ready < n ? ready : n;
    for (size_t at = 0; at < count; at += BLOCK) {
        const size_t left = count - at;
        float block[BLOCK];
        convert(d, at, left < BLOCK ? block : y + at);
        if (left < BLOCK)
            memcpy(y + at, block, left * sizeof(*y));
    }
    for (size_t p = 0; p < d->factor; p++) {
        float *const row = d->rows + p * d->room;
        memmove(row, row + count, (d->have + 1 - count) * sizeof(*row));
    }
    d->have -= count;
    return count;
}
