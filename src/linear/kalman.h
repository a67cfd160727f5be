/*
 * The linear canceller: a partitioned-block Kalman filter in the frequency domain (Enzner & Vary
 * 2006; Kuech, Mabande & Enzner 2014), overlap-save, one hop of 128 samples at 16 kHz at a time. It
 * removes the linear part of the echo and leaves everything else untouched. docs/linear.md says how
 * it differs from the papers; training/linear.py is the same algorithm in numpy.
 *
 * It does not know the caller's chunks, the alignment or the network. Microphone and far end
 * are aligned: the echo of a far-end sample begins with or up to about 100 ms after it.
 */
#ifndef UNECHO_KALMAN_H
#define UNECHO_KALMAN_H

#include "arena.h"
#include "dc_offset.h"
#include "faint.h"
#include "kept.h"
#include "kernels/kernels.h"
#include "misadjustment.h"
#include "paths.h"
#include "proven.h"
#include "unecho.h"

enum {
    KALMAN_HOP = UNECHO_HOP,
    KALMAN_BLOCK = 256,
    /* Of the echo path, 8 ms each; without _LEAST and _MOST the default. */
    KALMAN_PARTITIONS_LEAST = UNECHO_LINEAR_TAIL_MIN_MS / 8,
    KALMAN_PARTITIONS = 32,
    KALMAN_PARTITIONS_MOST = PARTITION_COUNT_MOST,
    /* Hops of the microphone that are kept, to learn from earlier blocks once more. */
    KALMAN_MICS = 20
};

/* Since the start or the last reset. */
typedef struct kalman_stats {
    uint64_t bounded_hops; /* whose output would have had more energy than the microphone */
    uint64_t diverged;     /* times that the filter was worse than none, and began anew */
    /* Over the hops whose far end is above UNECHO_FAR_ACTIVE_POWER: the linear ERLE's two sums. */
    uint64_t active_hops;
    double active_mic_energy, active_error_energy;
} kalman_stats;

typedef struct kalman {
    const kernels *k;
    echo_paths paths;
    unsigned char *memory; /* of paths and rows together, which lie side by side, */
    size_t size;           /* in bytes */
    float *rows;           /* what is tracked per bin */
    float *hop_rows;       /* while kalman_run runs: what it needs per bin, not to be kept */
    /* The microphone's last hops in 16 bits, a ring, [KALMAN_MICS][KALMAN_HOP], and their units. */
    int16_t *mics;
    float *mic_units;
    size_t newest_mic;
    float *error_before; /* [KALMAN_HOP], the last hop's error, before it was corrected */
    float shape[PARTITION_COUNT_MOST]; /* the prior over the partitions; its sum is 1 */
    misadjustment misadjustment;
    float onwards, lasting; /* of the last readjustment, and over 0.4 s */
    faint_far faint;
    proven_path proven;
    float held; /* as told, 0 to 1 */
    kept_path kept;
    double explained; /* share of the error that the filter's variance explains, smoothed */
    dc_offset offset;
    float correction; /* weight of what the hop itself adds to its estimate; 1 unless set */
    /* Smoothed energies of error and microphone. */
    double error_energy, mic_energy;
    kalman_stats stats;
} kalman;

/* count: of partitions of 8 ms, KALMAN_PARTITIONS_LEAST to KALMAN_PARTITIONS_MOST; lanes: of the
 * far end, up to PATHS_MOST. */
void kalman_layout(kalman *c, arena *a, size_t count, size_t lanes);

/* Once laid out: which kernels. To be reset before the first run. */
void kalman_start(kalman *c, const kernels *k);
void kalman_reset(kalman *c);

/* Forget the echo path and the far end, not what was counted: these are others now. */
void kalman_restart(kalman *c);
/* Forget the far end: this one goes on elsewhere, its way into the microphone is the same. */
void kalman_forget_far_end(kalman *c);

/*
 * From here on the far end comes `samples` later (negative: earlier), and its echo when it did. The
 * echo path is carried over; the far end is forgotten until kalman_remember brings back the last
 * kalman_reach hops of it, oldest first, from the new place. Real-time safe; as long as a few hops.
 */
void kalman_shift(kalman *c, int64_t samples);
/* The echo path as it was kept; the same for the far end. */
void kalman_recall(kalman *c);
size_t kalman_reach(size_t count); /* of a filter of so many partitions */
size_t kalman_count(const kalman *c);
void kalman_remember(kalman *c, const float *const *far);
/* Hop `age` of the microphone, up to KALMAN_MICS - 1: what is kept of it. */
void kalman_mic(const kalman *c, size_t age, float *hop);
/* The variance that partition p starts with. */
float kalman_prior(const kalman *c, size_t p);

/*
 * What somebody who hears more than the filter makes of the last hop's error: the share of each
 * bin's amplitude that is near end, [PARTITION_BINS], 0 to 1; NULL: nobody knows. Until it is told
 * otherwise the filter learns as much less from a bin as more of it is near end. Whatever it is
 * told, it goes on learning. held: how certain it is, 0 to 1, that the near end sings or plays: a
 * filter that is known to be right then hardly learns, as what it learnt would be the near end's
 * notes. Real-time safe; forgotten by a restart.
 */
void kalman_tell(kalman *c, const float *near_end, float held);

/*
 * One hop: mic, far[lane], error and echo are [KALMAN_HOP]; mic and far finite, |x| <= 100. A lane
 * that plays nothing costs nothing and changes no bit of the output. error is the microphone
 * without the echo estimate, echo that estimate: mic = error + echo within rounding. error may be
 * mic or far, echo too, but not both the same. No latency. A silent far end leaves the microphone
 * as it is, bit for bit. No hop's error has more energy than the microphone, but for 0.09 dB.
 * Real-time safe; the same bits with every kernel set.
 */
void kalman_run(kalman *c, const float *mic, const float *const *far, float *error, float *echo);

#endif
