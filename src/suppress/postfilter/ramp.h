/* Soft thresholds. */
#ifndef UNECHO_POSTFILTER_RAMP_H
#define UNECHO_POSTFILTER_RAMP_H

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
