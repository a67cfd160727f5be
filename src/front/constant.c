#include "constant.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

/* Smoothing per block: 0.16 s. */
static const double memory = 0.95;
/* A constant below -60 dB of full scale stays; no input adds one of more than full scale. */
static const double least = 1e-3, most = 1.0;
/* What is smaller is nothing, before it is slow to compute with. */
static const double nothing = 1e-30;

static double sum_of(const float lanes[CONSTANT_LANES])
{
    double sum = 0.0;
    for (size_t i = 0; i < CONSTANT_LANES; i++)
        sum += (double)lanes[i];
    return sum;
}

static double smoothed(double before, double now)
{
    const double next = memory * before + (1.0 - memory) * now / UNECHO_HOP;
    return fabs(next) < nothing ? 0.0 : next;
}

/* The constant to subtract, once a block is over. */
static double follow(constant *c)
{
    c->mean = smoothed(c->mean, sum_of(c->sum));
    c->power = smoothed(c->power, sum_of(c->energy));
    const double heard = c->mean * c->mean, rest = c->power - heard;
    /* A signal that fluctuates more says nothing, neither that it is there nor that it is gone. */
    if (rest > fmax(heard, c->to * c->to))
        return c->to;
    return fabs(c->mean) > least && fabs(c->mean) < most ? c->mean : 0.0;
}

static inline void add_to_lane(constant *c, size_t lane, float x)
{
    c->sum[lane] += x;
    c->energy[lane] += x * x;
}

/* x [n] lies from sample `at` of the block on. */
static void add(constant *c, const float *x, size_t at, size_t n)
{
    enum { LANES = CONSTANT_LANES };
    size_t i = 0;
    for (; i < n && (at + i) % LANES != 0; i++)
        add_to_lane(c, (at + i) % LANES, x[i]);
    for (; i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            add_to_lane(c, lane, x[i + lane]);
    for (size_t lane = 0; i < n; i++, lane++)
        add_to_lane(c, lane, x[i]);
}

static void subtract(const constant *c, float *x, size_t at, size_t n)
{
    const double step = (c->to - c->from) / UNECHO_HOP;
    for (size_t i = 0; i < n; i++)
        x[i] -= (float)(c->from + step * ((double)(at + i) + 0.5));
}

void constant_remove(constant *c, float *x, uint64_t first, size_t n)
{
    size_t at = (size_t)(first % UNECHO_HOP);
    while (n > 0) {
        const size_t left = UNECHO_HOP - at, part = n < left ? n : left;
        add(c, x, at, part);
        if (constant_is_on(c))
            subtract(c, x, at, part);
        if (part == left) {
            c->from = c->to;
            c->to = follow(c);
            memset(c->sum, 0, sizeof c->sum);
            memset(c->energy, 0, sizeof c->energy);
        }
        x += part;
        n -= part;
        at = 0;
    }
}
