/*
 * The canceller, over whole hops at 16 kHz: the linear filter, the suppressor behind it, the bypass
 * around the suppressor, and the levels. It knows nothing of the caller's chunks and formats.
 */
#ifndef UNECHO_CANCELLER_H
#define UNECHO_CANCELLER_H

#include "align/aligner.h"
#include "bypass.h"
#include "levels.h"
#include "linear/kalman.h"
#include "rumble.h"
#include "suppress/suppressor.h"
#include "unecho.h"

typedef struct canceller {
    kalman *linear; /* NULL: the suppressor hears the microphone itself */
    suppressor *suppressor;
    size_t hops_at_once;
    size_t past; /* samples of every line before the new hops */
    size_t lag;  /* samples by which the output lags the input */
    /* Lines: the last `past` samples, then room for hops_at_once new hops. */
    float *mic, *far;
    /* The linear filter's error and echo estimate; without it the microphone, and NULL. */
    float *error, *echo;
    levels levels;
    bypass bypass;
    int cuts_rumble; /* from what a network hears of the linear filter */
    rumble rumble;
    /* Bit t: with hop t of the next run the suppressor starts anew; the linear filter does; the
     * linear filter keeps the echo path and forgets the far end. */
    uint64_t restarts, relearns, forgets;
} canceller;

/* The suppressor's own memory comes with it. */
void canceller_layout(canceller *c, arena *a, const suppressor_plan *plan);

/*
 * Once laid out. Returns a status; on failure nothing is left to close. To be reset before the
 * first run.
 */
int canceller_start(canceller *c, const suppressor_plan *plan, const fft *transform,
                    const message *to);
void canceller_close(canceller *c);
void canceller_reset(canceller *c);

/* Where the next hops of microphone and far end go before canceller_run. */
float *canceller_mic(canceller *c);
float *canceller_far(canceller *c);

/* With hop t of the next run the far end jumps. */
void canceller_jump(canceller *c, size_t t, const aligner_jump *jump);

/*
 * Advance `count` cancellers by `hops` hops each, in the scratch memory of `host`'s suppressor:
 * count * hops <= its rows, and their suppressors may run together. out[i] [hops * UNECHO_HOP] lags
 * the new microphone samples by `lag`; mic[i], as long, is what the microphone had there. Each gets
 * what it would get alone, bit for bit. Real-time safe if the suppressors are. If one fails its
 * status is returned, all output is silence, and the suppressors start anew with the next hops.
 */
int canceller_run(canceller *host, canceller *const *all, float *const *out, float *const *mic,
                  size_t count, size_t hops);

/* What the linear filter has counted; zeros without one. */
kalman_stats canceller_linear(const canceller *c);

#endif
