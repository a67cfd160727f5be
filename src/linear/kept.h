/*
 * The echo path as it was while the filter last cancelled, and whether it does now. A delay that
 * jumps makes the filter worse than none, and a few hops later it has unlearnt what it knew; this
 * is what it knew. Knows nothing of the far end.
 */
#ifndef UNECHO_KEPT_H
#define UNECHO_KEPT_H

#include "arena.h"
#include "unecho.h"

#include <stdint.h>

typedef struct kept_path {
    size_t lanes, count;
    int16_t *response;      /* [lanes][count][UNECHO_HOP], see dsp/packed16.h */
    float *unit;            /* [lanes][count] */
    float *energy;          /* [lanes][count] */
    size_t since;           /* partitions of the first lane that were kept since kept_forget */
    double mic, error, far; /* energies, smoothed */
    double heard;           /* of the microphone over the far end, while the filter cancels */
    int good;               /* whether the filter cancels */
    int blind;              /* whether the far end had not come when it was needed */
    /* Hops with sound since it has not; below 0, the echo was heard in its place all the same. */
    int lost;
    int astray;        /* of these, those in which the far end was heard */
    int more;          /* whether the newest is one of them */
    int unlearnt;      /* whether the filter has begun anew since */
    int64_t candidate; /* where the echo may be by now, see retrace.h */
} kept_path;

void kept_layout(kept_path *k, arena *a, size_t lanes, size_t count);
void kept_reset(kept_path *k);
/* What is kept fits no more: the far end is read elsewhere. */
void kept_forget(kept_path *k);

/* The filter begins anew; what is kept may still fit somewhere. */
void kept_again(kept_path *k);

/* The next hop's energies. */
void kept_follow(kept_path *k, double far, double mic, double error);
/* Keep a partition, response [UNECHO_HOP]. */
void kept_take(kept_path *k, size_t lane, size_t partition, const float *response);

/* The echo is heard where it has been: something else is in the microphone. */
void kept_confirm(kept_path *k);

/* Whether the echo is no longer where it was: not heard there for so long, while the far end plays.
 */
int kept_has_lost(const kept_path *k);

/* Whether all of the path is there. */
int kept_is_whole(const kept_path *k);
void kept_read(const kept_path *k, size_t lane, size_t partition, float *response);
/* Of all lanes. */
float kept_energy(const kept_path *k, size_t partition);

#endif
