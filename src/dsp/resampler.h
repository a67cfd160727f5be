/*
 * From one sample rate to another, or the same with a clock that drifts. Output k lies at input
 * position k * rate_in / rate_out, exactly: no error adds up. Takes a look ahead of half a filter,
 * adds no delay to the signal.
 *
 * Real-time safe but for the layout and the start.
 */
#ifndef UNECHO_RESAMPLER_H
#define UNECHO_RESAMPLER_H

#include "arena.h"
#include "dsp/sinc.h"

#include <stddef.h>
#include <stdint.h>

/* The sum of x * y over n elements, a multiple of 16: see the kernel of this name. */
typedef float dot_product(const float *x, const float *y, size_t n);

typedef struct resampler {
    dot_product *dot;
    unsigned rate_in, rate_out;
    sinc filter;
    float *rows;
    double rows_per_unit;
    /* Inputs not done with yet, those that the filter still needs of the past first. */
    float *line;
    size_t capacity, count;
    /* The next output lies `fraction` / unit of a sample behind line[at]. */
    size_t at;
    uint64_t fraction, unit;
    /* From one output to the next. */
    size_t step;
    uint64_t step_fraction;
    int64_t drift; /* added to step_fraction */
} resampler;

/*
 * capacity: the most inputs that are pushed before they are pulled. fixed: resampler_drift is never
 * called, which makes small tables of simple ratios.
 */
void resampler_layout(resampler *r, arena *a, unsigned rate_in, unsigned rate_out, size_t capacity,
                      int fixed);
/* Fill the tables; once there is memory. */
void resampler_start(resampler *r, dot_product *dot);
/*
 * The next output lies late / rate_out of an input sample behind the next input, 0 <= late <
 * rate_out. past: the resampler_look_ahead() - 1 inputs before that; NULL: silence.
 */
void resampler_reset(resampler *r, const float *past, uint64_t late);

/* An output between inputs i and i + 1 needs the inputs up to i + this. */
size_t resampler_look_ahead(const resampler *r);

/* From the next output on, rate_in is (1 + drift) times what was said, |drift| <= 0.01. */
void resampler_drift(resampler *r, double drift);

/* How many inputs are still missing for `n` > 0 outputs. */
size_t resampler_missing(const resampler *r, size_t n);
/* How many outputs there are inputs for, at most `most`. */
size_t resampler_ready(const resampler *r, size_t most);

/* How many inputs lie between the next output and the next input. */
double resampler_waiting(const resampler *r);

/* Take in n inputs, which have to fit. */
void resampler_push(resampler *r, const float *x, size_t n);
/* Give n outputs, which must be ready. y may be NULL: to be left out. */
void resampler_pull(resampler *r, float *y, size_t n);

#endif
