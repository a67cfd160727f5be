/* Analyses a pair of recordings. judge.c draws the conclusions. */
#include "doctor/doctor.h"

#include "alignment/coherence.h"
#include "alignment/order.h"
#include "dsp/convert.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How late the far end may be, in ms: usually, and at most. */
#define USUAL_LATE 200

/* Windows that are enough to tell whether a rate fits. */
#define TRIAL_WINDOWS 8
#define TRIAL_LEAST   3

static bool no_memory(void)
{
    report_error("out of memory");
    return false;
}

/* ---- Delay ------------------------------------------------------------------------------ */

/* An end at another rate, as if its own were factor times the stated one. */
static float *at_rate(const struct doctor_end *end, int rate, double factor, size_t *n)
{
    *n = (size_t)((double)end->n * rate / (end->rate * factor));
    return convert_rate(end->samples, end->n, end->rate * factor, (unsigned)rate, 0, *n);
}

static bool find_delay(const struct analysis *a, double factor, size_t windows,
                       struct delay_line *line)
{
    struct delay_signal mic, far;
    mic.samples = at_rate(&a->input->mic, DELAY_RATE, 1.0, &mic.n);
    far.samples = at_rate(&a->input->far, DELAY_RATE, factor, &far.n);
    const bool done = mic.samples && far.samples && delay_find(line, &mic, &far, windows);
    free(mic.samples);
    free(far.samples);
    return done || no_memory();
}

/* Try one rate that the far end might really have. */
static bool try_factor(struct analysis *a, double factor, size_t *most)
{
    struct delay_line line;
    if (!find_delay(a, factor, TRIAL_WINDOWS, &line))
        return false;
    if (!line.found || line.fitting < TRIAL_LEAST || line.fitting <= *most)
        return true;
    *most = line.fitting;
    a->rate_factor = factor;
    a->line = line;
    return true;
}

/* Whether to try a factor: in range, not 1, and not tried before. */
static bool is_new(double factor, const double *tried, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabs(factor - tried[i]) < 1e-6)
            return false;
    return fabs(factor - 1.0) > 1e-6 && factor > 0.2 && factor < 5.0;
}

/* Either file may state another rate than it was recorded at. */
static bool try_rates(struct analysis *a)
{
    static const double usual[] = {8000.0,  16000.0, 22050.0, 24000.0,
                                   32000.0, 44100.0, 48000.0, 96000.0};
    enum { USUAL = sizeof(usual) / sizeof(usual[0]) };
    double tried[2 * USUAL];
    size_t count = 0, most = 0;
    for (size_t i = 0; i < USUAL; i++) {
        const double factors[] = {usual[i] / a->input->far.rate, a->input->mic.rate / usual[i]};
        for (size_t k = 0; k < 2; k++) {
            if (!is_new(factors[k], tried, count))
                continue;
            tried[count++] = factors[k];
            if (!try_factor(a, factors[k], &most))
                return false;
        }
    }
    return true;
}

/* ---- Both ends side by side ------------------------------------------------------------- */

static bool hold_the_same(const struct doctor_input *input)
{
    const size_t n = input->mic.n < input->far.n ? input->mic.n : input->far.n;
    double power = 0.0, difference = 0.0;
    if (input->mic.rate != input->far.rate)
        return false;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)input->mic.samples[i], d = x - (double)input->far.samples[i];
        power += x * x;
        difference += d * d;
    }
    return power > 0.0 && difference < 1e-5 * power;
}

static double far_heard_at(const void *context, double seconds)
{
    const struct analysis *a = context;
    return (seconds - 1e-3 * delay_at(&a->line, seconds)) * a->rate_factor;
}

static void count_alone(struct analysis *a)
{
    const struct loudness mic = {&a->mic.levels, a->mic.active_db};
    const struct loudness far = {&a->far.levels, a->far.active_db};
    a->alone = alone_count(mic, far, far_heard_at, a);
}

/* Of a linear filter, from the coherence. false: out of memory. */
static bool coherence_gain(const float *x, const float *y, size_t n, unsigned rate, double *db)
{
    struct coherence *c = coherence_new(rate);
    double before = 0.0, after = 0.0;
    if (!c)
        return false;
    const size_t stretch = coherence_stretch(c);
    for (size_t at = 0; at + stretch <= n; at += stretch)
        coherence_add(c, x + at, y + at, &before, &after);
    if (after > 0.0)
        *db = 10.0 * log10(before / after);
    coherence_free(c);
    return true;
}

static bool expect_erle(struct analysis *a)
{
    enum { RATE = UNECHO_SAMPLE_RATE };
    const struct doctor_end *end = &a->input->far;
    size_t n;
    float *mic, *far;
    bool done;
    a->expected_erle_db = (double)NAN;
    if (!a->line.found)
        return true;
    mic = at_rate(&a->input->mic, RATE, 1.0, &n);
    /* Shifted, so that far end and echo coincide. */
    far = convert_rate(end->samples, end->n,
                       end->rate * a->rate_factor * (1.0 + 1e-6 * a->line.drift_ppm), RATE,
                       lround(-1e-3 * a->line.delay_ms * end->rate * a->rate_factor), n);
    done = mic && far && coherence_gain(far, mic, n, RATE, &a->expected_erle_db);
    free(mic);
    free(far);
    return done || no_memory();
}

/* ---- What the canceller makes of it ----------------------------------------------------- */

/* While the far end has been silent for long enough that its echo is gone. */
static bool is_near_alone(const struct analysis *a, double seconds)
{
    const double delay = a->line.found ? 1e-3 * delay_at(&a->line, seconds) : 0.0;
    return (double)level_at(&a->mic.levels, seconds) >= fmax(a->mic.floor_db + 15.0, -60.0) &&
           level_highest(&a->far.levels, seconds - delay - 0.6, seconds - delay + 0.1) <=
               ACTIVE_DB - 10.0f;
}

static void measure_near_end(struct analysis *a)
{
    double before = 0.0, after = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < a->out_levels.n && i < a->mic.levels.n; i++) {
        if (!is_near_alone(a, ((double)i + 0.5) / LEVELS_PER_S))
            continue;
        before += pow(10.0, 0.1 * (double)a->mic.levels.db[i]);
        after += pow(10.0, 0.1 * (double)a->out_levels.db[i]);
        n++;
    }
    a->near_seconds = (double)n / LEVELS_PER_S;
    a->near_db = n ? 10.0 * log10(after / before) : (double)NAN;
}

static unsigned late_for(const struct analysis *a)
{
    const double early = fmax(-a->line.delay_ms, -delay_at(&a->line, a->mic.seconds));
    if (!a->line.found || early < 0.75 * USUAL_LATE)
        return USUAL_LATE;
    return early > 0.75 * UNECHO_REFERENCE_LATE_MAX_MS ? UNECHO_REFERENCE_LATE_MAX_MS
                                                       : (unsigned)(1.25 * early) + 50;
}

static bool measure_output(struct analysis *a)
{
    const struct doctor_end *mic = &a->input->mic;
    if (!levels_take(&a->out_levels, a->cancelled.out, mic->n, mic->rate))
        return false;
    measure_near_end(a);
    a->was_cancelled = true;
    return true;
}

/* Whether the canceller's delay went where the line goes: half as far at least, and no step. */
static bool goes_along(const struct analysis *a, const struct track_point *first,
                       const struct track_point *last)
{
    const struct track_point *middle = first + (last - first) / 2;
    const double from = (double)first->stats.delay_ms, to = (double)last->stats.delay_ms;
    const double claimed = -1e-3 * a->line.drift_ppm * (last->seconds - first->seconds);
    const double off = (double)middle->stats.delay_ms - 0.5 * (from + to);
    return (to - from) / claimed >= 0.5 && fabs(off) <= 0.25 * fabs(to - from);
}

/*
 * Where somebody moves, or both talk, the highest peak of a window is another reflection's or
 * chance, and the line through a few of them is steep. The canceller follows one delay all the
 * time. Drift of which it is certain is what it says; otherwise it must have gone along with the
 * line, or the line keeps its middle and has no drift.
 */
static void settle_drift(struct analysis *a)
{
    const struct track_point *first = NULL, *last = NULL;
    for (size_t i = 0; i < a->cancelled.track_n; i++)
        if (a->cancelled.track[i].stats.aligned) {
            last = &a->cancelled.track[i];
            first = first ? first : last;
        }
    const unecho_stats *const said = last ? &last->stats : &a->cancelled.stats;
    if (!a->line.found || a->rate_factor != 1.0 || !said->aligned)
        return;
    const double certain = (double)said->drift_ppm, middle = 0.5 * a->mic.seconds;
    if (first && (certain == 0.0 || fabs(a->line.drift_ppm) > FOLLOWED_PPM * 1.1) &&
        goes_along(a, first, last))
        return;
    const double delay = delay_at(&a->line, middle);
    a->line.drift_ppm = certain;
    a->line.delay_ms = delay + 1e-3 * certain * middle;
}

/* ---- Which end is which ----------------------------------------------------------------- */

/* By how many dB the linear filter does better with the two ends swapped. A network would hide it.
 */
static bool turn_round(const struct analysis *a, unecho_model *model, double *gain_db)
{
    const struct doctor_input turned = {.mic = a->input->far, .far = a->input->mic};
    struct cancelled cancelled;
    const bool done = doctor_cancel(&cancelled, &turned, model, USUAL_LATE);
    *gain_db = (double)cancelled.stats.linear_erle_db - (double)a->cancelled.stats.linear_erle_db;
    cancelled_free(&cancelled);
    return done;
}

/* The echo comes before its source: is the far end late, or are the two swapped? */
static bool find_swapped(struct analysis *a, unecho_model *model)
{
    double gain_db;
    if (!a->line.found || a->line.delay_ms > -3.0)
        return true;
    const enum ends_order order = ends_find_order(a->alone, a->line.tail);
    if (order != ENDS_UNKNOWN) {
        a->swapped = order == ENDS_SWAPPED;
        return true;
    }
    if (!turn_round(a, model, &gain_db))
        return false;
    a->swapped = gain_db > 10.0;
    return true;
}

/* All that can be said before the echo is cancelled. */
static bool examine(struct analysis *a, const struct doctor_input *input)
{
    *a = (struct analysis){.input = input, .rate_factor = 1.0, .expected_erle_db = (double)NAN};
    if (!measure_end(&a->mic, &input->mic) || !measure_end(&a->far, &input->far))
        return false;
    a->same = hold_the_same(input);
    if (!find_delay(a, 1.0, DELAY_MOST_WINDOWS, &a->line) ||
        (!a->line.found && a->line.windows >= TRIAL_LEAST && !try_rates(a)))
        return false;
    if (a->line.found)
        count_alone(a);
    return true;
}

/* The rest, once there is an output. */
static bool conclude(struct analysis *a, unecho_model *model)
{
    if (!measure_output(a))
        return false;
    settle_drift(a);
    return expect_erle(a) && find_swapped(a, model);
}

bool doctor_analyse(struct analysis *a, const struct doctor_input *input, unecho_model *model)
{
    return examine(a, input) && doctor_cancel(&a->cancelled, input, model, late_for(a)) &&
           conclude(a, model);
}

bool doctor_analyse_output(struct analysis *a, const struct doctor_input *input,
                           unecho_model *model, float *out, const unecho_stats *stats)
{
    const bool examined = examine(a, input);
    a->cancelled = (struct cancelled){.out = out, .stats = *stats};
    return examined && conclude(a, model);
}

void analysis_free(struct analysis *a)
{
    measures_free(&a->mic);
    measures_free(&a->far);
    levels_free(&a->out_levels);
    cancelled_free(&a->cancelled);
}
