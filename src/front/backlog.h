/*
 * A queue of samples, first in, first out. What waits in it for long is kept in 16 bits
 * (packed16.h): nearly always nothing does.
 */
#ifndef UNECHO_BACKLOG_H
#define UNECHO_BACKLOG_H

#include "fifo.h"
#include "unecho.h"

#include <stdint.h>

enum { BACKLOG_BLOCK = UNECHO_HOP };

typedef struct backlog {
    fifo newest;
    int16_t *blocks; /* of what came before, a ring, [capacity][BACKLOG_BLOCK], and their units */
    float *units;
    size_t capacity;
    uint64_t kept, taken; /* samples that have come into them, and left them */
} backlog;

/* Capacities of the two, in samples. */
void backlog_layout(backlog *b, arena *a, size_t newest, size_t before);
void backlog_reset(backlog *b);

size_t backlog_count(const backlog *b);
/* As many as there is room for among the newest. */
void backlog_push(backlog *b, const float *x, size_t n);
/* n <= backlog_count. */
void backlog_pop(backlog *b, float *to, size_t n);

/* Keep in 16 bits what came before the newest n samples, as far as there is room, but for up to
 * BACKLOG_BLOCK. */
void backlog_settle(backlog *b, size_t n);

#endif
