/*
 * A filter in the frequency domain whose impulse response is cut into partitions of 128 samples,
 * each with a transform of 256. src/linear adapts it.
 *
 * A hop goes over filter and input several times, and together they are larger than the first
 * cache. So they are cut into strips of a few bins, each with all of its partitions, which lie in
 * memory as they are used. The last bin is a strip by itself.
 */
#ifndef UNECHO_PARTITIONS_H
#define UNECHO_PARTITIONS_H

#include "unecho.h"

#include <string.h>

enum {
    PARTITION_BINS = 129,
    PARTITION_ROW = 144, /* a row of all bins; those after PARTITION_BINS hold 0 */
    PARTITION_STRIP = 16,
    PARTITION_STRIPS = PARTITION_BINS / PARTITION_STRIP,
    PARTITION_LAST = PARTITION_STRIPS * PARTITION_STRIP, /* the bin after the last whole strip */
    PARTITION_COUNT_MOST = UNECHO_LINEAR_TAIL_MAX_MS / 8,
    PARTITION_REUSED = 3 /* earlier blocks that a hop adapts to again */
};

/* The rows of a partition's filter. */
enum { FILTER_RE, FILTER_IM, FILTER_VARIANCE, FILTER_ROWS };

typedef struct partitions {
    size_t count;
    /* Spectra of the last `ring` >= count blocks of the input: partition p has block
     * (newest + p) % ring; `age` hops ago it had block (newest + age + p) % ring. */
    size_t ring, newest;
    /* [PARTITION_STRIPS][ring][2][PARTITION_STRIP], real and imaginary parts, then [ring][2] of the
     * last bin; in the same way [count][FILTER_ROWS] of the filter. */
    float *x, *filter;
    /* Recent changes of the filter in its first `recent` partitions, fading: [recent][2]. */
    size_t recent;
    float *change;
} partitions;

/* Of an array with so many rows of all bins. */
static inline size_t partitions_floats(size_t rows)
{
    const size_t floats = rows * PARTITION_BINS;
    return (floats + PARTITION_STRIP - 1) / PARTITION_STRIP * PARTITION_STRIP;
}

/* One row of all bins among the strips of one of the arrays. */
typedef struct strips {
    float *first;
    size_t distance;
    float *last;
} strips;

/* Row `at` of an array with `rows` rows. */
static inline strips strips_of(float *array, size_t at, size_t rows)
{
    return (strips){array + at * PARTITION_STRIP, rows * PARTITION_STRIP,
                    array + rows * PARTITION_LAST + at};
}

static inline strips partitions_block(const partitions *f, size_t slot, size_t part)
{
    return strips_of(f->x, 2 * slot + part, 2 * f->ring);
}

static inline strips partitions_filter(const partitions *f, size_t p, size_t row)
{
    return strips_of(f->filter, FILTER_ROWS * p + row, FILTER_ROWS * f->count);
}

static inline strips partitions_change(const partitions *f, size_t p, size_t part)
{
    return strips_of(f->change, 2 * p + part, 2 * f->recent);
}

/* row: [PARTITION_ROW] */
static inline void strips_read(strips from, float *row)
{
    for (size_t s = 0; s < PARTITION_STRIPS; s++)
        memcpy(row + s * PARTITION_STRIP, from.first + s * from.distance,
               PARTITION_STRIP * sizeof *row);
    memset(row + PARTITION_LAST, 0, (PARTITION_ROW - PARTITION_LAST) * sizeof *row);
    row[PARTITION_LAST] = *from.last;
}

static inline void strips_write(strips to, const float *row)
{
    for (size_t s = 0; s < PARTITION_STRIPS; s++)
        memcpy(to.first + s * to.distance, row + s * PARTITION_STRIP,
               PARTITION_STRIP * sizeof *row);
    *to.last = row[PARTITION_LAST];
}

#endif
