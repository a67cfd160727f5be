#include "backlog.h"

void backlog_layout(backlog *b, arena *a, size_t newest, size_t before)
{
    fifo_layout(&b->newest, a, newest);
    sample_ring_layout(&b->before, a, before, 0);
}

void backlog_reset(backlog *b)
{
    fifo_reset(&b->newest);
    b->kept = b->taken = 0;
}

static size_t settled(const backlog *b)
{
    return (size_t)(b->kept - b->taken);
}

size_t backlog_count(const backlog *b)
{
    return settled(b) + b->newest.count;
}

void backlog_push(backlog *b, const float *x, size_t n)
{
    fifo_push(&b->newest, x, n);
}

void backlog_pop(backlog *b, float *to, size_t n)
{
    const size_t first = n < settled(b) ? n : settled(b);
    sample_ring_read(&b->before, to, (int64_t)b->taken, first);
    b->taken += first;
    fifo_pop(&b->newest, to + first, n - first);
}

void backlog_settle(backlog *b, size_t n)
{
    while (b->newest.count >= n + SAMPLE_BLOCK && settled(b) + SAMPLE_BLOCK <= b->before.capacity) {
        float block[SAMPLE_BLOCK];
        fifo_pop(&b->newest, block, SAMPLE_BLOCK);
        sample_ring_write(&b->before, b->kept, block, SAMPLE_BLOCK);
        b->kept += SAMPLE_BLOCK;
    }
}
