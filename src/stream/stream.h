/* The stream as the parts of this folder share it. */
#ifndef UNECHO_STREAM_H
#define UNECHO_STREAM_H

#include "canceller.h"
#include "unecho.h"

struct unecho {
    canceller canceller;
    unecho_model *model;
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

#endif
