/*
 * A diagnosis as an SVG: the delay over time, the levels of the three signals, and the microphone's
 * spectrogram before and after. It measures nothing.
 */
#include "doctor/doctor.h"

#include "doctor/spectrogram.h"
#include "files/svg.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 1000,
    LEFT = 76,
    ROOM = 880, /* of each panel */
    DELAY_TOP = 128,
    DELAY_HEIGHT = 120,
    LEVEL_TOP = 304,
    LEVEL_HEIGHT = 140,
    BEFORE_TOP = 500,
    AFTER_TOP = 696,
    SPECTRUM_HEIGHT = 144,
    HEIGHT = 876,
    LEVEL_POINTS = 440,
    MOST_TICKS = 12
};

#define LOWEST_LEVEL (-90.0)
/* Below this the library sees no echo path. */
#define LEAST_CONFIDENCE 0.3f

/* Weak to strong, on the panel's own background. */
static const char *const shades[SPECTROGRAM_SHADES] = {"#07060f", "#150e36", "#2b115e", "#47107a",
                                                       "#641a80", "#812581", "#a1307e", "#c23c74",
                                                       "#e05064", "#f4725c", "#fca06e", "#fee0a0"};

static const char style[] =
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',Arial,"
    "sans-serif;font-size:13px;fill:#222}.title{font-size:17px;font-weight:600}"
    ".head{font-weight:600}.note,.tick{fill:#555;font-size:12px}.y{text-anchor:end}"
    ".x{text-anchor:middle}.page{fill:#fff}.panel{fill:#f4f5f7}.grid{stroke:#d4d7dc}"
    "path{fill:none}.line{stroke-width:1.6;stroke-linejoin:round}"
    ".mic{stroke:#c4641a}.far{stroke:#1b5e9b}.out{stroke:#1d8a4e}"
    "circle{fill:#1b5e9b;fill-opacity:.45}.track{stroke:#c4641a;stroke-width:2.2}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e6ea}.note,.tick{fill:#a9b0ba}"
    ".page{fill:#14171b}.panel{fill:#1d2228}.grid{stroke:#39414b}.mic,.track{stroke:#f0954a}"
    ".far{stroke:#6cb0f2}.out{stroke:#4cc583}circle{fill:#6cb0f2}}";

struct frame {
    const struct analysis *a;
    FILE *stream;
    double seconds; /* of the time axis */
};

static double x_of(const struct frame *f, double seconds)
{
    return (double)LEFT + (double)ROOM * fmin(1.0, seconds / f->seconds);
}

/* A round distance for at most `most` ticks. */
static double tick_step(double range, int most)
{
    double step = pow(10.0, floor(log10(range / most)));
    static const double factors[] = {1.0, 2.0, 5.0, 10.0};
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
        if (range / (factors[i] * step) <= most)
            return factors[i] * step;
    return 10.0 * step;
}

/* A panel's background and its time axis. */
static void draw_panel(const struct frame *f, double top, double height, const char *head)
{
    const double step = tick_step(f->seconds, MOST_TICKS);
    svg_text(f->stream, LEFT, top - 9, "head", head);
    fprintf(f->stream, "<rect x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"%.0f\" class=\"panel\"/>\n",
            LEFT, top, ROOM, height);
    for (int i = 0; i * step <= f->seconds * 1.0001; i++)
        svg_text_of(f->stream, x_of(f, i * step), top + height + 16, "tick x", "%g%s",
                    (double)f->a->input->from + i * step, i == 0 ? " s" : "");
}

static void draw_rule(const struct frame *f, double y, double value)
{
    fprintf(f->stream, "<path class=\"grid\" d=\"M%d %.1fh%d\"/>\n", LEFT, y, ROOM);
    svg_text_of(f->stream, LEFT - 8, y + 4, "tick y", "%g", value);
}

/* ---- Delay ------------------------------------------------------------------------------ */

struct range {
    double low, high;
};

static void widen(struct range *range, double value)
{
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static bool is_tracked(const struct stats_point *point)
{
    return point->stats.aligned && point->stats.confidence >= LEAST_CONFIDENCE;
}

static struct range delay_range(const struct analysis *a)
{
    struct range range = {HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < a->cancelled.track_n; i++)
        if (is_tracked(&a->cancelled.track[i]))
            widen(&range, (double)a->cancelled.track[i].stats.delay_ms);
    for (size_t i = 0; i < a->line.point_count; i++)
        if (a->line.found && a->line.points[i].fits)
            widen(&range, a->line.points[i].delay_ms);
    if (range.low <= range.high) {
        const double middle = 0.5 * (range.low + range.high);
        const double half = fmax(5.0, 0.65 * (range.high - range.low));
        range = (struct range){middle - half, middle + half};
    }
    return range;
}

static double delay_y(const struct range *range, double delay_ms)
{
    return (double)DELAY_TOP +
           (double)DELAY_HEIGHT * (range->high - delay_ms) / (range->high - range->low);
}

static void draw_track(const struct frame *f, const struct range *range)
{
    const struct cancelled *c = &f->a->cancelled;
    bool down = false;
    fputs("<path class=\"track\" d=\"", f->stream);
    for (size_t i = 0; i < c->track_n; i++) {
        const struct stats_point *p = &c->track[i];
        if (is_tracked(p))
            fprintf(f->stream, "%c%.1f %.1f", down ? 'L' : 'M', x_of(f, p->seconds),
                    delay_y(range, (double)p->stats.delay_ms));
        down = is_tracked(p);
    }
    fputs("\"/>\n", f->stream);
}

static void draw_delay(const struct frame *f)
{
    const struct delay_line *line = &f->a->line;
    const struct range range = delay_range(f->a);
    draw_panel(
        f, DELAY_TOP, DELAY_HEIGHT,
        "Delay of the echo in ms: by the canceller (line), in windows of two seconds (dots)");
    if (range.low > range.high) {
        svg_text(f->stream, (double)LEFT + (double)ROOM / 2.0,
                 (double)DELAY_TOP + (double)DELAY_HEIGHT / 2.0 + 4, "note x", "none found");
        return;
    }
    const double step = tick_step(range.high - range.low, 5);
    for (long i = (long)ceil(range.low / step); (double)i * step <= range.high; i++)
        draw_rule(f, delay_y(&range, (double)i * step), (double)i * step);
    for (size_t i = 0; line->found && i < line->point_count; i++) {
        const struct delay_point *p = &line->points[i];
        if (p->delay_ms > range.low && p->delay_ms < range.high)
            fprintf(f->stream, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", x_of(f, p->seconds),
                    delay_y(&range, p->delay_ms));
    }
    draw_track(f, &range);
}

/* ---- Levels ----------------------------------------------------------------------------- */

static void draw_level(const struct frame *f, const struct levels *levels, const char *class)
{
    const double seconds = (double)levels->n / LEVELS_PER_S;
    const size_t points = levels->n < LEVEL_POINTS ? levels->n : LEVEL_POINTS;
    fprintf(f->stream, "<path class=\"line %s\" d=\"", class);
    for (size_t i = 0; i < points; i++) {
        const double from = f->seconds * (double)i / (double)points;
        const double to = f->seconds * (double)(i + 1) / (double)points;
        if (from < seconds)
            fprintf(f->stream, "%c%.1f %.1f", i ? 'L' : 'M', x_of(f, 0.5 * (from + to)),
                    (double)LEVEL_TOP + (double)LEVEL_HEIGHT *
                                            fmax(level_mean(levels, from, to), LOWEST_LEVEL) /
                                            LOWEST_LEVEL);
    }
    fputs("\"/>\n", f->stream);
}

static void draw_key(const struct frame *f, double x, const char *class, const char *name)
{
    fprintf(f->stream, "<path class=\"line %s\" d=\"M%.0f %dh26\"/>\n", class, x, LEVEL_TOP - 13);
    svg_text(f->stream, x + 33, LEVEL_TOP - 9, "note", name);
}

static void draw_levels(const struct frame *f)
{
    draw_panel(f, LEVEL_TOP, LEVEL_HEIGHT, "Level in dB of full scale");
    for (int db = 0; db >= LOWEST_LEVEL; db -= 30)
        draw_rule(f, (double)LEVEL_TOP + LEVEL_HEIGHT * db / LOWEST_LEVEL, db);
    draw_key(f, LEFT + 560, "far", "far end");
    draw_key(f, LEFT + 660, "mic", "microphone");
    draw_key(f, LEFT + 784, "out", "output");
    draw_level(f, &f->a->aim.far, "far");
    draw_level(f, &f->a->aim.mic, "mic");
    draw_level(f, &f->a->out_levels, "out");
}

/* ---- Spectrograms ----------------------------------------------------------------------- */

/* The size of the rectangle of one shade to the right of a cell and above it. */
static void grow(const spectrogram cells, const spectrogram taken, size_t column, size_t row,
                 size_t *width, size_t *height)
{
    const unsigned char shade = cells[column][row];
    *width = *height = 1;
    while (column + *width < SPECTROGRAM_COLUMNS && cells[column + *width][row] == shade &&
           !taken[column + *width][row])
        ++*width;
    for (; row + *height < SPECTROGRAM_ROWS; ++*height)
        for (size_t i = column; i < column + *width; i++)
            if (cells[i][row + *height] != shade || taken[i][row + *height])
                return;
}

/* All cells of a shade as one path of a few rectangles. */
static void draw_shade(FILE *stream, const spectrogram cells, int shade)
{
    spectrogram taken;
    memset(taken, 0, sizeof(taken));
    fprintf(stream, "<path style=\"fill:%s\" d=\"", shades[shade]);
    for (size_t row = 0; row < SPECTROGRAM_ROWS; row++) {
        for (size_t column = 0; column < SPECTROGRAM_COLUMNS; column++) {
            size_t width, height;
            if (cells[column][row] != shade || taken[column][row])
                continue;
            grow(cells, taken, column, row, &width, &height);
            for (size_t i = column; i < column + width; i++)
                memset(&taken[i][row], 1, height);
            fprintf(stream, "M%zu %zuh%zuv%zuh-%zuz", column, row, width, height, width);
        }
    }
    fputs("\"/>\n", stream);
}

static void draw_spectrogram(const struct frame *f, double top, const char *head,
                             const spectrogram cells)
{
    draw_panel(f, top, SPECTRUM_HEIGHT, head);
    fprintf(f->stream,
            "<g transform=\"translate(%d %.0f) scale(%.5f %.5f)\" shape-rendering=\"crispEdges\">\n"
            "<path style=\"fill:%s\" d=\"M0 0h%dv%dh-%dz\"/>\n",
            LEFT, top + (double)SPECTRUM_HEIGHT, (double)ROOM / (double)SPECTROGRAM_COLUMNS,
            -(double)SPECTRUM_HEIGHT / (double)SPECTROGRAM_ROWS, shades[0], SPECTROGRAM_COLUMNS,
            SPECTROGRAM_ROWS, SPECTROGRAM_COLUMNS);
    for (int shade = 1; shade < SPECTROGRAM_SHADES; shade++)
        draw_shade(f->stream, cells, shade);
    fputs("</g>\n", f->stream);
    const int highest = spectrogram_highest_hz(f->a->input->mic.rate);
    const int step = (int)tick_step(highest, 5), top_tick = highest / step * step;
    for (int hz = 0; hz <= top_tick; hz += step)
        svg_text_of(f->stream, LEFT - 8,
                    top + (double)SPECTRUM_HEIGHT * (1.0 - hz / (double)highest) + 4, "tick y",
                    "%d%s", hz / 1000, hz == top_tick ? " kHz" : "");
}

static void draw_scale(const struct frame *f)
{
    const double x = LEFT + ROOM - 12 * SPECTROGRAM_SHADES - 60, y = BEFORE_TOP - 18;
    svg_text_of(f->stream, x - 6, y + 9, "tick y", "%.0f dB", SPECTROGRAM_LOWEST_DB);
    for (int i = 0; i < SPECTROGRAM_SHADES; i++)
        fprintf(f->stream, "<rect x=\"%.0f\" y=\"%.0f\" width=\"12\" height=\"10\" fill=\"%s\"/>\n",
                x + 12 * i, y, shades[i]);
    svg_text_of(f->stream, x + 12 * SPECTROGRAM_SHADES + 6, y + 9, "tick", "%.0f dB",
                SPECTROGRAM_LOWEST_DB + SPECTROGRAM_STEP_DB * (double)SPECTROGRAM_SHADES);
}

static void draw_spectrograms(const struct frame *f)
{
    draw_spectrogram(f, BEFORE_TOP, "Before: the microphone", f->a->pictures[0]);
    draw_scale(f);
    draw_spectrogram(f, AFTER_TOP, "After: the output", f->a->pictures[1]);
}

/* ---- The whole -------------------------------------------------------------------------- */

static void draw_head(const struct frame *f, const struct diagnosis *d)
{
    const unecho_stats *stats = &f->a->cancelled.stats;
    char names[560], delay[96] = "";
    snprintf(names, sizeof(names), "%s, %s", f->a->input->mic.name, f->a->input->far.name);
    svg_begin(f->stream, WIDTH, HEIGHT, "unecho doctor", style);
    fprintf(f->stream, "<rect width=\"%d\" height=\"%d\" class=\"page\"/>\n", WIDTH, HEIGHT);
    svg_text_lines(f->stream, 20, 28, "title", d->verdict, 96, 22);
    svg_text_within(f->stream, 20, 72, "note", names, 140);
    if (stats->far_active_seconds <= 0.0f)
        return;
    if (stats->aligned && stats->confidence >= LEAST_CONFIDENCE)
        snprintf(delay, sizeof(delay),
                 "; delay at the end %.1f ms, drift %+.0f ppm, confidence %.2f",
                 (double)stats->delay_ms, (double)stats->drift_ppm, (double)stats->confidence);
    svg_text_of(f->stream, 20, 92, "note", "ERLE %.1f dB over %.1f s with an active far end%s",
                (double)stats->erle_db, (double)stats->far_active_seconds, delay);
}

void doctor_plot(const struct analysis *a, const struct diagnosis *d, FILE *stream)
{
    struct frame f = {a, stream, fmax(a->aim.seconds, 0.1)};
    draw_head(&f, d);
    draw_delay(&f);
    draw_levels(&f);
    draw_spectrograms(&f);
    fputs("</svg>\n", stream);
}
