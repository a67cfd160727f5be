#include "alignment/window.h"

#include "interrupt.h"

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

/* How often the whole far end is searched for, and at least for so many blocks. */
enum { WHOLE_SEARCHES = 6, LEAST_BLOCKS = 100 };
/* Wide searches for one window, two minutes of lags. */
enum { MOST_ALONG = 8 };

/* Mean level below which a window counts as silent. */
#define SILENCE_DB (-65.0)
/* The height of a peak around which only a room is seen to ring. */
#define RINGING (2.0 * POINT_CLEAR)
/* The lag so close to the last one is preferred to a peak so much higher elsewhere: sounds that
 * repeat have several. Where it is too high for chance, to any at a longer lag: of two loudspeakers
 * now this one, now that one is louder, and the filter reaches the later one from the first. */
#define PREFERENCE 1.25
/* On either side of a lag, in samples: a room, and what is one peak. */
enum { ROOM = 400, CLOSE = 40 };
/* Peaks of the same sound differ in height by at most this. */
#define ALIKE 1.2

static void fill(struct correlator *c, const struct copy *copy, int64_t from, size_t n)
{
    memset(c->window + n, 0, (c->size - n) * sizeof(*c->window));
    copy_read(copy, c->window, from, n);
}

/* Most recordings need no wide search, and its tables take longer than some recordings. */
static bool open_wide(struct window_search *s)
{
    if (!s->wide.memory && !correlator_open(&s->wide, WIDE_SIZE))
        s->failed = true;
    return !s->failed;
}

static void take_echo(struct window_search *s, struct correlator *c, int64_t start, size_t window)
{
    fill(c, &s->copies->mic, start, window);
    correlator_take_echo(c);
}

/* Correlate the far end within reach of a lag, in samples, with the echo that has been taken. */
static void correlate(struct window_search *s, struct correlator *c, int64_t start, size_t window,
                      long lag, long reach)
{
    fill(c, &s->copies->far, start - lag - reach, window + 2 * (size_t)reach);
    correlator_take_source(c);
    correlator_run(c);
}

/* The highest peak there. */
static struct correlator_peak look(struct window_search *s, struct correlator *c, int64_t start,
                                   size_t window, long lag, long reach, double *found)
{
    correlate(s, c, start, window, lag, reach);
    const struct correlator_peak peak =
        correlator_tells(c) ? correlator_find(c, -2 * reach, 0) : (struct correlator_peak){0};
    *found = (double)(lag + reach) + peak.lag;
    return peak;
}

bool window_is_active(const struct copy *copy, double from, double to)
{
    return level_mean(&copy->levels, from, to) > SILENCE_DB;
}

bool window_has_sound(const struct window_search *s, double at, double lag, double reach)
{
    return window_is_active(&s->copies->mic, at - 1.0, at + 1.0) &&
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

/* The energies are relative to the peak's, so that those around a low one, which are its noise and
 * the pitch of a voice, would outweigh all others. */
static void add_tail(struct window_search *s, const struct correlator_peak *peak)
{
    if (peak->height < RINGING)
        return;
    s->after += peak->after;
    s->before += peak->before;
    s->floor += peak->floor;
}

static void count(struct window_search *s, bool tells)
{
    s->windows += tells;
    s->of_tones += !tells;
}

/* Within a second of a lag. height 0: nothing. */
static struct track_point look_beside(struct window_search *s, double at, double lag,
                                      struct correlator_peak *peak)
{
    const int64_t start = start_of(at, NEAR_WINDOW);
    double found;
    if (!window_has_sound(s, at, lag, 0.0))
        return (struct track_point){.at = at};
    take_echo(s, &s->near, start, NEAR_WINDOW);
    *peak =
        look(s, &s->near, start, NEAR_WINDOW, lround(lag * CORRELATOR_RATE), NEAR_REACH, &found);
    count(s, correlator_tells(&s->near));
    return point_of(at, found, peak->height);
}

struct track_point window_near(struct window_search *s, double at, double lag)
{
    const long middle = lround(lag * CORRELATOR_RATE);
    const long close = lround(POINT_TOLERANCE_S * CORRELATOR_RATE);
    struct correlator_peak peak;
    struct track_point best = look_beside(s, at, lag, &peak);
    if (best.height <= 0.0)
        return best;
    const struct correlator_peak same =
        correlator_find(&s->near, -NEAR_REACH - close, -NEAR_REACH + close);
    /* Over the same noise: that of all lags. */
    const double height = peak.height * same.size / peak.size;
    if (same.size > 0.0 &&
        (PREFERENCE * same.size >= peak.size || (height >= POINT_CHANCE && best.lag > lag)))
        best = point_of(at, (double)(middle + NEAR_REACH) + same.lag, height);
    if (best.height >= POINT_LEAST_HEIGHT)
        add_tail(s, &peak);
    return best;
}

/* ---- What a room makes of a lag ---------------------------------------------------------- */

enum { SHAPE = 2 * (ROOM + CLOSE) + 1 };

/* Add the correlation of the window that was looked at last, around so many samples after the lag
 * that it was looked at for, as far as it is no noise. */
static void add_shape(const struct window_search *s, const struct correlator_peak *peak, long after,
                      float shape[SHAPE])
{
    const float noise = 3.0f * (float)(peak->size / peak->height);
    const long first = (long)s->near.size - NEAR_REACH + after - ROOM - CLOSE;
    for (long i = 0; i < SHAPE; i++)
        shape[i] += fmaxf(0.0f, fabsf(s->near.window[(size_t)(first + i) % s->near.size]) - noise);
}

/* How alike the middle of one is to the other, moved by a few samples. */
static float likeness(const float a[SHAPE], const float b[SHAPE], long *moved)
{
    float most = -1.0f;
    for (long d = -CLOSE; d <= CLOSE; d++) {
        float sum = 0.0f;
        for (long i = CLOSE; i < SHAPE - CLOSE; i++)
            sum += a[i] * b[i + d];
        if (sum > most) {
            most = sum;
            *moved = d;
        }
    }
    return most;
}

/* Whether the window that was looked at last shows the lag that it was looked at for. */
static bool shows_same(const struct window_search *s, const struct correlator_peak *peak)
{
    const struct correlator_peak same =
        correlator_find(&s->near, -NEAR_REACH - CLOSE, -NEAR_REACH + CLOSE);
    return same.size * peak->height >= POINT_LEAST_HEIGHT * peak->size;
}

double window_settle(struct window_search *s, const struct track_point last[2],
                     const struct track_point *point)
{
    const long change = lround((point->lag - last[0].lag) * CORRELATOR_RATE);
    float before[SHAPE] = {0}, stays[SHAPE] = {0}, moves[SHAPE] = {0};
    struct correlator_peak peak;
    long stayed = 0, moved = 0;
    if (labs(change) > ROOM || look_beside(s, point->at, last[0].lag, &peak).height <= 0.0 ||
        !shows_same(s, &peak))
        return point->lag;
    add_shape(s, &peak, 0, stays);
    add_shape(s, &peak, change, moves);
    for (size_t i = 0; i < 2; i++)
        if (look_beside(s, last[i].at, last[i].lag, &peak).height > 0.0)
            add_shape(s, &peak, 0, before);
    if (likeness(before, moves, &moved) > likeness(before, stays, &stayed))
        return point->lag;
    return last[0].lag + (double)stayed / CORRELATOR_RATE;
}

bool window_same(struct window_search *s, double at, const struct track_point *last,
                 struct track_point *point)
{
    const long lag = lround(last->lag * CORRELATOR_RATE);
    if (last->height < POINT_CLEAR || !window_has_sound(s, at, last->lag, 0.0))
        return false;
    const int64_t start = start_of(at, SAME_WINDOW);
    take_echo(s, &s->same, start, SAME_WINDOW);
    correlate(s, &s->same, start, SAME_WINDOW, lag, SAME_REACH);
    /* Beyond the reach the correlation is that of what wraps around: noise to measure it by. */
    const struct correlator_peak peak =
        correlator_find(&s->same, -SAME_SIZE / 2, SAME_SIZE / 2 - 1);
    *point = point_of(at, (double)(lag + SAME_REACH) + peak.lag, peak.height);
    if (!correlator_tells(&s->same) || peak.height < POINT_CLEAR || !point_fits(point, last))
        return false;
    s->windows++;
    add_tail(s, &peak);
    return true;
}

static struct track_point look_wide(struct window_search *s, double at, double lag)
{
    const int64_t start = start_of(at, NEAR_WINDOW);
    const long middle = lround(lag * CORRELATOR_RATE);
    double found;
    if (!window_has_sound(s, at, lag, (double)WIDE_REACH / CORRELATOR_RATE) || !open_wide(s))
        return (struct track_point){.at = at};
    take_echo(s, &s->wide, start, NEAR_WINDOW);
    const struct correlator_peak peak =
        look(s, &s->wide, start, NEAR_WINDOW, middle, WIDE_REACH, &found);
    count(s, correlator_tells(&s->wide));
    return point_of(at, found, peak.height);
}

struct track_point window_along(struct window_search *s, double at, const struct track_point *last)
{
    const double step = 2.0 * (double)WIDE_REACH / CORRELATOR_RATE, passed = at - last->at;
    struct track_point best = {.at = at};
    for (size_t i = 0; i < MOST_ALONG && ((double)i - 0.5) * step < fabs(passed); i++) {
        const double lag = last->lag + copysign((double)i * step, passed);
        const struct track_point point = look_wide(s, at, lag);
        if (point.height > best.height)
            best = point;
        if (best.height >= POINT_CLEAR)
            break;
    }
    return best;
}

static long blocks_of(const struct window_search *s)
{
    return (long)(s->copies->far.n / (2 * LONG_REACH)) + 2;
}

struct track_point window_everywhere(struct window_search *s, double at)
{
    const int64_t start = start_of(at, LONG_WINDOW);
    const long blocks = blocks_of(s);
    struct track_point best = {.at = at};
    if (s->blocks_left < blocks || !window_is_active(&s->copies->mic, at - 2.0, at + 2.0) ||
        !open_wide(s))
        return best;
    s->blocks_left -= blocks;
    take_echo(s, &s->wide, start, LONG_WINDOW);
    bool tells = false;
    for (long i = 0; i < blocks && !interrupted(); i++) {
        /* Lags at which the window begins in the i-th stretch; the first precedes the far end. */
        const long lag = (long)start - LONG_REACH - (i - 1) * 2 * LONG_REACH;
        double found;
        const struct correlator_peak peak =
            look(s, &s->wide, start, LONG_WINDOW, lag, LONG_REACH, &found);
        tells |= correlator_tells(&s->wide);
        /* Of sounds that repeat, those nearest in time belong together. */
        if (peak.height > ALIKE * best.height ||
            (ALIKE * peak.height > best.height && fabs(found / CORRELATOR_RATE) < fabs(best.lag)))
            best = point_of(at, found, peak.height);
    }
    count(s, tells);
    if (best.height < POINT_WHOLE_HEIGHT)
        best.height = 0.0;
    return best;
}

struct track_point window_first(struct window_search *s, double at)
{
    struct correlator_peak peak;
    const struct track_point point = look_beside(s, at, 0.0, &peak);
    return point.height >= POINT_CLEAR ? point : look_wide(s, at, 0.0);
}

bool window_search_open(struct window_search *s, const struct copies *copies)
{
    *s = (struct window_search){.copies = copies};
    s->blocks_left = WHOLE_SEARCHES * blocks_of(s);
    if (s->blocks_left < LEAST_BLOCKS)
        s->blocks_left = LEAST_BLOCKS;
    return correlator_open(&s->same, SAME_SIZE) && correlator_open(&s->near, NEAR_SIZE);
}

void window_search_close(struct window_search *s)
{
    correlator_close(&s->same);
    correlator_close(&s->near);
    correlator_close(&s->wide);
}

double window_search_tail(const struct window_search *s)
{
    const double both = s->after + s->before;
    return both > 2.0 * s->floor
               ? fmax(-1.0, fmin(1.0, (s->after - s->before) / (both - 2.0 * s->floor)))
               : 0.0;
}
