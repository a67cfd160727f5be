#include "tones.h"

#include "dsp/bounds.h"
#include "peaks.h"

#include <string.h>

/* Smoothing per hop. */
static const float tonal_smoothing = 0.1f, near_smoothing = 0.04f;
/* A band that is wider than a bin is a tone where this share of it is. */
static const float mostly_tone = 0.5f;
/* What is there in the first 1.6 s is noise; what sets in becomes it by 1 dB a second. Per hop. */
enum { SETTLED = 200 };
static const float steady_up = 1.001844f, steady_least = 1e-12f;
/* A tone is above what has lasted, anything else above the noise of now. */
static const float tone_margin = 1.5f, noise_margin = 4.0f;
/* Fitted to scenes: how much the shares of tones and of near end count beside the probability that
 * somebody talks. Residual echo seldom has more than the first of the sums. */
static const float tonal_weight = 1.6f, near_weight = 0.6f, doubtful = 1.8f, certain = 2.0f;
/* Where the echo path is known to be right, tones beside the echo are as good as told. */
static const float proven_weight = 0.6f, proven_some = 0.6f, proven_most = 0.8f;
/* The far end's echo fades over 0.3 s, and is at most 30 dB louder than the far end. */
static const float far_fade = 0.97f, echo_least = 1e-3f;
/* What fades ends here, or it would go on in numbers that are slow to compute with. */
static const float faded_least = 1e-20f;
/* A tone of before: smoothing per hop while there can be no echo, and towards less while there may
 * be. */
static const float before_smoothing = 0.03f, before_fall = 0.1f;
/* Where they are half of the error they are all that it takes. */
static const float before_some = 0.25f, before_most = 0.5f;
/* A far end of so few other sounds is a song or an instrument, whose echo's residue is tones. */
static const float song_some = 0.85f, song_most = 0.95f;
/* Above 1.25 kHz, over 0.4 s. Loudspeakers add harmonics there: no tone counts beside a song. */
static const float high_smoothing = 0.02f, high_some = 0.6f, high_most = 0.8f;
/* So pure are no voices: near a tone the error resembles the far end whatever that is. */
static const float rich = 0.75f, pure = 0.9f;
/* Without a far end for a second there is no echo, and tones are all that it takes. */
enum { ECHOES_END = 125 };
static const float silence = 1e-10f, some = 0.3f, most = 0.6f;

void tones_layout(tones_memory *m, arena *a)
{
    m->steady = arena_floats(a, POSTFILTER_BANDS);
    m->before = arena_floats(a, POSTFILTER_BANDS);
    m->far = arena_floats(a, POSTFILTER_BANDS);
}

void tones_reset(tones_memory *m)
{
    float *const rows[] = {m->steady, m->before, m->far};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        memset(rows[i], 0, POSTFILTER_BANDS * sizeof *rows[i]);
    m->tonal = m->near_end = m->sung = m->sung_high = 0.0f;
    m->hops = m->far_away = 0;
}

static float faded(float x)
{
    return x > faded_least ? x : 0.0f;
}

static void follow_noise(tones_memory *m, const float *restrict noise)
{
    float *restrict const steady = m->steady;
    if (m->hops < SETTLED) {
        m->hops++;
        memcpy(steady, noise, POSTFILTER_BANDS * sizeof *steady);
        return;
    }
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        steady[b] = smaller(noise[b], larger(steady[b], steady_least) * steady_up);
}

static void follow_far_end(tones_memory *m, const float *restrict far)
{
    float *restrict const fading = m->far;
    float loudest = 0.0f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        fading[b] = larger(far[b], faded(far_fade * fading[b]));
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        loudest = larger(loudest, far[b]);
    if (loudest > silence)
        m->far_away = 0;
    else if (m->far_away < ECHOES_END)
        m->far_away++;
}

/* Whether the error of a band may be echo. */
static int may_echo(const tones_memory *m, const tones_heard *h, size_t b)
{
    return m->far[b] >= echo_least * h->error[b];
}

static void follow_before(tones_memory *m, const tones_heard *h)
{
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float more = h->error[b] - m->before[b];
        if (!may_echo(m, h, b))
            m->before[b] += before_smoothing * more;
        else if (more < 0.0f)
            m->before[b] = faded(m->before[b] + before_fall * more);
    }
}

/* noise: what a tone, or anything else, has to be above; shares: of near end in the error. */
static void share_bands(const tones_memory *m, const tones_heard *h, const float *restrict peaks,
                        float *restrict noise, float *restrict shares)
{
    float of_tones[POSTFILTER_BANDS], of_others[POSTFILTER_BANDS];
    const float *restrict const steady = m->steady, *restrict const now = h->noise;
    const float *restrict const echo = h->echo, *restrict const least = h->least;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        of_tones[b] = tone_margin * steady[b];
        of_others[b] = noise_margin * now[b];
    }
    for (size_t b = 0; b < POSTFILTER_BANDS; b++)
        noise[b] = peaks[b] > 0.0f ? of_tones[b] : of_others[b];
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float left = 1.0f - (echo[b] + noise[b]) / least[b];
        shares[b] = left > 0.0f ? left : 0.0f;
    }
}

/* shares: at least what a tone of before is of the error. Returns what all of them are of it. */
static float keep_before(const tones_memory *m, const tones_heard *h, float *restrict held,
                         float *restrict shares)
{
    float tones = 0.0f, low = 1e-12f;
    peaks_of_bins(m->before, held);
    for (size_t b = PEAKS_FIRST; b < PEAKS_SINGLE; b++) {
        low += h->error[b];
        const float tone = m->before[b] - tone_margin * m->steady[b];
        if (!may_echo(m, h, b) || tone <= 0.0f)
            held[b] = 0.0f;
        if (held[b] > 0.0f) {
            shares[b] = larger(shares[b], smaller(tone / h->error[b], 1.0f));
            tones += smaller(tone, h->error[b]);
        }
    }
    return tones / low;
}

/* Whether the far end is a song above 1.25 kHz, 0 to 1. */
static float find_high_song(tones_memory *m, const tones_heard *h)
{
    float tones = 0.0f, all = 1e-20f;
    for (size_t b = PEAKS_SINGLE; b < PEAKS_END; b++) {
        tones += h->far_tonal[b] * h->far[b];
        all += h->far[b];
    }
    if (m->far_away == 0)
        m->sung_high += high_smoothing * (tones / all - m->sung_high);
    return m->far_away < ECHOES_END ? ramp(m->sung_high, high_some, high_most) : 0.0f;
}

/* sung [POSTFILTER_BANDS]: how far a tone may be the residue of the far end's, 0 to 1. */
static void find_song(tones_memory *m, const tones_heard *h, float *restrict sung)
{
    float notes[POSTFILTER_BANDS];
    float tones = 0.0f, low = 1e-20f;
    peaks_of_bins(m->far, notes);
    for (size_t b = PEAKS_FIRST; b < PEAKS_SINGLE; b++) {
        if (!may_echo(m, h, b))
            notes[b] = 0.0f;
        low += m->far[b];
        tones += notes[b] * m->far[b];
    }
    m->sung += tonal_smoothing * (tones / low - m->sung);
    const float high = find_high_song(m, h);
    const float song = h->proven ? 0.0f : ramp(m->sung, song_some, song_most);
    for (size_t b = PEAKS_FIRST; b < PEAKS_SINGLE; b++)
        sung[b] = song * larger(notes[b], larger(notes[b - 1], notes[b + 1]));
    for (size_t b = PEAKS_SINGLE; b < PEAKS_END; b++)
        sung[b] = high;
}

/* What tones are of the error up to 1.25 kHz, or up to 5 kHz if that is more: notes have harmonics
 * above, a whistle has nothing below. before: where the tone was there before; sung: how far it may
 * be the residue of the far end's. */
static float share_of_tones(const tones_heard *h, const float *peaks, const float *noise,
                            const float *before, const float *sung)
{
    float tones = 0.0f, heard = 1e-12f, share = 0.0f;
    for (size_t b = PEAKS_FIRST; b < PEAKS_END; b++) {
        const float above = h->error[b] - noise[b];
        const float own = before[b] > 0.0f ? 1.0f : 1.0f - sung[b];
        heard += h->error[b];
        tones += above > 0.0f ? own * peaks[b] * above : 0.0f;
        if (b + 1 == PEAKS_SINGLE || b + 1 == PEAKS_END)
            share = larger(share, tones / heard);
    }
    return share;
}

float tones_find(tones_memory *m, const tones_heard *h, float *shares)
{
    float peaks[POSTFILTER_BANDS], noise[POSTFILTER_BANDS];
    float before[POSTFILTER_BANDS], sung[POSTFILTER_BANDS];
    follow_noise(m, h->noise);
    follow_far_end(m, h->far);
    follow_before(m, h);
    peaks_of_bins(h->error, peaks);
    for (size_t b = PEAKS_SINGLE; b < PEAKS_END; b++)
        peaks[b] = h->tonal[b] > mostly_tone ? 1.0f : 0.0f;
    share_bands(m, h, peaks, noise, shares);
    const float of_before = keep_before(m, h, before, shares);
    find_song(m, h, sung);
    float near_end = 0.0f, all = 1e-12f;
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        all += h->weight[b];
        near_end += h->weight[b] * shares[b];
    }
    const float now = share_of_tones(h, peaks, noise, before, sung);
    m->tonal += tonal_smoothing * (now - m->tonal);
    m->near_end += near_smoothing * (near_end / all - m->near_end);
    if (m->hops < SETTLED)
        return 0.0f;
    const float proven =
        h->proven ? proven_weight * ramp(m->tonal, proven_some, proven_most) : 0.0f;
    const float sum = h->talk + tonal_weight * m->tonal + near_weight * m->near_end + proven;
    const float differs = larger(h->differs, ramp(m->tonal, rich, pure));
    const float by_sum = differs * ramp(sum, doubtful, certain);
    const float sure = larger(by_sum, ramp(of_before, before_some, before_most));
    return m->far_away < ECHOES_END ? sure : larger(sure, ramp(m->tonal, some, most));
}

const float *tones_lasting_noise(const tones_memory *m)
{
    return m->hops < SETTLED ? NULL : m->steady;
}
