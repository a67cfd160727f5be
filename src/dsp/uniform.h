/* White noise that is the same everywhere. */
#ifndef UNECHO_UNIFORM_H
#define UNECHO_UNIFORM_H

#include <stdint.h>

/* Uniform in [-1, 1): a linear congruential generator (Press et al., Numerical Recipes, 7.1). */
static inline float uniform_noise(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) * 0x1p-23f - 1.0f;
}

#endif
