#include "aligner.h"

#include <math.h>
#include <string.h>

/* ---- What counts as a delay --------------------------------------------------------------- */

/* A peak has to stand out so far, in standard deviations and above the next one. Unrelated speech
 * reaches 6. */
static const float peak_height = 7.0f, peak_prominence = 1.25f;
/* Where the peak was before it needs no more than this: only few places are looked at. */
static const float known_height = 4.5f;
/* It has to rest on so many frames with an active far end. */
static const float least_frames = 6.0f;
/* Delays so near are the same. */
static const double same = 16.0;
/* As long as it is locked: the delay may have moved so far since it was last seen. */
static const double gate = 32.0;
/* How often a delay has to be seen in a row: the first, and another than the one that is held. */
enum { SIGHTINGS_FIRST = 2, SIGHTINGS_OTHER = 3 };

/* ---- What is done about it ------------------------------------------------------------------ */

/* The far end is to come before its echo, as reflections and the sound's own path spread the
 * echo's beginning; but a pair that is no further apart than `kept` is left alone. */
static const int64_t margin = 64, kept = 320;
/* Seconds in which drift that has already happened is made up for. */
static const double patience = 8.0;
/* Clocks differ by 300 ppm at most, and then there is something to be made up for. */
static const double most_drift = 400e-6, most_correction = 900e-6;

static const double hop_seconds = (double)UNECHO_HOP / UNECHO_SAMPLE_RATE;

size_t aligner_past(const aligner_plan *plan)
{
    const size_t reach = plan->mode == UNECHO_ALIGN_OFF ? 0 : ALIGNER_MOST;
    return reach + plan->late + 8 * UNECHO_HOP;
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

void aligner_reset(aligner *a)
{
    if (a->plan.mode == UNECHO_ALIGN_AUTO) {
        delay_reset(&a->delay);
        memset(a->mic, 0, (1 + 2 * DELAY_FRAME) * sizeof *a->mic);
    }
    a->hops = 0;
    a->far_next = 0;
    a->candidate = 0.0;
    a->sightings = 0;
    a->locked = a->plan.mode == UNECHO_ALIGN_FIXED;
    a->home = 0.0;
    a->correction = 0.0;
    a->shift = a->shift_before = a->plan.mode == UNECHO_ALIGN_FIXED ? a->plan.fixed : 0;
    a->told = 0;
    a->height = 0.0f;
    a->realignments = 0;
    drift_start(&a->drift, 0.0);
}

static int64_t within_reach(const aligner *a, int64_t shift)
{
    const int64_t late = (int64_t)a->plan.late;
    return shift < -late ? -late : shift > ALIGNER_MOST ? ALIGNER_MOST : shift;
}

/* Move the far end to its echo, unless it is near enough. */
static void move_to(aligner *a, double lag)
{
    const int64_t echo = (int64_t)floor(lag + 0.5);
    a->home = lag;
    if (echo >= a->shift && echo <= a->shift + kept)
        return;
    a->shift = within_reach(a, echo - margin);
    a->told = 0;
    a->realignments++;
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
    const double faster = -a->drift.slope / UNECHO_SAMPLE_RATE;
    const double bounded = fmax(-most_drift, fmin(faster, most_drift));
    const double wanted = bounded - (a->drift.lag - a->home) / (patience * UNECHO_SAMPLE_RATE);
    correct(a, f, fmax(-most_correction, fmin(wanted, most_correction)));
}

/* A delay other than the one that is held, or the first: believe it when it has been seen often. */
static void consider(aligner *a, double lag)
{
    a->sightings = fabs(lag - a->candidate) <= same ? a->sightings + 1 : 1;
    a->candidate = lag;
    if (a->sightings < (a->locked ? SIGHTINGS_OTHER : SIGHTINGS_FIRST))
        return;
    if (a->locked)
        drift_jump(&a->drift, lag);
    else
        drift_start(&a->drift, lag);
    a->locked = 1;
    a->sightings = 0;
    move_to(a, lag);
}

/* The delay that is held, seen again where it must be by now. */
static int see_again(aligner *a, far_end *f)
{
    const delay_peak near = delay_near(&a->delay, a->drift.lag, gate);
    if (near.height < known_height)
        return 0;
    drift_see(&a->drift, near.lag);
    follow_drift(a, f);
    return 1;
}

static void decide(aligner *a, far_end *f)
{
    const delay_view seen = delay_seen(&a->delay);
    a->height = seen.frames >= least_frames ? seen.best.height : 0.0f;
    if (a->height <= 0.0f)
        return;
    const int again = a->locked && see_again(a, f);
    const int certain =
        a->height >= peak_height && seen.best.height >= peak_prominence * seen.runner_up;
    if (again && (!certain || fabs(seen.best.lag - a->drift.lag) <= gate))
        a->sightings = 0;
    else if (certain)
        consider(a, seen.best.lag);
}

/* What the far end has made since, frame by frame. */
static void look_at_far(aligner *a, const far_end *f)
{
    float x[1 + FFT_SIZE];
    /* Where it has jumped, no further back than is kept: the work is bounded. */
    const uint64_t frames = f->made / DELAY_FRAME;
    if (frames > a->far_next + a->delay.ring)
        a->far_next = frames - a->delay.ring;
    while ((a->far_next + 1) * DELAY_FRAME <= f->made) {
        far_end_read(f, x, ((int64_t)a->far_next - 1) * DELAY_FRAME - 1, 1 + FFT_SIZE);
        delay_add_far(&a->delay, a->far_next, x);
        a->far_next++;
    }
}

/* The microphone's frames are looked at one frame late: by then the far end is there even if its
 * resampler looks ahead. */
static void look_at_mic(aligner *a, const float *mic)
{
    const size_t at = 1 + DELAY_FRAME + (size_t)(a->hops % 2) * UNECHO_HOP;
    memcpy(a->mic + at, mic, UNECHO_HOP * sizeof *mic);
    if (a->hops % 2 == 0)
        return;
    const uint64_t frame = a->hops / 2;
    if (frame > 0)
        delay_add_mic(&a->delay, frame - 1, a->mic);
    memmove(a->mic, a->mic + DELAY_FRAME, (1 + DELAY_FRAME) * sizeof *a->mic);
}

static void look(aligner *a, const float *mic, far_end *f)
{
    look_at_far(a, f);
    look_at_mic(a, mic);
    if (a->locked)
        drift_pass(&a->drift, hop_seconds, a->correction * UNECHO_SAMPLE_RATE);
    if (delay_look(&a->delay))
        decide(a, f);
}

/* As far as the far end is there: while its resampler looks ahead, or a clock has run away. */
static int64_t reachable(const aligner *a, const far_end *f, int64_t shift)
{
    const int64_t behind = (int64_t)((a->hops + 1) * UNECHO_HOP) - (int64_t)f->made;
    const int64_t lag = (int64_t)far_end_lag(f);
    const int64_t least = f->plan.pushed && behind > lag ? lag : behind;
    return shift > least ? shift : least;
}

static void read_far(const aligner *a, const far_end *f, int64_t shift, float *far)
{
    far_end_read(f, far, (int64_t)(a->hops * UNECHO_HOP) - shift, UNECHO_HOP);
}

aligner_jump aligner_hop(aligner *a, const float *mic, far_end *f, float *far)
{
    if (a->plan.mode == UNECHO_ALIGN_AUTO)
        look(a, mic, f);
    const int64_t shift = a->plan.mode == UNECHO_ALIGN_OFF ? 0 : reachable(a, f, a->shift);
    read_far(a, f, shift, far);
    const aligner_jump jump = {shift - a->shift_before, a->told};
    if (jump.samples != 0) {
        /* From the old place to the new one without a click. */
        float before[UNECHO_HOP];
        read_far(a, f, a->shift_before, before);
        for (size_t i = 0; i < UNECHO_HOP; i++) {
            const float share = ((float)i + 0.5f) * (1.0f / UNECHO_HOP);
            far[i] = before[i] + share * (far[i] - before[i]);
        }
        a->shift_before = shift;
    }
    a->told = 0;
    a->hops++;
    return jump;
}

void aligner_move(aligner *a, int64_t samples)
{
    if (samples == 0 || a->plan.mode == UNECHO_ALIGN_OFF)
        return;
    const int64_t most = 2 * ALIGNER_MOST;
    samples = samples < -most ? -most : samples > most ? most : samples;
    a->shift = within_reach(a, a->shift + samples);
    a->told = 1;
    a->realignments++;
    if (a->plan.mode != UNECHO_ALIGN_AUTO)
        return;
    /* The correlation so far belongs to the old delay. */
    delay_reset(&a->delay);
    a->sightings = 0;
    if (a->locked) {
        drift_jump(&a->drift, a->drift.lag + (double)samples);
        a->home += (double)samples;
    }
}

void aligner_skip(aligner *a, uint64_t hops)
{
    a->hops += hops;
}

aligner_view aligner_seen(const aligner *a)
{
    aligner_view view = {.aligned = a->locked, .realignments = a->realignments};
    if (a->plan.mode == UNECHO_ALIGN_FIXED)
        view.lag = (double)a->shift;
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
