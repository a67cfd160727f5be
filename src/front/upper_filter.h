/*
 * A filter of linear phase with a gain for each band above 8 kHz and none below, whose gains move
 * linearly over a hop.
 */
#ifndef UNECHO_UPPER_FILTER_H
#define UNECHO_UPPER_FILTER_H

#include "upper_bands.h"

/* Immutable: high-pass filters, each of which passes a band and those above it. */
typedef struct upper_passes {
    size_t bands, taps;
    float *high; /* [bands][taps] */
} upper_passes;

typedef struct upper_filter {
    float *from, *more; /* [taps]: at the beginning of the hop, and what is added up to its end */
    float *now;         /* [taps] */
    int idle;           /* all are 0 */
} upper_filter;

void upper_passes_layout(upper_passes *p, arena *a, unsigned rate);
void upper_passes_fill(upper_passes *p, unsigned rate);

void upper_filter_layout(upper_filter *f, arena *a, const upper_passes *p);

/* The gains [bands] at the beginning and at the end of a hop. `above`: without the lowest band's,
 * which is taken off all: what no filter is needed for. */
void upper_filter_set(upper_filter *f, const upper_passes *p, const float *from, const float *to,
                      int above);
/* Set f->now, whose dot product with x [taps] is the output for x[taps / 2], at this share of the
 * hop. */
void upper_filter_move(upper_filter *f, const upper_passes *p, float share);

#endif
