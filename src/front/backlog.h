/*
 * A queue of samples, first in, first out. What waits in it for long is kept in 16 bits
 * (sample_ring.h): nearly always nothing does.
 */
#ifndef UNECHO_BACKLOG_H
#define UNECHO_BACKLOG_H

#include "fifo.h"
#include "sample_ring.h"

typedef struct backlog {
    fifo newest;
    sample_ring before;
    uint64_t kept, taken; /* samples that have come into `before`, and left it */
} backlog;

/* Capacities of the two. */
void backlog_layout(backlog *b, arena *a, size_t newest, size_t before);
void backlog_reset(backlog *b);

size_t backlog_count(const backlog *b);
/* As many as there is room for among the newest. */
void backlog_push(backlog *b, const float *x, size_t n);
/* n <= backlog_count. */
void backlog_pop(backlog *b, float *to, size_t n);

/* Keep in 16 bits what came before the newest n samples, as far as there is room, but for up to
 * SAMPLE_BLOCK. */
void backlog_settle(backlog *b, size_t n);

#endif
