/*
 * The echo paths from the lanes of the far end into the microphone, each an adaptive filter of its
 * own, whose echoes add up. A lane that plays nothing is left out, whatever it costs else. Knows
 * nothing of the microphone.
 */
#ifndef UNECHO_PATHS_H
#define UNECHO_PATHS_H

#include "arena.h"
#include "kept.h"
#include "kernels/kernels.h"

/* Lanes of the far end: what all channels play, and what one plays more than the other. */
enum { PATHS_MOST = 2 };

typedef struct echo_path {
    partitions filter;
    float *history; /* [UNECHO_HOP], the lane's previous hop */
    double history_energy;
    float *power;       /* a row: of the weights, bin by bin */
    size_t silent;      /* blocks since the last one with sound in it */
    size_t constrained; /* the partition whose turn it is */
} echo_path;

typedef struct echo_paths {
    const kernels *k;
    const fft *fft;
    echo_path all[PATHS_MOST];
    size_t count;
} echo_paths;

/* count: of lanes; partitions of 8 ms each, `ring` and `recent` as in kernels.h. */
void paths_layout(echo_paths *e, arena *a, size_t count, const partitions *sizes);
void paths_start(echo_paths *e, const kernels *k);

/* With memory that is zero: no echo is known, and variance[p] is that of partition p. */
void paths_restart(echo_paths *e, const float *variance);
/* Forget what the lanes have played. */
void paths_forget_far_end(echo_paths *e);

/* The lanes' next hop; returns its energy. */
double paths_take(echo_paths *e, const float *const *far);
/* Whether nothing that the filters reach has sound in it. */
int paths_silent(const echo_paths *e);

/* The kernels of these names (kernels.h), summed over the paths. Not while all are silent. */
void paths_predict(echo_paths *e, const prediction *to);
/* `unrest` is scratch, and a->unrest that row: of each bin, `rest` of the weights' mean power there
 * and everywhere. */
void paths_adapt(echo_paths *e, const adaptation *a, float rest, float *unrest, const reuse *r);
void paths_correct(echo_paths *e, const reuse *r);

/* The energy of the responses, as far as has been learnt of late. */
float paths_energy(const echo_paths *e);

/* The response of a partition, [UNECHO_HOP]. */
void paths_read_filter(const echo_paths *e, const echo_path *p, size_t partition, float *response);
void paths_write_filter(const echo_paths *e, const echo_path *p, size_t partition,
                        const float *response);

/*
 * The filter of a partition is 128 samples long; the update also writes to the other 128 of its
 * transform. They are cleared in so many partitions of each path, in turn, which are kept; NULL:
 * are not.
 */
void paths_constrain(echo_paths *e, size_t count, kept_path *keep);

#endif
