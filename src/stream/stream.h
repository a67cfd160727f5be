/* The stream as the parts of this folder share it. */
#ifndef UNECHO_STREAM_H
#define UNECHO_STREAM_H

#include "canceller.h"
#include "samples.h"
#include "unecho.h"

struct unecho {
    canceller canceller;
    unecho_model *model;
    fft *transform; /* the canceller's, where there is no network that has one */
    int whole_hops;
    /* Samples of the hop that is being collected, 0 <= pending < UNECHO_HOP. */
    size_t pending;
    /* Output not yet handed out: with pending, always a hop (none with whole_hops). */
    float *ready;
    size_t ready_count;
    uint64_t samples, guarded_samples;
    void (*release)(void *user, void *memory);
    void *user;
    void *memory;
};

/* Take in n samples first..first+n of mic and far, no more than there is room for. Returns how many
 * hops they complete, which are to be run at once. */
size_t stream_collect(unecho *s, const void *mic, const void *far, sample_format format,
                      size_t first, size_t n);
/* Where those hops' output goes. */
float *stream_output(unecho *s);
/* They have run. */
void stream_advance(unecho *s, size_t hops);
/* Hand out n samples that are ready. */
void stream_give(unecho *s, void *out, sample_format format, size_t first, size_t n);

#endif
