#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double stats_median(const double *values, size_t n)
{
    double ordered[STATS_MOST];
    if (n == 0 || n > STATS_MOST)
        return (double)NAN;
    memcpy(ordered, values, n * sizeof(*values));
    qsort(ordered, n, sizeof(*ordered), compare_doubles);
    return n % 2 ? ordered[n / 2] : 0.5 * (ordered[n / 2 - 1] + ordered[n / 2]);
}

double stats_lowest(const double *values, size_t n)
{
    double lowest = (double)NAN;
    for (size_t i = 0; i < n; i++)
        lowest = fmin(lowest, values[i]);
    return lowest;
}

double stats_highest(const double *values, size_t n)
{
    double highest = (double)NAN;
    for (size_t i = 0; i < n; i++)
        highest = fmax(highest, values[i]);
    return highest;
}

void stats_order(float *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare_floats);
}

float stats_percentile(const float *ordered, size_t n, double fraction)
{
    if (n == 0)
        return NAN;
    const double rank = ceil(fraction * (double)n);
    const size_t index = rank < 1.0 ? 0 : (size_t)rank - 1;
    return ordered[index < n ? index : n - 1];
}

size_t stats_largest(const float *values, size_t n, size_t *indices, size_t most)
{
    size_t have = 0;
    for (size_t i = 0; i < n; i++) {
        size_t place = have < most ? have : most;
        while (place > 0 && values[indices[place - 1]] < values[i])
            place--;
        if (place == most)
            continue;
        if (have < most)
            have++;
        for (size_t j = have - 1; j > place; j--)
            indices[j] = indices[j - 1];
        indices[place] = i;
    }
    return have;
}
