/* Carries the filter over when its far end is read from another place in time. */
#include "kalman.h"

#include <math.h>
#include <string.h>

/* What was learnt at the old place may not fit the new one: the variance is at least this share of
 * the one that a partition starts with. */
static const float least_share = 0.3f;
/* What is recalled has just fitted. */
static const float recalled_share = 0.1f;

/* The response of partition p; silence before the first and after the last. */
static void response(kalman *c, const echo_path *path, long p, float *to)
{
    if (p < 0 || p >= (long)path->filter.count)
        memset(to, 0, KALMAN_HOP * sizeof *to);
    else
        paths_read_filter(&c->paths, path, (size_t)p, to);
}

/* Partition `to` becomes partition `from` without its first `rest` samples, and the next one's. */
static void shift_response(kalman *c, const echo_path *path, size_t to, long from, size_t rest)
{
    float x[2 * KALMAN_HOP];
    response(c, path, from, x);
    response(c, path, from + 1, x + KALMAN_HOP);
    paths_write_filter(&c->paths, path, to, x + rest);
}

static void variance_of(const partitions *f, long p, float *row)
{
    if (p < 0 || p >= (long)f->count)
        memset(row, 0, PARTITION_ROW * sizeof *row);
    else
        strips_read(partitions_filter(f, (size_t)p, FILTER_VARIANCE), row);
}

static void shift_variance(const partitions *f, size_t to, long from, size_t rest, float least)
{
    const float share = (float)rest / (float)KALMAN_HOP;
    float a[PARTITION_ROW], b[PARTITION_ROW];
    variance_of(f, from, a);
    variance_of(f, from + 1, b);
    for (size_t k = 0; k < PARTITION_ROW; k++)
        a[k] = fmaxf(a[k] + share * (b[k] - a[k]), least);
    strips_write(partitions_filter(f, to, FILTER_VARIANCE), a);
}

/* By whole hops and the rest. In place: no partition is overwritten before those that are made of
 * it. */
static void shift_path(kalman *c, const echo_path *path, long hops, size_t rest)
{
    const partitions *const f = &path->filter;
    const int later = hops >= 0;
    for (size_t i = 0; i < f->count; i++) {
        const size_t to = later ? i : f->count - 1 - i;
        shift_response(c, path, to, (long)to + hops, rest);
        shift_variance(f, to, (long)to + hops, rest, least_share * kalman_prior(c, to));
    }
}

void kalman_shift(kalman *c, int64_t samples)
{
    const int64_t most = (int64_t)(kalman_count(c) + 1) * KALMAN_HOP;
    const long shift = (long)(samples < -most ? -most : samples > most ? most : samples);
    /* Rounded down: the rest is not negative. */
    const long hops = (shift < 0 ? shift - KALMAN_HOP + 1 : shift) / KALMAN_HOP;
    const size_t rest = (size_t)(shift - hops * KALMAN_HOP);
    for (size_t i = 0; i < c->paths.count; i++)
        shift_path(c, &c->paths.all[i], hops, rest);
    kalman_forget_far_end(c);
    kept_forget(&c->kept);
}

void kalman_recall(kalman *c)
{
    for (size_t i = 0; i < c->paths.count; i++) {
        const echo_path *const path = &c->paths.all[i];
        for (size_t p = 0; p < path->filter.count; p++) {
            float kept[KALMAN_HOP], row[PARTITION_ROW];
            kept_read(&c->kept, i, p, kept);
            paths_write_filter(&c->paths, path, p, kept);
            for (size_t k = 0; k < PARTITION_ROW; k++)
                row[k] = recalled_share * kalman_prior(c, p);
            strips_write(partitions_filter(&path->filter, p, FILTER_VARIANCE), row);
        }
    }
    kalman_forget_far_end(c);
    c->kept.unlearnt = 0;
}
