/*
 * The canceller, over whole hops at 16 kHz: the linear filter, the suppressor behind it, the bypass
 * around the suppressor, and the levels. It knows nothing of the caller's chunks and formats.
 */
#ifndef UNECHO_CANCELLER_H
#define UNECHO_CANCELLER_H

#include "align/aligner.h"
#include "bypass.h"
#include "heard.h"
#include "levels.h"
#include "limiter.h"
#include "linear/kalman.h"
#include "rumble.h"
#include "suppress/suppressor.h"
#include "unecho.h"

typedef struct canceller {
    kalman *linear; /* NULL: the suppressor gets the microphone instead of the error */
    suppressor *suppressor;
    size_t hops_at_once;
    size_t past; /* samples that the suppressor looks back on */
    size_t lag;  /* samples by which the output lags the input */
    /* Lines: the last `past` samples, then room for hops_at_once new hops. The linear filter's
     * error and echo estimate; without it the microphone, and NULL. */
    float *far, *error, *echo;
    /* With the last `lag` samples: the microphone, and before anything was cut from it. */
    float *mic, *raw;
    float *side; /* [UNECHO_HOP], beside the new hop of `far`; NULL: the far end has one lane */
    heard_end heard;
    levels levels;
    bypass bypass;
    suppressor_settings settings;
    int cuts_rumble; /* from what a network hears of the linear filter */
    float far_gain;  /* of the far end that it hears, at the end of the newest hop */
    rumble rumble;
    int limits; /* the output to what the microphone had */
    limiter limiter;
    float near_end;         /* probability that the near end talks in the newest hop; -1: unknown */
    uint64_t near_end_hops; /* in which it is at least a half */
    uint64_t failed_hops;   /* whose output from the suppressor was unusable */
    uint64_t restarts;      /* bit t: at hop t of the next run the suppressor restarts */
} canceller;

/* Includes the suppressor's memory. */
void canceller_layout(canceller *c, arena *a, const suppressor_plan *plan);

/*
 * Call once, after the layout; then canceller_reset before the first run. Returns a status; on
 * failure nothing is left to close.
 */
int canceller_start(canceller *c, const suppressor_plan *plan, const fft *transform,
                    const message *to);
void canceller_close(canceller *c);
void canceller_reset(canceller *c);
/* Another call on the same devices begins, after silence: forget what only the last one held. */
void canceller_next_call(canceller *c);
/* Follow c->settings from the next run on. */
void canceller_set(canceller *c);

/* Write the next hops of microphone, also as it was, and far end here before canceller_run; the far
 * end's side, if it has one, to c->side before canceller_filter. */
float *canceller_mic(canceller *c);
float *canceller_raw(canceller *c);
float *canceller_far(canceller *c);

/*
 * Report that the far end jumps at hop t of the next run. Returns how many of the hops before it
 * canceller_remember needs, oldest first, from where the far end is read now.
 */
size_t canceller_jump(canceller *c, size_t t, const aligner_jump *jump);
void canceller_remember(canceller *c, const float *const *far);
/* The same where the far end was not there yet. */
size_t canceller_hear_again(canceller *c);
/* Whether the echo is where the filter had it. */
far_end_echo canceller_echo(const canceller *c);

/* Filter hop t of the next run; microphone and far end are in place. blind: this far end had not
 * come when it was needed. */
void canceller_filter(canceller *c, size_t t, int blind);

/*
 * Advance `count` cancellers by `hops` hops each, in the scratch memory of `host`'s suppressor:
 * count * hops <= its rows, count or hops is 1, and all suppressors may run together. out[i] [hops
 * * UNECHO_HOP] lags the new microphone samples by `lag`; mic[i], of the same length, gets the
 * microphone as it was at that lag. The output of each is the same, bit for bit, as if it ran
 * alone. Real-time safe if the suppressors are. If one fails, returns its status; all output is
 * silence, and the suppressors restart. A hop that a suppressor fills with what is no signal is
 * replaced by the filter's error, and that suppressor is reset.
 */
int canceller_run(canceller *host, canceller *const *all, float *const *out, float *const *mic,
                  size_t count, size_t hops);

/* What the linear filter has counted; zeros without one. */
kalman_stats canceller_linear(const canceller *c);

#endif
