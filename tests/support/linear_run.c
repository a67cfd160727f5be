#include "linear_run.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>

linear_run open_linear(const kernels *k, size_t count)
{
    linear_run r = {0};
    arena a = {0};
    kalman_layout(&r.c, &a, count, 1);
    a.memory = r.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    assert_non_null(r.memory);
    a.used = 0;
    kalman_layout(&r.c, &a, count, 1);
    kalman_start(&r.c, k);
    kalman_reset(&r.c);
    return r;
}

void close_linear(linear_run *r)
{
    free(r->memory);
}

const kernels *fastest(void)
{
    return kernels_at(kernels_choose(UINT32_MAX));
}

void cancel(linear_run *r, scene *s, size_t from, size_t to)
{
    assert_true(from % KALMAN_HOP == 0 && to % KALMAN_HOP == 0 && to <= s->count);
    for (size_t i = from; i < to; i += KALMAN_HOP)
        kalman_run(&r->c, s->mic + i, (const float *const[]){s->far + i}, s->error + i,
                   s->estimate + i);
}

double misalignment_db(const linear_run *r, const signal_ *response)
{
    const echo_paths *const paths = &r->c.paths;
    double wrong = 0.0, all = 0.0;
    for (size_t p = 0; p < kalman_count(&r->c); p++) {
        float w[KALMAN_HOP];
        paths_read_filter(paths, &paths->all[0], p, w);
        for (size_t i = 0; i < KALMAN_HOP; i++) {
            const size_t tap = p * KALMAN_HOP + i;
            const double h = tap < response->count ? (double)response->samples[tap] : 0.0;
            wrong += (h - (double)w[i]) * (h - (double)w[i]);
            all += h * h;
        }
    }
    return 10.0 * log10(wrong / all);
}

double worst_misalignment_db(linear_run *r, scene *s, const signal_ *response, size_t from)
{
    enum { STEP = RATE / 5 }; /* 25 hops */
    double worst = misalignment_db(r, response);
    for (size_t at = from; at < s->count; at += STEP) {
        cancel(r, s, at, at + STEP);
        worst = fmax(worst, misalignment_db(r, response));
    }
    return worst;
}
