#include "shape.h"

#include "parabola.h"

#include <math.h>

/* cross / sqrt(xx yy) of the shape, with sum of squares xx, and the correlation from y on. */
static float likeness(const shape *s, float xx, const float *y)
{
    float cross = 0.0f, yy = 0.0f;
    for (int i = 0; i < SHAPE_SIZE; i++) {
        cross += s->x[i] * y[i];
        yy += y[i] * y[i];
    }
    return xx > 0.0f && yy > 0.0f ? cross / sqrtf(xx * yy) : 0.0f;
}

shape_match shape_find(const shape *s, const float search[SHAPE_SEARCH])
{
    float at[2 * SHAPE_GATE + 1], xx = 0.0f;
    int top = 0;
    for (int i = 0; i < SHAPE_SIZE; i++)
        xx += s->x[i] * s->x[i];
    for (int i = 0; i <= 2 * SHAPE_GATE; i++) {
        at[i] = likeness(s, xx, search + i);
        top = at[i] > at[top] ? i : top;
    }
    shape_match match = {.moved = top - SHAPE_GATE, .likeness = at[top]};
    if (top > 0 && top < 2 * SHAPE_GATE)
        match.moved += parabola_top(at[top - 1], at[top], at[top + 1]);
    return match;
}
