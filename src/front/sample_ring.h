/* The last samples of a signal: the newest as they came, those before in 16 bits (packed16.h). */
#ifndef UNECHO_SAMPLE_RING_H
#define UNECHO_SAMPLE_RING_H

#include "arena.h"
#include "unecho.h"

#include <stdint.h>

enum { SAMPLE_BLOCK = UNECHO_HOP };

typedef struct sample_ring {
    size_t capacity;
    size_t fresh_blocks, blocks;
    int16_t *kept; /* [blocks][SAMPLE_BLOCK]: block b at b % blocks */
    float *units;  /* [blocks] */
    float *fresh;  /* [fresh_blocks][SAMPLE_BLOCK]: the newest, too, with the incomplete one */
    uint64_t end;  /* the number of the newest sample, plus 1 */
} sample_ring;

/* capacity: how many samples can be read, the newest `fresh` of them as they came. */
void sample_ring_layout(sample_ring *r, arena *a, size_t capacity, size_t fresh);
void sample_ring_reset(sample_ring *r);

/* Samples first..first+n, the next ones; or later ones, then those between are not known. x NULL:
 * silence. */
void sample_ring_write(sample_ring *r, uint64_t first, const float *x, size_t n);

/* Samples first..first+n; silence for those not written yet or no longer kept. */
void sample_ring_read(const sample_ring *r, float *to, int64_t first, size_t n);

#endif
