/*
 * The far end: a queue of the caller's frames at their native rate, then a ring of samples at 16
 * kHz that reaches back as far as the aligner can delay the far end. Of several channels there are
 * two lanes, the mean and the side, which is nothing where all channels play the same.
 */
#ifndef UNECHO_FAR_END_H
#define UNECHO_FAR_END_H

#include "backlog.h"
#include "constant.h"
#include "dsp/resampler.h"
#include "kernels/kernels.h"
#include "sample_ring.h"
#include "upper_bands.h"

/* So many periods tell how much usually waits. */
enum { FAR_END_PERIODS = 4 };

typedef enum far_lane { FAR_MEAN, FAR_SIDE, FAR_LANES } far_lane;

typedef struct far_end_plan {
    unsigned rate;
    size_t lanes;        /* 1 or FAR_LANES */
    int drifts;          /* whether far_end_drift may be called */
    size_t queue;        /* capacity of the queue in native frames, */
    size_t backlog;      /* and of what waits in it for longer than a few hops; 0 if pushed */
    size_t past;         /* samples at 16 kHz that can still be read, */
    size_t fresh;        /* and of these, as they came; see sample_ring.h */
    int pushed;          /* arrives independently of the microphone, perhaps late or not at all */
    unsigned drain_hops; /* in which what is pushed at once has left the queue */
    size_t upper;        /* how many bands above 8 kHz far_end_upper tells; 0: none */
    double upper_lowest; /* where the first begins, in Hz */
} far_end_plan;

/* How much waits in the queue from hop to hop, in native frames. */
typedef struct queue_watch {
    size_t least;                  /* since `hops` hops */
    size_t usual[FAR_END_PERIODS]; /* the least of the periods before */
    unsigned hops, periods;
    size_t more, most;  /* the least and the most since it has been more than usual, */
    unsigned more_hops; /* so many hops ago */
    int anew;           /* silence has been filled in since the last period */
    size_t base;        /* the least of what was usual so far */
} queue_watch;

/* The samples of a lane. All lanes hold as many. */
typedef struct far_line {
    backlog queue;
    resampler resampler;
    constant constant;
    sample_ring past; /* as much as has been made, without the constant */
    uint64_t sound;   /* native frames up to the last that was not 0 */
    upper_meter upper;
} far_line;

typedef struct far_end {
    far_end_plan plan;
    far_line lines[FAR_LANES];
    int resampling; /* 0: native frames are samples at 16 kHz */
    /* Ring of what the meters told at every hop's end of `made`, [upper_hops][plan.upper]. */
    float *upper;
    size_t upper_hops;
    uint64_t made;                 /* samples at 16 kHz so far */
    uint64_t taken;                /* native frames that have left the queue */
    double jumped;                 /* samples of silence inserted, less samples dropped */
    int starved;                   /* no frames arrived in time, and silence took their place */
    uint64_t filled, filled_until; /* samples of silence in the last such gap, and where it ended */
    int overrun;                   /* the queue was full, and far_end_advance has not run since */
    queue_watch waiting;
    uint64_t missing;        /* samples of silence inserted, in all */
    uint64_t dropped_frames; /* native */
} far_end;

void far_end_layout(far_end *f, arena *a, const far_end_plan *plan);
/* transform has FFT_SIZE points and outlives the far end. Returns 0, or -1 if out of memory;
 * far_end_close in either case. */
int far_end_start(far_end *f, const kernels *k, const fft *transform);
void far_end_close(far_end *f);
void far_end_reset(far_end *f);

/*
 * Call before the far_end_push calls of one chunk. If the queue overran and the microphone has not
 * moved since, the queued frames are as stale as those dropped: drops them, too.
 */
void far_end_begin(far_end *f);

/*
 * Push the next n <= FAR_END_PART native frames, of each lane. After a gap, the first of them was
 * played at sample `now` of the 16 kHz clock. If the queue has no room, the microphone must have
 * stopped: drops everything queued.
 */
enum { FAR_END_PART = 256 };
void far_end_push(far_end *f, const float *const *x, size_t n, uint64_t now);

/*
 * So many samples at 16 kHz were lost, and the next frame is there. Returns by how many the far end
 * is later than it would be without the loss, beyond the silence that took their place already:
 * less than 0 if that was longer.
 */
int64_t far_end_lost(far_end *f, int64_t samples, uint64_t now);

/*
 * Produce samples up to number `target`, from native frames before number `limit` only. Does a
 * bounded amount of work: later calls produce what is still missing.
 */
void far_end_advance(far_end *f, uint64_t target, uint64_t limit);

/* Whether the echo is where it has been. */
typedef enum far_end_echo {
    FAR_END_ECHO_HEARD,
    FAR_END_ECHO_LOST,
    FAR_END_ECHO_UNKNOWN, /* it has never been heard, or nobody listens */
} far_end_echo;

/*
 * Once a hop, of a far end that is pushed: by how many native frames more than before wait in the
 * queue and stay there. Bursts drain, and so the microphone must have lost that much, or silence
 * was filled in for frames that were late. Where the echo is lost, too, it is told sooner of what
 * does not drain at all.
 */
size_t far_end_surplus(far_end *f, far_end_echo echo);

/*
 * So many samples at 16 kHz more than ever since the far end began wait all the time: losses of the
 * microphone that are too short for far_end_surplus, or a far end whose clock is faster.
 */
size_t far_end_excess(const far_end *f);
/* From here on so many samples less wait. */
void far_end_hurry(far_end *f, size_t samples);

/* How many samples at 16 kHz all frames that have come make. */
uint64_t far_end_arrived(const far_end *f);

/* Samples first..first+n at 16 kHz; silence for those not made yet or no longer kept. */
void far_end_read(const far_end *f, far_lane lane, float *to, int64_t first, size_t n);

/* power [plan.upper]: of the hop whose first sample at 16 kHz is `first`, above 8 kHz, in bands, of
 * all lanes together; 0 for one not made yet or no longer kept. */
void far_end_upper(const far_end *f, int64_t first, float *power);

/* From here on the far end's clock runs at (1 + drift) times its nominal rate. */
void far_end_drift(far_end *f, double drift);

/* How far drift compensation has moved the newest sample so far, in samples at 16 kHz. */
double far_end_slip(const far_end *f);

/* By how many samples at 16 kHz the newest sample lags the input: the resampler's look ahead. */
size_t far_end_lag(const far_end *f);

#endif
