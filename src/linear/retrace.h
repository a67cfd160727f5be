/*
 * Looks for the echo in another place: what the kept echo path makes of the far end, in the last
 * hops and up to 100 ms either way, is correlated with the microphone. Samples that were lost on
 * one side move the whole echo, and all of it counts here; so a few hops are enough, where the
 * aligner, who knows nothing of the path, needs a third of a second.
 *
 * Real-time safe; takes as long as some ten hops of the filter. Lives on the stack.
 */
#ifndef UNECHO_RETRACE_H
#define UNECHO_RETRACE_H

#include "kalman.h"

enum {
    /* Hops of the microphone, of which lags either way, and of the echo estimate for both. */
    RETRACE_HOPS = 16,
    RETRACE_REACH = 13,
    RETRACE_BLOCKS = RETRACE_HOPS + 2 * RETRACE_REACH - 1,
    /* Partitions of the path that are looked at, neighbours. */
    RETRACE_PARTITIONS = 6,
    /* 250 Hz to 4.2 kHz. */
    RETRACE_BIN_FIRST = 4,
    RETRACE_BINS = 64,
    RETRACE_ROW = 80
};

/* A whitened spectrum. */
typedef struct retrace_frame {
    int8_t x[2 * RETRACE_BINS];
    float square; /* of its magnitudes, the mean */
    float power;  /* before it was whitened */
} retrace_frame;

typedef struct retrace {
    const kalman *filter;
    size_t hops;  /* of the microphone */
    size_t first; /* partition */
    float path[PATHS_MOST][RETRACE_PARTITIONS][2][RETRACE_ROW];
    /* The far end's last blocks, a ring, and its last hop; the echo estimate's last one. */
    float far[PATHS_MOST][RETRACE_PARTITIONS][2][RETRACE_ROW];
    float far_before[PATHS_MOST][UNECHO_HOP], echo_before[UNECHO_HOP];
    size_t taken; /* hops of the far end */
    float level[RETRACE_BINS];
    retrace_frame echo[RETRACE_BLOCKS];
} retrace;

/* Whether it is time to look: the filter has lost an echo that it had. */
int retrace_is_due(const kalman *c);
/* Returns how many hops ago the first hop of the far end is that it needs. */
int64_t retrace_start(retrace *r, const kalman *c);
/* Take the far end's next hop; nonzero while it needs more, of hops to come in the end. */
int retrace_take(retrace *r, const float *const *far);
typedef enum retrace_answer { RETRACE_UNKNOWN, RETRACE_IN_PLACE, RETRACE_MOVED } retrace_answer;
/* Where the echo is; how many samples later than it was goes to `later`. */
retrace_answer retrace_find(const retrace *r, kept_path *k, int64_t *later);

#endif
