/*
 * The network's two stages for one stream, computed by unecho's own kernels (native.h) or by ONNX
 * Runtime (ort_stages.h). Both work in place on the buffers of the suppressor, which does the
 * transforms, the masking and the overlap-add.
 */
#ifndef UNECHO_DTLN_STAGES_H
#define UNECHO_DTLN_STAGES_H

#include <stddef.h>

/*
 * Row t belongs to hop t of a run. The addresses are fixed for the stream's lifetime, so tensors
 * may be bound to them.
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
    const char *name; /* "onnxruntime", or that of the kernels */
    size_t rows;      /* capacity of its scratch memory */
    /*
     * Run `hops` rows of each of `count` streams in the scratch memory of `host`. The streams may
     * run together (suppressor_kind.together). Returns UNECHO_OK or UNECHO_ERROR_BACKEND; after a
     * failure the output is undefined, and the caller resets the stages before the next run.
     */
    int (*stage1)(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops);
    int (*stage2)(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops);
    /* Set all states to zero. */
    void (*reset)(dtln_stages *s);
    /* Release everything but the stream's own memory. */
    void (*close)(dtln_stages *s);
};

#endif
