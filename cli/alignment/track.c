/*
 * Windows spread over the recording are searched within seconds, then, if that finds nothing, in
 * the whole far end, until two agree. From there the search goes on in both directions, each window
 * close to where the last one was found, then further away. While the lag is plain and stays, half
 * of a window at that very lag is enough.
 */
#include "alignment/track.h"

#include "alignment/correlator.h"
#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reach and window of each search, in samples; the sizes hold a window and twice the reach. */
enum {
    SAME_SIZE = 8192,
    SAME_WINDOW = CORRELATOR_RATE,
    SAME_REACH = (SAME_SIZE - SAME_WINDOW) / 2,
    NEAR_SIZE = 32768,
    NEAR_WINDOW = 2 * CORRELATOR_RATE,
    NEAR_REACH = 8000,
    WIDE_SIZE = 131072,
    WIDE_REACH = 57000,
    LONG_WINDOW = 4 * CORRELATOR_RATE,
    LONG_REACH = 49000
};

#define STEP_S 2.0
#define FINE_S 1.0

/* Windows tried before the search gives up. */
enum { TRIALS = 16 };
/* How often the whole far end is searched for, and at least for so many blocks. */
enum { WHOLE_SEARCHES = 6, LEAST_BLOCKS = 100 };
/* Wide searches for one window, two minutes of lags. */
enum { MOST_ALONG = 8 };
/* Windows in a row without a match before the whole far end is searched. */
enum { LOST = 4 };
/* After so many, only every LOST-th window is searched far away. */
enum { MOST_LOST = 16 };

/* Mean level below which a window counts as silent. */
#define SILENCE_DB (-65.0)
/* As in doctor: peaks of noise reach 5, those of unrelated speech seldom 10. */
#define LEAST_HEIGHT   7.0
#define CHANCE         10.0
#define LEAST_EVIDENCE 15.0
#define CLEAR          18.0
/* A chance peak among the lags of hours is higher. */
#define WHOLE_HEIGHT 12.0
/* The lag so close to the last one is preferred to a peak so much higher elsewhere: sounds that
 * repeat have several. */
#define PREFERENCE 1.25

/* The far end plays while it is no further below its loudest; the user's own voice in it is so much
 * louder in the microphone than its echo. */
#define PLAYS_DB     20.0
#define OWN_VOICE_DB 10.0

/* At least one in so many windows must match. */
enum { LEAST_SHARE = 8 };

/* Peaks of the same sound differ in height by at most this. */
#define ALIKE 1.2

/* How far points of one piece lie apart: reflections of the room, and the drift per second. */
#define TOLERANCE_S 0.005
#define DRIFT       3e-4

struct search {
    struct track *track;
    const struct copies *copies;
    struct correlator same, near, wide;
    size_t heard, matched; /* windows with sound in both at the last lag; those that matched */
    long blocks_left;      /* for searches of the whole far end */
    bool failed;           /* out of memory */
    double after, before, floor;
};

static bool no_memory(void)
{
    report_error("out of memory");
    return false;
}

static bool fits(const struct track_point *a, const struct track_point *b)
{
    return fabs(a->lag - b->lag) <= TOLERANCE_S + DRIFT * fabs(a->at - b->at);
}

/* ---- One window ------------------------------------------------------------------------- */

static void fill(struct correlator *c, const struct copy *copy, int64_t from, size_t n)
{
    memset(c->window + n, 0, (c->size - n) * sizeof(*c->window));
    copy_read(copy, c->window, from, n);
}

/* Most recordings need no wide search, and its tables take longer than some recordings. */
static bool open_wide(struct search *s)
{
    if (!s->wide.memory && !correlator_open(&s->wide, WIDE_SIZE))
        s->failed = true;
    return !s->failed;
}

static void take_echo(struct search *s, struct correlator *c, int64_t start, size_t window)
{
    fill(c, &s->copies->mic, start, window);
    correlator_take_echo(c);
}

/* Correlate the far end within reach of a lag, in samples, with the echo that has been taken. */
static void correlate(struct search *s, struct correlator *c, int64_t start, size_t window,
                      long lag, long reach)
{
    fill(c, &s->copies->far, start - lag - reach, window + 2 * (size_t)reach);
    correlator_take_source(c);
    correlator_run(c);
}

/* The highest peak there. */
static struct correlator_peak look(struct search *s, struct correlator *c, int64_t start,
                                   size_t window, long lag, long reach, double *found)
{
    correlate(s, c, start, window, lag, reach);
    const struct correlator_peak peak = correlator_find(c, -2 * reach, 0);
    *found = (double)(lag + reach) + peak.lag;
    return peak;
}

static bool is_active(const struct copy *copy, double from, double to)
{
    return level_mean(&copy->levels, from, to) > SILENCE_DB;
}

/* Whether a window of the microphone holds sound, and the far end within reach of a lag. */
static bool has_sound(const struct search *s, double at, double lag, double reach)
{
    return is_active(&s->copies->mic, at - 1.0, at + 1.0) &&
           (double)level_highest(&s->copies->far.levels, at - 1.0 - lag - reach,
                                 at + 1.0 - lag + reach) > SILENCE_DB;
}

static int64_t start_of(double at, size_t window)
{
    return llround(at * CORRELATOR_RATE) - (int64_t)window / 2;
}

static struct track_point point_of(double at, double lag, double height)
{
    return (struct track_point){.at = at, .lag = lag / CORRELATOR_RATE, .height = height};
}

static void add_tail(struct search *s, const struct correlator_peak *peak)
{
    s->after += peak->after;
    s->before += peak->before;
    s->floor += peak->floor;
}

/* Within a second of a lag. height 0: nothing. */
static struct track_point look_beside(struct search *s, double at, double lag,
                                      struct correlator_peak *peak)
{
    const int64_t start = start_of(at, NEAR_WINDOW);
    double found;
    if (!has_sound(s, at, lag, 0.0))
        return (struct track_point){.at = at};
    take_echo(s, &s->near, start, NEAR_WINDOW);
    *peak =
        look(s, &s->near, start, NEAR_WINDOW, lround(lag * CORRELATOR_RATE), NEAR_REACH, &found);
    s->track->windows++;
    return point_of(at, found, peak->height);
}

/* The same, and the lag itself is preferred. */
static struct track_point look_near(struct search *s, double at, double lag)
{
    const long middle = lround(lag * CORRELATOR_RATE);
    const long close = lround(TOLERANCE_S * CORRELATOR_RATE);
    struct correlator_peak peak;
    struct track_point best = look_beside(s, at, lag, &peak);
    if (best.height <= 0.0)
        return best;
    const struct correlator_peak same =
        correlator_find(&s->near, -NEAR_REACH - close, -NEAR_REACH + close);
    /* Its height over the same noise: that of all lags. */
    if (same.size > 0.0 && PREFERENCE * same.size >= peak.size)
        best = point_of(at, (double)(middle + NEAR_REACH) + same.lag,
                        peak.height * same.size / peak.size);
    if (best.height >= LEAST_HEIGHT)
        add_tail(s, &peak);
    return best;
}

/* Whether a plain lag is as plain in the middle of the next window, at little cost. */
static bool look_same(struct search *s, double at, const struct track_point *last,
                      struct track_point *point)
{
    const long lag = lround(last->lag * CORRELATOR_RATE);
    if (last->height < CLEAR || !has_sound(s, at, last->lag, 0.0))
        return false;
    const int64_t start = start_of(at, SAME_WINDOW);
    take_echo(s, &s->same, start, SAME_WINDOW);
    correlate(s, &s->same, start, SAME_WINDOW, lag, SAME_REACH);
    /* Beyond the reach the correlation is that of what wraps around: noise to measure it by. */
    const struct correlator_peak peak =
        correlator_find(&s->same, -SAME_SIZE / 2, SAME_SIZE / 2 - 1);
    *point = point_of(at, (double)(lag + SAME_REACH) + peak.lag, peak.height);
    if (peak.height < CLEAR || !fits(point, last))
        return false;
    s->track->windows++;
    add_tail(s, &peak);
    return true;
}

static struct track_point look_wide(struct search *s, double at, double lag)
{
    const int64_t start = start_of(at, NEAR_WINDOW);
    const long middle = lround(lag * CORRELATOR_RATE);
    double found;
    if (!has_sound(s, at, lag, (double)WIDE_REACH / CORRELATOR_RATE) || !open_wide(s))
        return (struct track_point){.at = at};
    take_echo(s, &s->wide, start, NEAR_WINDOW);
    const struct correlator_peak peak =
        look(s, &s->wide, start, NEAR_WINDOW, middle, WIDE_REACH, &found);
    s->track->windows++;
    return point_of(at, found, peak.height);
}

/*
 * A recorder that leaves silence out adds at most the time since the last point to the lag; looked
 * at backwards, it takes that off.
 */
static struct track_point look_along(struct search *s, double at, const struct track_point *last)
{
    const double step = 2.0 * (double)WIDE_REACH / CORRELATOR_RATE, passed = at - last->at;
    struct track_point best = {.at = at};
    for (size_t i = 0; i < MOST_ALONG && ((double)i - 0.5) * step < fabs(passed); i++) {
        const double lag = last->lag + copysign((double)i * step, passed);
        const struct track_point point = look_wide(s, at, lag);
        if (point.height > best.height)
            best = point;
        if (best.height >= CLEAR)
            break;
    }
    return best;
}

static long blocks_of(const struct search *s)
{
    return (long)(s->copies->far.n / (2 * LONG_REACH)) + 2;
}

/* In the whole far end, if there are searches left. */
static struct track_point look_everywhere(struct search *s, double at)
{
    const int64_t start = start_of(at, LONG_WINDOW);
    const long blocks = blocks_of(s);
    struct track_point best = {.at = at};
    if (s->blocks_left < blocks || !is_active(&s->copies->mic, at - 2.0, at + 2.0) || !open_wide(s))
        return best;
    s->blocks_left -= blocks;
    s->track->windows++;
    take_echo(s, &s->wide, start, LONG_WINDOW);
    for (long i = 0; i < blocks && !interrupted(); i++) {
        /* Lags at which the window begins in the i-th stretch; the first precedes the far end. */
        const long lag = (long)start - LONG_REACH - (i - 1) * 2 * LONG_REACH;
        double found;
        const struct correlator_peak peak =
            look(s, &s->wide, start, LONG_WINDOW, lag, LONG_REACH, &found);
        /* Of sounds that repeat, those nearest in time belong together. */
        if (peak.height > ALIKE * best.height ||
            (ALIKE * peak.height > best.height && fabs(found / CORRELATOR_RATE) < fabs(best.lag)))
            best = point_of(at, found, peak.height);
    }
    if (best.height < WHOLE_HEIGHT)
        best.height = 0.0;
    return best;
}

/* ---- The first lag ---------------------------------------------------------------------- */

static double evidence(const struct track_point *points, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += fmax(0.0, points[i].height - CHANCE);
    return sum;
}

/* Whether enough points agree with one of them: the highest of those. */
static bool agree(const struct track_point *points, size_t n, size_t least,
                  struct track_point *anchor)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        double sum = 0.0;
        for (size_t k = 0; k < n; k++) {
            if (!fits(&points[i], &points[k]))
                continue;
            count++;
            sum += fmax(0.0, points[k].height - CHANCE);
        }
        sum += 1e-3 * points[i].height;
        if (count >= least && sum >= LEAST_EVIDENCE && sum > most) {
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
        const struct track_point beside = look_near(s, point->at + FINE_S * i, point->lag);
        if (i != 0 && beside.height >= LEAST_HEIGHT && fits(&beside, point))
            points[n++] = beside;
        if (n >= 2 && evidence(points, n) >= LEAST_EVIDENCE)
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
    const double length = copy_seconds(&s->copies->mic) / (double)trials;
    for (size_t i = 0; 0.5 * (double)i < length; i++) {
        const double at = (double)part * length + 1.0 + 0.5 * (double)i;
        if (is_active(&s->copies->mic, at - 1.0, at + 1.0))
            return at;
    }
    return -1.0;
}

/* Most recordings begin together: one window within a second, and those beside it, are enough. */
static struct track_point look_first(struct search *s, double at)
{
    struct correlator_peak peak;
    const struct track_point point = look_beside(s, at, 0.0, &peak);
    return point.height >= CLEAR ? point : look_wide(s, at, 0.0);
}

static bool find_anchor(struct search *s, struct track_point *anchor)
{
    const double seconds = copy_seconds(&s->copies->mic);
    const size_t trials =
        seconds >= (double)TRIALS * STEP_S ? TRIALS : (size_t)(seconds / STEP_S) + 1;
    const size_t least = trials < 3 ? 1 : 2;
    for (int everywhere = 0; everywhere < 2; everywhere++) {
        struct track_point points[TRIALS];
        size_t n = 0;
        for (size_t i = 0; i < TRIALS && !interrupted(); i++) {
            const size_t part = spread(i);
            const double at = part < trials ? first_sound(s, part, trials) : -1.0;
            if (at < 0.0)
                continue;
            points[n] = everywhere ? look_everywhere(s, at) : look_first(s, at);
            n += points[n].height >= LEAST_HEIGHT;
            /* Where the lag changes again and again, no two of these agree. */
            if (n > 0 && points[n - 1].at == at && points[n - 1].height >= WHOLE_HEIGHT &&
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
            return no_memory();
        t->points = more;
        t->point_room = room;
    }
    t->points[t->point_count++] = *point;
    return true;
}

/* Found near the last lag, or elsewhere and in windows beside it as well. */
static bool counts(struct search *s, const struct track_point *point,
                   const struct track_point *last)
{
    if (fits(point, last))
        return point->height >= LEAST_HEIGHT;
    return point->height >= CHANCE && is_confirmed(s, point);
}

/* Where a window has its echo, if anywhere. lost: how many before it had none. */
static bool seek(struct search *s, double at, const struct track_point *last, size_t lost,
                 struct track_point *point)
{
    *point = look_near(s, at, last->lag);
    bool found = counts(s, point, last);
    if (!found && (lost < MOST_LOST || lost % LOST == 0)) {
        *point = look_along(s, at, last);
        found = counts(s, point, last);
    }
    if (!found && lost > 0 && lost % LOST == 0) {
        *point = look_everywhere(s, at);
        found = counts(s, point, last);
    }
    return found;
}

/* From the anchor to the end (direction 1) or the start (-1). */
static bool follow(struct search *s, struct track_point last, double direction)
{
    const double start = last.at, end = copy_seconds(&s->copies->mic);
    size_t lost = 0;
    for (size_t i = 1;; i++) {
        const double at = start + direction * STEP_S * (double)i;
        struct track_point point;
        if (at < 0.0 || at > end || s->failed)
            break;
        if (interrupted())
            return true;
        const bool found = look_same(s, at, &last, &point) || seek(s, at, &last, lost, &point);
        s->heard += has_sound(s, at, last.lag, 0.0);
        if (found) {
            s->matched++;
            if (!add(s, &point))
                return false;
            if (point.height >= CHANCE)
                last = point;
            lost = 0;
        } else if (is_active(&s->copies->mic, at - 1.0, at + 1.0)) {
            lost++;
        }
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
    for (size_t i = 1; (double)i * FINE_S < b.at - a.at - 0.5 * FINE_S && !interrupted(); i++) {
        const double at = a.at + (double)i * FINE_S;
        struct track_point x = look_near(s, at, a.lag), y = look_near(s, at, b.lag);
        const struct track_point *better = x.height >= y.height ? &x : &y;
        if (better->height >= LEAST_HEIGHT && (fits(better, &a) || fits(better, &b)) &&
            !add(s, better))
            return false;
    }
    return true;
}

static bool look_closer(struct search *s)
{
    const size_t n = s->track->point_count;
    const double end = copy_seconds(&s->copies->mic);
    for (size_t i = 0; i < n; i++) {
        const struct track_point p = s->track->points[i];
        const bool first = i == 0 || !fits(&p, &s->track->points[i - 1]);
        const bool last = i + 1 == n || !fits(&p, &s->track->points[i + 1]);
        if (i + 1 < n && last && !look_between(s, p, s->track->points[i + 1]))
            return false;
        /* Alone at an end of the recording: a second one beside it. */
        if (first && last && (i == 0 || i + 1 == n)) {
            const double at = p.at + (i == 0 ? -FINE_S : FINE_S);
            const struct track_point beside = look_near(s, fmin(fmax(at, 0.0), end), p.lag);
            if (beside.height >= LEAST_HEIGHT && fits(&beside, &p) && !add(s, &beside))
                return false;
        }
    }
    sort(s->track);
    return true;
}

/* ---- Pieces ----------------------------------------------------------------------------- */

static bool is_certain(const struct track *t, const struct track_piece *piece, size_t least)
{
    return piece->count >= least &&
           evidence(t->points + piece->first, piece->count) >= LEAST_EVIDENCE;
}

/* Runs of points that agree, each with the one before it. */
static void split(struct track *t)
{
    t->piece_count = 0;
    for (size_t i = 0; i < t->point_count; i++) {
        if (i == 0 || !fits(&t->points[i], &t->points[i - 1]))
            t->pieces[t->piece_count++] = (struct track_piece){.first = i};
        t->pieces[t->piece_count - 1].count++;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * How loud the microphone is at least while the far end plays, dB above it: the lowest tenth of the
 * piece. NAN: out of memory, or never.
 */
static double usual_ratio(const struct track *t, const struct track_piece *piece,
                          const struct copies *copies)
{
    const struct track_point *first = &t->points[piece->first], *last = first + piece->count - 1;
    const double from = first->at - 0.5 * STEP_S, to = last->at + 0.5 * STEP_S;
    const double loudest =
        (double)level_highest(&copies->far.levels, from - first->lag, to - first->lag);
    const size_t levels = (size_t)ceil((to - from) * LEVELS_PER_S);
    double *const ratios = malloc((levels + 1) * sizeof(*ratios));
    size_t n = 0;
    if (!ratios)
        return (double)NAN;
    for (size_t i = 0; i < levels; i++) {
        const double at = from + (double)i / LEVELS_PER_S;
        const double far = (double)level_at(&copies->far.levels, at - first->lag);
        if (far > loudest - PLAYS_DB)
            ratios[n++] = (double)level_at(&copies->mic.levels, at) - far;
    }
    qsort(ratios, n, sizeof(*ratios), compare_doubles);
    const double usual = n > 0 ? ratios[n / 10] : (double)NAN;
    free(ratios);
    return usual;
}

/* Whether the lags of two pieces agree. */
static bool same_lag(const struct track *t, const struct track_piece *a,
                     const struct track_piece *b)
{
    return fits(&t->points[a->first], &t->points[b->first]);
}

/*
 * The user's own voice in the far end, by monitoring or crosstalk, correlates like an echo that
 * comes sooner than the echo, whenever it is the user who talks. But it is much louder in the
 * microphone than an echo of it. Whether a piece is that: it lies between two of one longer lag.
 */
static bool is_own_voice(const struct track *t, const struct track_piece *piece,
                         const struct copies *copies)
{
    const struct track_piece *const before = piece - 1, *const after = piece + 1;
    return piece > t->pieces && after < t->pieces + t->piece_count && same_lag(t, before, after) &&
           t->points[before->first].lag > t->points[piece->first].lag &&
           usual_ratio(t, piece, copies) > usual_ratio(t, before, copies) + OWN_VOICE_DB;
}

/* Together with those of the same lag. Marks them by a count of 0. */
static void mark_own_voice(struct track *t, const struct copies *copies)
{
    for (size_t i = 0; i < t->piece_count; i++) {
        if (!is_own_voice(t, &t->pieces[i], copies))
            continue;
        for (size_t k = 0; k < t->piece_count; k++)
            if (k != i && same_lag(t, &t->pieces[i], &t->pieces[k]))
                t->pieces[k].count = 0;
        t->pieces[i].count = 0;
    }
}

/* Keep the points of certain pieces. */
static void drop_uncertain(struct track *t, size_t least)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->piece_count; i++) {
        const struct track_piece *piece = &t->pieces[i];
        if (!is_certain(t, piece, least))
            continue;
        memmove(t->points + kept, t->points + piece->first, piece->count * sizeof(*t->points));
        kept += piece->count;
    }
    t->point_count = kept;
}

static bool make_pieces(struct track *t, const struct copies *copies, size_t least)
{
    t->pieces = malloc((t->point_count + 1) * sizeof(*t->pieces));
    if (!t->pieces)
        return no_memory();
    split(t);
    drop_uncertain(t, least);
    /* Those on either side of one that was dropped may be one. */
    split(t);
    mark_own_voice(t, copies);
    drop_uncertain(t, least);
    split(t);
    return true;
}

static bool find_all(struct search *s)
{
    const size_t least = copy_seconds(&s->copies->mic) < 3.0 * STEP_S ? 1 : 2;
    struct track_point anchor;
    if (!find_anchor(s, &anchor))
        return true;
    if (!add(s, &anchor) || !follow(s, anchor, 1.0) || !follow(s, anchor, -1.0))
        return false;
    sort(s->track);
    /* Two recordings that merely share a tune or an announcement. */
    if (s->matched * LEAST_SHARE < s->heard)
        return true;
    return look_closer(s) && make_pieces(s->track, s->copies, least);
}

bool track_find(struct track *track, const struct copies *copies)
{
    struct search s = {.track = track, .copies = copies};
    bool done = false;
    *track = (struct track){0};
    s.blocks_left = WHOLE_SEARCHES * blocks_of(&s);
    if (s.blocks_left < LEAST_BLOCKS)
        s.blocks_left = LEAST_BLOCKS;
    if (correlator_open(&s.same, SAME_SIZE) && correlator_open(&s.near, NEAR_SIZE))
        done = find_all(&s);
    else
        s.failed = true;
    if (s.failed)
        done = no_memory();
    correlator_close(&s.same);
    correlator_close(&s.near);
    correlator_close(&s.wide);
    if (s.after + s.before > 2.0 * s.floor)
        track->tail =
            fmax(-1.0, fmin(1.0, (s.after - s.before) / (s.after + s.before - 2.0 * s.floor)));
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
