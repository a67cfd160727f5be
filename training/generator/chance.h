/* Random numbers: a seed gives the same scenes on every machine. */
#ifndef UNECHO_TRAINING_CHANCE_H
#define UNECHO_TRAINING_CHANCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct chance {
    uint64_t state[2];
} chance;

chance chance_seeded(uint64_t seed);
uint64_t chance_next(chance *c);
float chance_between(chance *c, float from, float to);
int chance_is(chance *c, float probability);
size_t chance_below(chance *c, size_t count);
/* Mean 0, variance 1. */
float chance_normal(chance *c);

#endif
