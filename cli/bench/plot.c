/* A contest's outcome as an SVG: bars for the speed with both feeds, and for the CPU time. */
#include "bench/print.h"

#include "files/svg.h"

#include <math.h>

enum {
    WIDTH = 980,
    LABELS = 210, /* right edge of the backends' names */
    SPEED = 225,  /* left edge of the bars */
    COST = 660,
    SPEED_ROOM = 340, /* for the fastest round; its figure follows it */
    COST_ROOM = 220,
    TOP = 128,
    ROW = 62,
    BAR = 20
};

static const char *const colours[FEED_COUNT] = {"#1b5e9b", "#d9822b"};

/* style: a class of the style sheet. */
static void begin_text(FILE *stream, double x, double y, const char *style)
{
    fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, style);
}

static void draw_head(const struct bench_outcome *outcome, int height, FILE *stream)
{
    const struct contest *contest = outcome->contest;
    svg_begin(stream, WIDTH, height, "unecho bench",
              "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
              "'DejaVu Sans',Arial,sans-serif;fill:#222;font-size:14px}"
              ".title{font-size:20px;font-weight:600}.note{fill:#555;font-size:13px}"
              ".head{font-weight:600}.name{text-anchor:end}.figure{font-size:13px}");
    fprintf(stream, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
    svg_text(stream, 20, 36, "title", "Echo cancellation, the same network on each backend");
    begin_text(stream, 20, 58, "note");
    fprintf(stream, "Model ");
    svg_escape(stream, contest->model_name);
    fprintf(stream, " (%u units), %.0f s of ", contest->model_units,
            (double)contest->timed / UNECHO_SAMPLE_RATE);
    svg_escape(stream, bench_file_name(outcome->recording->mic));
    fprintf(stream, ", median of %zu rounds in turn; whiskers: slowest and fastest round</text>\n",
            contest->rounds);
}

static void draw_legend(const struct contest *contest, FILE *stream)
{
    char text[64];
    for (enum feed feed = 0; feed < FEED_COUNT; feed++) {
        const int x = 20 + 160 * (int)feed;
        fprintf(stream, "<rect x=\"%d\" y=\"72\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x,
                colours[feed]);
        if (feed == FEED_LIVE)
            snprintf(text, sizeof(text), "live, chunk %d", UNECHO_HOP);
        else
            snprintf(text, sizeof(text), "chunk %zu", contest->chunk);
        svg_text(stream, x + 20, 84, "figure", text);
    }
    begin_text(stream, SPEED, TOP - 14, "head");
    if (contest->base) {
        fputs("Speed, times ", stream);
        svg_escape(stream, contest->base->backend.name);
    } else {
        fputs("Speed", stream);
    }
    fputs("</text>\n", stream);
    svg_text(stream, COST, TOP - 14, "head", "CPU time, % of one core in real time");
}

static double finite(double value)
{
    return isfinite(value) && value > 0.0 ? value : 0.0;
}

struct scales {
    double speed, cost; /* pixels per unit */
};

static struct scales choose_scales(const struct contest *contest)
{
    double fastest = 1.0, dearest = 0.0;
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = &contest->contestants[i];
        if (!contestant_counts(c))
            continue;
        for (enum feed feed = 0; feed < FEED_COUNT; feed++) {
            const struct feed_figures *f = &c->feeds[feed];
            /* The whiskers must not reach into the other panel. */
            fastest = fmax(fastest, finite(f->ratio * f->highest / f->samples_per_second));
            dearest = fmax(dearest, finite(c->feeds[feed].cpu_per_audio_second));
        }
    }
    return (struct scales){(double)SPEED_ROOM / fastest,
                           dearest > 0.0 ? (double)COST_ROOM / dearest : 0.0};
}

static void draw_bar(FILE *stream, double x, double y, double length, const char *colour)
{
    fprintf(stream,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", x,
            y, fmax(length, 1.0), BAR, colour);
}

/* From the slowest round to the fastest, in the units of the bar; returns the right end. */
static double draw_whisker(FILE *stream, double y, const struct feed_figures *f, double scale)
{
    const double per_sample = scale * f->ratio / f->samples_per_second;
    const double left = (double)SPEED + per_sample * f->lowest,
                 right = (double)SPEED + per_sample * f->highest;
    const double middle = y + 0.5 * (double)BAR;
    fprintf(stream, "<path d=\"M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8\" stroke=\"#222\"/>\n", left,
            middle, right, left, middle - 4, right, middle - 4);
    return right;
}

static void draw_feed(const struct contestant *c, enum feed feed, double y,
                      const struct scales *scales, FILE *stream)
{
    const struct feed_figures *f = &c->feeds[feed];
    const double cost = finite(f->cpu_per_audio_second);
    char text[96];
    if (finite(f->ratio) > 0.0) {
        draw_bar(stream, SPEED, y, scales->speed * f->ratio, colours[feed]);
        const double right = draw_whisker(stream, y, f, scales->speed);
        snprintf(text, sizeof(text), "%.2f", f->ratio);
        svg_text(stream, right + 8, y + 15, "figure", text);
    } else if (feed == 0) {
        svg_text(stream, SPEED, y + 15, "note", verdict_in_words(c->comparison.verdict));
    }
    draw_bar(stream, COST, y, scales->cost * cost, colours[feed]);
    snprintf(text, sizeof(text), "%.1f %%", 100.0 * cost);
    svg_text(stream, (double)COST + scales->cost * cost + 8, y + 15, "figure", text);
}

static void draw_row(const struct contestant *c, double y, const struct scales *scales,
                     FILE *stream)
{
    svg_text(stream, LABELS, y + (double)BAR + 5, "name", c->backend.name);
    for (enum feed feed = 0; feed < FEED_COUNT; feed++)
        draw_feed(c, feed, y + (double)feed * (BAR + 2), scales, stream);
}

/* What is not on this machine would only be an empty row; the table says why. */
static bool has_row(const struct contestant *c)
{
    return c->shown && c->available;
}

void bench_plot(const struct bench_outcome *outcome, FILE *stream)
{
    const struct contest *contest = outcome->contest;
    const struct scales scales = choose_scales(contest);
    size_t rows = 0;
    for (size_t i = 0; i < contest->count; i++)
        rows += has_row(&contest->contestants[i]);
    const int bottom = TOP + (int)rows * ROW;
    draw_head(outcome, bottom + 20, stream);
    draw_legend(contest, stream);
    for (size_t i = 0, row = 0; i < contest->count; i++)
        if (has_row(&contest->contestants[i]))
            draw_row(&contest->contestants[i], (double)(TOP + row++ * ROW), &scales, stream);
    if (contest->base)
        fprintf(stream, "<path d=\"M%.1f %dV%d\" stroke=\"#666\" stroke-dasharray=\"4 4\"/>\n",
                (double)SPEED + scales.speed, TOP - 6, bottom - 8);
    fputs("</svg>\n", stream);
}
