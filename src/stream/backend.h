/*
 * A backend: who computes the network's two stages for one stream. The canceller keeps transforms,
 * masking and overlap-add; a backend works on the buffers that the canceller gives it, in place.
 */
#ifndef UNECHO_BACKEND_H
#define UNECHO_BACKEND_H

#include <stddef.h>

/*
 * Row t is hop t of the hops that go through at once. Laid out by the canceller, at fixed places as
 * long as the stream lives, so that a backend may tie its own tensors to them.
 */
typedef struct backend_buffers {
    size_t hops_at_once;
    float *mic_magnitude, *far_magnitude; /* stage 1 reads: [hops][DTLN_BINS_ROW] */
    float *mask;                          /* stage 1 writes: [hops][DTLN_BINS_ROW] */
    float *estimate;                      /* stage 2 reads: [hops][DTLN_BLOCK] */
    float *far;                           /* stage 2 reads: block t at far + t * DTLN_HOP */
    float *block;                         /* stage 2 writes: [hops][DTLN_BLOCK] */
} backend_buffers;

typedef struct backend backend;

struct backend {
    const char *name;
    /*
     * Advance by the first `hops` rows. Returns UNECHO_OK or UNECHO_ERROR_BACKEND; what was to be
     * written is undefined then, and `reset` is called before the next hops.
     */
    int (*stage1)(backend *b, size_t hops);
    int (*stage2)(backend *b, size_t hops);
    /* All states to zero. */
    void (*reset)(backend *b);
    /* Give back everything but the stream's own memory. */
    void (*close)(backend *b);
};

#endif
