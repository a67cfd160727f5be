/*
 * The canceller, over whole hops: the linear filter; behind it or alone the network's two stages,
 * with framing, transforms, masking and overlap-add around them. It knows nothing of the caller's
 * chunks and sample formats.
 */
#ifndef UNECHO_CANCELLER_H
#define UNECHO_CANCELLER_H

#include "align/aligner.h"
#include "backend.h"
#include "bypass.h"
#include "levels.h"
#include "linear/kalman.h"
#include "network/dtln.h"
#include "unecho.h"

enum {
    /* What a block holds besides its newest hop; also the network's latency. */
    CANCELLER_HISTORY = DTLN_BLOCK - DTLN_HOP,
};

typedef struct canceller {
    const kernels *k;
    const fft *fft;
    kalman *linear;   /* NULL: the network hears the microphone itself */
    backend *backend; /* NULL: the linear filter's error is the output */
    size_t lag;       /* of the output: CANCELLER_HISTORY, or 0 without network */
    /* The far line, magnitudes, mask, estimate and block are the backend's as well. */
    backend_buffers io;
    /*
     * Lines: the last `lag` samples, then room for hops_at_once new hops; the far end's is io.far.
     * The microphone as it came; what the network hears of it, the same line or the linear filter's
     * error; that filter's echo estimate.
     */
    float *raw, *mic, *echo;
    /* Overlap-add: the sums of the blocks so far. Same size. */
    float *sums;
    float *re, *im; /* [hops_at_once][DTLN_BINS_ROW] */
    levels levels;
    bypass bypass;
    /* Bit t: with hop t of the next run, the network starts anew; the linear filter does; that
     * keeps the echo path and forgets the far end. */
    uint64_t restarts, relearns, forgets;
} canceller;

typedef struct canceller_plan {
    unecho_engine engine;
    size_t hops_at_once;
    size_t partitions; /* of the linear filter */
} canceller_plan;

void canceller_layout(canceller *c, arena *a, const canceller_plan *plan);

/*
 * Once laid out: who transforms, and who computes (NULL without network); fail_open as in
 * unecho_config. To be reset before the first run.
 */
void canceller_start(canceller *c, const kernels *k, const fft *f, backend *b, int fail_open);
void canceller_reset(canceller *c);

/* Where the next hops of microphone and far end are to be written before canceller_run. */
float *canceller_mic(canceller *c);
float *canceller_far(canceller *c);

/* With hop t of the next run the far end jumps. */
void canceller_jump(canceller *c, size_t t, const aligner_jump *jump);

/*
 * Advance by 1 to hops_at_once hops. out [hops * DTLN_HOP] lags the new microphone samples by
 * `lag`; mic, as long, is what the microphone had there. Real-time safe if the backend
 * is. Where that fails, its status is returned, out is silence, and the network starts anew with
 * the next hops.
 */
int canceller_run(canceller *c, float *out, float *mic, size_t hops);

/*
 * Advance each of `count` cancellers by one hop, out[i] and mic[i] [DTLN_HOP] for canceller i; all
 * on the native backend with one network. Uses the scratch of `host`, which has rows for `count`
 * hops. Each gets what it would get alone, bit for bit.
 */
void canceller_run_many(canceller *host, canceller *const *all, float *const *out,
                        float *const *mic, size_t count);

/* What the linear filter has counted; zeros where there is none. */
kalman_stats canceller_linear(const canceller *c);

#endif
