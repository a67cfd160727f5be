#include "kalman.h"

#include "dsp/bounds.h"
#include "dsp/packed16.h"
#include "steady.h"

#include <math.h>
#include <string.h>

/* ---- What was found best by measurement: docs/linear.md ---------------------------------- */

/* The prior of |w|^2: of one partition, level over the first ones, then falling. */
static const float prior_first = 4.0f, prior_decay = 0.87f;
enum { PRIOR_LEVEL = 2 };
/* The echo path as a random walk: P <- a^2 P + (1 - a^2) |w|^2 with a = 0.99997. */
static const float keep = 0.99994f, drift = 0.00006f;
/* A third of what theory takes from the variance: neighbouring blocks tell nearly the same. */
static const float shrink = 0.18f;
/* Variance explains at most twice the error; of what it claims beyond, a hop removes a part. */
static const float credible = 6.0f, doubt = 0.2f;
/* Smoothing of the noise, and its weight: 2 in theory (256 samples, half of them zero), and only
 * where the filter explains most of the error. */
static const float noise_memory = 0.93f, noise_caution = 8.0f, noise_caution_sure = 2.0f;
/* What its weight grows by, as a share of it, where all of the last error's power was near end. */
static const float told_weight = 4.0f;
/* The same in every bin of a path that is known to be right, while somebody sings or plays. */
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
/* Recent changes: of the first 128 ms, each hop's fading by 15 % a hop. */
enum { RECENT = 16 };
static const float change_fade = 0.85f;
/* Partitions whose gradient is constrained in a hop. */
enum { CONSTRAINED = 2 };
/* Blocks that are learnt from once more: how many hops ago, and what share of the error the filter
 * must be taken to explain. */
static const size_t reused_ages[PARTITION_REUSED] = {2, 12, KALMAN_MICS - 1};
static const float reuse_least = 0.4f;
/* Smoothing of error and microphone, and how much more of the first is a divergence. */
static const double level_memory = 0.95, diverged_factor = 4.0;
/* How much more energy than the microphone's a hop's output may have; how much more the error may
 * have had of late in a filter that is good all the same. */
static const double louder_most = 1.02, louder_good = 1.25;

/* ---- Memory ------------------------------------------------------------------------------ */

/* One row each: those that last, and those of a hop. */
typedef enum row {
    ROW_NOISE,
    ROW_LEFT,
    ROW_TOLD, /* what the noise's weight grows by, as a share of it */
    ROW_SHARE_BEFORE,
    ROW_STEADY, /* what was heard where there could be no echo */
    ROWS_KEPT,
    ROW_Y_RE = ROWS_KEPT,
    ROW_Y_IM,
    ROW_Z_RE,
    ROW_Z_IM,
    ROW_E_RE,
    ROW_E_IM,
    ROW_SPREAD,
    ROW_CAUTION,
    ROW_GAIN_RE,
    ROW_GAIN_IM,
    ROW_REMOVAL,
    ROW_SHARE,
    ROW_UNREST,
    ROW_STEADY_SHARE, /* of the error what is such a tone */
    ROW_REUSED,       /* five of each block that is learnt from once more */
    ROWS = ROW_REUSED + 5 * PARTITION_REUSED
} row;

static float *row_of(const kalman *c, row r)
{
    return r < ROWS_KEPT ? c->rows + (size_t)r * PARTITION_ROW
                         : c->hop_rows + (size_t)(r - ROWS_KEPT) * PARTITION_ROW;
}

void kalman_layout(kalman *c, arena *a, size_t count, size_t lanes)
{
    const partitions sizes = {
        .count = count,
        .ring = count + KALMAN_MICS - 1,
        .recent = count < RECENT ? count : RECENT,
    };
    const size_t before = a->used;
    c->memory = a->memory ? a->memory + before : NULL;
    paths_layout(&c->paths, a, lanes, &sizes);
    c->rows = arena_floats(a, ROWS_KEPT * PARTITION_ROW);
    c->mics = arena_take(a, KALMAN_MICS * KALMAN_HOP * sizeof *c->mics);
    c->mic_units = arena_floats(a, KALMAN_MICS);
    c->error_before = arena_floats(a, KALMAN_HOP);
    c->size = a->used - before;
    kept_layout(&c->kept, a, lanes, count);
}

void kalman_start(kalman *c, const kernels *k)
{
    c->k = k;
    c->correction = 1.0f;
    paths_start(&c->paths, k);
    const size_t count = kalman_count(c);
    float sum = 0.0f, value = 1.0f;
    for (size_t p = 0; p < count; p++) {
        value = p > PRIOR_LEVEL ? value * prior_decay : 1.0f;
        c->shape[p] = value;
        sum += value;
    }
    for (size_t p = 0; p < count; p++)
        c->shape[p] /= sum;
}

size_t kalman_count(const kalman *c)
{
    return c->paths.all[0].filter.count;
}

float kalman_prior(const kalman *c, size_t p)
{
    return prior_first * c->shape[p] / c->shape[0];
}

void kalman_forget_far_end(kalman *c)
{
    paths_forget_far_end(&c->paths);
    c->misadjustment = (misadjustment){0};
    c->proven = (proven_path){0};
}

void kalman_restart(kalman *c)
{
    float variance[PARTITION_COUNT_MOST];
    for (size_t p = 0; p < kalman_count(c); p++)
        variance[p] = kalman_prior(c, p);
    memset(c->memory, 0, c->size);
    paths_restart(&c->paths, variance);
    c->newest_mic = 0;
    c->misadjustment = (misadjustment){0};
    c->onwards = c->lasting = c->held = 0.0f;
    c->proven = (proven_path){0};
    c->faint = (faint_far){0};
    c->explained = 0.0;
    c->offset = (dc_offset){0};
    c->error_energy = c->mic_energy = 0.0;
    kept_again(&c->kept);
}

void kalman_reset(kalman *c)
{
    kalman_restart(c);
    kept_reset(&c->kept);
    c->stats = (kalman_stats){0};
}

/* ---- One hop ----------------------------------------------------------------------------- */

size_t kalman_reach(size_t count)
{
    /* The ring of spectra, each of two hops. */
    return count + KALMAN_MICS;
}

void kalman_remember(kalman *c, const float *const *far)
{
    paths_take(&c->paths, far);
}

void kalman_mic(const kalman *c, size_t age, float *hop)
{
    const size_t at = (c->newest_mic + age) % KALMAN_MICS;
    packed16_read(hop, c->mics + at * KALMAN_HOP, c->mic_units[at], KALMAN_HOP);
}

static void take_mic(kalman *c, const float *mic)
{
    const size_t at = (c->newest_mic + KALMAN_MICS - 1) % KALMAN_MICS;
    c->mic_units[at] = packed16_write(c->mics + at * KALMAN_HOP, mic, KALMAN_HOP);
    c->newest_mic = at;
}

/* Back in time: the second half of the block, which is no circular convolution. */
static void hop_of(kalman *c, const float *re, const float *im, float *hop)
{
    float block[KALMAN_BLOCK];
    c->k->fft_inverse(c->paths.fft, block, re, im);
    memcpy(hop, block + KALMAN_HOP, KALMAN_HOP * sizeof(float));
}

/* The sum of a * b over a hop. */
static double product(const kalman *c, const float *a, const float *b)
{
    return c->k->inner(a, b, KALMAN_HOP);
}

static void transform(kalman *c, const float *block, float *re, float *im)
{
    c->k->fft_forward(c->paths.fft, re, im, block);
    for (size_t k = PARTITION_BINS; k < PARTITION_ROW; k++)
        re[k] = im[k] = 0.0f;
}

/* The spectrum of a hop after as many zeros. */
static void spectrum(kalman *c, const float *hop, float *re, float *im)
{
    float block[KALMAN_BLOCK] = {0.0f};
    memcpy(block + KALMAN_HOP, hop, KALMAN_HOP * sizeof(float));
    transform(c, block, re, im);
}

void kalman_tell(kalman *c, const float *near_end, float held)
{
    float *const told = row_of(c, ROW_TOLD);
    c->held = held > 0.0f ? held < 1.0f ? held : 1.0f : 0.0f;
    if (!near_end) {
        memset(told, 0, PARTITION_ROW * sizeof *told);
        return;
    }
    for (size_t k = 0; k < PARTITION_BINS; k++) {
        const float positive = near_end[k] > 0.0f ? near_end[k] : 0.0f;
        const float share = positive < 1.0f ? positive : 1.0f;
        told[k] = told_weight * share * share;
    }
}

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
    spectrum(c, error, row_of(c, ROW_E_RE), row_of(c, ROW_E_IM));
    if (silent) {
        static const row none[] = {ROW_Y_RE, ROW_Y_IM, ROW_Z_RE, ROW_Z_IM, ROW_SPREAD};
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
            memset(row_of(c, none[i]), 0, PARTITION_ROW * sizeof(float));
    } else {
        float change[KALMAN_HOP];
        hop_of(c, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM), change);
        spectrum(c, change, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
        spectrum(c, echo, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM));
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
        hop_of(c, b->y_re, b->y_im, e);
        for (size_t k = 0; k < KALMAN_HOP; k++)
            e[k] = heard ? mic[k] - e[k] - offset : 0.0f;
        spectrum(c, e, b->e_re, b->e_im);
    }
    paths_correct(&c->paths, r);
}

/* Whether the filter is worse than none, or no number any more; NaN counts. */
static int has_diverged(kalman *c, double mic_energy, double error_energy)
{
    c->mic_energy = level_memory * c->mic_energy + mic_energy;
    c->error_energy = level_memory * c->error_energy + error_energy;
    return !(c->error_energy <= diverged_factor * c->mic_energy);
}

static void find_offset(kalman *c, const float *error, double energy, float *offset)
{
    float ones[KALMAN_HOP];
    for (size_t i = 0; i < KALMAN_HOP; i++)
        ones[i] = 1.0f;
    dc_offset_follow(&c->offset, product(c, error, ones), energy, offset, KALMAN_HOP);
}

/* The share by which the variance grows. */
static float growth_of(kalman *c, float onwards)
{
    c->lasting += lasting_smoothing * (onwards - c->lasting);
    return growth * ramp(c->lasting, lasting_some, lasting_most) * onwards *
           (float)fmax(1.0 - c->explained / explained_least, 0.0);
}

static void learn(kalman *c, const float *error, const float *echo, int silent, int faint)
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

/*
 * Output and estimate. No hop's output has more than 2 % (0.09 dB) more energy than the microphone,
 * and so no second has. Where near end and echo happen to cancel each other in the air, the right
 * output would: then it is scaled down. Where the filter is no good, the microphone is mixed in
 * instead: |m - g y|^2 = |m|^2 - 2 g m y + g^2 |y|^2.
 */
static double give(kalman *c, const float *m, const float *y, const float *e, double mic_energy,
                   double error_energy, float *error, float *echo)
{
    const int good = c->error_energy <= louder_good * c->mic_energy;
    const double most = louder_most * mic_energy;
    float keep_error = 1.0f, keep_mic = 0.0f;
    if (error_energy > most) {
        c->stats.bounded_hops++;
        if (good) {
            keep_error = (float)sqrt(most / error_energy);
        } else {
            const double cross = product(c, m, y), power = product(c, y, y);
            const double gain = (cross + sqrt(cross * cross + power * (most - mic_energy))) / power;
            keep_error = (float)gain;
            keep_mic = 1.0f - keep_error;
        }
    }
    for (size_t i = 0; i < KALMAN_HOP; i++) {
        const float kept = keep_error * e[i] + keep_mic * m[i];
        echo[i] = m[i] - kept;
        error[i] = kept;
    }
    return keep_error < 1.0f ? most : error_energy;
}

static void count(kalman *c, double mic_energy, double far_energy, double output_energy)
{
    c->stats.hops++;
    if (far_energy <= UNECHO_FAR_ACTIVE_POWER * (double)KALMAN_HOP)
        return;
    c->stats.active_hops++;
    c->stats.active_mic_energy += mic_energy;
    c->stats.active_error_energy += output_energy;
}

/* The newest hop of what `share` leaves of the spectrum in Z. */
static void share_of(kalman *c, const float *share, float *hop)
{
    const float *const re = row_of(c, ROW_Z_RE), *const im = row_of(c, ROW_Z_IM);
    float *const y_re = row_of(c, ROW_Y_RE), *const y_im = row_of(c, ROW_Y_IM);
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        y_re[k] = share[k] * re[k];
        y_im[k] = share[k] * im[k];
    }
    hop_of(c, y_re, y_im, hop);
}

static void correct_nothing(kalman *c)
{
    memset(row_of(c, ROW_SHARE_BEFORE), 0, PARTITION_ROW * sizeof(float));
    memset(c->error_before, 0, KALMAN_HOP * sizeof(float));
}

/*
 * The share of the error that the filter's variance explains is echo of this hop and leaves with
 * it. The hop goes through the share with the one before it, and the last hop's share is faded
 * into its own: what begins anew at every hop leaves a buzz of 125 Hz.
 */
static void correct(kalman *c, const float *error, float *echo)
{
    float block[KALMAN_BLOCK], before[KALMAN_HOP], now[KALMAN_HOP];
    for (int i = 0; i < KALMAN_HOP; i++) {
        const float u = ((float)i + 0.5f) / (float)KALMAN_HOP;
        block[i] = u * u * (3.0f - 2.0f * u) * c->error_before[i];
        block[KALMAN_HOP + i] = error[i];
    }
    transform(c, block, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
    share_of(c, row_of(c, ROW_SHARE_BEFORE), before);
    share_of(c, row_of(c, ROW_SHARE), now);
    for (int i = 0; i < KALMAN_HOP; i++) {
        const float u = ((float)i + 0.5f) / (float)KALMAN_HOP;
        echo[i] += c->correction * (before[i] + u * (now[i] - before[i]));
    }
    memcpy(row_of(c, ROW_SHARE_BEFORE), row_of(c, ROW_SHARE), PARTITION_ROW * sizeof(float));
    memcpy(c->error_before, error, KALMAN_HOP * sizeof(float));
}

static void subtract(float *restrict difference, const float *a, const float *b)
{
    for (size_t i = 0; i < KALMAN_HOP; i++)
        difference[i] = a[i] - b[i];
}

/* From the filter's estimate y of a hop m that is not muted to the one to subtract from it. */
static void improve(kalman *c, const float *m, float *y, int silent, double far_energy)
{
    float e[KALMAN_HOP], offset[KALMAN_HOP], level_m[KALMAN_HOP];
    subtract(e, m, y);
    find_offset(c, e, product(c, e, e), offset);
    subtract(level_m, m, offset);
    subtract(e, level_m, y);
    const double mic_energy = product(c, level_m, level_m), error_energy = product(c, e, e);
    if (has_diverged(c, mic_energy, error_energy)) {
        kalman_restart(c);
        c->stats.diverged++;
        memset(y, 0, KALMAN_HOP * sizeof *y);
        return;
    }
    const double echo_energy = product(c, y, y);
    kept_follow(&c->kept, far_energy, mic_energy, error_energy);
    proven_next(&c->proven, mic_energy, error_energy, echo_energy);
    learn(c, e, y, silent,
          faint_next(&c->faint, far_energy, mic_energy, error_energy, echo_energy));
    if (silent)
        correct_nothing(c);
    else
        correct(c, e, y);
}

static void run(kalman *c, const float *mic, const float *const *far, float *error, float *echo)
{
    float m[KALMAN_HOP], y[KALMAN_HOP] = {0}, e[KALMAN_HOP];
    memcpy(m, mic, sizeof m);
    const double mic_energy = product(c, m, m), far_energy = paths_take(&c->paths, far);
    take_mic(c, m);
    const int silent = paths_silent(&c->paths);
    if (!silent) {
        const prediction to = {row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM), row_of(c, ROW_SPREAD),
                               row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM)};
        paths_predict(&c->paths, &to);
        hop_of(c, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM), y);
    }
    /* A muted microphone says nothing about the room. */
    if (mic_energy > 0.0)
        improve(c, m, y, silent, far_energy);
    else
        correct_nothing(c);
    subtract(e, m, y);
    const double given = give(c, m, y, e, mic_energy, product(c, e, e), error, echo);
    count(c, mic_energy, far_energy, given);
}

void kalman_run(kalman *c, const float *mic, const float *const *far, float *error, float *echo)
{
    float rows[(ROWS - ROWS_KEPT) * PARTITION_ROW];
    c->hop_rows = rows;
    run(c, mic, far, error, echo);
    c->hop_rows = NULL;
}
