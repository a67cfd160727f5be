/* For tests of the kernels: random shapes, and every kernel set that this CPU has. */
#ifndef UNECHO_TEST_EACH_SET_H
#define UNECHO_TEST_EACH_SET_H

#include "kernels/kernels.h"
#include "signals.h"

enum { ROUNDS = 60 };

static uint32_t seed = 2026;

static inline size_t between(size_t low, size_t high)
{
    return low + random_bits(&seed) % (high - low + 1);
}

static inline void fill(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = scale * random_float(&seed);
}

/* The set with that index; NULL where this CPU cannot run it. */
static inline const kernels *runnable(size_t index)
{
    const kernels *const k = kernels_at(index);
    return (k->cpu & ~kernels_cpu()) == 0 ? k : NULL;
}

/* The plain set comes first. */
#define FOR_EACH_SET(k)                                                                            \
    for (size_t set_ = 0; set_ < kernels_count(); set_++)                                          \
        for (const kernels *k = runnable(set_); k; k = NULL)

#endif
