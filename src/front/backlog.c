#include "backlog.h"

#include "dsp/packed16.h"

enum { BLOCK = BACKLOG_BLOCK };

void backlog_layout(backlog *b, arena *a, size_t newest, size_t before)
{
    fifo_layout(&b->newest, a, newest);
    b->capacity = before / BLOCK;
    b->blocks = arena_take(a, b->capacity * BLOCK * sizeof *b->blocks);
    b->units = arena_floats(a, b->capacity);
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

static void pop_settled(backlog *b, float *to, size_t n)
{
    for (size_t done = 0, part; done < n; done += part, b->taken += part) {
        const size_t at = (size_t)(b->taken / BLOCK % b->capacity);
        const size_t inside = (size_t)(b->taken % BLOCK), left = n - done;
        part = left < BLOCK - inside ? left : BLOCK - inside;
        packed16_read(to + done, b->blocks + at * BLOCK + inside, b->units[at], part);
    }
}

void backlog_pop(backlog *b, float *to, size_t n)
{
    const size_t first = n < settled(b) ? n : settled(b);
    pop_settled(b, to, first);
    fifo_pop(&b->newest, to + first, n - first);
}

void backlog_settle(backlog *b, size_t n)
{
    while (b->newest.count >= n + BLOCK && settled(b) + BLOCK <= b->capacity * BLOCK) {
        const size_t at = (size_t)(b->kept / BLOCK % b->capacity);
        float block[BLOCK];
        fifo_pop(&b->newest, block, BLOCK);
        b->units[at] = packed16_write(b->blocks + at * BLOCK, block, BLOCK);
        b->kept += BLOCK;
    }
}
