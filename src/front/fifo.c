#include "fifo.h"

#include <string.h>

void fifo_layout(fifo *f, arena *a, size_t capacity)
{
    f->capacity = capacity;
    f->ring = arena_floats(a, capacity);
}

void fifo_reset(fifo *f)
{
    f->first = f->count = 0;
}

void fifo_fill(fifo *f, size_t n)
{
    memset(f->ring, 0, n * sizeof *f->ring);
    f->first = 0;
    f->count = n;
}

/* How many of the n samples from `at` on are contiguous. */
static size_t straight(const fifo *f, size_t at, size_t n)
{
    return n < f->capacity - at ? n : f->capacity - at;
}

void fifo_push(fifo *f, const float *x, size_t n)
{
    const size_t at = (f->first + f->count) % f->capacity;
    const size_t part = straight(f, at, n);
    memcpy(f->ring + at, x, part * sizeof *x);
    memcpy(f->ring, x + part, (n - part) * sizeof *x);
    f->count += n;
}

void fifo_pop(fifo *f, float *to, size_t n)
{
    const size_t part = straight(f, f->first, n);
    if (to) {
        memcpy(to, f->ring + f->first, part * sizeof *to);
        memcpy(to + part, f->ring, (n - part) * sizeof *to);
    }
    f->count -= n;
    /* From the beginning again, which is in the caches. */
    f->first = f->count == 0 ? 0 : (f->first + n) % f->capacity;
}
