/*
 * Who computes the network's two stages for one stream: unecho's own kernels (native.h) or ONNX
 * Runtime (ort_stages.h). Both work in place on the buffers of the suppressor, which keeps the
 * transforms, the masking and the overlap-add.
 */
#ifndef UNECHO_DTLN_STAGES_H
#define UNECHO_DTLN_STAGES_H

#include <stddef.h>

/*
 * Row t is hop t of the hops that run at once. The addresses stay as long as the stream lives, so
 * that tensors may be bound to them.
 */
typedef struct dtln_buffers {
    size_t hops_at_once;
    float *mic_magnitude, *far_magnitude; /* stage 1 reads: [hops][DTLN_BINS_ROW] */
    float *mask;                          /* stage 1 writes: [hops][DTLN_BINS_ROW] */
    float *estimate;                      /* stage 2 reads: [hops][DTLN_BLOCK] */
    float *far;                           /* stage 2 reads: block t at far + t * DTLN_HOP */
    float *block;                         /* stage 2 writes: [hops][DTLN_BLOCK] */
} dtln_buffers;

typedef struct dtln_stages dtln_stages;

struct dtln_stages {
    const char *name; /* "onnxruntime", or the kernels */
    size_t rows;      /* that its scratch memory has room for */
    /*
     * The next `hops` rows of each of `count` streams, in the scratch memory of `host`; more than
     * one stream only where `together` says so. Returns UNECHO_OK or UNECHO_ERROR_BACKEND; after a
     * failure what it writes is undefined, and `reset` is called before the next hops.
     */
    int (*stage1)(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops);
    int (*stage2)(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops);
    /* Set all states to zero. */
    void (*reset)(dtln_stages *s);
    /* Release everything but the stream's own memory. */
    void (*close)(dtln_stages *s);
};

#endif
