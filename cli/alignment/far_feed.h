/* The far end of a pair, changed by a plan. */
#ifndef UNECHO_CLI_FAR_FEED_H
#define UNECHO_CLI_FAR_FEED_H

#include "alignment/far_plan.h"
#include "files/ends.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct far_feed {
    ends *pair;
    const struct far_plan *plan; /* NULL: no changes */
    size_t edit;                 /* the next one */
    uint64_t at;                 /* frames of the recording read */
    uint64_t silence;            /* frames of it still to give */
    uint64_t dropped, inserted;
};

/* As ends_read_far_channels. */
bool far_feed_read(struct far_feed *feed, float *samples, size_t n, size_t *got);

#endif
