#include "sample_ring.h"

#include <math.h>
#include <string.h>

/* Smaller units would be subnormal in places. */
enum { EXPONENT_LEAST = -80, EXPONENT_BIAS = 127, MANTISSA_BITS = 23, SAMPLE_BITS = 15 };

void sample_ring_layout(sample_ring *r, arena *a, size_t capacity, size_t fresh)
{
    r->capacity = capacity;
    /* One is being written, one begins before the oldest sample. */
    r->fresh_blocks = fresh / SAMPLE_BLOCK + 2;
    r->blocks = capacity / SAMPLE_BLOCK + 2;
    r->fresh = arena_floats(a, r->fresh_blocks * SAMPLE_BLOCK);
    r->kept = arena_take(a, r->blocks * SAMPLE_BLOCK * sizeof *r->kept);
    r->units = arena_floats(a, r->blocks);
}

void sample_ring_reset(sample_ring *r)
{
    memset(r->kept, 0, r->blocks * SAMPLE_BLOCK * sizeof *r->kept);
    memset(r->units, 0, r->blocks * sizeof *r->units);
    memset(r->fresh, 0, r->fresh_blocks * SAMPLE_BLOCK * sizeof *r->fresh);
    r->end = 0;
}

/* The highest sample of all times `sign`, or 0; in lanes, which a vector can hold. */
static float highest(const float *x, float sign)
{
    enum { LANES = 8 };
    float most[LANES] = {0.0f};
    for (size_t i = 0; i < SAMPLE_BLOCK; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            most[lane] = sign * x[i + lane] > most[lane] ? sign * x[i + lane] : most[lane];
    for (size_t lane = 1; lane < LANES; lane++)
        most[0] = most[lane] > most[0] ? most[lane] : most[0];
    return most[0];
}

/* 2^exponent */
static float power_of_two(int exponent)
{
    const uint32_t bits = (uint32_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Exponents of the least power of two above x, and of the least that is no less than x. */
static int exponent_above(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> MANTISSA_BITS) + 1 - EXPONENT_BIAS;
}

static int exponent_from(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)((bits + 0x7fffffu) >> MANTISSA_BITS) - EXPONENT_BIAS;
}

/* Integers of 16 bits reach down to -32768, and up to 32767. */
static int exponent_of(const float *x)
{
    const int up = exponent_above(highest(x, 1.0f)), down = exponent_from(highest(x, -1.0f));
    const int both = up > down ? up : down;
    return both > EXPONENT_LEAST ? both : EXPONENT_LEAST;
}

static float *fresh_at(const sample_ring *r, uint64_t block)
{
    return r->fresh + (size_t)(block % r->fresh_blocks) * SAMPLE_BLOCK;
}

/* To the nearest; 32767.5 and more are one too many, and become 32767. */
static void keep_block(sample_ring *r, uint64_t block)
{
    static const float shift = 0x1.8p23f, most = 32767.0f;
    const size_t at = (size_t)(block % r->blocks);
    const float *const x = fresh_at(r, block);
    const int exponent = exponent_of(x);
    const float per_unit = power_of_two(SAMPLE_BITS - exponent);
    int16_t *const kept = r->kept + at * SAMPLE_BLOCK;
    int32_t zero;
    memcpy(&zero, &shift, sizeof zero);
    for (size_t i = 0; i < SAMPLE_BLOCK; i++) {
        const float scaled = per_unit * x[i];
        const float shifted = (scaled < most ? scaled : most) + shift;
        int32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        kept[i] = (int16_t)(bits - zero);
    }
    r->units[at] = power_of_two(exponent - SAMPLE_BITS);
}

void sample_ring_write(sample_ring *r, uint64_t first, const float *x, size_t n)
{
    if (first != r->end)
        memset(fresh_at(r, first / SAMPLE_BLOCK), 0, SAMPLE_BLOCK * sizeof *r->fresh);
    for (size_t done = 0, part; done < n; done += part) {
        const uint64_t at = first + done;
        const size_t inside = (size_t)(at % SAMPLE_BLOCK), left = n - done;
        part = left < SAMPLE_BLOCK - inside ? left : SAMPLE_BLOCK - inside;
        float *const to = fresh_at(r, at / SAMPLE_BLOCK) + inside;
        if (x)
            memcpy(to, x + done, part * sizeof *x);
        else
            memset(to, 0, part * sizeof *to);
        if (inside + part == SAMPLE_BLOCK)
            keep_block(r, at / SAMPLE_BLOCK);
    }
    r->end = first + n;
}

static void read_block(const sample_ring *r, float *to, uint64_t first, size_t n)
{
    const uint64_t block = first / SAMPLE_BLOCK;
    const size_t inside = (size_t)(first % SAMPLE_BLOCK), at = (size_t)(block % r->blocks);
    if (block + r->fresh_blocks > r->end / SAMPLE_BLOCK) {
        memcpy(to, fresh_at(r, block) + inside, n * sizeof *to);
        return;
    }
    const int16_t *const kept = r->kept + at * SAMPLE_BLOCK + inside;
    const float unit = r->units[at];
    for (size_t i = 0; i < n; i++)
        to[i] = unit * (float)kept[i];
}

void sample_ring_read(const sample_ring *r, float *to, int64_t first, size_t n)
{
    const int64_t end = (int64_t)r->end, size = (int64_t)r->capacity;
    const int64_t oldest = end > size ? end - size : 0;
    for (size_t done = 0, part; done < n; done += part) {
        const int64_t at = first + (int64_t)done;
        part = 1;
        if (at < oldest || at >= end) {
            to[done] = 0.0f;
            continue;
        }
        const size_t left = n - done, written = (size_t)(end - at);
        part = SAMPLE_BLOCK - (size_t)(at % SAMPLE_BLOCK);
        part = part < left ? part : left;
        part = part < written ? part : written;
        read_block(r, to + done, (uint64_t)at, part);
    }
}
