/* The linear canceller by itself on simulated calls. */
#ifndef UNECHO_TEST_LINEAR_RUN_H
#define UNECHO_TEST_LINEAR_RUN_H

#include "linear/kalman.h"
#include "scene.h"

/* A canceller in memory of its own. */
typedef struct linear_run {
    kalman c;
    void *memory;
} linear_run;

linear_run open_linear(const kernels *k, size_t count);
void close_linear(linear_run *r);
/* The fastest kernels that this CPU has. */
const kernels *fastest(void);
/* Cancels the samples [from, to), whole hops, of a scene. */
void cancel(linear_run *r, scene *s, size_t from, size_t to);
/* 10 lg of |h - w|^2 / |h|^2 over the filter's length. */
double misalignment_db(const linear_run *r, const signal_ *response);
/* Cancels from `from` to the end; the worst misalignment before, after, and every 0.2 s. */
double worst_misalignment_db(linear_run *r, scene *s, const signal_ *response, size_t from);

#endif
