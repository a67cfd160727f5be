/* A ring of samples, first in, first out. */
#ifndef UNECHO_FIFO_H
#define UNECHO_FIFO_H

#include "arena.h"

typedef struct fifo {
    float *ring;
    size_t capacity, first, count;
} fifo;

void fifo_layout(fifo *f, arena *a, size_t capacity);
void fifo_reset(fifo *f);
/* It holds n <= capacity samples of silence. */
void fifo_fill(fifo *f, size_t n);

/* n <= capacity - count. */
void fifo_push(fifo *f, const float *x, size_t n);
/* n <= count; to NULL: drop them. */
void fifo_pop(fifo *f, float *to, size_t n);

#endif
