/*
 * A filter in the frequency domain whose impulse response is cut into partitions of 128 samples,
 * each with a transform of 256. src/linear adapts it.
 *
 * A hop goes over filter and input several times, and together they are larger than the first
 * cache. So they are cut into strips of a few bins, each with all of its partitions, which lie in
 * memory as they are used. The last bin is a strip by itself. Spectra of the input, and what of the
 * filter only tells where it is going, are pairs of bf16: they are read more often than all else,
 * and their error of -56 dB is small beside that of any filter.
 */
#ifndef UNECHO_PARTITIONS_H
#define UNECHO_PARTITIONS_H

#include "bf16.h"

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
    uint32_t *x;   /* [PARTITION_STRIPS][ring][PARTITION_STRIP], then [ring] of the last bin */
    float *filter; /* in the same way, [count][FILTER_ROWS] */
    /* Recent changes of the filter in its first `recent` partitions, fading: [recent] pairs. */
    size_t recent;
    uint32_t *change;
} partitions;

/* Words of an array with so many rows of all bins. */
static inline size_t partitions_words(size_t rows)
{
    const size_t words = rows * PARTITION_BINS;
    return (words + PARTITION_STRIP - 1) / PARTITION_STRIP * PARTITION_STRIP;
}

/* One row of the filter among its strips. */
typedef struct strips {
    float *first;
    size_t distance;
    float *last;
} strips;

static inline strips partitions_filter(const partitions *f, size_t p, size_t row)
{
    const size_t rows = FILTER_ROWS * f->count, at = FILTER_ROWS * p + row;
    return (strips){f->filter + at * PARTITION_STRIP, rows * PARTITION_STRIP,
                    f->filter + rows * PARTITION_LAST + at};
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

/* The spectrum in slot `at` of one of the arrays of pairs, which has so many slots. */
static inline void pairs_write(uint32_t *array, size_t slots, size_t at, const float *re,
                               const float *im)
{
    for (size_t s = 0; s < PARTITION_STRIPS; s++) {
        uint32_t *const to = array + (s * slots + at) * PARTITION_STRIP;
        for (size_t k = 0; k < PARTITION_STRIP; k++)
            to[k] = bf16_pair(re[s * PARTITION_STRIP + k], im[s * PARTITION_STRIP + k]);
    }
    array[slots * PARTITION_LAST + at] = bf16_pair(re[PARTITION_LAST], im[PARTITION_LAST]);
}

#endif
