/* The top of a peak that lies between samples. */
#ifndef UNECHO_PARABOLA_H
#define UNECHO_PARABOLA_H

/* The top of the parabola through three neighbours, relative to the middle one; 0 where they have
 * none. */
static inline double parabola_top(float before, float middle, float after)
{
    const float bend = before - 2.0f * middle + after;
    return bend < 0.0f ? (double)(0.5f * (before - after) / bend) : 0.0;
}

#endif
