/*
 * The far end on its way to the network's clock: a queue of what the caller brought, at its own
 * rate, and behind it the same at 16 kHz, with as much of the past as the delay may reach back.
 */
#ifndef UNECHO_FAR_END_H
#define UNECHO_FAR_END_H

#include "dsp/resampler.h"
#include "fifo.h"
#include "kernels/kernels.h"

typedef struct far_end_plan {
    unsigned rate;
    int drifts;   /* far_end_drift may be called */
    size_t queue; /* the most native frames that wait */
    size_t past;  /* samples at 16 kHz that can still be read */
    int pushed;   /* comes apart from the microphone, and may come late or not at all */
} far_end_plan;

typedef struct far_end {
    far_end_plan plan;
    fifo queue;
    resampler resampler;
    int resampling; /* else native frames are samples at 16 kHz */
    float *past;    /* a ring: sample i at i % plan.past */
    float *scratch;
    uint64_t made;  /* samples at 16 kHz so far */
    uint64_t taken; /* native frames that have left the queue */
    double jumped;  /* samples put in or left out, where the clock went on without frames */
    int starved;    /* nothing came in time, and silence has been put in its place */
    int overrun;    /* it did not fit, and nothing has been used since */
    uint64_t missing_frames, dropped_frames;
} far_end;

void far_end_layout(far_end *f, arena *a, const far_end_plan *plan);
void far_end_start(far_end *f, const kernels *k);
void far_end_reset(far_end *f);

/*
 * Before the parts of what comes at once: where something did not fit before and the microphone
 * still stands, what waits is as old as what was dropped, and goes too.
 */
void far_end_begin(far_end *f);

/*
 * n <= FAR_END_PART native frames that follow the last, the first of which was played at sample
 * `now` of the 16 kHz clock if there was a gap before it. Where they do not fit, all that
 * waits is dropped: the microphone has been standing still.
 */
enum { FAR_END_PART = 256 };
void far_end_push(far_end *f, const float *x, size_t n, uint64_t now);

/*
 * Make samples up to number `target`, from native frames before number `limit` only (the count of
 * all that have come: no limit). Bounded work: what is still missing then comes with the next
 * calls.
 */
void far_end_advance(far_end *f, uint64_t target, uint64_t limit);

/* Samples first..first+n at 16 kHz; silence where they are not there yet or any more. */
void far_end_read(const far_end *f, float *to, int64_t first, size_t n);

/* From here on the far end's clock is so much faster than its rate says. */
void far_end_drift(far_end *f, double drift);

/* How far drift has moved a sample from where it would lie, in samples at 16 kHz. */
double far_end_slip(const far_end *f);

/* How many samples at 16 kHz the newest lags what has come, for the filter's look ahead. */
size_t far_end_lag(const far_end *f);

#endif
