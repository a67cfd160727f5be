#include "device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float rate = 16000.0f;

enum {
    FRAME = 512,
    HOP = FRAME / 2,
    BINS = FRAME / 2 + 1,
    PARTS = 3,
};

/* Gains by bins, of noise suppression or of a codec. */
typedef struct spectral {
    int suppresses, codes;
    float least, over, rise, keep; /* of the suppressor */
    float audible, coarse;         /* of the codec */
    size_t masks, first_lost;      /* bins to each side that a louder one hides; the cut */
    float power[BINS], noise[BINS], gain[BINS];
} spectral;

/* Gains by samples: a step, a wandering, a gate, a compressor. */
typedef struct temporal {
    int wanders, gates, compresses;
    size_t step_at;
    float step, width_db, threshold;
    float db, to_db, slope, envelope, open;
    float loud, ratio, attack, release, loudness;
} temporal;

/* A microphone that is muted from `from` to `to`: it has not begun, or the user wants it. */
typedef struct mute {
    size_t from, to;
} mute;

struct device {
    real_fft *fft;
    float window[FRAME];
    float tails[PARTS][HOP];
    spectral spectral;
    temporal temporal;
    mute muted;
};

device *device_new(void)
{
    device *const d = calloc(1, sizeof *d);
    if (!d || !(d->fft = real_fft_new(FRAME)))
        return NULL;
    for (size_t i = 0; i < FRAME; i++)
        d->window[i] = sinf(3.14159265f * ((float)i + 0.5f) / FRAME);
    return d;
}

static spectral draw_spectral(chance *r)
{
    const int codes = chance_is(r, 0.06f);
    return (spectral){
        .suppresses = chance_is(r, 0.1f),
        .codes = codes,
        .least = from_db(chance_between(r, -30, -8)),
        .over = chance_between(r, 1, 4),
        .rise = exp2f(chance_between(r, 0.005f, 0.05f)),
        .keep = chance_between(r, 0.0f, 0.8f),
        .audible = from_db(2.0f * chance_between(r, -40, -18)),
        .coarse = chance_between(r, 0.0f, 0.3f),
        .masks = 2 + chance_below(r, 10),
        .first_lost = codes && chance_is(r, 0.5f) ? 110 + chance_below(r, BINS - 110) : BINS,
    };
}

static temporal draw_temporal(chance *r, int hard, float level)
{
    return (temporal){
        .wanders = hard && chance_is(r, 0.35f),
        .gates = hard && chance_is(r, 0.1f),
        .compresses = chance_is(r, 0.1f),
        .step_at = chance_is(r, 0.08f) ? (size_t)(chance_between(r, 0.2f, 0.9f) * SCENE_BLOCK)
                                       : SCENE_BLOCK,
        .step = from_db(chance_between(r, -9, 9)),
        .width_db = chance_between(r, 2, 9),
        .threshold = level * from_db(chance_between(r, -32, -14)),
        .open = 1.0f,
        .loud = level * from_db(chance_between(r, -12, 6)),
        .ratio = chance_between(r, 0.2f, 0.9f),
        .attack = expf(-1.0f / (rate * chance_between(r, 0.001f, 0.05f))),
        .release = expf(-1.0f / (rate * chance_between(r, 0.05f, 2.0f))),
    };
}

static mute draw_mute(chance *r)
{
    if (chance_is(r, 0.08f)) {
        const float seconds = chance_is(r, 0.5f) ? 0.05f : 1.5f;
        return (mute){0, SCENE_LEAD + (size_t)(chance_between(r, 0, seconds) * rate)};
    }
    const size_t from = SCENE_LEAD + chance_below(r, SCENE_SAMPLES);
    return chance_is(r, 0.12f) ? (mute){from, from + (size_t)(chance_between(r, 0.1f, 4) * rate)}
                               : (mute){0, 0};
}

void device_draw(device *d, chance *random, int hard, float level)
{
    d->spectral = draw_spectral(random);
    d->temporal = draw_temporal(random, hard, level);
    d->muted = draw_mute(random);
}

/* Wiener gains against the least power of the past, which rises slowly. */
static float suppressed(spectral *s, size_t k, float power)
{
    s->power[k] += 0.3f * (power - s->power[k]);
    s->noise[k] = fminf(s->noise[k] * s->rise, s->power[k]) + 1e-14f;
    const float gain = fmaxf(1.0f - s->over * s->noise[k] / (power + 1e-14f), s->least);
    s->gain[k] = fmaxf(gain, s->keep * s->gain[k]);
    return s->gain[k];
}

/* What is far below its neighbours is not coded, the rest with errors. */
static float coded(const spectral *s, chance *r, const float *power, size_t k)
{
    const size_t first = k > s->masks ? k - s->masks : 0;
    const size_t last = k + s->masks < BINS ? k + s->masks : BINS - 1;
    float most = 0.0f;
    for (size_t i = first; i <= last; i++)
        most = fmaxf(most, power[i]);
    return k >= s->first_lost || power[k] < s->audible * most ? 0.01f
                                                              : 1.0f + s->coarse * chance_normal(r);
}

static void bin_gains(spectral *s, chance *r, float *gains, const float *power)
{
    for (size_t k = 0; k < BINS; k++) {
        gains[k] = 1.0f;
        if (s->suppresses)
            gains[k] *= suppressed(s, k, power[k]);
        if (s->codes)
            gains[k] *= coded(s, r, power, k);
    }
}

static void process_spectra(device *d, chance *r, float *const *x, size_t parts)
{
    spectral *const s = &d->spectral;
    memset(d->tails, 0, sizeof d->tails);
    for (size_t k = 0; k < BINS; k++)
        s->noise[k] = 1.0f; /* the first power is the noise */
    for (size_t at = 0; at + FRAME <= SCENE_BLOCK; at += HOP) {
        float re[PARTS][BINS], im[PARTS][BINS], power[BINS], gains[BINS], block[FRAME];
        for (size_t p = 0; p < parts; p++) {
            for (size_t i = 0; i < FRAME; i++)
                block[i] = d->window[i] * x[p][at + i];
            real_fft_forward(d->fft, re[p], im[p], block);
        }
        for (size_t k = 0; k < BINS; k++) {
            float sum_re = 0.0f, sum_im = 0.0f;
            for (size_t p = 0; p < parts; p++) {
                sum_re += re[p][k];
                sum_im += im[p][k];
            }
            power[k] = sum_re * sum_re + sum_im * sum_im;
        }
        bin_gains(s, r, gains, power);
        for (size_t p = 0; p < parts; p++) {
            for (size_t k = 0; k < BINS; k++) {
                re[p][k] *= gains[k];
                im[p][k] *= gains[k];
            }
            real_fft_inverse(d->fft, block, re[p], im[p]);
            for (size_t i = 0; i < HOP; i++) {
                x[p][at + i] = d->tails[p][i] + d->window[i] * block[i] / FRAME;
                d->tails[p][i] = d->window[HOP + i] * block[HOP + i] / FRAME;
            }
        }
    }
    for (size_t p = 0; p < parts; p++)
        memcpy(x[p] + SCENE_BLOCK - HOP, d->tails[p], sizeof d->tails[p]);
}

static float next_gain(temporal *g, chance *random, size_t i, float heard)
{
    float gain = 1.0f;
    if (i > g->step_at)
        gain += fminf((float)(i - g->step_at) / 800.0f, 1.0f) * (g->step - 1.0f);
    if (g->wanders) {
        enum { PERIOD = 4000 };
        if (i % PERIOD == 0) {
            const float drawn = chance_normal(random) * g->width_db * 0.6f;
            g->to_db = fminf(fmaxf(drawn, -g->width_db), g->width_db);
            g->slope = (g->to_db - g->db) / PERIOD;
        }
        g->db += g->slope;
        gain *= exp2f(g->db * 0.16609640f);
    }
    if (g->gates) {
        const float v = fabsf(heard), keep = v > g->envelope ? 0.9f : 0.9985f;
        g->envelope = keep * g->envelope + (1.0f - keep) * v;
        const float to = g->envelope > g->threshold ? 1.0f : 0.01f;
        g->open += (to > g->open ? 0.02f : 0.002f) * (to - g->open);
        gain *= g->open;
    }
    if (g->compresses) {
        const float v = 2.0f * fabsf(heard), keep = v > g->loudness ? g->attack : g->release;
        g->loudness = keep * g->loudness + (1.0f - keep) * v;
        if (g->loudness > g->loud)
            gain *= powf(g->loudness / g->loud, -g->ratio);
    }
    return gain;
}

void device_process(device *d, chance *random, float *const *x, size_t parts)
{
    if (d->spectral.suppresses || d->spectral.codes)
        process_spectra(d, random, x, parts);
    for (size_t i = 0; i < SCENE_BLOCK; i++) {
        float heard = 0.0f;
        for (size_t p = 0; p < parts; p++)
            heard += x[p][i];
        const float set = next_gain(&d->temporal, random, i, heard);
        const float gain = i >= d->muted.from && i < d->muted.to ? 0.0f : set;
        for (size_t p = 0; p < parts; p++)
            x[p][i] *= gain;
    }
}
