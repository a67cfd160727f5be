#include "misadjustment.h"

#include <math.h>

/* Chosen by measurement (docs/linear.md): smoothing, how many standard deviations are certain, and
 * the effect on variance and weights. */
static const double estimate_memory = 0.97, estimate_sigmas = 7.0, estimate_weight = 2e4;
static const double excess_sigmas = 4.0, excess_weight = 0.1;
static const double change_memory = 0.8, change_sigmas = 4.0, change_weight = 2.5;
static const double back_weight = 0.11;
static const double level_memory = 0.8, level_sigmas = 4.0, level_share = 0.3;
static const double level_most = 9.0, level_fall = 0.5, level_variance = 0.1;
static const double misfit_least = 1e-3;
/* The steps of a filter that has unlearnt an echo explain a millionth of it once it is back, and
 * are no less certain for that. */
static const double power_least = 1e-8;

static void smooth(smooth_likeness *s, const likeness *l, double memory)
{
    const double newest = 1.0 - memory;
    s->cross = memory * s->cross + newest * (double)l->cross;
    s->power = memory * s->power + newest * (double)l->power;
    s->scatter = memory * memory * s->scatter + newest * newest * (double)l->scatter;
}

/* The certain part of a cross sum, 0 if there is none. */
static double certain(const smooth_likeness *s, double cross, double sigmas)
{
    return fmax(cross - sigmas * sqrt(s->scatter), 0.0);
}

/* The certain part of a slope's magnitude, at most 1. */
static double certain_slope(const smooth_likeness *s, double cross, double sigmas, double least)
{
    return fmin(certain(s, cross, sigmas) / (s->power + least), 1.0);
}

/* The share of the error that the regression on the echo estimate certainly explains. */
static double level_explains(const misadjustment *m, double found)
{
    return found * found / (m->level.power * m->level_error + misfit_least * misfit_least);
}

/*
 * The factor between the echo and its estimate, where one factor explains much of the error: a
 * volume control or a gain in the microphone has moved. Two voices do not match like that, however
 * loud. The sums weigh every hop by its own error, so that before a rise they would count a
 * thousand times as much as after it; they are brought to the weight of the newest hop.
 */
static double find_level(misadjustment *m, const misfit *hop)
{
    const double echo = (double)hop->echo;
    if (echo > 1e-9) {
        const double weight = (double)hop->estimate.power / echo;
        if (weight < m->level_weight) {
            const double by = weight / m->level_weight;
            m->level.cross *= by;
            m->level.power *= by;
            m->level.scatter *= by * by;
            m->level_error *= by;
            m->level_weight = weight;
        } else {
            m->level_weight += 0.1 * (weight - m->level_weight);
        }
    }
    smooth(&m->level, &hop->estimate, level_memory);
    m->level_error = level_memory * m->level_error + (1.0 - level_memory) * (double)hop->error;

    const double power = m->level.power + misfit_least;
    const double up = certain(&m->level, m->level.cross, level_sigmas);
    const double down = certain(&m->level, -m->level.cross, level_sigmas);
    if (level_explains(m, fmax(up, down)) <= level_share)
        return 1.0;
    m->level = (smooth_likeness){0};
    m->level_error = 0.0;
    return up > 0.0 ? 1.0 + fmin(up / power, level_most)
                    : 1.0 - level_fall * fmin(down / power, 1.0);
}

/*
 * The error of the right filter is orthogonal to whatever is made of the far end, whoever talks in
 * the room, and the standard deviation of a regression says what near-end talk alone could do to
 * it. Voices are no independent blocks, and what is certain is often wrong in double talk, which
 * has more to lose than to win: what adds variance counts with the share of the error that it
 * explains, which is small there.
 *
 * By the echo estimate: a filter on its way leaves the rest of the echo in the error. Only a large
 * slope counts (its fourth power): two voices at one pitch reach 0.1, a filter that has to become
 * another 0.5 and more. Where the slope is negative the estimate is too large, or no longer in the
 * microphone, or never was: the weights fall.
 *
 * By the recent changes: where the error still goes the way in which the filter has been changed,
 * the steps are too small. Where it goes the other way, they were too large; then the variance
 * falls until the error is orthogonal to them, as that of the right step is. So in double talk,
 * whose changes turn out wrong.
 */
readjustment misadjustment_next(misadjustment *m, const misfit *hop)
{
    smooth(&m->estimate, &hop->estimate, estimate_memory);
    smooth(&m->change, &hop->change, change_memory);
    m->error = estimate_memory * m->error + (1.0 - estimate_memory) * (double)hop->error;
    const double error = m->error + misfit_least;
    const double by_estimate = m->estimate.cross, by_change = m->change.cross;
    const double rest = certain_slope(&m->estimate, by_estimate, estimate_sigmas, misfit_least);
    const double excess = certain_slope(&m->estimate, -by_estimate, excess_sigmas, misfit_least);
    const double onwards = certain_slope(&m->change, by_change, change_sigmas, power_least);
    const double back = certain_slope(&m->change, -by_change, change_sigmas, misfit_least);
    const double rest_share = fmin(rest * by_estimate / error, 1.0);
    const double onwards_share = fmin(onwards * by_change / error, 1.0);
    const double level = find_level(m, hop);
    const double more = estimate_weight * rest * rest * rest * rest * rest_share +
                        change_weight * onwards * onwards_share +
                        (level > 1.0 ? level_variance : 0.0);
    return (readjustment){
        .more = (float)more,
        .less = (float)(back_weight * back),
        .scale = (float)((1.0 - excess_weight * excess) * level),
        .onwards = (float)onwards,
    };
}
