/* A contest's outcome as tables. */
#include "bench/print.h"

#include "bench/machine.h"
#include "bench/table.h"

#include <math.h>
#include <string.h>

const char *bench_base_name(const struct contest *contest)
{
    return contest->base ? contest->base->backend.name : "";
}

const char *bench_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- What was measured ------------------------------------------------------------------ */

static const char *kernels_of(const struct contest *contest)
{
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = &contest->contestants[i];
        if (contestant_counts(c) && c->backend.kind == UNECHO_BACKEND_NATIVE)
            return c->kernels;
    }
    return "";
}

static void print_machine(const struct contest *contest, FILE *stream)
{
    char cpu[128];
    const char *kernels = kernels_of(contest);
    const unsigned cores = machine_cores();
    machine_cpu(cpu, sizeof(cpu));
    fprintf(stream, "%u core%s%s%s", cores, cores == 1 ? "" : "s", *cpu ? ", " : "", cpu);
    if (*kernels)
        fprintf(stream, ", native kernels: %s", kernels);
    fputs(".\n", stream);
}

static void print_setting(const struct bench_outcome *outcome, FILE *stream)
{
    const struct contest *contest = outcome->contest;
    fprintf(stream, "Model %s (%u units), %.1f s of %s, %zu round%s in turn.\n",
            contest->model_name, contest->model_units, (double)contest->timed / UNECHO_SAMPLE_RATE,
            bench_file_name(outcome->recording->mic), contest->rounds,
            contest->rounds == 1 ? "" : "s");
    print_machine(contest, stream);
    if (*outcome->tuned)
        fprintf(stream, "Tuned here: %s.\n", outcome->tuned);
    if (!contest->base)
        fputs("There are no ratios: no backend can be their base.\n", stream);
    else if (contest->base->backend.tuned_here)
        fputs("Ratios are relative to onnxruntime tuned here.\n", stream);
    else
        fprintf(stream, "Ratios are relative to %s, as onnxruntime tuned here did not run.\n",
                contest->base->backend.name);
}

/* Other work of the machine shows in the wall clock, not in CPU time. */
static void print_doubts(const struct contest *contest, FILE *stream)
{
    const double share = contest_core_share(contest);
    if (share < 0.95)
        fprintf(stream,
                "The machine was busy: a single-threaded backend had a core for only %.0f %% of "
                "the time. Do not trust speeds and ratios.\n",
                100.0 * share);
}

/* ---- Tables ----------------------------------------------------------------------------- */

/* A row that begins with the backend's name; NULL if it has no figures. */
static const struct contestant *begin_row(struct table *table, const struct contest *contest,
                                          size_t index)
{
    const struct contestant *c = &contest->contestants[index];
    if (!contestant_counts(c))
        return NULL;
    table_row(table);
    table_cell(table, 0, "%s", c->backend.name);
    return c;
}

static void headings(struct table *table, const char *const *texts, size_t count)
{
    memset(table, 0, sizeof(*table));
    table->columns = count;
    table_row(table);
    for (size_t i = 0; i < count; i++)
        table_cell(table, i, "%s", texts[i]);
}

/* The table of outputs says why there is none. */
static void ratio_cell(struct table *table, size_t column, double ratio)
{
    if (isfinite(ratio))
        table_cell(table, column, "%.2f", ratio);
    else
        table_cell(table, column, "none");
}

static void print_feed(const struct contest *contest, enum feed feed, FILE *stream)
{
    static const char *const texts[] = {"backend", "ratio",       "samples/s",  "lowest",
                                        "highest", "x real time", "CPU s per s"};
    struct table table;
    headings(&table, texts, sizeof(texts) / sizeof(texts[0]));
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = begin_row(&table, contest, i);
        if (!c)
            continue;
        const struct feed_figures *f = &c->feeds[feed];
        ratio_cell(&table, 1, f->ratio);
        table_cell(&table, 2, "%.0f", f->samples_per_second);
        table_cell(&table, 3, "%.0f", f->lowest);
        table_cell(&table, 4, "%.0f", f->highest);
        table_cell(&table, 5, "%.1f", f->samples_per_second / UNECHO_SAMPLE_RATE);
        table_cell(&table, 6, "%.4f", f->cpu_per_audio_second);
    }
    table_print(&table, stream);
}

static void print_hops(const struct contest *contest, FILE *stream)
{
    static const char *const texts[] = {"backend",     "p50 µs",  "p99 µs", "max µs",
                                        "resident MB", "peak MB", "open ms"};
    struct table table;
    headings(&table, texts, sizeof(texts) / sizeof(texts[0]));
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = begin_row(&table, contest, i);
        if (!c)
            continue;
        table_cell(&table, 1, "%.1f", c->hop_p50_us);
        table_cell(&table, 2, "%.1f", c->hop_p99_us);
        table_cell(&table, 3, "%.1f", c->hop_max_us);
        table_cell(&table, 4, "%.1f", 1e-6 * (double)c->resident_bytes);
        table_cell(&table, 5, "%.1f", 1e-6 * (double)c->rss_bytes);
        table_cell(&table, 6, "%.1f", 1e3 * c->open_seconds);
    }
    table_print(&table, stream);
}

static void print_comparison(const struct contest *contest, FILE *stream)
{
    static const char *const texts[] = {"backend", "max difference", "SNR dB", "verdict"};
    struct table table;
    headings(&table, texts, sizeof(texts) / sizeof(texts[0]));
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = begin_row(&table, contest, i);
        if (!c)
            continue;
        const struct comparison *comparison = &c->comparison;
        table_cell(&table, 1, "%.2g", comparison->max_difference);
        if (isfinite(comparison->snr_db))
            table_cell(&table, 2, "%.1f", comparison->snr_db);
        else
            table_cell(&table, 2, comparison->snr_db > 0.0 ? "same" : "none");
        table_cell(&table, 3, "%s",
                   comparison->verdict == VERDICT_GOOD
                       ? (c == contest->reference ? "the reference" : "good")
                       : verdict_in_words(comparison->verdict));
    }
    table_print(&table, stream);
}

static void print_front(const struct bench_front *front, FILE *stream)
{
    static const char *const texts[] = {"native fp32, live", "CPU µs per hop", "more %"};
    struct table table;
    if (!front->measured)
        return;
    fputs("\nCost of front end, aligner and linear filter in addition to the network:\n\n", stream);
    headings(&table, texts, sizeof(texts) / sizeof(texts[0]));
    for (size_t i = 0; i < FRONT_ROWS; i++) {
        table_row(&table);
        table_cell(&table, 0, "%s", front->rows[i].name);
        table_cell(&table, 1, "%.1f", front->rows[i].hop_us);
        if (i > 0)
            table_cell(&table, 2, "%.1f", 100.0 * front->rows[i].overhead);
    }
    table_print(&table, stream);
}

/* ---- Lists ------------------------------------------------------------------------------ */

static void print_slowest(const struct contest *contest, FILE *stream)
{
    fputs("\nSlowest hops of the live runs, µs at second (hop, round):\n\n", stream);
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = &contest->contestants[i];
        if (!contestant_counts(c))
            continue;
        fprintf(stream, "- %s:", c->backend.name);
        for (size_t j = 0; j < c->slowest_count; j++)
            fprintf(stream, "%s %.0f at %.3f (%zu, %zu)", j ? "," : "", c->slowest[j].us,
                    (double)(c->slowest[j].hop * UNECHO_HOP) / UNECHO_SAMPLE_RATE,
                    c->slowest[j].hop, c->slowest[j].round + 1);
        fputc('\n', stream);
    }
}

static void print_absent(const struct contest *contest, FILE *stream)
{
    const char *before = "\n";
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = &contest->contestants[i];
        if (!c->shown || c->available)
            continue;
        fprintf(stream, "%s- %s: not available: %s\n", before, c->backend.name, c->why_not);
        before = "";
    }
}

void bench_print(const struct bench_outcome *outcome, FILE *stream)
{
    const struct contest *contest = outcome->contest;
    print_setting(outcome, stream);
    print_doubts(contest, stream);
    fprintf(stream, "\nChunks of %zu samples:\n\n", contest->chunk);
    print_feed(contest, FEED_CHUNK, stream);
    fprintf(stream, "\nLive, chunks of %d samples:\n\n", UNECHO_HOP);
    print_feed(contest, FEED_LIVE, stream);
    fputs("\nTime of a live hop, memory of a live stream, time to open model and stream:\n\n",
          stream);
    print_hops(contest, stream);
    if (contest->reference) {
        fprintf(stream, "\nOutputs, compared with that of %s over the whole recording:\n\n",
                contest->reference->backend.name);
        print_comparison(contest, stream);
    }
    print_front(&outcome->front, stream);
    print_slowest(contest, stream);
    print_absent(contest, stream);
}
