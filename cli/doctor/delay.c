/*
 * Correlates each window of two seconds with all within reach around it; then the line through most
 * of the peaks.
 */
#include "doctor/delay.h"

#include "alignment/correlator.h"
#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <string.h>

enum {
    WINDOW = 2 * CORRELATOR_RATE,
    REACH = (int)(DELAY_REACH_S * CORRELATOR_RATE),
    SPAN = WINDOW + 2 * REACH,
    SIZE = 131072, /* SPAN and more: nothing wraps around onto a delay within reach */
    SHORTEST_STEP = CORRELATOR_RATE
};

/* Mean power below which a window counts as silent: -65 dB. */
#define SILENCE 3.2e-7
/* Peaks of noise alone reach 4.8 over so many delays; those of speech, with its pitch, slightly
 * more. */
#define LEAST_HEIGHT 7.0
/*
 * Two overlapping windows may agree on such a peak by chance, so only what exceeds CHANCE counts.
 * An echo has peaks of 20 to 100, and some of 12 to 18 even in double talk.
 */
#define CHANCE         10.0
#define LEAST_EVIDENCE 15.0
#define CLEAR          18.0
/* Peaks of a window that may be the echo: a room has several reflections, and now this one, now
 * that one is the highest. */
enum { PEAKS = 4 };
/* They are no further apart, in samples; what is may be the user's own voice. */
enum { ROOM = 50 * CORRELATOR_RATE / 1000 };
/* The distance of points from the line, ms, and the steepest line, ppm. */
#define TOLERANCE_MS 2.5
#define STEEPEST     5000.0

struct search {
    struct correlator correlator;
    struct delay_point peaks[DELAY_MOST_WINDOWS][PEAKS]; /* of each point's window, highest first */
    double after, before, floor; /* energy around the peaks, and of as much noise */
};

/* Take n samples of a copy into the window, with silence around them. false: they are silent. */
static bool fill_window(struct correlator *c, const struct copy *copy, int64_t from, size_t n)
{
    const int64_t end = from + (int64_t)n, total = (int64_t)copy->n;
    const int64_t there = (end < total ? end : total) - (from < 0 ? 0 : from);
    double sum = 0.0;
    memset(c->window + n, 0, (SIZE - n) * sizeof(*c->window));
    copy_read(copy, c->window, from, n);
    for (size_t i = 0; i < n; i++)
        sum += (double)c->window[i] * (double)c->window[i];
    return there > 0 && sum > SILENCE * (double)there;
}

/* The highest peak of the window, which is given, and those of the same room that are too high for
 * chance. */
static void keep_peaks(struct correlator *c, double seconds, struct correlator_peak peak,
                       struct delay_point peaks[PEAKS])
{
    const double noise = peak.size / peak.height;
    const long best = lround(peak.lag);
    const long first = best - ROOM > -2 * REACH ? best - ROOM : -2 * REACH;
    const long last = best + ROOM < 0 ? best + ROOM : 0;
    for (size_t i = 0; i < PEAKS; i++) {
        const double height = peak.size / noise;
        if (i > 0 && height < CHANCE)
            break;
        peaks[i] = (struct delay_point){
            .seconds = seconds,
            .delay_ms = 1000.0 * (peak.lag + (double)REACH) / CORRELATOR_RATE,
            .height = height,
        };
        correlator_remove(c, peak.lag);
        peak = correlator_find(c, first, last);
    }
}

static void look_at_window(struct search *s, const struct copy *echo, const struct copy *source,
                           int64_t start, struct delay_line *line)
{
    struct correlator *c = &s->correlator;
    if (!fill_window(c, echo, start, WINDOW))
        return;
    correlator_take_echo(c);
    if (!fill_window(c, source, start - REACH, SPAN))
        return;
    correlator_take_source(c);
    correlator_run(c);

    /* The source's span begins REACH before the window. */
    const struct correlator_peak peak = correlator_find(c, -2 * REACH, 0);
    line->windows++;
    if (!correlator_tells(c) || peak.height < LEAST_HEIGHT)
        return;
    keep_peaks(c, ((double)start + 0.5 * (double)WINDOW) / CORRELATOR_RATE, peak,
               s->peaks[line->point_count]);
    line->points[line->point_count] = s->peaks[line->point_count][0];
    line->point_count++;
    s->floor += peak.floor;
    s->after += peak.after;
    s->before += peak.before;
}

/* ---- The line --------------------------------------------------------------------------- */

static bool is_near(const struct delay_point *point, double delay, double slope)
{
    return fabs(point->delay_ms - delay - slope * point->seconds) <= TOLERANCE_MS;
}

/* The highest peak of a window that is near; NULL: none. */
static const struct delay_point *nearest(const struct delay_point peaks[PEAKS], double delay,
                                         double slope)
{
    for (size_t i = 0; i < PEAKS && peaks[i].height > 0.0; i++)
        if (is_near(&peaks[i], delay, slope))
            return &peaks[i];
    return NULL;
}

/* How plainly all windows show it. */
static double weigh(const struct search *s, size_t windows, double delay, double slope)
{
    double sum = 0.0;
    for (size_t i = 0; i < windows; i++) {
        const struct delay_point *peak = nearest(s->peaks[i], delay, slope);
        if (peak)
            sum += peak->height;
    }
    return sum;
}

/* Try the line through every pair of points. */
static void choose_line(const struct search *s, const struct delay_line *line, double *delay,
                        double *slope)
{
    double most = 0.0;
    for (size_t i = 0; i < line->point_count; i++) {
        for (size_t j = i; j < line->point_count; j++) {
            const struct delay_point *a = &line->points[i], *b = &line->points[j];
            const double steep =
                i == j ? 0.0 : (b->delay_ms - a->delay_ms) / (b->seconds - a->seconds);
            const double at_start = a->delay_ms - steep * a->seconds;
            const double weight = weigh(s, line->point_count, at_start, steep);
            if (fabs(steep) > 1e-3 * STEEPEST || weight < most ||
                (weight == most && fabs(steep) >= fabs(*slope)))
                continue;
            most = weight;
            *delay = at_start;
            *slope = steep;
        }
    }
}

/* Least squares over the points near it, each the peak of its window that is. */
static void refine_line(const struct search *s, struct delay_line *line, double *delay,
                        double *slope)
{
    double n = 0.0, t = 0.0, d = 0.0, tt = 0.0, td = 0.0;
    for (size_t i = 0; i < line->point_count; i++) {
        const struct delay_point *peak = nearest(s->peaks[i], *delay, *slope);
        struct delay_point *p = &line->points[i];
        if (!peak)
            continue;
        *p = *peak;
        p->fits = true;
        n += 1.0;
        t += p->seconds;
        d += p->delay_ms;
        tt += p->seconds * p->seconds;
        td += p->seconds * p->delay_ms;
    }
    line->fitting = (size_t)n;
    if (n * tt - t * t > 1e-6)
        *slope = (n * td - t * d) / (n * tt - t * t);
    if (n > 0.0)
        *delay = (d - *slope * t) / n;
}

static double evidence(const struct delay_line *line)
{
    double sum = 0.0;
    for (size_t i = 0; i < line->point_count; i++)
        if (line->points[i].fits)
            sum += fmax(0.0, line->points[i].height - CHANCE);
    return sum;
}

static void fit_line(const struct search *s, struct delay_line *line)
{
    double delay = 0.0, slope = 0.0;
    choose_line(s, line, &delay, &slope);
    refine_line(s, line, &delay, &slope);
    line->delay_ms = delay;
    line->drift_ppm = -1000.0 * slope;
    for (size_t i = 0; i < line->point_count; i++)
        line->clear_beside += !line->points[i].fits && line->points[i].height > CLEAR;
    line->found = line->fitting >= (line->windows < 3 ? 1 : 2) && evidence(line) >= LEAST_EVIDENCE;
}

static bool look_at_all(struct search *s, const struct copy *echo, const struct copy *source,
                        size_t most, struct delay_line *line)
{
    const uint64_t step = echo->n / most > SHORTEST_STEP ? echo->n / most : SHORTEST_STEP;
    for (uint64_t start = 0; line->windows < most && start + WINDOW / 2 <= echo->n; start += step) {
        if (interrupted()) {
            report_error("interrupted");
            return false;
        }
        look_at_window(s, echo, source, (int64_t)start, line);
    }
    return true;
}

bool delay_find(struct delay_line *line, const struct copy *echo, const struct copy *source,
                size_t most)
{
    struct search s = {0};
    bool done = correlator_open(&s.correlator, SIZE);
    memset(line, 0, sizeof(*line));
    if (done)
        done = look_at_all(&s, echo, source, most, line);
    else
        report_no_memory();
    correlator_close(&s.correlator);
    fit_line(&s, line);
    if (s.after + s.before > 2.0 * s.floor)
        line->tail =
            fmax(-1.0, fmin(1.0, (s.after - s.before) / (s.after + s.before - 2.0 * s.floor)));
    return done;
}

double delay_at(const struct delay_line *line, double seconds)
{
    return line->delay_ms - 1e-3 * line->drift_ppm * seconds;
}
