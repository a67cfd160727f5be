/* The far end of a pair, changed by a plan. */
#ifndef UNECHO_CLI_FAR_FEED_H
#define UNECHO_CLI_FAR_FEED_H

#include "alignment/far_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads n frames of all channels, as audio_reader_read. */
typedef bool far_source(void *source, float *frames, size_t n, size_t *got);

struct far_feed {
    far_source *read;
    void *source;
    unsigned channels;
    int rate;                    /* Hz */
    const struct far_plan *plan; /* NULL: no changes */
    size_t edit;                 /* the next one */
    uint64_t at;                 /* frames of the recording read */
    uint64_t silence;            /* frames of it still to give */
    uint64_t dropped, inserted;
};

/* As far_source. */
bool far_feed_read(struct far_feed *feed, float *samples, size_t n, size_t *got);

#endif
