/*
 * Windows spread over the recording are searched within seconds, then, if that finds nothing, in
 * the whole far end, until two agree. From there the search goes on in both directions, each window
 * close to where the last one was found, then further away. While the lag is plain and stays, half
 * of a window at that very lag is enough. No window is left out: where a recorder loses sound and
 * fills it in again, or the user's own voice is in the far end, the lag returns within seconds.
 */
#include "alignment/track.h"

#include "alignment/pieces.h"
#include "alignment/window.h"
#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

/* Windows tried before the search gives up. */
enum { TRIALS = 16 };
/* Windows in a row without a match before the whole far end is searched. */
enum { LOST = 4 };
/* After so many, only every LOST-th window is searched far away. */
enum { MOST_LOST = 16 };
/* At least one in so many windows must match. */
enum { LEAST_SHARE = 8 };

/* An echo that comes before the far end by more than this, or so long after it that the recorders
 * did not start together: the two may be swapped. */
#define BEFORE_S (-0.003)
#define LONG_S   1.0

struct search {
    struct track *track;
    struct window_search look;
    size_t heard, matched; /* windows with sound in both at the last lag; those that matched */
};

/* ---- The first lag ---------------------------------------------------------------------- */

/* Whether enough points agree with one of them: the highest of those. */
static bool agree(const struct track_point *points, size_t n, size_t least,
                  struct track_point *anchor)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        double sum = 0.0;
        for (size_t k = 0; k < n; k++) {
            if (!point_fits(&points[i], &points[k]))
                continue;
            count++;
            sum += fmax(0.0, points[k].height - POINT_CHANCE);
        }
        sum += 1e-3 * points[i].height;
        if (count >= least && sum >= POINT_LEAST_EVIDENCE && sum > most) {
            most = sum;
            *anchor = points[i];
        }
    }
    return most > 0.0;
}

/* Whether windows beside that of a point show the same lag. */
static bool is_confirmed(struct search *s, const struct track_point *point)
{
    struct track_point points[5] = {*point};
    size_t n = 1;
    for (int i = -2; i <= 2; i++) {
        const struct track_point beside =
            window_near(&s->look, point->at + POINT_FINE_S * i, point->lag);
        if (i != 0 && beside.height >= POINT_LEAST_HEIGHT && point_fits(&beside, point))
            points[n++] = beside;
        if (n >= 2 && point_evidence(points, n) >= POINT_LEAST_EVIDENCE)
            return true;
    }
    return false;
}

/* The i-th of TRIALS, those far apart first. */
static size_t spread(size_t i)
{
    size_t reversed = 0;
    for (size_t bit = 1; bit < TRIALS; bit *= 2)
        reversed = 2 * reversed + ((i & bit) != 0);
    return reversed;
}

/* The first time with sound in one of `trials` equal parts of the microphone; -1: none. */
static double first_sound(const struct search *s, size_t part, size_t trials)
{
    const double length = copy_seconds(&s->look.copies->mic) / (double)trials;
    for (size_t i = 0; 0.5 * (double)i < length; i++) {
        const double at = (double)part * length + 1.0 + 0.5 * (double)i;
        if (window_is_active(&s->look.copies->mic, at - 1.0, at + 1.0))
            return at;
    }
    return -1.0;
}

static bool find_anchor(struct search *s, struct track_point *anchor)
{
    const double seconds = copy_seconds(&s->look.copies->mic);
    const size_t trials =
        seconds >= (double)TRIALS * POINT_STEP_S ? TRIALS : (size_t)(seconds / POINT_STEP_S) + 1;
    const size_t least = trials < 3 ? 1 : 2;
    for (int everywhere = 0; everywhere < 2; everywhere++) {
        struct track_point points[TRIALS];
        size_t n = 0;
        for (size_t i = 0; i < TRIALS && !interrupted(); i++) {
            const size_t part = spread(i);
            const double at = part < trials ? first_sound(s, part, trials) : -1.0;
            if (at < 0.0)
                continue;
            points[n] = everywhere ? window_everywhere(&s->look, at) : window_first(&s->look, at);
            n += points[n].height >= POINT_LEAST_HEIGHT;
            /* Where the lag changes again and again, no two of these agree. */
            if (n > 0 && points[n - 1].at == at && points[n - 1].height >= POINT_WHOLE_HEIGHT &&
                is_confirmed(s, &points[n - 1])) {
                *anchor = points[n - 1];
                return true;
            }
            if (agree(points, n, least, anchor))
                return true;
        }
    }
    return false;
}

/* ---- From there on ---------------------------------------------------------------------- */

static bool add(struct search *s, const struct track_point *point)
{
    struct track *t = s->track;
    if (t->point_count == t->point_room) {
        const size_t room = 2 * t->point_room + 64;
        struct track_point *more = realloc(t->points, room * sizeof(*more));
        if (!more)
            return report_no_memory();
        t->points = more;
        t->point_room = room;
    }
    t->points[t->point_count++] = *point;
    return true;
}

/* Found near the last lag, or elsewhere and in windows beside it as well. */
static bool counts(struct search *s, struct track_point *point, const struct track_point last[2])
{
    if (point->height >= POINT_LEAST_HEIGHT && !point_fits(point, last))
        point->lag = window_settle(&s->look, last, point);
    if (point_fits(point, last))
        return point->height >= POINT_LEAST_HEIGHT;
    return point->height >= POINT_CHANCE && is_confirmed(s, point);
}

/* In a window without the echo only the near end may talk: the lag stays if one of the next is
 * plain at it. */
static bool is_plain_later(struct search *s, double at, double direction,
                           const struct track_point *last, struct track_point *point)
{
    for (int i = 1; i <= LOST; i++)
        if (window_same(&s->look, at + direction * POINT_STEP_S * i, last, point))
            return true;
    return false;
}

/* Where a window, or one soon after it, has its echo, if anywhere. lost: how many before it had
 * none. */
static bool seek(struct search *s, double at, double direction, const struct track_point last[2],
                 size_t lost, struct track_point *point)
{
    *point = window_near(&s->look, at, last->lag);
    bool found = counts(s, point, last);
    if (!found && lost == 0 && is_plain_later(s, at, direction, last, point))
        return true;
    if (!found && (lost < MOST_LOST || lost % LOST == 0)) {
        *point = window_along(&s->look, at, last);
        found = counts(s, point, last);
    }
    if (!found && lost > 0 && lost % LOST == 0) {
        *point = window_everywhere(&s->look, at);
        found = counts(s, point, last);
    }
    return found;
}

/* From the anchor to the end (direction 1) or the start (-1). */
static bool follow(struct search *s, struct track_point anchor, double direction)
{
    const double end = copy_seconds(&s->look.copies->mic);
    struct track_point last[2] = {anchor, anchor}; /* of a piece, the latter first */
    double at = anchor.at + direction * POINT_STEP_S;
    size_t lost = 0;
    while (at >= 0.0 && at <= end && !s->look.failed && !interrupted()) {
        struct track_point point;
        const bool found = window_same(&s->look, at, &last[0], &point) ||
                           seek(s, at, direction, last, lost, &point);
        if (found) {
            s->heard += 1 + (size_t)lround(fabs(point.at - at) / POINT_STEP_S);
            s->matched++;
            if (!add(s, &point))
                return false;
            if (point.height >= POINT_CHANCE) {
                last[1] = point_fits(&point, &last[0]) ? last[0] : point;
                last[0] = point;
            }
            lost = 0;
            at = point.at;
        } else {
            s->heard += window_has_sound(&s->look, at, last[0].lag, 0.0);
            lost += window_is_active(&s->look.copies->mic, at - 1.0, at + 1.0);
        }
        at += direction * POINT_STEP_S;
    }
    return true;
}

static int compare_points(const void *a, const void *b)
{
    const double x = ((const struct track_point *)a)->at, y = ((const struct track_point *)b)->at;
    return (x > y) - (x < y);
}

static void sort(struct track *t)
{
    qsort(t->points, t->point_count, sizeof(*t->points), compare_points);
}

/* More windows between two points that disagree, at the lag of either. */
static bool look_between(struct search *s, struct track_point a, struct track_point b)
{
    for (size_t i = 1;
         (double)i * POINT_FINE_S < b.at - a.at - 0.5 * POINT_FINE_S && !interrupted(); i++) {
        const double at = a.at + (double)i * POINT_FINE_S;
        struct track_point x = window_near(&s->look, at, a.lag),
                           y = window_near(&s->look, at, b.lag);
        const struct track_point *better = x.height >= y.height ? &x : &y;
        if (better->height >= POINT_LEAST_HEIGHT &&
            (point_fits(better, &a) || point_fits(better, &b)) && !add(s, better))
            return false;
    }
    return true;
}

static bool look_closer(struct search *s)
{
    const size_t n = s->track->point_count;
    const double end = copy_seconds(&s->look.copies->mic);
    for (size_t i = 0; i < n; i++) {
        const struct track_point p = s->track->points[i];
        const bool first = i == 0 || !point_fits(&p, &s->track->points[i - 1]);
        const bool last = i + 1 == n || !point_fits(&p, &s->track->points[i + 1]);
        if (i + 1 < n && last && !look_between(s, p, s->track->points[i + 1]))
            return false;
        /* Alone at an end of the recording: a second one beside it. */
        if (first && last && (i == 0 || i + 1 == n)) {
            const double at = p.at + (i == 0 ? -POINT_FINE_S : POINT_FINE_S);
            const struct track_point beside =
                window_near(&s->look, fmin(fmax(at, 0.0), end), p.lag);
            if (beside.height >= POINT_LEAST_HEIGHT && point_fits(&beside, &p) && !add(s, &beside))
                return false;
        }
    }
    sort(s->track);
    return true;
}

static bool find_all(struct search *s)
{
    const size_t least = copy_seconds(&s->look.copies->mic) < 3.0 * POINT_STEP_S ? 1 : 2;
    struct track_point anchor;
    if (!find_anchor(s, &anchor))
        return true;
    if (!add(s, &anchor) || !follow(s, anchor, 1.0) || !follow(s, anchor, -1.0))
        return false;
    sort(s->track);
    /* Two recordings that merely share a tune or an announcement. */
    if (s->matched * LEAST_SHARE < s->heard)
        return true;
    return look_closer(s) && (pieces_make(s->track, s->look.copies, least) || report_no_memory());
}

bool track_find(struct track *track, const struct copies *copies)
{
    struct search s = {.track = track};
    *track = (struct track){0};
    bool done = window_search_open(&s.look, copies) ? find_all(&s) : report_no_memory();
    if (s.look.failed)
        done = report_no_memory();
    track->windows = s.look.windows > s.look.of_tones ? s.look.windows : 0;
    track->tail = window_search_tail(&s.look);
    window_search_close(&s.look);
    if (done && interrupted()) {
        report_error("interrupted");
        done = false;
    }
    return done;
}

void track_free(struct track *track)
{
    free(track->points);
    free(track->pieces);
    *track = (struct track){0};
}

double track_lag(const struct track *track, double seconds)
{
    size_t low = 0, high = track->point_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (track->points[middle].at <= seconds)
            low = middle;
        else
            high = middle;
    }
    if (low + 1 < track->point_count &&
        track->points[low + 1].at - seconds < seconds - track->points[low].at)
        low++;
    return track->points[low].lag;
}

/* The time of the far end that is heard. */
static double far_heard_at(const void *track, double seconds)
{
    return seconds - track_lag(track, seconds);
}

enum ends_order track_order(const struct track *track, const struct copies *copies, double tail)
{
    const struct loudness mic = {&copies->mic.levels, copies->mic.active_db};
    const struct loudness far = {&copies->far.levels, copies->far.active_db};
    return ends_find_order(alone_count(mic, far, far_heard_at, track), tail);
}

bool track_swapped(const struct track *track, const struct copies *copies)
{
    const double lag = track->points[0].lag;
    return (lag < BEFORE_S || lag > LONG_S) &&
           track_order(track, copies, track->tail) == ENDS_SWAPPED;
}
