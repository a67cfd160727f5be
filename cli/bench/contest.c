/*
 * Every backend processes the recording with both feeds, in turn, for as many rounds as wanted:
 * what else the machine does affects all alike. The first round warms up, and its outputs are
 * compared; the others are timed and must give the same output.
 */
#include "bench/contest.h"

#include "bench/worker.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Enough for spinning threads to go to sleep. */
static const struct timespec pause_between = {0, 30 * 1000 * 1000};

struct arena {
    struct contest *contest;
    struct worker workers[CONTEST_MOST_BACKENDS];
    float *first[CONTEST_MOST_BACKENDS][FEED_COUNT]; /* the outputs that were compared */
    float *hops[CONTEST_MOST_BACKENDS];              /* durations, [rounds][hops] */
};

static size_t chunk_of(const struct contest *contest, enum feed feed)
{
    return feed == FEED_LIVE ? UNECHO_HOP : contest->chunk;
}

bool contestant_counts(const struct contestant *contestant)
{
    return contestant->shown && contestant->available;
}

/* ---- One run ---------------------------------------------------------------------------- */

static void tell_progress(const struct arena *arena, size_t index, enum feed feed, size_t round)
{
    char line[80];
    const struct contest *contest = arena->contest;
    if (!report_has_status())
        return;
    snprintf(line, sizeof(line), "%s %zu of %zu: %s, chunk %zu", round ? "round" : "comparing, 0",
             round, contest->rounds, contest->contestants[index].backend.name,
             chunk_of(contest, feed));
    report_status(line);
}

static bool is_absent(struct contestant *contestant, const char *why)
{
    contestant->available = false;
    snprintf(contestant->why_not, sizeof(contestant->why_not), "%s", why);
    return true;
}

/* A library that ignored the setting would be timed under another name. */
static bool runs_what_it_says(const struct contestant *contestant, const char *kernels)
{
    return (strcmp(kernels, "onnxruntime") == 0) ==
           (contestant->backend.kind == UNECHO_BACKEND_ONNXRUNTIME);
}

/* false: the contest cannot go on. A backend that is missing from the start does not end it. */
static bool run_once(struct arena *arena, size_t index, enum feed feed, size_t round,
                     struct worker_result *result)
{
    struct contest *contest = arena->contest;
    struct contestant *contestant = &contest->contestants[index];
    tell_progress(arena, index, feed, round);
    nanosleep(&pause_between, NULL);
    if (!worker_run(&arena->workers[index], round ? contest->timed : contest->audio->n,
                    chunk_of(contest, feed), feed == FEED_LIVE, result) ||
        result->model_failed)
        return false;
    if (result->status == UNECHO_OK)
        return runs_what_it_says(contestant, result->kernels) ||
               is_absent(contestant, "the library runs another backend instead");
    const char *why = *result->message ? result->message : unecho_strerror(result->status);
    if (round == 0)
        return is_absent(contestant, why);
    report_error("%s: %s", contestant->backend.name, why);
    return false;
}

/* ---- Comparing -------------------------------------------------------------------------- */

static bool keep_output(struct arena *arena, size_t index, enum feed feed)
{
    const size_t n = arena->contest->audio->n;
    float *kept = malloc(n * sizeof(*kept));
    if (!kept)
        return report_no_memory();
    memcpy(kept, arena->workers[index].out, n * sizeof(*kept));
    arena->first[index][feed] = kept;
    return true;
}

static bool run_first_time(struct arena *arena, size_t index)
{
    struct contest *contest = arena->contest;
    struct contestant *contestant = &contest->contestants[index];
    contestant->available = true;
    for (size_t i = 0; i < FEED_COUNT && contestant->available; i++) {
        /* Live first: the memory of the first run is that of a process with one live stream. */
        const enum feed feed = i == 0 ? FEED_LIVE : FEED_CHUNK;
        struct worker_result result;
        if (!run_once(arena, index, feed, 0, &result))
            return false;
        if (!contestant->available)
            return true;
        if (!keep_output(arena, index, feed))
            return false;
        if (feed == FEED_LIVE) {
            contestant->rss_bytes = result.rss_bytes;
            contestant->resident_bytes = result.resident_bytes;
        }
        snprintf(contestant->kernels, sizeof(contestant->kernels), "%s", result.kernels);
        snprintf(contest->model_name, sizeof(contest->model_name), "%s", result.model);
        contest->model_units = result.units;
    }
    return true;
}

static void compare_all(struct arena *arena)
{
    struct contest *contest = arena->contest;
    size_t reference = 0;
    while (reference < contest->count && !contest->contestants[reference].available)
        reference++;
    if (reference == contest->count)
        return;
    contest->reference = &contest->contestants[reference];
    for (size_t i = reference; i < contest->count; i++) {
        struct contestant *c = &contest->contestants[i];
        struct comparison by_feed[FEED_COUNT];
        if (!c->available)
            continue;
        for (enum feed feed = 0; feed < FEED_COUNT; feed++)
            by_feed[feed] = compare_outputs(arena->first[reference][feed], arena->first[i][feed],
                                            contest->audio->n, c->backend.least_snr_db);
        c->comparison = compare_worse(by_feed[FEED_CHUNK], by_feed[FEED_LIVE]);
    }
}

/* ---- Timing ----------------------------------------------------------------------------- */

static void take_figures(struct arena *arena, size_t index, enum feed feed, size_t round,
                         const struct worker_result *result)
{
    struct contestant *contestant = &arena->contest->contestants[index];
    struct feed_figures *figures = &contestant->feeds[feed];
    const struct worker *worker = &arena->workers[index];
    const size_t n = arena->contest->timed, hops = n / UNECHO_HOP;
    const struct measurement *m = &result->measured;

    figures->per_second[round] = (double)m->samples / m->wall_seconds;
    figures->cpu[round] = m->cpu_seconds * UNECHO_SAMPLE_RATE / (double)m->samples;
    if (feed == FEED_LIVE) {
        memcpy(arena->hops[index] + round * hops, worker->call_us, hops * sizeof(float));
        contestant->opens[round] = result->open_seconds;
    }
    if (memcmp(arena->first[index][feed], worker->out, n * sizeof(float)) != 0 &&
        contestant->comparison.verdict == VERDICT_GOOD)
        contestant->comparison.verdict = VERDICT_UNSTEADY;
}

static bool run_round(struct arena *arena, size_t round)
{
    struct contest *contest = arena->contest;
    for (enum feed feed = 0; feed < FEED_COUNT; feed++) {
        for (size_t i = 0; i < contest->count; i++) {
            struct worker_result result;
            if (!contestant_counts(&contest->contestants[i]))
                continue;
            if (!run_once(arena, i, feed, round + 1, &result))
                return false;
            take_figures(arena, i, feed, round, &result);
        }
    }
    return true;
}

/* ---- Figures ---------------------------------------------------------------------------- */

static void sum_up_hops(const struct contest *contest, struct contestant *contestant, float *us)
{
    const size_t hops = contest->timed / UNECHO_HOP, all = hops * contest->rounds;
    size_t indices[CONTEST_SLOWEST];
    contestant->slowest_count = stats_largest(us, all, indices, CONTEST_SLOWEST);
    for (size_t i = 0; i < contestant->slowest_count; i++)
        contestant->slowest[i] =
            (struct slow_hop){indices[i] / hops, indices[i] % hops, (double)us[indices[i]]};
    stats_order(us, all);
    contestant->hop_p50_us = (double)stats_percentile(us, all, 0.5);
    contestant->hop_p99_us = (double)stats_percentile(us, all, 0.99);
    contestant->hop_max_us = (double)stats_percentile(us, all, 1.0);
}

static void sum_up(const struct arena *arena, size_t index)
{
    const struct contest *contest = arena->contest;
    struct contestant *contestant = &arena->contest->contestants[index];
    for (enum feed feed = 0; feed < FEED_COUNT; feed++) {
        struct feed_figures *f = &contestant->feeds[feed];
        f->samples_per_second = stats_median(f->per_second, contest->rounds);
        f->lowest = stats_lowest(f->per_second, contest->rounds);
        f->highest = stats_highest(f->per_second, contest->rounds);
        f->cpu_per_audio_second = stats_median(f->cpu, contest->rounds);
    }
    contestant->open_seconds = stats_median(contestant->opens, contest->rounds);
    sum_up_hops(contest, contestant, arena->hops[index]);
}

/* ONNX Runtime at its best; else native fp32, else the first available. */
static const struct contestant *choose_base(const struct contest *contest)
{
    const struct contestant *native = NULL, *any = NULL;
    for (size_t i = contest->count; i-- > 0;) {
        const struct contestant *c = &contest->contestants[i];
        if (!contestant_counts(c) || c->comparison.verdict != VERDICT_GOOD)
            continue;
        if (c->backend.tuned_here)
            return c;
        if (strcmp(c->backend.name, "native fp32") == 0)
            native = c;
        any = c;
    }
    return native ? native : any;
}

static void set_ratios(struct contest *contest)
{
    contest->base = choose_base(contest);
    for (size_t i = 0; i < contest->count; i++) {
        struct contestant *c = &contest->contestants[i];
        for (enum feed feed = 0; feed < FEED_COUNT; feed++)
            c->feeds[feed].ratio =
                contest->base && contestant_counts(c) && c->comparison.verdict == VERDICT_GOOD
                    ? c->feeds[feed].samples_per_second /
                          contest->base->feeds[feed].samples_per_second
                    : (double)NAN;
    }
}

double contest_core_share(const struct contest *contest)
{
    double least = (double)NAN;
    for (size_t i = 0; i < contest->count; i++) {
        const struct contestant *c = &contest->contestants[i];
        if (!contestant_counts(c) ||
            (c->backend.kind != UNECHO_BACKEND_NATIVE && !c->backend.untuned))
            continue;
        for (enum feed feed = 0; feed < FEED_COUNT; feed++)
            least = fmin(least, c->feeds[feed].cpu_per_audio_second *
                                    c->feeds[feed].samples_per_second / UNECHO_SAMPLE_RATE);
    }
    return least;
}

/* ---- The contest ------------------------------------------------------------------------ */

static bool start_workers(struct arena *arena)
{
    struct contest *contest = arena->contest;
    const size_t hops = contest->timed / UNECHO_HOP;
    for (size_t i = 0; i < contest->count; i++) {
        if (!worker_start(&arena->workers[i], &contest->contestants[i].backend, contest->model,
                          contest->audio, arena->workers, i))
            return false;
    }
    for (size_t i = 0; i < contest->count; i++) {
        arena->hops[i] = calloc(hops * contest->rounds, sizeof(float));
        if (!arena->hops[i])
            return report_no_memory();
    }
    return true;
}

static bool run_all(struct arena *arena)
{
    struct contest *contest = arena->contest;
    for (size_t i = 0; i < contest->count; i++)
        if (!run_first_time(arena, i))
            return false;
    compare_all(arena);
    for (size_t round = 0; round < contest->rounds; round++)
        if (!run_round(arena, round))
            return false;
    for (size_t i = 0; i < contest->count; i++)
        if (contestant_counts(&contest->contestants[i]))
            sum_up(arena, i);
    set_ratios(contest);
    return true;
}

bool contest_run(struct contest *contest)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    bool done;
    if (!arena)
        return report_no_memory();
    arena->contest = contest;
    done = start_workers(arena) && run_all(arena);
    report_status("");
    for (size_t i = 0; i < contest->count; i++) {
        worker_stop(&arena->workers[i]);
        free(arena->hops[i]);
        for (enum feed feed = 0; feed < FEED_COUNT; feed++)
            free(arena->first[i][feed]);
    }
    free(arena);
    return done;
}
