/*
 * A far end of two lanes, mean and side, as one signal for all that hear one: the mean, or the side
 * while opposite phases cancel each other in the mean.
 */
#ifndef UNECHO_HEARD_H
#define UNECHO_HEARD_H

#include <stddef.h>

typedef struct heard_end {
    float share;      /* of the side, 0 to 1 */
    float mean, side; /* powers, smoothed */
} heard_end;

void heard_reset(heard_end *h);
/* mean [n] becomes what is heard. */
void heard_mix(heard_end *h, float *mean, const float *side, size_t n);

#endif
