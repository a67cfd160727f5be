/*
 * Converts between sample rates, or compensates clock drift. Output k lies exactly at input
 * position k * rate_in / rate_out, so errors do not accumulate. Needs half a filter of look ahead,
 * but does not delay the signal.
 *
 * Real-time safe except layout and start.
 */
#ifndef UNECHO_RESAMPLER_H
#define UNECHO_RESAMPLER_H

#include "arena.h"
#include "dsp/sinc_table.h"

#include <stddef.h>
#include <stdint.h>

/* The sum of x * y over n elements, a multiple of 16. */
typedef float dot_product(const float *x, const float *y, size_t n);

typedef struct resampler {
    dot_product *dot;
    unsigned rate_in, rate_out;
    sinc filter;
    sinc_table *table; /* NULL while closed */
    double rows_per_unit;
    /* The inputs still needed, oldest first. */
    float *line;
    size_t capacity, count;
    /* The next output lies fraction / unit of a sample after line[at]. */
    size_t at;
    uint64_t fraction, unit;
    /* From one output to the next. */
    size_t step;
    uint64_t step_fraction;
    int64_t drift; /* added to step_fraction */
} resampler;

/*
 * capacity: maximum number of inputs pushed but not yet used by an output. fixed: resampler_drift
 * will not be called, which allows smaller tables for simple ratios.
 */
void resampler_layout(resampler *r, arena *a, unsigned rate_in, unsigned rate_out, size_t capacity,
                      int fixed);
/* Call once, after the layout with memory. Returns 0, or -1 if out of memory. */
int resampler_start(resampler *r, dot_product *dot);
/* Release what resampler_start took; it may have failed or not been called after a layout. */
void resampler_close(resampler *r);
/*
 * Start anew: the next output lies late / rate_out of an input sample after the next input, 0 <=
 * late < rate_out. past: the resampler_look_ahead() - 1 inputs before that; NULL: silence.
 */
void resampler_reset(resampler *r, const float *past, uint64_t late);

/* An output between inputs i and i + 1 needs the inputs up to i + resampler_look_ahead(). */
size_t resampler_look_ahead(const resampler *r);

/* From the next output on, rate_in is (1 + drift) times its nominal value; |drift| <= 0.01. */
void resampler_drift(resampler *r, double drift);

/* How many more inputs n > 0 outputs need. */
size_t resampler_missing(const resampler *r, size_t n);
/* How many outputs can be pulled, at most `most`. */
size_t resampler_ready(const resampler *r, size_t most);

/* Distance from the next output to the next input, in inputs. */
double resampler_waiting(const resampler *r);

/* Push n inputs; they must fit. */
void resampler_push(resampler *r, const float *x, size_t n);
/* Pull n outputs, which must be ready; y NULL: skip them. */
void resampler_pull(resampler *r, float *y, size_t n);

#endif
