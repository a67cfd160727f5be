#include "kalman.h"

#include "dsp/packed16.h"
#include "kalman_inside.h"

#include <math.h>
#include <string.h>

/* ---- What was found best by measurement: docs/linear.md ---------------------------------- */

/* The prior of |w|^2: of one partition, level over the first ones, then falling. */
static const float prior_first = 4.0f, prior_decay = 0.87f;
enum { PRIOR_LEVEL = 2 };
/* Recent changes: of the first 128 ms. */
enum { RECENT = 16 };
/* What the noise's weight grows by, as a share of it, where all of the last error's power was near
 * end. */
static const float told_weight = 4.0f;
/* Smoothing of error and microphone, and how much more of the first is a divergence. */
static const double level_memory = 0.95, diverged_factor = 4.0;
/* How much more energy than the microphone's a hop's output may have; how much more the error may
 * have had of late in a filter that is good all the same. */
static const double louder_most = 1.02, louder_good = 1.25;

/* ---- Memory ------------------------------------------------------------------------------ */

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

void kalman_hop_of(kalman *c, const float *re, const float *im, float *hop)
{
    float block[KALMAN_BLOCK];
    c->k->fft_inverse(c->paths.fft, block, re, im);
    memcpy(hop, block + KALMAN_HOP, KALMAN_HOP * sizeof(float));
}

void kalman_transform(kalman *c, const float *block, float *re, float *im)
{
    c->k->fft_forward(c->paths.fft, re, im, block);
    for (size_t k = PARTITION_BINS; k < PARTITION_ROW; k++)
        re[k] = im[k] = 0.0f;
}

void kalman_spectrum(kalman *c, const float *hop, float *re, float *im)
{
    float block[KALMAN_BLOCK] = {0.0f};
    memcpy(block + KALMAN_HOP, hop, KALMAN_HOP * sizeof(float));
    kalman_transform(c, block, re, im);
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
    kalman_hop_of(c, y_re, y_im, hop);
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
    kalman_transform(c, block, row_of(c, ROW_Z_RE), row_of(c, ROW_Z_IM));
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
    kalman_learn(c, e, y, silent,
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
        kalman_hop_of(c, row_of(c, ROW_Y_RE), row_of(c, ROW_Y_IM), y);
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
