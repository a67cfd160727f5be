/* The samples that a script asks for, and what must hold for those that come back. */
#include "api.h"

#include <math.h>
#include <string.h>

static const float canary = 12345.0f;
enum { CANARY = 4321 };

void block_shape(block *b, unsigned channels, size_t n, int planar)
{
    b->planes = planar ? channels : 1;
    b->length = planar ? n : n * channels;
    b->step = planar ? 1 : channels;
    for (size_t plane = 0; plane <= b->planes; plane++) {
        b->floats[plane * (b->length + 1)] = canary;
        b->integers[plane * (b->length + 1)] = CANARY;
    }
}

size_t block_plane(const block *b, size_t plane)
{
    return plane * (b->length + 1) + 1;
}

static float noise(uint64_t time)
{
    uint32_t x = (uint32_t)time * 2654435761u;
    x = (x ^ x >> 15) * 2246822519u;
    return (float)(int32_t)(x ^ x >> 13) / 8589934592.0f;
}

static float sample(unsigned kind, uint64_t time, uint32_t *seed)
{
    static const float odd[] = {0.0f,  NAN,    INFINITY, -INFINITY, 1e30f,
                                -2.0f, 1e-40f, -0.0f,    100.0f,    1.0f};
    enum { COUNT = sizeof odd / sizeof *odd, ECHO_STEP = 64 };
    *seed = *seed * 1664525u + 1013904223u;
    switch (kind % 4) {
    case 0:
        return odd[(*seed >> 16) % COUNT];
    case 1:
        return odd[kind / 4 % COUNT];
    case 2:
        return noise(time - kind / 4 * ECHO_STEP);
    default:
        return (float)(int32_t)*seed / 4294967296.0f;
    }
}

void block_fill(block *b, unsigned kind, uint64_t time)
{
    uint32_t seed = kind * 257u + 1u;
    for (size_t plane = 0; plane < b->planes; plane++)
        for (size_t i = 0; i < b->length; i++) {
            const float x = sample(kind, time + i / b->step, &seed);
            const size_t at = block_plane(b, plane) + i;
            b->floats[at] = x;
            b->integers[at] = fabsf(x) < 1.0f ? (int16_t)(x * 32767.0f) : (int16_t)(seed >> 16);
        }
}

void block_check_canaries(const block *b)
{
    for (size_t plane = 0; plane <= b->planes; plane++)
        expect(b->floats[plane * (b->length + 1)] == canary &&
                   b->integers[plane * (b->length + 1)] == CANARY,
               "a sample written beside a buffer");
}

void block_check_finite(const block *b)
{
    for (size_t plane = 0; plane < b->planes; plane++)
        for (size_t i = 0; i < b->length; i++)
            expect(isfinite(b->floats[block_plane(b, plane) + i]), "an output that is not finite");
}

void block_check_equal(const block *a, const block *b, int integers)
{
    const size_t all = a->planes * (a->length + 1);
    expect(integers ? memcmp(a->integers, b->integers, all * sizeof *a->integers) == 0
                    : memcmp(a->floats, b->floats, all * sizeof *a->floats) == 0,
           "other bits for the same samples in other pieces");
}
