/* What the filter learns from a hop: its noise, step and variance. docs/linear.md. */
#include "dsp/bounds.h"
#include "kalman_inside.h"
#include "steady.h"

#include <math.h>
#include <string.h>

/* The echo path as a random walk: P <- a^2 P + (1 - a^2) |w|^2 with a = 0.99997. */
static const float keep = 0.99994f, drift = 0.00006f;
/* A third of what theory takes from the variance: neighbouring blocks tell nearly the same. */
static const float shrink = 0.18f;
/* Variance explains at most twice the error; of what it claims beyond, a hop removes a part. */
static const float credible = 6.0f, doubt = 0.2f;
/* Smoothing of the noise, and its weight: 2 in theory (256 samples, half of them zero), and only
 * where the filter explains most of the error. */
static const float noise_memory = 0.93f, noise_caution = 8.0f, noise_caution_sure = 2.0f;
/* What its weight grows by, as a share of it, in every bin of a path that is known to be right,
 * while somebody sings or plays. */
static const float held_weight = 16.0f;
/* The same where the error is a tone that was there before the far end. */
static const float steady_weight = 32.0f;
/* The same in the output's correction. What it has left of the error was no echo: a voice, which
 * does not end with the hop. The most of it counts on, fading by 3 % a hop. */
static const float output_caution = 0.5f, left_weight = 12.0f, left_fade = 0.97f;
static const double explained_memory = 0.8, explained_most = 0.6;
/* Added to variances that are divided by: an error at -81 dB of full scale. */
static const float least_variance = 1e-6f;
static const float variance_least = 1e-10f, variance_most = 1e4f;
/* Variance that every partition gets, as a share of the filter's power. */
static const float rest_least = 2e-4f;
/* Where steps explain next to nothing of the error, and yet it goes their way for most of 0.4 s,
 * the variance is too small, and too little to go by: it grows by up to a tenth a hop. */
static const double explained_least = 0.02;
static const float growth = 0.1f, lasting_smoothing = 0.02f, lasting_some = 0.5f,
                   lasting_most = 0.8f;
/* Recent changes fade by 15 % a hop. */
static const float change_fade = 0.85f;
/* Partitions whose gradient is constrained in a hop. */
enum { CONSTRAINED = 2 };
/* Blocks that are learnt from once more: how many hops ago, and what share of the error the filter
 * must be taken to explain. */
static const size_t reused_ages[PARTITION_REUSED] = {2, 12, KALMAN_MICS - 1};
static const float reuse_least = 0.4f;

/* A factor on the noise. */
static float caution(const kalman *c)
{
    const double share = fmin(c->explained / explained_most, 1.0);
    return noise_caution + (noise_caution_sure - noise_caution) * (float)share;
}

/* The same bin by bin, by what the filter was told, unless its own steps prove that wrong: whoever
 * told may take the echo of another path for a voice. */
static const float *caution_by_bin(const kalman *c, float all)
{
    const float *const told = row_of(c, ROW_TOLD);
    float *const by_bin = row_of(c, ROW_CAUTION);
    const float *const steady = row_of(c, ROW_STEADY_SHARE);
    const float believed = all * (1.0f - c->onwards);
    const float least = c->proven.joined ? all + all * held_weight * c->held : all;
    for (size_t k = 0; k < PARTITION_ROW; k++)
        by_bin[k] = least + believed * told[k] + all * steady_weight * steady[k];
    return by_bin;
}

static void find_steady(kalman *c)
{
    const steady_hop h = {
        .e_re = row_of(c, ROW_E_RE),
        .e_im = row_of(c, ROW_E_IM),
        .y_re = row_of(c, ROW_Y_RE),
        .y_im = row_of(c, ROW_Y_IM),
        .spread = row_of(c, ROW_SPREAD),
        .noise = row_of(c, ROW_NOISE),
    };
    float *const share = row_of(c, ROW_STEADY_SHARE);
    memset(share, 0, PARTITION_ROW * sizeof *share);
    steady_next(row_of(c, ROW_STEADY), share, &h);
}

/* Noise, gain, share and misfit from error and echo estimate. */
static misfit weigh(kalman *c, const float *error, const float *echo, int silent)
{
    kalman_spectrum(c, error, row_of(c, ROW_E_RE), row_of(c, ROW_E_IM));
    if (silent) {
        static const row none[] = {ROW_Y_RE, ROW_Y_IM, ROW_Z_RE, ROW_Z_IM, ROW_SPREAD};
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
            memset(row_of(c, none[i]), 0, PARTITION_ROW * sizeof(float));
    } else {
        float change[KALMAN_HOP];
        kalman_hop_of(c, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM), change);
        kalman_spectrum(c, change, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
        kalman_spectrum(c, echo, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM));
    }
    find_steady(c);
    const innovation i = {
        .e_re = row_of(c, ROW_E_RE),
        .e_im = row_of(c, ROW_E_IM),
        .y_re = row_of(c, ROW_Y_RE),
        .y_im = row_of(c, ROW_Y_IM),
        .z_re = row_of(c, ROW_Z_RE),
        .z_im = row_of(c, ROW_Z_IM),
        .spread = row_of(c, ROW_SPREAD),
        .noise = row_of(c, ROW_NOISE),
        .memory = noise_memory,
        .caution = caution_by_bin(c, caution(c)),
        .output_caution = output_caution,
        .left = row_of(c, ROW_LEFT),
        .left_fade = left_fade,
        .left_weight = left_weight,
        .least = least_variance,
        .shrink = shrink,
        .credible = credible,
        .doubt = doubt,
        .gain_re = row_of(c, ROW_GAIN_RE),
        .gain_im = row_of(c, ROW_GAIN_IM),
        .removal = row_of(c, ROW_REMOVAL),
        .share = row_of(c, ROW_SHARE),
    };
    return c->k->partitions_weigh(&i);
}

/* The variance that a misadjusted filter gets, half where its weights are, half by the prior. */
static void adapt(kalman *c, readjustment off, const reuse *r)
{
    float *const unrest = row_of(c, ROW_UNREST);
    const adaptation a = {
        .gain_re = row_of(c, ROW_GAIN_RE),
        .gain_im = row_of(c, ROW_GAIN_IM),
        .removal = row_of(c, ROW_REMOVAL),
        .scale = off.scale,
        .fade = change_fade,
        .keep = keep * (1.0f - off.less),
        .drift = drift + off.more,
        .unrest = unrest,
        .shape = c->shape,
        .least = variance_least,
        .most = variance_most,
    };
    paths_adapt(&c->paths, &a, rest_least + off.more * 0.5f, unrest, r);
}

static reuse reused_blocks(const kalman *c)
{
    reuse r = {
        .noise = row_of(c, ROW_NOISE),
        .caution = caution_by_bin(c, noise_caution),
        .least = least_variance,
    };
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        float *const rows = row_of(c, ROW_REUSED) + 5 * i * PARTITION_ROW;
        r.blocks[i] = (reused_block){
            .age = reused_ages[i],
            .y_re = rows,
            .y_im = rows + PARTITION_ROW,
            .spread = rows + 2 * PARTITION_ROW,
            .e_re = rows + 3 * PARTITION_ROW,
            .e_im = rows + 4 * PARTITION_ROW,
        };
    }
    return r;
}

/*
 * Once more from earlier blocks, held against the filter of now: neighbouring partitions tell
 * of the same samples, which variances of single bins know nothing of, so that one step from a
 * block leaves much of its error. Where the newest error is not the filter's, in double talk above
 * all, there is nothing to win.
 */
static void learn_again(kalman *c, const reuse *r)
{
    const float offset = (float)c->offset.value;
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        const reused_block *const b = &r->blocks[i];
        float mic[KALMAN_HOP], e[KALMAN_HOP];
        kalman_mic(c, b->age, mic);
        /* A muted microphone says nothing, an earlier one neither. */
        const int heard = product(c, mic, mic) > 0.0;
        kalman_hop_of(c, b->y_re, b->y_im, e);
        for (size_t k = 0; k < KALMAN_HOP; k++)
            e[k] = heard ? mic[k] - e[k] - offset : 0.0f;
        kalman_spectrum(c, e, b->e_re, b->e_im);
    }
    paths_correct(&c->paths, r);
}

/* The share by which the variance grows. */
static float growth_of(kalman *c, float onwards)
{
    c->lasting += lasting_smoothing * (onwards - c->lasting);
    return growth * ramp(c->lasting, lasting_some, lasting_most) * onwards *
           (float)fmax(1.0 - c->explained / explained_least, 0.0);
}

void kalman_learn(kalman *c, const float *error, const float *echo, int silent, int faint)
{
    const misfit m = weigh(c, error, echo, silent);
    if (silent || faint)
        return;
    c->explained = explained_memory * c->explained +
                   (1.0 - explained_memory) * (double)m.expected / ((double)m.energy + 1e-9);
    readjustment off = misadjustment_next(&c->misadjustment, &m);
    c->onwards = off.onwards;
    off.less -= growth_of(c, off.onwards);
    if (c->proven.joined)
        off.more *= 1.0f - c->held;
    const int again = m.expected > reuse_least * m.energy;
    const reuse r = reused_blocks(c);
    adapt(c, off, again ? &r : NULL);
    if (again)
        learn_again(c, &r);
    paths_constrain(&c->paths, CONSTRAINED, c->kept.good ? &c->kept : NULL);
}
