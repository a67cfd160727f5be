/*
 * The correlation around a delay as it once was, to tell how far all of it has moved since: with
 * drift every reflection moves alike, while an echo path that changes gets another shape. Knows
 * nothing of signals.
 */
#ifndef UNECHO_SHAPE_H
#define UNECHO_SHAPE_H

enum {
    /* How far it can be found again, and how far it reaches, either way from its delay. */
    SHAPE_GATE = 32,
    SHAPE_HALF = 64,
    SHAPE_SIZE = 2 * SHAPE_HALF + 1,
    SHAPE_SEARCH = SHAPE_SIZE + 2 * SHAPE_GATE
};

typedef struct shape {
    float x[SHAPE_SIZE];
    double lag; /* the delay that its middle stands for; not a whole number of samples */
    int taken;
} shape;

/* Where the shape is in a later correlation: samples from the middle, and how alike the two are,
 * -1 to 1. */
typedef struct shape_match {
    double moved;
    float likeness;
} shape_match;

shape_match shape_find(const shape *s, const float search[SHAPE_SEARCH]);

#endif
