/*
 * Where the lag changes between two points of the track, short windows tell up to where the echo
 * has the old lag and from where on the new one; the cut goes where the far end is quietest within
 * 50 ms.
 */
#include "alignment/far_plan.h"

#include "alignment/correlator.h"
#include "alignment/own_voice.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The lag that remains: the filter covers lags from LEAST_S to MOST_S without searching. */
#define LEAST_S (-0.003)
#define MOST_S  0.1
#define LEAD_S  0.03
/* Where the user's own voice in the far end comes too soon after it was spoken, it is to come so
 * much later that little of it can be predicted, as far as the echo leaves room for it. */
#define OWN_LATE_S 0.05
#define BEGINS_S   0.008
/* A smaller change of lag the filter covers as well. */
#define LEAST_CHANGE_S 0.008

/* Short windows, every so often, in samples; the correlation of one holds nothing but the lags
 * right beside 0. */
enum { SIZE = 4096, WINDOW = 2000, STEP = 400, BESIDE = 16 };
#define STEP_S ((double)STEP / CORRELATOR_RATE)
/* The height that noise reaches. */
#define NOISE 3.0
/* The windows of points reach so far to either side: the change may lie there. */
#define BEYOND_S (0.5 * POINT_STEP_S)
/* The longest stretch that is searched, and how far the cut may move to a quieter place. */
#define LONGEST_S 60.0
#define NEARBY    (LEVELS_PER_S / 10) /* half steps of the levels: 50 ms */

/* How plainly the window at a time of the microphone shows the lag. */
static double shows(struct correlator *c, const struct copies *copies, double at, double lag)
{
    const int64_t start = llround(at * CORRELATOR_RATE);
    if (level_mean(&copies->mic.levels, at, at + (double)WINDOW / CORRELATOR_RATE) < -65.0)
        return 0.0;
    memset(c->window, 0, c->size * sizeof(*c->window));
    copy_read(&copies->mic, c->window, start, WINDOW);
    correlator_take_echo(c);
    memset(c->window, 0, c->size * sizeof(*c->window));
    copy_read(&copies->far, c->window, start - llround(lag * CORRELATOR_RATE), WINDOW);
    correlator_take_source(c);
    correlator_run(c);
    const struct correlator_peak all = correlator_find(c, -WINDOW / 2, WINDOW / 2);
    const struct correlator_peak here = correlator_find(c, -BESIDE, BESIDE);
    if (all.height <= 0.0)
        return 0.0;
    return fmax(0.0, all.height * here.size / all.size - NOISE);
}

/* The quietest 20 ms of the far end around a time of it; for a part to drop, at both ends. */
static double quietest(const struct levels *far, double at, double dropped)
{
    double best = at, least = HUGE_VAL;
    for (int i = -NEARBY; i <= NEARBY; i++) {
        const double t = at + 0.5 * i / LEVELS_PER_S;
        const double loud = (double)fmaxf(level_at(far, t), level_at(far, t + dropped));
        /* Among equals the one in the middle. */
        const double cost = loud + fabs(t - at);
        if (cost < least) {
            least = cost;
            best = t;
        }
    }
    return floor(best * LEVELS_PER_S + 0.5) / LEVELS_PER_S;
}

/*
 * The time of the far end up to which the lag is a's: after it, silence or dropped samples make it
 * b's. What shows either is where it was seen.
 */
static bool find_cut(struct correlator *c, const struct copies *copies, const struct track_point *a,
                     const struct track_point *b, double *cut)
{
    const double from = a->at - BEYOND_S, change = b->lag - a->lag;
    const double old_lag = a->lag - a->lead, new_lag = b->lag - b->lead;
    const double length = fmin(b->at + BEYOND_S - from, LONGEST_S);
    const size_t n = (size_t)(length / STEP_S) + 1;
    /* The new lag comes so many windows later: meanwhile the silence goes in. */
    const size_t silent = change > 0.0 ? (size_t)(change / STEP_S + 0.5) : 0;
    double *old = calloc(2 * n + 2, sizeof(*old)), *new = old + n + 1;
    double sum = 0.0, most = -1.0;
    size_t best = 0, equal = 0;
    if (!old)
        return report_no_memory();
    for (size_t i = 0; i < n; i++) {
        const double at = from + (double)i * STEP_S;
        old[i] = shows(c, copies, at, old_lag);
        new[i] = shows(c, copies, at, new_lag);
    }
    for (size_t i = n; i-- > 0;)
        new[i] += new[i + 1];
    for (size_t i = 0; i + silent <= n; i++) {
        const double score = sum + new[i + silent];
        if (score > most + 1e-9) {
            most = score;
            best = i;
            equal = 0;
        } else if (score > most - 1e-9) {
            equal++;
        }
        sum += i < n ? old[i] : 0.0;
    }
    /* Windows count from their start, so the change lies half a window behind. */
    *cut = from + ((double)best + 0.5 * (double)equal) * STEP_S +
           0.5 * (double)WINDOW / CORRELATOR_RATE - old_lag;
    *cut = quietest(&copies->far.levels, *cut, fmax(0.0, -change));
    free(old);
    return true;
}

/* The least lag, changes that will be edited taken off. */
static double least_lag(const struct track *track, const double *changes)
{
    double least = HUGE_VAL, change = 0.0;
    for (size_t i = 0; i < track->piece_count; i++) {
        const struct track_piece *piece = &track->pieces[i];
        change += changes[i];
        for (size_t k = 0; k < piece->count; k++)
            least = fmin(least, track->points[piece->first + k].lag - change);
    }
    return least;
}

/* By how much sooner than its echo the user's voice comes in the far end, at least; HUGE_VAL: it
 * does not. */
static double least_lead(const struct track *track)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < track->point_count; i++)
        if (track->points[i].lead > 0.0)
            least = fmin(least, track->points[i].lead);
    return least;
}

static void put(struct far_plan *plan, double at, double silence)
{
    plan->edits[plan->count++] = (struct far_edit){.at = at, .silence = silence};
}

bool far_plan_make(struct far_plan *plan, const struct track *track, const struct copies *copies)
{
    struct correlator c = {0};
    double *changes = calloc(track->piece_count + 1, sizeof(*changes));
    bool done;
    *plan = (struct far_plan){0};
    plan->edits = calloc(track->piece_count + 1, sizeof(*plan->edits));
    done = (changes && plan->edits && correlator_open(&c, SIZE)) || report_no_memory();
    for (size_t i = 1; done && i < track->piece_count; i++) {
        const struct track_point *b = &track->points[track->pieces[i].first], *a = b - 1;
        changes[i] = fabs(b->lag - a->lag) >= LEAST_CHANGE_S ? b->lag - a->lag : 0.0;
    }
    if (done && track->piece_count > 0) {
        const double least = least_lag(track, changes), lead = least_lead(track);
        if (least < LEAST_S || least > fmin(MOST_S, lead - OWN_VOICE_SOON_S)) {
            plan->shifted = true;
            plan->lag = least;
            put(plan, 0.0, least - fmax(BEGINS_S, fmin(LEAD_S, lead - OWN_LATE_S)));
        }
    }
    for (size_t i = 1; done && i < track->piece_count; i++) {
        const struct track_point *b = &track->points[track->pieces[i].first];
        double at;
        if (changes[i] == 0.0)
            continue;
        done = find_cut(&c, copies, b - 1, b, &at);
        if (done)
            put(plan,
                fmax(at, plan->count ? plan->edits[plan->count - 1].at -
                                           fmin(0.0, plan->edits[plan->count - 1].silence)
                                     : 0.0),
                changes[i]);
    }
    correlator_close(&c);
    free(changes);
    return done;
}

void far_plan_free(struct far_plan *plan)
{
    free(plan->edits);
    *plan = (struct far_plan){0};
}

size_t far_plan_places(const struct far_plan *plan, double sign, double *seconds)
{
    size_t places = 0;
    *seconds = 0.0;
    for (size_t i = plan->shifted; i < plan->count; i++) {
        if (sign * plan->edits[i].silence <= 0.0)
            continue;
        places++;
        *seconds += sign * plan->edits[i].silence;
    }
    return places;
}

double far_plan_moved(const struct far_plan *plan, double far_seconds)
{
    double moved = 0.0;
    for (size_t i = 0; i < plan->count && plan->edits[i].at <= far_seconds; i++)
        moved += plan->edits[i].silence;
    return moved;
}

bool far_plan_levels(const struct far_plan *plan, const struct levels *far, struct levels *edited)
{
    const double moved = far_plan_moved(plan, HUGE_VAL) * LEVELS_PER_S;
    size_t edit = 0;
    long at = 0, silent = 0;
    edited->n = (size_t)fmax(0.0, (double)far->n + round(moved));
    edited->db = malloc((edited->n + 1) * sizeof(*edited->db));
    if (!edited->db)
        return report_no_memory();
    for (size_t i = 0; i < edited->n; i++) {
        while (edit < plan->count && (double)at >= plan->edits[edit].at * LEVELS_PER_S) {
            const long change = lround(plan->edits[edit++].silence * LEVELS_PER_S);
            silent += change > 0 ? change : 0;
            at -= change < 0 ? change : 0;
        }
        if (silent > 0) {
            edited->db[i] = LEVEL_NONE;
            silent--;
        } else {
            edited->db[i] = level_at(far, ((double)at++ + 0.5) / LEVELS_PER_S);
        }
    }
    return true;
}
