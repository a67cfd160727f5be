/* A contest's outcome as JSON. */
#include "bench/print.h"

#include "bench/machine.h"
#include "files/json.h"

#include <inttypes.h>
#include <math.h>

static void key(const char *name, FILE *stream)
{
    fprintf(stream, "\"%s\": ", name);
}

static void number(const char *name, double value, FILE *stream)
{
    key(name, stream);
    if (isfinite(value))
        fprintf(stream, "%.9g", value);
    else
        fputs("null", stream);
}

static void numbers(const char *name, const double *values, size_t n, FILE *stream)
{
    key(name, stream);
    for (size_t i = 0; i < n; i++)
        fprintf(stream, "%s%.9g", i ? ", " : "[", values[i]);
    fputs(n ? "]" : "[]", stream);
}

static void text(const char *name, const char *value, FILE *stream)
{
    key(name, stream);
    json_print_string(value, stream);
}

static void comma(FILE *stream)
{
    fputs(", ", stream);
}

/* prefix: of the keys. */
static void print_feed(const struct contest *contest, const struct feed_figures *f,
                       const char *prefix, FILE *stream)
{
    const bool tuned = contest->base && contest->base->backend.tuned_here;
    char name[64];
    const struct {
        const char *key;
        double value;
    } figures[] = {
        {"samples_per_second", f->samples_per_second},
        {"samples_per_second_min", f->lowest},
        {"samples_per_second_max", f->highest},
        {"realtime", f->samples_per_second / UNECHO_SAMPLE_RATE},
        {"ratio_to_tuned", tuned ? f->ratio : (double)NAN},
        {"ratio", f->ratio},
        {"cpu_seconds_per_audio_second", f->cpu_per_audio_second},
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", prefix, figures[i].key);
        number(name, figures[i].value, stream);
        comma(stream);
    }
    snprintf(name, sizeof(name), "%sby_round", prefix);
    numbers(name, f->per_second, contest->rounds, stream);
    comma(stream);
}

static void print_hops(const struct contestant *c, FILE *stream)
{
    fputs("\"hop_us\": {", stream);
    number("p50", c->hop_p50_us, stream);
    comma(stream);
    number("p99", c->hop_p99_us, stream);
    comma(stream);
    number("max", c->hop_max_us, stream);
    fputs("}, \"slowest_hops\": [", stream);
    for (size_t i = 0; i < c->slowest_count; i++) {
        const struct slow_hop *slow = &c->slowest[i];
        fprintf(stream, "%s{\"round\": %zu, \"hop\": %zu, \"seconds\": %.3f, \"us\": %.3f}",
                i ? ", " : "", slow->round + 1, slow->hop,
                (double)(slow->hop * UNECHO_HOP) / UNECHO_SAMPLE_RATE, slow->us);
    }
    fputs("], ", stream);
}

static void print_backend(const struct contest *contest, const struct contestant *c, FILE *stream)
{
    fputc('{', stream);
    text("name", c->backend.name, stream);
    comma(stream);
    if (!c->available) {
        text("error", c->why_not, stream);
        fputc('}', stream);
        return;
    }
    print_feed(contest, &c->feeds[FEED_CHUNK], "", stream);
    print_feed(contest, &c->feeds[FEED_LIVE], "live_", stream);
    print_hops(c, stream);
    number("max_difference", c->comparison.max_difference, stream);
    comma(stream);
    number("snr_db", c->comparison.snr_db, stream);
    comma(stream);
    text("fault", verdict_in_words(c->comparison.verdict), stream);
    fprintf(stream, ", \"rss_bytes\": %" PRIu64 ", \"resident_bytes\": %" PRIu64 ", ", c->rss_bytes,
            c->resident_bytes);
    number("open_seconds", c->open_seconds, stream);
    comma(stream);
    text("kernels", c->kernels, stream);
    fputc('}', stream);
}

static void print_front(const struct front_figures *row, bool follows, FILE *stream)
{
    fputs(follows ? ", {" : "{", stream);
    text("name", row->name, stream);
    comma(stream);
    number("hop_us", row->hop_us, stream);
    comma(stream);
    number("overhead", row->overhead, stream);
    fputc('}', stream);
}

void bench_print_json(const struct bench_outcome *outcome, FILE *stream)
{
    const struct contest *contest = outcome->contest;
    char cpu[128];
    const char *between = "";
    machine_cpu(cpu, sizeof(cpu));
    fprintf(stream, "{\"chunk\": %zu, \"live_chunk\": %d, \"rounds\": %zu, ", contest->chunk,
            UNECHO_HOP, contest->rounds);
    number("seconds", (double)contest->timed / UNECHO_SAMPLE_RATE, stream);
    comma(stream);
    text("model", contest->model_name, stream);
    fprintf(stream, ", \"units\": %u, ", contest->model_units);
    text("recording", outcome->recording->mic, stream);
    fprintf(stream, ", \"cores\": %u, ", machine_cores());
    text("cpu", cpu, stream);
    comma(stream);
    text("tuned_by", outcome->tuned, stream);
    comma(stream);
    number("core_share", contest_core_share(contest), stream);
    comma(stream);
    text("ratio_base", bench_base_name(contest), stream);
    comma(stream);
    text("compared_with", contest->reference ? contest->reference->backend.name : "", stream);
    fputs(", \"backends\": [", stream);
    for (size_t i = 0; i < contest->count; i++) {
        if (!contest->contestants[i].shown)
            continue;
        fputs(between, stream);
        print_backend(contest, &contest->contestants[i], stream);
        between = ", ";
    }
    fputs("], \"front\": [", stream);
    for (size_t i = 0; outcome->front.measured && i < FRONT_ROWS; i++)
        print_front(&outcome->front.rows[i], i > 0, stream);
    fputs("]}\n", stream);
}
