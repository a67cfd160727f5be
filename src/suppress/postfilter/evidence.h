/*
 * What the linear filter tells about the near end. In a band whose error lies far above what the
 * filter usually leaves of the echo, and does not resemble the far end, most of the error is near
 * end: the network's gain may not fall below that share there. So a voice or music that the network
 * takes for residual echo is heard where the filter alone has removed the echo. Where the network
 * says that the near end talks, this holds without an echo, too.
 */
#ifndef UNECHO_POSTFILTER_EVIDENCE_H
#define UNECHO_POSTFILTER_EVIDENCE_H

#include "arena.h"
#include "dsp/noise_floor.h"
#include "linear/proven.h"
#include "model/postfilter_weights.h"
#include "tones.h"

/* The state of one stream; rows are [POSTFILTER_BANDS]. */
typedef struct evidence_memory {
    float *error;     /* power of the error, over five hops */
    float *echo;      /* of the echo estimate, over two */
    float *leak;      /* the first over the second while only the echo is heard */
    float *coherence; /* of the error with echo estimate or far end, the larger, over five hops */
    float near_end;   /* the share of near end in the error, over 0.2 s, 0 to 1 */
    float opinion;    /* the network's mean gain, over five hops */
    float exceeded;   /* how much of the error's amplitude is well above the noise, 0 to 1 */
    float held;       /* how certain it is that the near end sings or plays, 0 to 1 */
    proven_path proven;
    tones_memory tones;
    float *all; /* what the pointers point to, all_count floats */
    size_t all_count;
} evidence_memory;

void evidence_layout(evidence_memory *m, arena *a);
void evidence_reset(evidence_memory *m);

/*
 * Advance by one hop, and raise the network's gains [POSTFILTER_BANDS], before their exponent.
 * power [SIGNALS][POSTFILTER_BANDS]: means in the bands; tonal, of the same shape: what tones are
 * of the wider bands, for the error and the far end; features: of this hop; noise: in the error;
 * talk: the probability that the near end talks, 0 if nothing tells.
 */
void evidence_raise(evidence_memory *m, const float *power, const float *tonal,
                    const float *features, const noise_floor *noise, float talk, float *gains);

#endif
