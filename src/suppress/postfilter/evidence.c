#include "evidence.h"

#include "ramp.h"

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
/* The error resembles the far end when the echo path has changed. Signals that are independent have
 * a coherence of about 0.25 over so few hops. */
static const float independent = 0.32f, resembling = 0.42f;
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
    m->near_end = m->opinion = 0.0f;
    tones_reset(&m->tones);
}

static void follow_leak(float *leak, float error, float echo)
{
    if (echo > echo_least && echo > echo_share * error)
        *leak = within(error > *leak * echo ? *leak * leak_up : *leak * leak_down, leak_least,
                       leak_most);
}

float evidence_raise(evidence_memory *m, const float *error, const float *echo, const float *far,
                     const float *features, const noise_floor *noise, float talk, float *gains)
{
    enum { BANDS = POSTFILTER_BANDS };
    const float *const of_echo = features + 4 * BANDS, *const of_far = features + 6 * BANDS;
    float shares[BANDS], leaks[BANDS], leasts[BANDS], of_tones[BANDS];
    bool removed[BANDS];
    float all = 1e-12f, near_end = 0.0f, opinion = 0.0f, heard = 1e-12f, coherence = 0.0f;
    for (size_t b = 0; b < BANDS; b++) {
        float *const e = &m->error[b], *const y = &m->echo[b], *const c = &m->coherence[b];
        *e += smoothing * (error[b] - *e);
        *y += echo_smoothing * (echo[b] - *y);
        /* As it was before the features were normalised. */
        const float now = (of_echo[b] > of_far[b] ? of_echo[b] : of_far[b]) / 3.0f + 0.3f;
        *c += smoothing * (now - *c);
        follow_leak(&m->leak[b], *e, *y);

        leaks[b] = leak_margin * m->leak[b] * *y;
        const float others = leaks[b] + noise_margin * noise[b].level;
        const float least = leasts[b] = error[b] < *e ? error[b] : *e;
        shares[b] = others < least ? 1.0f - others / least : 0.0f;
        removed[b] = *y >= echo_present * *e;

        const float weight = sqrtf(*e);
        all += weight;
        near_end += removed[b] ? weight * shares[b] : 0.0f;
        opinion += weight * gains[b];
        if (b >= COHERENCE_FIRST) {
            heard += weight;
            coherence += weight * *c;
        }
    }
    m->near_end += near_smoothing * (near_end / all - m->near_end);
    m->opinion += smoothing * (opinion / all - m->opinion);
    const float differs = 1.0f - ramp(coherence / heard, independent, resembling);
    const float told = ramp(talk, perhaps, surely);
    const float shown = fmaxf(ramp(m->near_end + m->opinion, doubtful, certain), told);
    const tones_heard heard_now = {m->error, leasts, leaks, far, noise, talk, differs};
    const float held = tones_find(&m->tones, &heard_now, of_tones);
    for (size_t b = 0; b < BANDS; b++) {
        /* With the exponent that follows, about the amplitude of the near end. */
        const float sure = differs * (removed[b] ? shown : told);
        const float of_near_end = sure * sqrtf(sqrtf(shares[b]));
        const float of_held = held * sqrtf(sqrtf(of_tones[b]));
        const float least = of_near_end > of_held ? of_near_end : of_held;
        if (gains[b] < least)
            gains[b] = least;
    }
    return held;
}
