#include "chance.h"

chance chance_seeded(uint64_t seed)
{
    chance c = {{seed * UINT64_C(0x9E3779B97F4A7C15) + 1, seed ^ UINT64_C(0xD1B54A32D192ED03)}};
    for (int i = 0; i < 20; i++)
        chance_next(&c);
    return c;
}

/* xorshift128+ (Vigna 2017). */
uint64_t chance_next(chance *c)
{
    uint64_t a = c->state[0];
    const uint64_t b = c->state[1];
    c->state[0] = b;
    a ^= a << 23;
    c->state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return c->state[1] + b;
}

static float uniform(chance *c)
{
    return (float)(chance_next(c) >> 40) * (1.0f / 16777216.0f);
}

float chance_between(chance *c, float from, float to)
{
    return from + (to - from) * uniform(c);
}

int chance_is(chance *c, float probability)
{
    return uniform(c) < probability;
}

size_t chance_below(chance *c, size_t count)
{
    return (size_t)(chance_next(c) % count);
}

float chance_normal(chance *c)
{
    float sum = -6.0f;
    for (int i = 0; i < 12; i++)
        sum += uniform(c);
    return sum;
}
