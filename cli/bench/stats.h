/* Medians, percentiles, largest values. */
#ifndef UNECHO_CLI_BENCH_STATS_H
#define UNECHO_CLI_BENCH_STATS_H

#include <stddef.h>

/* The most values of a median. */
#define STATS_MOST 100

/* NaN if there are none. */
double stats_median(const double *values, size_t n);
double stats_lowest(const double *values, size_t n);
double stats_highest(const double *values, size_t n);

/* Nearest rank: the smallest value that at least this fraction of all values do not exceed. */
float stats_percentile(const float *ordered, size_t n, double fraction);

void stats_order(float *values, size_t n);

/* The indices of at most `most` largest values, largest first; returns how many. */
size_t stats_largest(const float *values, size_t n, size_t *indices, size_t most);

#endif
