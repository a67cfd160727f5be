/* Analyses a pair of recordings. judge.c draws the conclusions. */
#include "doctor/doctor.h"

#include "alignment/order.h"
#include "alignment/track.h"
#include "doctor/expect.h"
#include "doctor/watch.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How late the far end may be, in ms: usually, and at most. */
#define USUAL_LATE 200
/* An echo that comes before the far end by more than this may be that of the other end. */
#define SWAPPED_MS 3.0

/* Windows that are enough to tell whether a rate fits. */
#define TRIAL_WINDOWS 8
#define TRIAL_LEAST   3

/* Samples at a time. */
enum { PART = 4096 };

/* ---- Delay ------------------------------------------------------------------------------ */

/* Of a far end that is put right where the delay jumps. */
static bool find_line(struct analysis *a)
{
    bool again;
    if (!delay_find(&a->line, &a->mic.copy, &a->far.copy, DELAY_MOST_WINDOWS))
        return false;
    if (a->line.clear_beside < CLEAR_JUMPS)
        return true;
    return aim_mend(&a->aim, &a->mic, &a->far, a->input, &again) &&
           (!again || delay_find(&a->line, &a->mic.copy, &a->far.copy, DELAY_MOST_WINDOWS));
}

/* Try one rate that the far end might really have. */
static bool try_factor(struct analysis *a, double factor, size_t *most)
{
    struct delay_line line;
    struct copy far;
    const bool done = survey_copy(NULL, &far, a->input, factor) &&
                      delay_find(&line, &a->mic.copy, &far, TRIAL_WINDOWS);
    copy_close(&far);
    if (!done)
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

static double far_heard_at(const void *context, double seconds)
{
    const struct analysis *a = context;
    return (seconds - 1e-3 * delay_at(&a->line, seconds)) * a->rate_factor;
}

static void count_alone(struct analysis *a)
{
    const struct measures *m = &a->mic.measures, *f = &a->far.measures;
    const struct loudness mic = {&a->aim.mic, m->active_db};
    const struct loudness far = {&a->aim.far, f->active_db};
    a->alone = alone_count(mic, far, far_heard_at, a);
}

/*
 * Windows in which the user's own voice in the far end correlates lie on a line of their own, which
 * may be the one of more windows. The search of whole recordings tells the two apart: then the line
 * is the echo's. Where the microphone does not hear what else is in the far end, all are that
 * voice.
 */
static void set_own_voice_apart(struct analysis *a)
{
    const struct track *const track = &a->aim.track;
    struct delay_line *const line = &a->line;
    if (!line->found || a->rate_factor != 1.0)
        return;
    a->no_echo = track->no_echo;
    if (line->clear_beside < CLEAR_JUMPS && ends_find_order(a->alone, 0.0) != ENDS_SWAPPED)
        return;
    a->own_voice = track->own_voice && !track->no_echo && track->piece_count > 0;
    if (!a->own_voice)
        return;
    line->delay_ms = 1e3 * aim_lag(&a->aim, a->input, 0.0);
    line->drift_ppm = 0.0;
    line->fitting = line->clear_beside = 0;
    for (size_t i = 0; i < line->point_count; i++) {
        struct delay_point *const point = &line->points[i];
        const double lag_ms = 1e3 * aim_lag(&a->aim, a->input, point->seconds);
        point->fits = fabs(point->delay_ms - lag_ms) <= 1e3 * POINT_TOLERANCE_S;
        line->fitting += point->fits;
    }
    count_alone(a);
}

/* ---- What the canceller makes of it ----------------------------------------------------- */

/* While the far end has been silent for long enough that its echo is gone. */
static bool is_near_alone(const struct analysis *a, double seconds)
{
    const double delay = a->line.found ? 1e-3 * delay_at(&a->line, seconds) : 0.0;
    const struct measures *mic = &a->mic.measures;
    return (double)level_at(&a->aim.mic, seconds) >= fmax(mic->floor_db + 15.0, -60.0) &&
           level_highest(&a->aim.far, seconds - delay - 0.6, seconds - delay + 0.1) <=
               ACTIVE_DB - 10.0f;
}

static void measure_near_end(struct analysis *a)
{
    double before = 0.0, after = 0.0;
    size_t n = 0;
    const struct levels *mic = &a->aim.mic;
    for (size_t i = 0; i < a->out_levels.n && i < mic->n; i++) {
        if (!is_near_alone(a, ((double)i + 0.5) / LEVELS_PER_S))
            continue;
        before += pow(10.0, 0.1 * (double)mic->db[i]);
        after += pow(10.0, 0.1 * (double)a->out_levels.db[i]);
        n++;
    }
    a->near_seconds = (double)n / LEVELS_PER_S;
    a->near_db = n ? 10.0 * log10(after / before) : (double)NAN;
}

/* As far as the sound tells, where the echo comes before its source. */
static enum ends_order order_of(const struct analysis *a)
{
    if (a->no_echo || a->aim.swapped)
        return ENDS_SWAPPED;
    if (!a->line.found || a->line.delay_ms > -SWAPPED_MS)
        return ENDS_RIGHT;
    return ends_find_order(a->alone, a->line.tail);
}

static unsigned late_for(const struct analysis *a)
{
    const double early = fmax(-a->line.delay_ms, -delay_at(&a->line, a->aim.seconds));
    /* What comes before the far end is then no echo. */
    if (a->own_voice || order_of(a) == ENDS_SWAPPED)
        return 0;
    if (!a->line.found || early < 0.75 * USUAL_LATE)
        return USUAL_LATE;
    return early > 0.75 * UNECHO_REFERENCE_LATE_MAX_MS ? UNECHO_REFERENCE_LATE_MAX_MS
                                                       : (unsigned)(1.25 * early) + 50;
}

/* Whether the line goes on for longer than the distance of a room's loud reflections: the canceller
 * follows so fast a drift by jumps. */
static bool is_wide(const struct analysis *a)
{
    return 1e-3 * fabs(a->line.drift_ppm) * a->aim.seconds >= 25.0;
}

/* Whether the canceller's delay went where the line goes: half as far at least, and no step. */
static bool goes_along(const struct analysis *a, const struct stats_point *first,
                       const struct stats_point *last)
{
    const struct stats_point *middle = first + (last - first) / 2;
    const double from = (double)first->stats.delay_ms, to = (double)last->stats.delay_ms;
    const double claimed = -1e-3 * a->line.drift_ppm * (last->seconds - first->seconds);
    const double off = (double)middle->stats.delay_ms - 0.5 * (from + to);
    return (to - from) / claimed >= 0.5 && fabs(off) <= 0.25 * fabs(to - from);
}

/*
 * Where somebody moves, or both talk, the highest peak of a window is another reflection's or
 * chance, and the line through a few of them is steep. The canceller follows one delay all the
 * time. Drift of which it is certain is what it says; otherwise most windows must lie on the line,
 * and the canceller have gone along with it or the line be wider than a room. Else it keeps its
 * middle and has no drift.
 */
static void settle_drift(struct analysis *a)
{
    const struct stats_point *first = NULL, *last = NULL;
    for (size_t i = 0; i < a->cancelled.track_n; i++)
        if (a->cancelled.track[i].stats.aligned) {
            last = &a->cancelled.track[i];
            first = first ? first : last;
        }
    const unecho_stats *const said = last ? &last->stats : &a->cancelled.stats;
    if (!a->line.found || a->rate_factor != 1.0 || !said->aligned)
        return;
    const double certain = (double)said->drift_ppm, middle = 0.5 * a->aim.seconds;
    if (first && (certain == 0.0 || fabs(a->line.drift_ppm) > FOLLOWED_PPM * 1.1) &&
        2 * a->line.fitting > a->line.windows && (is_wide(a) || goes_along(a, first, last)))
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
    struct doctor_input turned = *a->input;
    struct cancelled cancelled;
    turned.mic = a->input->far;
    turned.far = a->input->mic;
    const bool done = doctor_cancel(&cancelled, &turned, model, USUAL_LATE, NULL);
    *gain_db = (double)cancelled.stats.linear_erle_db - (double)a->cancelled.stats.linear_erle_db;
    cancelled_free(&cancelled);
    return done;
}

/* The echo comes before its source: is the far end late, or are the two swapped? */
static bool find_swapped(struct analysis *a, unecho_model *model)
{
    double gain_db;
    const enum ends_order order = order_of(a);
    if (order != ENDS_UNKNOWN) {
        a->swapped = order == ENDS_SWAPPED;
        return true;
    }
    if (!turn_round(a, model, &gain_db))
        return false;
    a->swapped = gain_db > 10.0;
    return true;
}

/* The delays of the recordings as they are, without the shift. */
static void move_back(struct analysis *a)
{
    const struct track *track = &a->aim.track;
    const double moved = aim_moved_ms(&a->aim);
    a->line.delay_ms += moved;
    if (a->line.found)
        a->delay_ms = a->line.delay_ms;
    else if (track->piece_count > 0)
        a->delay_ms = 1e3 * track_lag(track, (double)a->input->from);
    for (size_t i = 0; i < a->line.point_count; i++)
        a->line.points[i].delay_ms += moved;
    for (size_t i = 0; i < a->cancelled.track_n; i++)
        a->cancelled.track[i].stats.delay_ms += (float)moved;
    if (a->cancelled.track_n > 0)
        a->cancelled.stats.delay_ms += (float)moved;
}

/* ---- The whole -------------------------------------------------------------------------- */

/* All that can be said before the echo is cancelled. */
static bool examine(struct analysis *a, struct doctor_input *input)
{
    *a = (struct analysis){.input = input,
                           .delay_ms = (double)NAN,
                           .rate_factor = 1.0,
                           .expected_erle_db = (double)NAN};
    if (!survey_take(&a->mic, &a->far, input))
        return false;
    a->same = copies_are_same(&a->mic.copy, &a->far.copy);
    if (!aim_take(&a->aim, &a->mic, &a->far, a->same, input))
        return false;
    if (!find_line(a) || (!a->line.found && a->line.windows >= TRIAL_LEAST && !try_rates(a)))
        return false;
    if (a->line.found)
        count_alone(a);
    set_own_voice_apart(a);
    return true;
}

static bool open_watch(struct analysis *a, struct watch *watch, bool with_pictures)
{
    *watch = (struct watch){0};
    if (with_pictures && !(a->pictures = calloc(2, sizeof(*a->pictures))))
        return report_no_memory();
    return watch_open(watch, &a->out_levels, a->pictures, a->input->mic.n, a->input->mic.rate);
}

/* The rest, once there is an output. */
static bool conclude(struct analysis *a, unecho_model *model)
{
    measure_near_end(a);
    a->was_cancelled = true;
    settle_drift(a);
    if (a->line.found && !expect_erle(&a->expected_erle_db, a->input, &a->line, a->rate_factor))
        return false;
    move_back(a);
    return find_swapped(a, model);
}

bool doctor_analyse(struct analysis *a, struct doctor_input *input, unecho_model *model,
                    bool with_pictures)
{
    struct watch watch = {0};
    const bool done = examine(a, input) && open_watch(a, &watch, with_pictures) &&
                      doctor_cancel(&a->cancelled, input, model, late_for(a), &watch);
    watch_close(&watch);
    return done && conclude(a, model);
}

/* The next n samples of the output, the mean of its channels; silence after its end. */
static bool read_output(audio_reader *out, float *frames, size_t n)
{
    const unsigned channels = audio_reader_channels(out);
    size_t got;
    if (!audio_reader_read(out, frames, n, &got))
        return false;
    memset(frames + got * channels, 0, (n - got) * channels * sizeof(*frames));
    for (size_t i = 0; channels > 1 && i < n; i++) {
        float sum = 0.0f;
        for (unsigned c = 0; c < channels; c++)
            sum += frames[i * channels + c];
        frames[i] = sum / (float)channels;
    }
    return true;
}

/* What of the output comes before the part that is examined. */
static bool skip_output(const struct analysis *a, audio_reader *out)
{
    float frames[PART * UNECHO_CHANNELS_MAX];
    size_t n;
    for (uint64_t left = a->input->from * (uint64_t)a->input->mic.rate; left > 0; left -= n) {
        n = left < PART ? (size_t)left : PART;
        if (!read_output(out, frames, n))
            return false;
    }
    return true;
}

static bool watch_both(struct analysis *a, struct watch *watch, audio_reader *out)
{
    float samples[PART * UNECHO_CHANNELS_MAX];
    if (!skip_output(a, out))
        return false;
    for (uint64_t left = a->input->mic.n; left > 0;) {
        const size_t n = left < PART ? (size_t)left : PART;
        size_t got;
        if (!doctor_end_read(&a->input->mic, samples, n, &got))
            return false;
        watch_microphone(watch, samples, n);
        if (!read_output(out, samples, n) || !watch_output(watch, samples, n))
            return false;
        left -= n;
    }
    watch_end(watch);
    return doctor_input_rewind(a->input);
}

bool doctor_analyse_output(struct analysis *a, struct doctor_input *input, unecho_model *model,
                           audio_reader *out, const unecho_stats *stats)
{
    struct watch watch = {0};
    const bool done =
        examine(a, input) && open_watch(a, &watch, true) && watch_both(a, &watch, out);
    watch_close(&watch);
    a->cancelled.stats = *stats;
    return done && conclude(a, model);
}

void analysis_free(struct analysis *a)
{
    surveyed_close(&a->mic);
    surveyed_close(&a->far);
    levels_free(&a->out_levels);
    free(a->pictures);
    cancelled_free(&a->cancelled);
    aim_free(&a->aim);
}
