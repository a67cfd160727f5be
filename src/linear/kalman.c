#include "kalman.h"

#include <math.h>
#include <string.h>

/* ---- What was found best by measurement: docs/linear.md ---------------------------------- */

/* The prior of |w|^2: of one partition, level over the first ones, then falling. */
static const float prior_first = 0.5f, prior_decay = 0.87f;
enum { PRIOR_LEVEL = 2 };
/* The echo path as a random walk: P <- a^2 P + (1 - a^2) |w|^2 with a = 0.99997. */
static const float keep = 0.99994f, drift = 0.00006f;
/* A third of what theory takes from the variance: neighbouring blocks tell nearly the same. */
static const float shrink = 0.18f;
/* Smoothing of the noise, and its weight: 2 in theory (256 samples, half of them zero). */
static const float noise_memory = 0.93f, noise_caution = 8.0f;
/* Added to variances that are divided by: an error at -81 dB of full scale. */
static const float least_variance = 1e-6f;
static const float variance_least = 1e-10f, variance_most = 1e4f;
/* What tells of a misadjusted filter (`find_misadjustment`): smoothing, how many standard
 * deviations count, what it does to variance and weights. By the echo estimate, and by the recent
 * changes. */
static const double estimate_memory = 0.97, estimate_sigmas = 7.0, estimate_weight = 2e4;
static const double excess_sigmas = 4.0, excess_weight = 0.1;
static const double change_memory = 0.8, change_sigmas = 4.0, change_weight = 2.5;
static const double back_weight = 0.14;
static const double misfit_least = 1e-3;
/* Recent changes: of the first 128 ms, each hop's fading by 15 % a hop. */
enum { RECENT = 16 };
static const float change_fade = 0.85f;
/* Partitions whose gradient is constrained in a hop. */
enum { CONSTRAINED = 2 };
/* Blocks that are learnt from once more: how many hops ago, and what share of the error the filter
 * must be taken to explain. */
static const size_t reused_ages[PARTITION_REUSED] = {2, 12, KALMAN_MICS - 1};
static const float reuse_least = 0.4f;
/* The mean power below which a block of the far end is taken as silent: -90 dB of full scale. */
static const double far_silent = 1e-9;
/* Smoothing of error and microphone, and how much more of the first is a divergence. */
static const double level_memory = 0.95, diverged_factor = 4.0;
/* How much more energy than the microphone's a hop's output may have; how much more the error may
 * have had of late in a filter that is good all the same. */
static const double louder_most = 1.02, louder_good = 1.25;

/* ---- Memory ------------------------------------------------------------------------------ */

/* One row each. */
typedef enum row {
    ROW_Y_RE,
    ROW_Y_IM,
    ROW_Z_RE,
    ROW_Z_IM,
    ROW_E_RE,
    ROW_E_IM,
    ROW_SPREAD,
    ROW_NOISE,
    ROW_GAIN_RE,
    ROW_GAIN_IM,
    ROW_INVERSE,
    ROW_POWER,
    ROW_UNREST,
    ROW_REUSED, /* five of each block that is learnt from once more */
    ROWS = ROW_REUSED + 5 * PARTITION_REUSED
} row;

static float *row_of(const kalman *c, row r)
{
    return c->rows + (size_t)r * PARTITION_ROW;
}

void kalman_layout(kalman *c, arena *a, size_t count)
{
    const size_t ring = count + KALMAN_MICS - 1, recent = count < RECENT ? count : RECENT;
    c->filter.count = count;
    c->filter.ring = ring;
    c->filter.recent = recent;
    c->floats = (2 * ring + 3 * count + 2 * recent + ROWS) * PARTITION_ROW + KALMAN_BLOCK +
                (1 + KALMAN_MICS) * KALMAN_HOP;
    float *const memory = arena_floats(a, c->floats);
    if (!memory)
        return;
    c->filter.x_re = memory;
    c->filter.x_im = c->filter.x_re + ring * PARTITION_ROW;
    c->filter.w_re = c->filter.x_im + ring * PARTITION_ROW;
    c->filter.w_im = c->filter.w_re + count * PARTITION_ROW;
    c->filter.variance = c->filter.w_im + count * PARTITION_ROW;
    c->filter.change_re = c->filter.variance + count * PARTITION_ROW;
    c->filter.change_im = c->filter.change_re + recent * PARTITION_ROW;
    c->rows = c->filter.change_im + recent * PARTITION_ROW;
    c->block = c->rows + ROWS * PARTITION_ROW;
    c->history = c->block + KALMAN_BLOCK;
    c->mics = c->history + KALMAN_HOP;
}

void kalman_start(kalman *c, const kernels *k)
{
    c->k = k;
    fft_init_size(&c->fft, KALMAN_BLOCK);
    float sum = 0.0f, value = 1.0f;
    for (size_t p = 0; p < c->filter.count; p++) {
        value = p > PRIOR_LEVEL ? value * prior_decay : 1.0f;
        c->shape[p] = value;
        sum += value;
    }
    for (size_t p = 0; p < c->filter.count; p++)
        c->shape[p] /= sum;
}

float kalman_prior(const kalman *c, size_t p)
{
    return prior_first * c->shape[p] / c->shape[0];
}

void kalman_forget_far_end(kalman *c)
{
    partitions *const f = &c->filter;
    const size_t ring = f->ring * PARTITION_ROW, recent = f->recent * PARTITION_ROW;
    memset(f->x_re, 0, ring * sizeof(float));
    memset(f->x_im, 0, ring * sizeof(float));
    memset(f->change_re, 0, recent * sizeof(float));
    memset(f->change_im, 0, recent * sizeof(float));
    memset(c->history, 0, KALMAN_HOP * sizeof(float));
    c->history_energy = 0.0;
    c->silent = f->count;
    c->estimate = c->change = (smooth_likeness){0};
}

void kalman_restart(kalman *c)
{
    memset(c->filter.x_re, 0, c->floats * sizeof(float));
    for (size_t p = 0; p < c->filter.count; p++)
        for (size_t k = 0; k < PARTITION_ROW; k++)
            c->filter.variance[p * PARTITION_ROW + k] = kalman_prior(c, p);
    c->filter.newest = 0;
    c->newest_mic = 0;
    c->history_energy = 0.0;
    c->silent = c->filter.count;
    c->constrained = 0;
    c->estimate = c->change = (smooth_likeness){0};
    c->error = 0.0;
    c->error_energy = c->mic_energy = 0.0;
}

void kalman_reset(kalman *c)
{
    kalman_restart(c);
    c->stats = (kalman_stats){0};
}

/* ---- One hop ----------------------------------------------------------------------------- */

static double dot(const float *a, const float *b)
{
    double sums[8] = {0.0};
    for (size_t i = 0; i < KALMAN_HOP; i += 8)
        for (size_t lane = 0; lane < 8; lane++)
            sums[lane] += (double)a[i + lane] * (double)b[i + lane];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* The far end's newest block becomes the newest of the ring. */
static void take_far(kalman *c, const float *far, double energy)
{
    partitions *const f = &c->filter;
    f->newest = (f->newest + f->ring - 1) % f->ring;
    float *const re = f->x_re + f->newest * PARTITION_ROW;
    float *const im = f->x_im + f->newest * PARTITION_ROW;
    if (energy + c->history_energy > far_silent * KALMAN_BLOCK) {
        memcpy(c->block, c->history, KALMAN_HOP * sizeof(float));
        memcpy(c->block + KALMAN_HOP, far, KALMAN_HOP * sizeof(float));
        c->k->fft_forward(&c->fft, re, im, c->block);
        c->silent = 0;
    } else {
        memset(re, 0, PARTITION_ROW * sizeof(float));
        memset(im, 0, PARTITION_ROW * sizeof(float));
        c->silent += c->silent < f->count;
    }
    memcpy(c->history, far, KALMAN_HOP * sizeof(float));
    c->history_energy = energy;
}

size_t kalman_reach(size_t count)
{
    /* The ring of spectra, each of two hops. */
    return count + KALMAN_MICS;
}

void kalman_remember(kalman *c, const float *far)
{
    take_far(c, far, dot(far, far));
}

static float *mic_of(const kalman *c, size_t age)
{
    return c->mics + (c->newest_mic + age) % KALMAN_MICS * KALMAN_HOP;
}

static void take_mic(kalman *c, const float *mic)
{
    c->newest_mic = (c->newest_mic + KALMAN_MICS - 1) % KALMAN_MICS;
    memcpy(mic_of(c, 0), mic, KALMAN_HOP * sizeof(float));
}

/* Back in time: the second half of the block, which is no circular convolution. */
static void hop_of(kalman *c, const float *re, const float *im, float *hop)
{
    c->k->fft_inverse(&c->fft, c->block, re, im);
    memcpy(hop, c->block + KALMAN_HOP, KALMAN_HOP * sizeof(float));
}

/* The spectrum of a hop after as many zeros. */
static void spectrum(kalman *c, const float *hop, float *re, float *im)
{
    memset(c->block, 0, KALMAN_HOP * sizeof(float));
    memcpy(c->block + KALMAN_HOP, hop, KALMAN_HOP * sizeof(float));
    c->k->fft_forward(&c->fft, re, im, c->block);
}

/* Noise, gain and misfit from error and echo estimate. */
static misfit weigh(kalman *c, const float *error, const float *echo, int silent)
{
    spectrum(c, error, row_of(c, ROW_E_RE), row_of(c, ROW_E_IM));
    if (!silent) {
        float change[KALMAN_HOP];
        c->k->partitions_change(&c->filter, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
        hop_of(c, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM), change);
        spectrum(c, change, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
        spectrum(c, echo, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM));
    }
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
        .caution = noise_caution,
        .least = least_variance,
        .gain_re = row_of(c, ROW_GAIN_RE),
        .gain_im = row_of(c, ROW_GAIN_IM),
        .inverse = row_of(c, ROW_INVERSE),
    };
    return c->k->partitions_weigh(&i);
}

static void smooth(smooth_likeness *s, const likeness *l, double memory)
{
    const double new = 1.0 - memory;
    s->cross = memory * s->cross + new *(double)l->cross;
    s->power = memory * s->power + new *(double)l->power;
    s->scatter = memory * memory * s->scatter + new *new *(double)l->scatter;
}

/* What of a regression coefficient's magnitude is certain, at most 1; 0: nothing is. */
static double certain_slope(const smooth_likeness *s, double cross, double sigmas)
{
    const double certain = cross - sigmas * sqrt(s->scatter);
    return certain > 0.0 ? fmin(certain / (s->power + misfit_least), 1.0) : 0.0;
}

/* What the filter's variance is short of, the share of it that is too much, and what the weights
 * have to be multiplied with. */
typedef struct misadjustment {
    float more, less, scale;
} misadjustment;

/*
 * How the filter is wrong, as far as it is certain that it is. The error of the right filter is
 * orthogonal to whatever is made of the far end, whoever talks in the room, and the standard
 * deviation of a regression says what near-end talk alone could do to it. Voices are no independent
 * blocks, and what is certain is often wrong in double talk, where there is more to lose than to
 * win: what adds variance counts with the share of the error that it explains, which is small
 * there.
 *
 * By the echo estimate: a filter on its way leaves the rest of the echo in the error. Only a large
 * slope counts (its fourth power): two voices at one pitch reach 0.1, a filter that has to become
 * another 0.5 and more. Where the slope is negative the estimate is too large, or in the microphone
 * at all no longer, or never was: the weights fall.
 *
 * By the recent changes: where the error still goes the way in which the filter has been changed,
 * the steps are too small. Where it goes the other way, they were too large; then the variance
 * falls until the error is orthogonal to them, as that of the right step is. So in double talk,
 * whose changes turn out wrong.
 */
static misadjustment find_misadjustment(kalman *c, const misfit *m)
{
    smooth(&c->estimate, &m->estimate, estimate_memory);
    smooth(&c->change, &m->change, change_memory);
    c->error = estimate_memory * c->error + (1.0 - estimate_memory) * (double)m->error;
    const double error = c->error + misfit_least;
    const double by_estimate = c->estimate.cross, by_change = c->change.cross;
    const double rest = certain_slope(&c->estimate, by_estimate, estimate_sigmas);
    const double excess = certain_slope(&c->estimate, -by_estimate, excess_sigmas);
    const double onwards = certain_slope(&c->change, by_change, change_sigmas);
    const double back = certain_slope(&c->change, -by_change, change_sigmas);
    const double rest_share = fmin(rest * by_estimate / error, 1.0);
    const double onwards_share = fmin(onwards * by_change / error, 1.0);
    const double more = estimate_weight * rest * rest * rest * rest * rest_share +
                        change_weight * onwards * onwards_share;
    return (misadjustment){(float)more, (float)(back_weight * back),
                           (float)(1.0 - excess_weight * excess)};
}

/* The variance that a misadjusted filter gets, half where its weights are, half by the prior. */
static void adapt(kalman *c, misadjustment off)
{
    float *const power = row_of(c, ROW_POWER), *const unrest = row_of(c, ROW_UNREST);
    float sum = 0.0f;
    for (size_t k = 0; k < PARTITION_BINS; k++)
        sum += power[k];
    const float mean = sum / PARTITION_BINS;
    for (size_t k = 0; k < PARTITION_ROW; k++)
        unrest[k] = off.more * 0.5f * (power[k] + mean);
    const adaptation a = {
        .gain_re = row_of(c, ROW_GAIN_RE),
        .gain_im = row_of(c, ROW_GAIN_IM),
        .inverse = row_of(c, ROW_INVERSE),
        .scale = off.scale,
        .fade = change_fade,
        .shrink = shrink,
        .keep = keep * (1.0f - off.less),
        .drift = drift + off.more,
        .unrest = unrest,
        .shape = c->shape,
        .least = variance_least,
        .most = variance_most,
    };
    c->k->partitions_adapt(&c->filter, &a, power);
}

/*
 * Once more from earlier blocks, held against the filter of now: neighbouring partitions tell
 * of the same samples, which variances of single bins know nothing of, so that one step from a
 * block leaves much of its error. Where the newest error is not the filter's, in double talk above
 * all, there is nothing to win.
 */
static void learn_again(kalman *c)
{
    reuse r = {
        .noise = row_of(c, ROW_NOISE),
        .caution = noise_caution,
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
    c->k->partitions_predict_reused(&c->filter, &r);
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        const reused_block *const b = &r.blocks[i];
        const float *const mic = mic_of(c, b->age);
        /* A muted microphone says nothing, an earlier one neither. */
        const int heard = dot(mic, mic) > 0.0;
        float e[KALMAN_HOP];
        hop_of(c, b->y_re, b->y_im, e);
        for (size_t k = 0; k < KALMAN_HOP; k++)
            e[k] = heard ? mic[k] - e[k] : 0.0f;
        spectrum(c, e, b->e_re, b->e_im);
    }
    c->k->partitions_correct(&c->filter, &r);
}

/*
 * The filter of a partition is 128 samples long; the update also writes to the other 128 of its
 * transform. They are cleared in some partitions a hop, in turn.
 */
static void constrain(kalman *c)
{
    for (int i = 0; i < CONSTRAINED; i++) {
        float *const re = c->filter.w_re + c->constrained * PARTITION_ROW;
        float *const im = c->filter.w_im + c->constrained * PARTITION_ROW;
        c->k->fft_inverse(&c->fft, c->block, re, im);
        memset(c->block + KALMAN_HOP, 0, KALMAN_HOP * sizeof(float));
        c->k->fft_forward(&c->fft, re, im, c->block);
        c->constrained = (c->constrained + 1) % c->filter.count;
    }
}

/* Whether the filter is worse than none, or no number any more; NaN counts. */
static int has_diverged(kalman *c, double mic_energy, double error_energy)
{
    c->mic_energy = level_memory * c->mic_energy + mic_energy;
    c->error_energy = level_memory * c->error_energy + error_energy;
    return !(c->error_energy <= diverged_factor * c->mic_energy);
}

static void learn(kalman *c, const float *error, const float *echo, int silent)
{
    const misfit m = weigh(c, error, echo, silent);
    if (silent)
        return;
    adapt(c, find_misadjustment(c, &m));
    if (m.expected > reuse_least * m.energy)
        learn_again(c);
    constrain(c);
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
            const double cross = dot(m, y), power = dot(y, y);
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
    if (far_energy <= UNECHO_FAR_ACTIVE_POWER * KALMAN_HOP)
        return;
    c->stats.active_hops++;
    c->stats.active_mic_energy += mic_energy;
    c->stats.active_error_energy += output_energy;
}

void kalman_run(kalman *c, const float *mic, const float *far, float *error, float *echo)
{
    float m[KALMAN_HOP], y[KALMAN_HOP] = {0}, e[KALMAN_HOP];
    memcpy(m, mic, sizeof m);
    const double mic_energy = dot(m, m), far_energy = dot(far, far);
    take_far(c, far, far_energy);
    take_mic(c, m);
    const int silent = c->silent == c->filter.count;
    if (!silent) {
        c->k->partitions_predict(&c->filter, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM),
                                 row_of(c, ROW_SPREAD));
        hop_of(c, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM), y);
    }
    for (size_t i = 0; i < KALMAN_HOP; i++)
        e[i] = m[i] - y[i];
    double error_energy = dot(e, e);

    /* A muted microphone says nothing about the room. */
    if (mic_energy > 0.0) {
        if (has_diverged(c, mic_energy, error_energy)) {
            kalman_restart(c);
            c->stats.diverged++;
            memset(y, 0, sizeof y);
            memcpy(e, m, sizeof e);
            error_energy = mic_energy;
        } else {
            learn(c, e, y, silent);
        }
    }
    const double given = give(c, m, y, e, mic_energy, error_energy, error, echo);
    count(c, mic_energy, far_energy, given);
}
