/*
 * Brings far end and echo together: looks for the delay, decides by how much the far end is moved,
 * and at which rate it is resampled so that its clock is the microphone's. Hop by hop, 16 kHz.
 *
 * Real-time safe but for the layout.
 */
#ifndef UNECHO_ALIGNER_H
#define UNECHO_ALIGNER_H

#include "delay.h"
#include "drift.h"
#include "front/far_end.h"
#include "shape.h"
#include "unecho.h"

typedef struct aligner_plan {
    unecho_align mode;
    int64_t fixed; /* samples, for UNECHO_ALIGN_FIXED */
    size_t late;   /* how much far end there is ahead of the microphone */
    size_t tail;   /* of the linear filter, in samples; 0: none */
    size_t past;   /* how much far end that filter looks back on */
} aligner_plan;

/* Why the far end jumps. */
typedef enum aligner_kind {
    ALIGNER_STAYED,   /* nothing was decided */
    ALIGNER_MOVED,    /* it is read elsewhere; the echo's delay is the same */
    ALIGNER_FOUND,    /* the echo has another delay */
    ALIGNER_TOLD,     /* a gap was reported: the echo follows the far end as before */
    ALIGNER_FOLLOWED, /* all of the echo has moved as much, and nobody has said so */
} aligner_kind;

typedef struct aligner {
    aligner_plan plan;
    delay delay;
    drift drift;
    shape shape;
    unsigned looks;    /* in a row that have not found the shape again */
    uint64_t seen;     /* the hop at which it was found last, */
    double seen_lag;   /* and the delay by then */
    double pace;       /* samples a second, if the last jump after a pause was none but drift */
    uint64_t sure;     /* until that hop the delay that is held is none other, */
    uint64_t found;    /* and until that one it was found elsewhere just before */
    unsigned missed;   /* looks in a row without a peak at the delay that is held */
    unsigned steady;   /* looks in a row that found nothing new */
    float *mic;        /* the last two frames and one sample before */
    uint64_t hops;     /* so far, with those of aligner_skip and aligner_slide */
    uint64_t far_next; /* the next frame of the far end to be looked at */
    /* A delay that has been seen but is not believed yet, and what its peaks count. */
    double candidate;
    unsigned sightings;
    int locked;
    double home;       /* the lag that drift is corrected to; */
    double apart;      /* so much had drift made of it before that was known */
    double correction; /* what the resampler does: relative change of rate, */
    double corrected;  /* and what it did, on average, since the correlation was heard */
    int64_t shift;     /* by how much the far end is moved now */
    int64_t shift_before;
    int64_t moved; /* by gaps that were reported */
    /* The last gap in the far end: its samples, and the first one after it. */
    int64_t gap, gap_end;
    aligner_kind kind; /* of the next jump */
    float height;
    uint32_t realignments;
} aligner;

/* The longest delay in samples. */
enum { ALIGNER_MOST = UNECHO_DELAY_MAX_MS * (UNECHO_SAMPLE_RATE / 1000) };
/* How much of its past the far end has to keep. */
size_t aligner_past(const aligner_plan *plan);

void aligner_layout(aligner *a, arena *memory, const aligner_plan *plan);
void aligner_start(aligner *a, const kernels *k, const fft *f);
void aligner_reset(aligner *a);

/* By how many samples the far end comes later than in the hop before. */
typedef struct aligner_jump {
    int64_t samples;
    aligner_kind kind;
} aligner_jump;

/*
 * The next hop of the microphone; f has made what it could for it. Writes what the far end played
 * that this hop may hold the echo of to far[lane] [UNECHO_HOP], and tells f its drift.
 */
aligner_jump aligner_hop(aligner *a, const float *mic, far_end *f, float *const *far);

/* The far end `age` hops before the last one, from the place where it is read now. */
void aligner_past_hop(const aligner *a, const far_end *f, int64_t age, float *const *far);

/* Whether some of the far end of the last hop had not come yet, and will. */
int aligner_misses(const aligner *a, const far_end *f);

/* power [f->plan.upper]: of the far end above 8 kHz in the last hop, see far_end_upper. */
void aligner_upper(const aligner *a, const far_end *f, float *power);

/* The echo lags the far end by so many samples more than before: so many were lost, of it before
 * sample `end`, or of the microphone where it lags less, or where `end` is 0. */
void aligner_move(aligner *a, int64_t samples, int64_t end);

/* The echo was heard where it has been. */
void aligner_confirm(aligner *a);
/* All of the echo was found so many samples later. Where the delay has just been found, this only
 * says where the far end should be. */
void aligner_follow(aligner *a, int64_t samples);

/* The microphone goes on so many hops later, a multiple of what a frame has: the delay stays. */
void aligner_skip(aligner *a, uint64_t hops);
/* The microphone is numbered `frames` (1 or -1) frames higher from here on: every lag is so much
 * longer, and the far end is read where it was. */
void aligner_slide(aligner *a, int frames);
/* By how many hops that has been, since the reset. */
int64_t aligner_slid(const aligner *a);

typedef struct aligner_view {
    int aligned;
    double lag;   /* of the echo behind the far end's samples, in samples */
    double drift; /* positive: the far end's clock is faster */
    float confidence;
    uint32_t realignments;
} aligner_view;
aligner_view aligner_seen(const aligner *a);

#endif
