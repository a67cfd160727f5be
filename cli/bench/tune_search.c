/*
 * Successive halving: all settings run for a short time, the better half continues, round by round
 * in turn, until the time is up. Every output is compared with the untuned one, bit for bit.
 */
#include "bench/tune_search.h"

#include "bench/backend.h"
#include "bench/machine.h"
#include "bench/recording.h"
#include "bench/stats.h"
#include "bench/tune_profile.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_SETTINGS = 512,
    MOST_IN_FINAL = 8,      /* streams open at once */
    ROUNDS_PER_HALVING = 3, /* until the slower half leaves */
    HOPS = 250              /* of one run: two seconds of audio */
};

/* A setting this many times slower than the best one so far is stopped. */
#define HOPELESS 4.0
/* Costs this close count as equal: fewer threads win. */
#define AS_GOOD 1.02

static const struct timespec pause_between = {0, 10 * 1000 * 1000};

struct candidate {
    struct tune_setting setting;
    unecho *stream;           /* open in the later rounds */
    double costs[STATS_MOST]; /* microseconds per hop, by round */
    size_t rounds;
    bool out; /* different output, failed, or hopeless */
};

struct search {
    const struct tune_request *request;
    struct tune_finding *finding;
    unecho_model *model;
    struct candidate *candidates;
    size_t count, n; /* n: samples of one run */
    float *expected, *output, *hop_us;
    double start;
};

static double elapsed(const struct search *search)
{
    return progress_now() - search->start;
}

static void tell_progress(const struct search *search, const char *what, size_t at, size_t of)
{
    char line[80];
    if (!report_has_status())
        return;
    snprintf(line, sizeof(line), "%3.0f of %.0f s, %s %zu of %zu", elapsed(search),
             search->request->budget_seconds, what, at, of);
    report_status(line);
}

/* ---- One run ---------------------------------------------------------------------------- */

/* setting NULL: untuned. The library gets a setting as a profile, as it will later. */
static int open_stream(const struct search *search, const struct tune_setting *setting,
                       unecho **stream, char *message)
{
    char path[PROFILE_PATH];
    struct backend backend = {
        .kind = UNECHO_BACKEND_ONNXRUNTIME,
        .library = search->request->library,
    };
    *message = '\0';
    if (!profile_write_temporary(setting, path))
        return UNECHO_ERROR_FILE;
    backend.profile = path;
    const int status =
        backend_open(stream, &backend, search->model, UNECHO_HOP, message, UNECHO_MESSAGE_SIZE);
    unlink(path);
    return status;
}

static double cost_of(const struct search *search, const struct measurement *m)
{
    const size_t hops = m->samples / UNECHO_HOP;
    switch (search->request->purpose) {
    case TUNE_CPU:
        return 1e6 * m->cpu_seconds / (double)hops;
    case TUNE_LATENCY:
        stats_order(search->hop_us, hops);
        return (double)stats_percentile(search->hop_us, hops, 0.99);
    case TUNE_THROUGHPUT:
        break;
    }
    return 1e6 * m->wall_seconds / (double)hops;
}

/* One run of a candidate's stream; a faulty candidate leaves the search. */
static void run(struct search *search, struct candidate *candidate, double limit_seconds)
{
    struct measurement m;
    nanosleep(&pause_between, NULL);
    const struct pass pass = {search->n, UNECHO_HOP, limit_seconds, search->output, search->hop_us};
    const int status = measure(candidate->stream, search->request->audio, &pass, &m);
    const bool same = status == UNECHO_OK &&
                      memcmp(search->output, search->expected, m.samples * sizeof(float)) == 0;
    if (status == UNECHO_OK && !same)
        search->finding->different++;
    if (!same || m.samples < search->n)
        candidate->out = true;
    else if (candidate->rounds < STATS_MOST)
        candidate->costs[candidate->rounds++] = cost_of(search, &m);
}

static bool run_untuned(struct search *search)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    unecho *stream = NULL;
    const struct pass pass = {search->n, UNECHO_HOP, (double)INFINITY, search->expected,
                              search->hop_us};
    struct measurement m;
    int status = open_stream(search, NULL, &stream, message);
    if (status == UNECHO_OK)
        status = measure(stream, search->request->audio, &pass, &m);
    unecho_close(&stream);
    if (status != UNECHO_OK) {
        snprintf(search->finding->why_not, sizeof(search->finding->why_not), "%s",
                 *message ? message : unecho_strerror(status));
        return false;
    }
    if (m.samples < search->n) {
        report_error("interrupted");
        return false;
    }
    search->finding->untuned_us = cost_of(search, &m);
    return true;
}

/* ---- The rounds ------------------------------------------------------------------------- */

static double median_cost(const struct candidate *candidate)
{
    return stats_median(candidate->costs, candidate->rounds);
}

/* Best first; those that are out, last. */
static int compare(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->out || y->out)
        return (int)x->out - (int)y->out;
    const double cost_x = median_cost(x), cost_y = median_cost(y);
    return (cost_x > cost_y) - (cost_x < cost_y);
}

static void close_from(struct search *search, size_t first)
{
    for (size_t i = first; i < search->count; i++)
        unecho_close(&search->candidates[i].stream);
    search->count = first < search->count ? first : search->count;
}

static size_t still_in(const struct search *search)
{
    size_t n = 0;
    while (n < search->count && !search->candidates[n].out)
        n++;
    return n;
}

/* Each setting once, in its own stream, as far as half of the time allows. */
static void try_all(struct search *search)
{
    double limit = (double)INFINITY;
    for (size_t i = 0; i < search->count; i++) {
        struct candidate *candidate = &search->candidates[i];
        char message[UNECHO_MESSAGE_SIZE];
        if (interrupted() || (i > 1 && elapsed(search) > 0.5 * search->request->budget_seconds)) {
            candidate->out = true;
            continue;
        }
        tell_progress(search, "setting", i + 1, search->count);
        search->finding->tried++;
        if (open_stream(search, &candidate->setting, &candidate->stream, message) != UNECHO_OK) {
            candidate->out = true;
            continue;
        }
        const double opened = progress_now();
        run(search, candidate, limit);
        /* Includes the warm-up but not opening: a limit, not a measurement. */
        limit = fmin(limit, HOPELESS * (progress_now() - opened));
        unecho_close(&candidate->stream);
    }
    qsort(search->candidates, search->count, sizeof(*search->candidates), compare);
    close_from(search, still_in(search));
}

/* One thread per stage is the yardstick: it stays unless it is faulty. */
static bool is_simplest(const struct candidate *candidate)
{
    return tune_effort(&candidate->setting) == 16;
}

/* The first few in order, and the simplest one wherever it is. */
static void keep(struct search *search, size_t wanted)
{
    for (size_t i = wanted; i < search->count && wanted > 0; i++) {
        if (is_simplest(&search->candidates[i]) && !search->candidates[i].out) {
            const struct candidate simplest = search->candidates[i];
            search->candidates[i] = search->candidates[wanted];
            search->candidates[wanted++] = simplest;
            break;
        }
    }
    close_from(search, wanted);
}

/* Each execution option inverted in the best setting so far. */
static void add_variants(struct search *search)
{
    struct tune_setting variants[TUNE_VARIANTS];
    if (search->count == 0)
        return;
    tune_variants(variants, &search->candidates[0].setting);
    for (size_t i = 0; i < TUNE_VARIANTS; i++)
        search->candidates[search->count++] = (struct candidate){.setting = variants[i]};
    search->finding->settings += TUNE_VARIANTS;
    search->finding->tried += TUNE_VARIANTS;
}

static void open_final(struct search *search)
{
    const size_t half = (search->count + 1) / 2;
    keep(search, half < 2 ? 2 : half > MOST_IN_FINAL ? MOST_IN_FINAL : half);
    add_variants(search);
    for (size_t i = 0; i < search->count; i++) {
        char message[UNECHO_MESSAGE_SIZE];
        struct candidate *candidate = &search->candidates[i];
        /* Measurements made without the others do not count in the comparison. */
        candidate->rounds = 0;
        candidate->out =
            open_stream(search, &candidate->setting, &candidate->stream, message) != UNECHO_OK;
    }
}

/* In turn; the slower half leaves every few rounds, until the time is up. */
static void run_final(struct search *search)
{
    for (size_t round = 1; round <= STATS_MOST && search->count > 0 && !interrupted(); round++) {
        if (elapsed(search) > search->request->budget_seconds && round > ROUNDS_PER_HALVING)
            break;
        tell_progress(search, "settings left:", search->count, search->finding->settings);
        for (size_t i = 0; i < search->count; i++)
            if (!search->candidates[i].out)
                run(search, &search->candidates[i], (double)INFINITY);
        if (round % ROUNDS_PER_HALVING != 0)
            continue;
        qsort(search->candidates, search->count, sizeof(*search->candidates), compare);
        const size_t in = still_in(search), half = (in + 1) / 2;
        close_from(search, in);
        keep(search, in <= 3 ? in : half < 2 ? 2 : half);
    }
    qsort(search->candidates, search->count, sizeof(*search->candidates), compare);
    close_from(search, still_in(search));
}

/* ---- The outcome ------------------------------------------------------------------------ */

static struct tune_cost cost(const struct candidate *candidate)
{
    return (struct tune_cost){median_cost(candidate),
                              stats_lowest(candidate->costs, candidate->rounds),
                              stats_highest(candidate->costs, candidate->rounds)};
}

/* In how many rounds a beats b, and out of how many. */
static size_t wins_of(const struct candidate *a, const struct candidate *b, size_t *rounds)
{
    size_t wins = 0;
    *rounds = a->rounds < b->rounds ? a->rounds : b->rounds;
    for (size_t i = 0; i < *rounds; i++)
        wins += a->costs[i] < b->costs[i];
    return wins;
}

static bool is_clearly_ahead(const struct candidate *a, const struct candidate *b)
{
    size_t rounds;
    const size_t wins = wins_of(a, b, &rounds);
    return tune_is_clear(wins, rounds) && median_cost(b) >= AS_GOOD * median_cost(a);
}

/* The cheapest setting that no other clearly beats. */
static size_t choose_winner(const struct search *search)
{
    size_t winner = 0;
    for (size_t i = 1; i < search->count; i++) {
        const struct candidate *c = &search->candidates[i];
        if (!is_clearly_ahead(&search->candidates[0], c) &&
            tune_effort(&c->setting) < tune_effort(&search->candidates[winner].setting))
            winner = i;
    }
    return winner;
}

static void sum_up(const struct search *search)
{
    struct tune_finding *f = search->finding;
    const size_t chosen = choose_winner(search);
    const struct candidate *winner = &search->candidates[chosen];
    f->winner = winner->setting;
    f->winner_cost = cost(winner);
    f->rounds = winner->rounds;
    f->has_runner_up = search->count > 1;
    if (f->has_runner_up) {
        const struct candidate *other = &search->candidates[chosen == 0];
        f->wins = wins_of(winner, other, &f->rounds);
        f->clear = is_clearly_ahead(winner, other);
        f->runner_up = other->setting;
        f->runner_up_cost = cost(other);
    }
}

/* ---- The search ------------------------------------------------------------------------- */

static bool prepare(struct search *search)
{
    struct tune_setting settings[MOST_SETTINGS];
    unecho_model_info info = {.size = sizeof(info)};
    const size_t whole = search->request->audio->n / UNECHO_HOP * UNECHO_HOP;
    search->model = recording_model(search->request->model);
    if (!search->model)
        return false;
    if (unecho_model_get_info(search->model, &info) == UNECHO_OK)
        snprintf(search->finding->model, sizeof(search->finding->model), "%s", info.name);

    search->n = whole < HOPS * UNECHO_HOP ? whole : HOPS * UNECHO_HOP;
    search->count = tune_settings(settings, MOST_SETTINGS, machine_cores());
    search->finding->settings = search->count;
    search->candidates = calloc(search->count + TUNE_VARIANTS, sizeof(*search->candidates));
    search->expected = calloc(search->n, sizeof(float));
    search->output = calloc(search->n, sizeof(float));
    search->hop_us = calloc(search->n / UNECHO_HOP, sizeof(float));
    if (!search->candidates || !search->expected || !search->output || !search->hop_us)
        return report_no_memory();
    for (size_t i = 0; i < search->count; i++)
        search->candidates[i].setting = settings[i];
    return true;
}

static bool search_all(struct search *search)
{
    if (!prepare(search) || !run_untuned(search))
        return false;
    try_all(search);
    open_final(search);
    run_final(search);
    if (interrupted()) {
        report_error("interrupted");
        return false;
    }
    if (search->count == 0) {
        report_error("no setting of ONNX Runtime gives the output of the untuned one");
        return false;
    }
    sum_up(search);
    search->finding->seconds = elapsed(search);
    return true;
}

bool tune_search(const struct tune_request *request, struct tune_finding *finding)
{
    struct search search = {.request = request, .finding = finding, .start = progress_now()};
    bool done;
    memset(finding, 0, sizeof(*finding));
    done = search_all(&search);
    report_status("");
    if (search.candidates)
        close_from(&search, 0);
    free(search.candidates);
    free(search.expected);
    free(search.output);
    free(search.hop_us);
    unecho_model_unref(&search.model);
    return done;
}
