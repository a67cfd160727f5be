#include "aligner.h"

#include "listening.h"
#include "reading.h"

#include <math.h>
#include <string.h>

/* ---- What counts as a delay --------------------------------------------------------------- */

/*
 * Heights in standard deviations, and above the next peak that cannot be of the same room.
 * Unrelated speech reaches 6 in the long correlation, and 9 in the fresh one, but not twice at one
 * lag.
 */
static const float peak_height = 7.0f, fresh_height = 6.5f, prominence = 1.25f;
/* One such peak is enough. */
static const float sure_height = 10.0f, sure_prominence = 1.5f;
/* Where the peak was before: only few places are looked at. */
static const float known_height = 4.5f;
/* What the far end plays where the held delay has it, as a share of where another one does. */
static const float played_share = 0.6f;
/* A delay that is held is gone if the fresh correlation is below this share of a peak elsewhere. */
static const float gone_share = 0.7f;
/* On how many frames with an active far end a peak rests at least; whitened, they weigh a quarter.
 */
static const float least_frames = 2.0f, least_fresh_frames = 1.0f;
/* Delays so near are the same. */
static const double same = 16.0;
/* The delay that is held may have moved so far since it was last seen. */
static const double gate = SHAPE_GATE;
/* A peak counts so much; what all that are in a row at one lag have to count, for the first delay
 * and for another one. */
enum { COUNT_WEAK = 1, COUNT_FRESH = 2, COUNT_SURE = 3, ENOUGH_FIRST = 2, ENOUGH_OTHER = 3 };
/* A delay before the far end is given up after so many looks without it. */
enum { MISSED_MOST = 8 };
/* After so many looks that find nothing new only the delay that is held is looked at, but for every
 * eighth time. A fresh peak there below `doubtful_height` is reason to look at all at once. */
enum { STEADY = 24, STEADY_SEARCH = 8 };
static const float doubtful_height = 5.0f;
/* Once the whole echo was heard where it has been, no peak elsewhere counts for a quarter of a
 * second. */
enum { SURE_HOPS = 32 };
/* A delay was just found for a second. */
enum { FOUND_HOPS = 125 };

/* ---- What is done about it ------------------------------------------------------------------ */

/*
 * The far end comes so much before its echo begins, as rooms may rise slowly: the partitions for
 * which the linear filter expects most, but no more than an eighth of its tail; the network alone
 * wants it close. A pair that is no further apart than `kept` is left alone.
 */
static const int64_t lead_alone = 64, lead_most = 384, kept = 320;
/* Another delay so near is another reflection of the same echo. */
static const double reflections = 128.0;
/* An echo begins with the first correlation of this share of its peak, at most so many samples
 * before it. */
static const float onset_share = 0.5f;
enum { ONSET_REACH = 2 * DELAY_ROOM };
/* Seconds in which drift that has already happened is made up for. */
static const double patience = 8.0;
/* Clocks differ by 300 ppm at most, and then there is something to be made up for. */
static const double most_drift = 400e-6, most_correction = 900e-6;
/* A correlation of this likeness is the one of before; it is taken, and taken anew, after so many
 * looks. */
static const float alike = 0.6f;
enum { SHAPE_LOOKS = 4 };
/* The age in seconds of a correlation while the far end talks. */
static const double usual_age = 1.0;
/* By what share the pace of one clock may seem to vary from pause to pause. */
static const double pace_tolerance = 0.3;
/* Samples that noise moves it by. */
static const double least_reach = 4.0;

static const double hop_seconds = (double)UNECHO_HOP / UNECHO_SAMPLE_RATE;

static int64_t lead(const aligner_plan *plan)
{
    const int64_t share = (int64_t)plan->tail / 8;
    return plan->tail == 0 ? lead_alone : share < lead_most ? share : lead_most;
}

size_t aligner_past(const aligner_plan *plan)
{
    if (plan->mode == UNECHO_ALIGN_OFF)
        return plan->late + 8 * UNECHO_HOP;
    /* Where the far end moves the filter gets to know what it played before. */
    return ALIGNER_MOST + plan->past + plan->late + 8 * UNECHO_HOP;
}

void aligner_layout(aligner *a, arena *memory, const aligner_plan *plan)
{
    a->plan = *plan;
    a->mic = NULL;
    if (plan->mode != UNECHO_ALIGN_AUTO)
        return;
    delay_layout(&a->delay, memory, ALIGNER_MOST, plan->late);
    a->mic = arena_floats(memory, 1 + 2 * DELAY_FRAME);
}

void aligner_start(aligner *a, const kernels *k, const fft *f)
{
    delay_start(&a->delay, k, f);
}

static int64_t within_reach(const aligner *a, int64_t shift)
{
    const int64_t late = (int64_t)a->plan.late;
    return shift < -late ? -late : shift > ALIGNER_MOST ? ALIGNER_MOST : shift;
}

void aligner_reset(aligner *a)
{
    const int is_fixed = a->plan.mode == UNECHO_ALIGN_FIXED;
    *a = (aligner){.plan = a->plan, .delay = a->delay, .mic = a->mic, .locked = is_fixed};
    if (a->plan.mode == UNECHO_ALIGN_AUTO) {
        delay_reset(&a->delay);
        memset(a->mic, 0, (1 + 2 * DELAY_FRAME) * sizeof *a->mic);
    }
    if (is_fixed)
        a->shift = a->shift_before = within_reach(a, a->plan.fixed - lead(&a->plan));
    drift_start(&a->drift, 0.0);
}

/* Where the echo with that peak begins. */
static int64_t onset_of(const aligner *a, int64_t peak)
{
    float c[ONSET_REACH + 1];
    delay_pattern(&a->delay, peak - ONSET_REACH, c, ONSET_REACH + 1);
    const float least = fmaxf(onset_share * fabsf(c[ONSET_REACH]), known_height);
    int64_t first = 0;
    while (first < ONSET_REACH && fabsf(c[first]) < least)
        first++;
    return peak - ONSET_REACH + first;
}

/* Where the far end goes for an echo that begins at `echo`; where it is, if that is near enough. */
static int64_t place(const aligner *a, int64_t echo, int64_t nearest, int64_t furthest)
{
    const int64_t ahead = echo - a->shift;
    return ahead >= nearest && ahead <= furthest ? a->shift
                                                 : within_reach(a, echo - lead(&a->plan));
}

static void move_to(aligner *a, int64_t shift, aligner_kind kind)
{
    a->kind = kind;
    a->realignments += shift != a->shift;
    a->shift = shift;
}

/* The first delay: the filter has learnt the echo where it is, as far as it reaches. */
static void lock_first(aligner *a, double lag)
{
    const int64_t echo = onset_of(a, (int64_t)floor(lag + 0.5));
    const int64_t shift = place(a, echo, 0, kept);
    const int covered = echo >= a->shift && echo <= a->shift + (int64_t)a->plan.tail / 2;
    if (shift != a->shift)
        move_to(a, shift, covered ? ALIGNER_MOVED : ALIGNER_FOUND);
    a->locked = 1;
    drift_start(&a->drift, lag);
}

/* Another delay than the one that is held. Close to it, it is another reflection. */
static void lock_again(aligner *a, double lag)
{
    const int64_t near = lead(&a->plan) / 2, far = 2 * lead(&a->plan);
    const int64_t shift = place(a, (int64_t)floor(lag + 0.5), near, far > kept ? far : kept);
    const int elsewhere = fabs(lag - a->drift.lag) > reflections;
    if (elsewhere || shift != a->shift)
        move_to(a, shift, elsewhere ? ALIGNER_FOUND : ALIGNER_MOVED);
    if (elsewhere) {
        delay_forget(&a->delay);
        a->found = a->hops + FOUND_HOPS;
    }
    drift_jump(&a->drift, lag);
}

static void correct(aligner *a, far_end *f, double correction)
{
    a->correction = correction;
    far_end_drift(f, correction);
}

/* The rate that takes the drift away, and with it, slowly, what it has done. */
static void follow_drift(aligner *a, far_end *f)
{
    if (a->correction == 0.0 && !drift_is_certain(&a->drift))
        return;
    /* A filter that has followed so far need not be led back: that would cost what drift does. */
    const double further = a->drift.lag - a->home;
    if (a->correction == 0.0 && fabs(further) <= (double)lead(&a->plan) / 2.0) {
        a->home += further;
        a->apart += further;
    }
    const double faster = -a->drift.slope / UNECHO_SAMPLE_RATE;
    const double bounded = fmax(-most_drift, fmin(faster, most_drift));
    const double wanted = bounded - (a->drift.lag - a->home) / (patience * UNECHO_SAMPLE_RATE);
    correct(a, f, fmax(-most_correction, fmin(wanted, most_correction)));
}

static void look_anew(aligner *a)
{
    a->looks = 0;
    a->sightings = 0;
    a->missed = 0;
    a->steady = 0;
}

/* Nothing has been seen of the delay that is held now. */
static void begin_anew(aligner *a)
{
    a->shape.taken = 0;
    look_anew(a);
}

static void mark_seen(aligner *a)
{
    a->seen = a->hops;
    a->seen_lag = a->drift.lag;
}

static void lock_to(aligner *a, double lag)
{
    if (a->locked)
        lock_again(a, lag);
    else
        lock_first(a, lag);
    delay_expect(&a->delay, lag);
    a->home = lag;
    mark_seen(a);
    begin_anew(a);
}

static int is_candidate(const aligner *a, double lag)
{
    return a->sightings > 0 && fabs(lag - a->candidate) <= same;
}

/* A peak that may be another delay, and what it counts. */
static void consider(aligner *a, double lag, unsigned count)
{
    a->sightings = is_candidate(a, lag) ? a->sightings + count : count;
    a->candidate = lag;
    if (a->sightings >= (a->locked ? ENOUGH_OTHER : ENOUGH_FIRST))
        lock_to(a, lag);
}

/* The correlation that is kept is of what was heard so many seconds ago. */
static double age_of(const aligner *a)
{
    return delay_age(&a->delay, a->drift.lag) * (double)DELAY_FRAME / UNECHO_SAMPLE_RATE;
}

static void take_shape(aligner *a, double lag, int64_t middle, const float *search)
{
    memcpy(a->shape.x, search + SHAPE_GATE, sizeof a->shape.x);
    a->shape.lag = lag - (double)middle;
    a->shape.taken = 1;
    a->looks = 0;
}

/* Whether the correlation of before is there, no further away than two clocks can have moved it.
 * After a pause it is for a while the one from before the pause, and then that from after it. */
static int is_same_shape(const aligner *a, const shape_match *match, double age)
{
    const double pause = fmax(age - usual_age, 0.0);
    const double seconds = (double)(a->hops - a->seen) * hop_seconds + pause;
    const double reach = least_reach + most_drift * UNECHO_SAMPLE_RATE * seconds;
    return a->shape.taken && match->likeness >= alike && fabs(match->moved) <= reach;
}

/* The delay that is held, seen again where it must be by now. */
static int see_again(aligner *a, far_end *f)
{
    const double age = age_of(a), moved = age * a->corrected * UNECHO_SAMPLE_RATE;
    const double expected = a->drift.lag - moved - age * a->drift.slope;
    const int64_t middle = (int64_t)floor(expected + 0.5);
    float search[SHAPE_SEARCH];
    delay_pattern(&a->delay, middle - SHAPE_HALF - SHAPE_GATE, search, SHAPE_SEARCH);
    size_t top = SHAPE_HALF;
    for (size_t i = top; i <= SHAPE_HALF + 2 * SHAPE_GATE; i++)
        top = fabsf(search[i]) > fabsf(search[top]) ? i : top;
    if (fabsf(search[top]) < known_height)
        return 0;
    const shape_match match = shape_find(&a->shape, search);
    if (is_same_shape(a, &match, age)) {
        drift_see(&a->drift, (double)middle + match.moved + a->shape.lag + moved, age);
        if (fabs(a->drift.slope) > most_drift * UNECHO_SAMPLE_RATE)
            drift_start(&a->drift, a->drift.lag);
        a->looks = 0;
        mark_seen(a);
        follow_drift(a, f);
    } else if (++a->looks >= SHAPE_LOOKS) {
        /* Another echo path: how far its peak is from the old one says nothing of the clocks. */
        const double further = (double)top - (double)SHAPE_HALF - (double)SHAPE_GATE;
        drift_jump(&a->drift, a->drift.lag + further);
        a->home += further;
        take_shape(a, expected, middle, search);
        mark_seen(a);
    }
    return 1;
}

/* Whether an echo at the delay that is held would be heard as well: where the far end begins or
 * ends, only one of two loudspeakers is. */
static int would_be_heard(const aligner *a, const delay_peak *peak)
{
    const float held = delay_played_fresh(&a->delay, a->drift.lag);
    return held >= played_share * delay_played_fresh(&a->delay, peak->lag);
}

static int stands_out(const delay_view *seen, float height, float above)
{
    return seen->best.height >= height && seen->best.height >= above * seen->runner_up;
}

/* Whether the peak is not at the delay that is held, and that one is gone. */
static int is_elsewhere(const aligner *a, const delay_peak *peak)
{
    if (!a->locked)
        return 1;
    if (a->hops < a->sure)
        return 0;
    const delay_peak held = delay_near_fresh(&a->delay, a->drift.lag, gate);
    return fabs(peak->lag - a->drift.lag) > gate &&
           held.height < fminf(gone_share * peak->height, known_height);
}

static int is_where_held(const aligner *a)
{
    return delay_near_fresh(&a->delay, a->drift.lag, gate).height >= fresh_height;
}

/* How much the long correlation's highest peak counts as another delay. */
static unsigned count_slow(const aligner *a, const delay_view *slow)
{
    if (slow->best.frames < least_frames || !stands_out(slow, peak_height, prominence) ||
        !is_elsewhere(a, &slow->best))
        return 0;
    return !a->locked && stands_out(slow, peak_height, sure_prominence) ? COUNT_SURE : COUNT_WEAK;
}

/* The fresh correlation shows at once where the echo has gone to. */
static unsigned count_fresh(const aligner *a, const delay_view *fresh)
{
    if (!a->locked || fresh->best.frames < least_fresh_frames ||
        !stands_out(fresh, fresh_height, prominence) || !is_elsewhere(a, &fresh->best) ||
        !(is_candidate(a, fresh->best.lag) || would_be_heard(a, &fresh->best)))
        return 0;
    return stands_out(fresh, sure_height, sure_prominence) ? COUNT_SURE : COUNT_FRESH;
}

/* Where drift may have taken a delay that is not seen any more. */
static int is_out_of_range(double lag)
{
    return lag < 0.0 || lag > (double)(ALIGNER_MOST + DELAY_FRAME);
}

/* An echo before the far end that is not there whenever the far end plays was none. */
static void give_up(aligner *a)
{
    a->locked = 0;
    a->sightings = 0;
    a->missed = 0;
    delay_expect_none(&a->delay);
    move_to(a, 0, ALIGNER_FOUND);
}

/* Look at less while all is as it was. */
static void rest(aligner *a, int again)
{
    const delay_peak held = delay_near_fresh(&a->delay, a->drift.lag, gate);
    const int doubt = !again || a->sightings > 0 || held.height < doubtful_height;
    a->steady = doubt ? 0 : a->steady + 1;
    if (a->steady >= STEADY && a->steady % STEADY_SEARCH != 0)
        delay_watch(&a->delay, a->drift.lag);
    else
        delay_search(&a->delay, doubt);
}

static void decide(aligner *a, far_end *f)
{
    const delay_view slow = delay_seen(&a->delay), fresh = delay_seen_fresh(&a->delay);
    if (slow.best.frames >= least_frames)
        a->height = slow.best.height;
    const int again = a->locked && see_again(a, f);
    a->missed = again ? 0 : a->missed + 1;
    if (a->locked)
        delay_confirm(&a->delay, is_where_held(a));
    if (a->locked && is_out_of_range(a->drift.lag) && a->missed >= MISSED_MOST)
        give_up(a);
    const unsigned by_fresh = count_fresh(a, &fresh), by_slow = count_slow(a, &slow);
    if (by_fresh > 0)
        consider(a, fresh.best.lag, by_fresh);
    else if (by_slow > 0)
        consider(a, slow.best.lag, by_slow);
    else if (again)
        a->sightings = 0;
    rest(a, again);
}

static void look(aligner *a, const float *mic, far_end *f)
{
    listening_hop(a, mic, f);
    if (a->locked) {
        drift_pass(&a->drift, hop_seconds, a->correction * UNECHO_SAMPLE_RATE);
        a->corrected += (a->correction - a->corrected) * hop_seconds / (age_of(a) + hop_seconds);
    }
    if (delay_look(&a->delay))
        decide(a, f);
}

aligner_jump aligner_hop(aligner *a, const float *mic, far_end *f, float *const *far)
{
    if (a->plan.mode == UNECHO_ALIGN_AUTO)
        look(a, mic, f);
    const int64_t shift = a->plan.mode == UNECHO_ALIGN_OFF ? 0 : reading_reachable(a, f, a->shift);
    reading_hop(a, f, (int64_t)a->hops, shift, far);
    const aligner_jump jump = {shift - a->shift_before, a->kind};
    if (jump.samples != 0 && jump.kind != ALIGNER_MOVED && jump.kind != ALIGNER_FOLLOWED)
        reading_cross_fade(a, f, far);
    a->shift_before = shift;
    a->kind = ALIGNER_STAYED;
    a->hops++;
    return jump;
}

/* The delay that is held is another one by so much. */
static void expect_later(aligner *a, int64_t samples)
{
    look_anew(a);
    a->home += (double)samples;
    if (a->locked)
        delay_expect(&a->delay, a->drift.lag);
}

static void jump_later(aligner *a, int64_t samples)
{
    a->shape.taken = 0;
    if (a->locked)
        drift_jump(&a->drift, a->drift.lag + (double)samples);
    expect_later(a, samples);
}

/* While the far end pauses two clocks run on, and then the echo seems to have jumped, each time at
 * the same pace. */
static int is_drift(aligner *a, int64_t samples)
{
    const double seconds = (double)(a->hops - a->seen) * hop_seconds;
    const double before = a->pace, most = most_drift * UNECHO_SAMPLE_RATE * seconds;
    a->pace = fabs((double)samples) <= most ? (double)samples / seconds : 0.0;
    return a->pace != 0.0 && fabs(a->pace - before) <= pace_tolerance * fabs(a->pace);
}

void aligner_move(aligner *a, int64_t samples, int64_t end)
{
    if (samples == 0 || a->plan.mode == UNECHO_ALIGN_OFF)
        return;
    const int64_t most = 2 * ALIGNER_MOST;
    samples = samples < -most ? -most : samples > most ? most : samples;
    a->moved += samples;
    const int64_t shift = within_reach(a, a->shift + samples), later = shift - a->shift;
    a->shift = shift;
    a->realignments++;
    if (later > 0 && end > 0) {
        /* Nothing jumps: for a while the far end is silent. */
        a->shift_before += later;
        a->gap = later;
        a->gap_end = end;
    } else {
        a->kind = ALIGNER_TOLD;
    }
    if (a->plan.mode != UNECHO_ALIGN_AUTO)
        return;
    /* The correlation so far belongs to the old delay. */
    delay_restart(&a->delay);
    jump_later(a, samples);
}

void aligner_confirm(aligner *a)
{
    a->sure = a->hops + SURE_HOPS;
}

void aligner_follow(aligner *a, int64_t samples)
{
    if (a->plan.mode != UNECHO_ALIGN_AUTO ||
        within_reach(a, a->shift + samples) != a->shift + samples)
        return;
    move_to(a, a->shift + samples, ALIGNER_FOLLOWED);
    if (samples == 0 || a->hops < a->found)
        return;
    delay_forget(&a->delay);
    if (a->locked && is_drift(a, samples)) {
        drift_see(&a->drift, a->seen_lag + (double)samples, 0.0);
        mark_seen(a);
        expect_later(a, samples);
    } else {
        jump_later(a, samples);
    }
}

void aligner_skip(aligner *a, uint64_t hops)
{
    a->hops += hops;
}

static uint64_t later_by(uint64_t hop, int64_t hops)
{
    return hops < 0 && hop < (uint64_t)-hops ? 0 : hop + (uint64_t)hops;
}

void aligner_slide(aligner *a, int frames)
{
    const int64_t samples = (int64_t)frames * DELAY_FRAME, hops = samples / UNECHO_HOP;
    a->hops = later_by(a->hops, hops);
    a->seen = later_by(a->seen, hops);
    a->sure = later_by(a->sure, hops);
    a->found = later_by(a->found, hops);
    a->shift += samples;
    a->shift_before += samples;
    a->drift.lag += (double)samples;
    a->home += (double)samples;
    a->seen_lag += (double)samples;
    a->candidate += (double)samples;
    delay_slide(&a->delay, frames);
}

int64_t aligner_slid(const aligner *a)
{
    return a->delay.slid * (DELAY_FRAME / UNECHO_HOP);
}

aligner_view aligner_seen(const aligner *a)
{
    aligner_view view = {.aligned = a->locked, .realignments = a->realignments};
    if (a->plan.mode == UNECHO_ALIGN_FIXED)
        view.lag = (double)(a->plan.fixed + a->moved);
    if (a->plan.mode != UNECHO_ALIGN_AUTO)
        return view;
    if (a->locked) {
        view.lag = a->drift.lag;
        view.drift = a->correction == 0.0 && !drift_is_certain(&a->drift)
                         ? 0.0
                         : -a->drift.slope / UNECHO_SAMPLE_RATE;
    }
    /* Noise alone peaks at 4 to 6 deviations; 7 are believed (0.3), 17 and more leave no doubt. */
    view.confidence = fminf(fmaxf((a->height - 4.0f) * 0.1f, 0.0f), 1.0f);
    return view;
}
