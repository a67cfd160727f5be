/* Gains of whole decibels, in steps and not by the C library: the same bits everywhere. */
#ifndef UNECHO_DECIBELS_H
#define UNECHO_DECIBELS_H

/* 10^(-down / 20) */
static inline float gain_of_decibels(unsigned down)
{
    double gain = 1.0;
    for (unsigned i = 0; i < down; i++)
        gain *= 0.89125093813374553; /* 10^(-1/20) */
    return (float)gain;
}

#endif
