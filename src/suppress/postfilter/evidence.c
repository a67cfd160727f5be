#include "evidence.h"

#include "dsp/bounds.h"
#include "features.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Smoothing per hop. */
static const float smoothing = 0.2f, echo_smoothing = 0.5f, near_smoothing = 0.04f;
/* The leak follows its low values: 20 dB a second down, 1 dB up, so that seconds of near end do not
 * raise it much. Per hop. */
static const float leak_down = 0.963829f, leak_up = 1.001844f;
static const float leak_least = 1e-3f, leak_most = 4.0f;
/* Bands whose echo estimate is below this, or this share of the error, say nothing of the leak. */
static const float echo_least = 1e-9f, echo_share = 0.05f;
/* Without that much of an echo estimate nothing is known to be removed. */
static const float echo_present = 1e-3f;
/* Above the usual leak by this factor, 13 dB, an error is not echo alone; nor noise by this one. */
static const float leak_margin = 20.0f, noise_margin = 4.0f;
/* The same for tones beside an echo whose path is known to be right, as a share of it: 7 dB. */
static const float proven_margin = 0.25f;
/* While tones are held beside such an echo what exceeds the leak is theirs. */
static const float tones_held = 0.5f;
/* The error resembles the far end when the echo path has changed. Signals that are independent have
 * a coherence of about 0.25 over so few hops. */
static const float independent = 0.32f, resembling = 0.42f;
/* How much more echo than error the microphone has to hold before a path is known to be right. */
static const double mostly_echo = 2.0;
/* The lowest bands are hum and rumble. */
enum { COHERENCE_FIRST = 4 };
/* Share of near end and network's opinion, together: residual echo has up to the first. */
static const float doubtful = 0.5f, certain = 0.9f;
/* So much counts what the network says of who talks, which is right in most hops that it mutes. */
static const float perhaps = 0.5f, surely = 0.9f;

void evidence_layout(evidence_memory *m, arena *a)
{
    float **const rows[] = {&m->error, &m->echo, &m->leak, &m->coherence};
    enum { ROWS = sizeof rows / sizeof *rows };
    m->all_count = ROWS * POSTFILTER_BANDS;
    m->all = arena_floats(a, m->all_count);
    for (size_t i = 0; m->all && i < ROWS; i++)
        *rows[i] = m->all + i * POSTFILTER_BANDS;
    tones_layout(&m->tones, a);
}

void evidence_reset(evidence_memory *m)
{
    memset(m->all, 0, m->all_count * sizeof *m->all);
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        m->leak[b] = leak_most;
    m->near_end = m->opinion = m->exceeded = m->held = 0.0f;
    m->proven = (proven_path){0};
    tones_reset(&m->tones);
}

/* What a hop shows in the bands, each [POSTFILTER_BANDS]. */
typedef struct hop_bands {
    float level[POSTFILTER_BANDS];  /* of the noise */
    float weight[POSTFILTER_BANDS]; /* of the band, its amplitude */
    float leaks[POSTFILTER_BANDS];  /* the most that the linear filter leaves */
    float least[POSTFILTER_BANDS];  /* of the error, over five hops or one */
    float share[POSTFILTER_BANDS];  /* of near end in the error */
    float above[POSTFILTER_BANDS];  /* the noise: the share of the error */
} hop_bands;

/* Loops over bands without branches or sums: the compiler makes vectors of them. */
static void follow_powers(evidence_memory *m, const float *restrict error,
                          const float *restrict echo, const float *restrict of_echo,
                          const float *restrict of_far)
{
    float *restrict const e = m->error, *restrict const y = m->echo;
    float *restrict const c = m->coherence;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        e[b] += smoothing * (error[b] - e[b]);
        y[b] += echo_smoothing * (echo[b] - y[b]);
        /* As it was before the features were normalised. */
        const float now = (of_echo[b] > of_far[b] ? of_echo[b] : of_far[b]) / 3.0f + 0.3f;
        c[b] += smoothing * (now - c[b]);
    }
}

static void follow_leak(float *restrict leak, const float *restrict error,
                        const float *restrict echo, float up)
{
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float e = error[b], y = echo[b];
        const float moved = leak[b] * (e > leak[b] * y ? up : leak_down);
        if (y > echo_least && y > echo_share * e)
            leak[b] = within(moved, leak_least, leak_most);
    }
}

static void share_bands(hop_bands *restrict h, const evidence_memory *m,
                        const float *restrict newest)
{
    const float *restrict const e = m->error, *restrict const y = m->echo;
    const float *restrict const leak = m->leak;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        h->leaks[b] = leak_margin * leak[b] * y[b];
        h->least[b] = newest[b] < e[b] ? newest[b] : e[b];
        h->weight[b] = sqrtf(e[b]);
        const float left = 1.0f - (h->leaks[b] + noise_margin * h->level[b]) / h->least[b];
        h->share[b] = left > 0.0f ? left : 0.0f;
        const float above = 1.0f - noise_margin * h->level[b] / e[b];
        h->above[b] = above > 0.0f ? above : 0.0f;
    }
}

/* Raise the gains to the fourth root of the shares: with the exponent that follows, about the
 * amplitude of the near end. */
static void raise_to(float *restrict gains, const float *restrict sure,
                     const float *restrict shares)
{
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float least = sure[b] * sqrtf(sqrtf(shares[b]));
        gains[b] = gains[b] < least ? least : gains[b];
    }
}

/* Whether the echo path is known to be right, most of the microphone is echo, and something else
 * has been heard since. */
static int path_is_proven(proven_path *p, const float *mic, const float *error, const float *echo)
{
    double of_mic = 0.0, of_error = 0.0, of_echo = 0.0;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        of_mic += (double)mic[b];
        of_error += (double)error[b];
        of_echo += (double)echo[b];
    }
    proven_next(p, of_mic, of_error, of_echo);
    return p->joined && p->echo > mostly_echo * p->error;
}

/* Whether the linear filter removes that much of a band that something is known of its error. */
static bool is_removed(const evidence_memory *m, size_t b)
{
    return m->echo[b] >= echo_present * m->error[b];
}

/* What the bands show together, each by its amplitude. */
static void follow_means(evidence_memory *m, const hop_bands *h, const float *gains)
{
    float all = 1e-12f, near_end = 0.0f, opinion = 0.0f, above = 0.0f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        all += h->weight[b];
        near_end += is_removed(m, b) ? h->weight[b] * h->share[b] : 0.0f;
        opinion += h->weight[b] * gains[b];
        above += h->weight[b] * h->above[b];
    }
    m->near_end += near_smoothing * (near_end / all - m->near_end);
    m->opinion += smoothing * (opinion / all - m->opinion);
    m->exceeded = above / all;
}

/* How certain it is that the error does not resemble the far end, 0 to 1. */
static float difference(const evidence_memory *m, const hop_bands *h)
{
    float heard = 1e-12f, coherence = 0.0f;
    for (size_t b = COHERENCE_FIRST; b < POSTFILTER_BANDS; b++) {
        heard += h->weight[b];
        coherence += h->weight[b] * m->coherence[b];
    }
    return 1.0f - ramp(coherence / heard, independent, resembling);
}

void evidence_raise(evidence_memory *m, const float *power, const float *tonal,
                    const float *features, const noise_floor *noise, float talk, float *gains)
{
    enum { BANDS = POSTFILTER_BANDS };
    const float *const error = power + SIGNAL_ERROR * BANDS;
    const float *const mic = power + SIGNAL_MIC * BANDS;
    const float *const echo = power + SIGNAL_ECHO * BANDS;
    hop_bands h;
    float sure[BANDS], of_tones[BANDS], beside_tones[BANDS];
    for (size_t b = 0; b < BANDS; b++)
        h.level[b] = noise[b].level;
    follow_powers(m, error, echo, features + 4 * BANDS, features + 6 * BANDS);
    const int proven = path_is_proven(&m->proven, mic, error, echo);
    follow_leak(m->leak, m->error, m->echo, proven && m->held > tones_held ? 1.0f : leak_up);
    share_bands(&h, m, error);
    for (size_t b = 0; b < BANDS; b++)
        beside_tones[b] = proven ? proven_margin * h.leaks[b] : h.leaks[b];
    follow_means(m, &h, gains);
    const float differs = difference(m, &h), told = ramp(talk, perhaps, surely);
    const float shown = fmaxf(ramp(m->near_end + m->opinion, doubtful, certain), told);
    const tones_heard heard = {
        .error = m->error,
        .weight = h.weight,
        .least = h.least,
        .echo = beside_tones,
        .far = power + SIGNAL_FAR * BANDS,
        .tonal = tonal + SIGNAL_ERROR * BANDS,
        .far_tonal = tonal + SIGNAL_FAR * BANDS,
        .noise = h.level,
        .talk = talk,
        .proven = proven,
        .differs = differs,
    };
    m->held = tones_find(&m->tones, &heard, of_tones);
    if (differs * shown > 0.0f) {
        for (size_t b = 0; b < BANDS; b++)
            sure[b] = differs * (is_removed(m, b) ? shown : told);
        raise_to(gains, sure, h.share);
    }
    if (m->held > 0.0f) {
        for (size_t b = 0; b < BANDS; b++)
            sure[b] = m->held;
        raise_to(gains, sure, of_tones);
    }
}
