/*
 * The delay of the echo behind the far end, by generalised cross-correlation with phase transform
 * (C. H. Knapp and G. C. Carter, "The generalized correlation method for estimation of time delay",
 * IEEE Trans. ASSP 24, 1976), over the frames in which the far end plays.
 *
 * The range of delays is cut into partitions of one frame. A few partitions a hop are looked at, so
 * that no hop costs much: the whitened cross spectra of the frames since the last time are added up
 * and transformed back, which is the partition's fresh correlation, and joins a long one that
 * remembers seconds. Both are given in multiples of the standard deviation that unrelated signals
 * have, which the whitening makes known. Around a delay that is sure, a few partitions can be
 * watched alone.
 *
 * 16 kHz on both sides. Real-time safe but for the layout.
 */
#ifndef UNECHO_DELAY_H
#define UNECHO_DELAY_H

#include "arena.h"
#include "coupling.h"
#include "kernels/kernels.h"

#include <stdint.h>

enum {
    DELAY_FRAME = FFT_SIZE / 2,
    /* 250 Hz to 4.2 kHz: where speech is, and small loudspeakers play. */
    DELAY_BIN_FIRST = 8,
    DELAY_BINS = 128,
    /* Peaks closer than 32 ms may belong to one room. */
    DELAY_ROOM = 2 * DELAY_FRAME,
};

/* A peak of the correlation's magnitude: loudspeakers may be wired either way. */
typedef struct delay_peak {
    float height; /* in standard deviations */
    float frames; /* how many frames it rests on */
    double lag;   /* of the echo behind the far end, in samples, between samples too */
} delay_peak;

typedef struct delay_partition {
    float weight;           /* sum of squares of what the long correlation has added up, */
    float age;              /* and how many frames ago, on average, weighted by these squares */
    uint64_t from;          /* the first frame of the microphone that has not been added */
    delay_peak fresh, slow; /* when it was last looked at */
    float played;           /* what the far end played for the fresh one: a sum of powers */
    coupling coupling;
} delay_partition;

/* A whitened frame in a ring. */
typedef struct delay_slot {
    uint32_t frame;      /* which one is in it, plus 1; 0: none, or a silent one */
    float square, power; /* means: of its magnitudes, and of its samples after pre-emphasis */
} delay_slot;

/* What was doubted when a frame of the microphone came: partitions before this one, where the
 * microphone was louder than the far end by more than that. */
typedef struct delay_doubt {
    uint32_t before;
    float most; /* a ratio of powers; 0: no echo was known, and each partition has its own */
} delay_doubt;

typedef struct delay {
    const kernels *k;
    const fft *fft;
    size_t partitions;
    size_t far_ring, mic_ring; /* frames that are kept */
    size_t frames_late;        /* how far lags reach below 0 */
    size_t echo;               /* the partition that the echo is in; `partitions`: not known */
    int seen;                  /* whether it is there, so that the frames say how loud it is */
    int16_t *slow; /* the long correlation, [partitions][DELAY_FRAME], in units of its own */
    /* Whitened spectra in rings, [far_ring] and [mic_ring][2][DELAY_BINS], and what is in them. */
    int8_t *far, *mic;
    delay_slot *fars, *mics;
    delay_doubt *doubts;          /* [mic_ring] */
    float *far_level, *mic_level; /* [DELAY_BINS] running means of the magnitudes */
    delay_partition *found;
    int64_t slid;      /* by how many frames delay_slide has moved the lags */
    uint64_t mic_end;  /* the number of the microphone's newest frame, plus 1, without these */
    size_t next, last; /* the partition to be looked at next, and in this round after all others */
    int heard;    /* whether a frame with an active far end has come since all were looked at */
    size_t looks; /* in a hop */
    int watching; /* whether only WATCHED partitions are looked at, from `next` on, */
    size_t left;  /* in the last of so many hops */
} delay;

/* Lags from -late (rounded up to frames) to most, in samples. */
void delay_layout(delay *d, arena *a, size_t most, size_t late);
void delay_start(delay *d, const kernels *k, const fft *f);
void delay_reset(delay *d);
/* The same, but for what delay_slide has done. */
void delay_restart(delay *d);
/* Forget the correlation, not the far end. */
void delay_forget(delay *d);
/* The microphone's frames are numbered `frames` (1 or -1) higher from here on: so much longer is
 * every lag. */
void delay_slide(delay *d, int frames);
/* The echo has this lag; what correlates earlier, or before the far end, is to be doubted. */
void delay_expect(delay *d, double lag);
void delay_expect_none(delay *d);
/* Whether the echo has been seen where it is expected. */
void delay_confirm(delay *d, int seen);

/* Frame number `frame` of the far end: x [1 + FFT_SIZE], that frame last, the one before it in
 * front of it, and one sample more. */
void delay_add_far(delay *d, uint64_t frame, const float *x);
/* Frame number `frame` of the microphone: x [1 + DELAY_FRAME], one sample more in front of it. The
 * far end's frames up to frame + frames_late should have come. */
void delay_add_mic(delay *d, uint64_t frame, const float *x);

/* Look at the next partitions; nonzero when all have been looked at since the last time, or those
 * that are watched, and a far end has been heard meanwhile. */
int delay_look(delay *d);

/*
 * From now on look only at the partitions around this lag, now and then; the others show no fresh
 * peak. Also where the lag has moved.
 */
void delay_watch(delay *d, double lag);
/* Look at all again, those that were watched last; what the rings do not hold any more the others
 * have missed. In a hurry twice as many in a hop, once: what is watched sees half as much as they.
 */
void delay_search(delay *d, int hurry);

/* The highest peak of a correlation, and the highest that cannot be of the same room. */
typedef struct delay_view {
    delay_peak best;
    float runner_up;
} delay_view;
delay_view delay_seen(const delay *d);
/* Of the fresh correlation alone. */
delay_view delay_seen_fresh(const delay *d);

/* Its highest peak within `gate` samples of a lag; of height 0: none. */
delay_peak delay_near_fresh(const delay *d, double lag, double gate);
/* What the far end played for it at a lag, as a sum of powers. */
float delay_played_fresh(const delay *d, double lag);

/* How many frames ago that was heard which the long correlation shows at a lag. */
double delay_age(const delay *d, double lag);

/* The long correlation from lag first to first + n, in standard deviations; 0 out of range. */
void delay_pattern(const delay *d, int64_t first, float *to, size_t n);

#endif
