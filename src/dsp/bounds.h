/* The smaller and the larger of two, bounds, and soft thresholds. The compiler makes vectors of
 * loops over these, not over fminf and fmaxf. Of two the second is returned where either is NaN. */
#ifndef UNECHO_BOUNDS_H
#define UNECHO_BOUNDS_H

static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float within(float x, float least, float most)
{
    return x < least ? least : x > most ? most : x;
}

/* 0 at `from` and before, 1 at `to` and beyond. */
static inline float ramp(float x, float from, float to)
{
    return within((x - from) / (to - from), 0.0f, 1.0f);
}

#endif
