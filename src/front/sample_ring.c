#include "sample_ring.h"

#include "dsp/packed16.h"

#include <string.h>

void sample_ring_layout(sample_ring *r, arena *a, size_t capacity, size_t fresh)
{
    r->capacity = capacity;
    /* One is being written, one begins before the oldest sample. */
    r->fresh_blocks = fresh / SAMPLE_BLOCK + 2;
    r->blocks = capacity / SAMPLE_BLOCK + 1;
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

static float *fresh_at(const sample_ring *r, uint64_t block)
{
    return r->fresh + (size_t)(block % r->fresh_blocks) * SAMPLE_BLOCK;
}

static void keep_block(sample_ring *r, uint64_t block)
{
    const size_t at = (size_t)(block % r->blocks);
    r->units[at] = packed16_write(r->kept + at * SAMPLE_BLOCK, fresh_at(r, block), SAMPLE_BLOCK);
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
    packed16_read(to, r->kept + at * SAMPLE_BLOCK + inside, r->units[at], n);
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
