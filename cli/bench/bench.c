/*
 * unecho bench: from options to contestants, and from the outcome to where it is wanted. How they
 * are measured is bench_contest.c's business.
 */
#include "bench/contest.h"
#include "bench/bench_options.h"
#include "bench/recording.h"
#include "bench/print.h"
#include "bench/tune_profile.h"
#include "command.h"
#include "files/output_file.h"
#include "files/text_output.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enough for a few settings on a few cores; whoever wants more has `unecho tune`. */
#define QUICK_SEARCH_SECONDS 8.0

struct job {
    const bench_options *options;
    struct recording_choice recording;
    struct bench_audio audio;
    struct contest contest;
    struct bench_outcome outcome;
    output_file plot;
    /* Temporary files: of the short search, and of the untuned engine; "": none. */
    char profile[PROFILE_PATH], untuned[PROFILE_PATH];
};

/* ---- Contestants ------------------------------------------------------------------------ */

/* Whether the list asks for the engine; a NULL list asks for all. */
static bool is_wanted(const struct engine *engine, const char *list)
{
    while (list) {
        const size_t length = strcspn(list, ",");
        if (engine_is_called(engine, list, length))
            return true;
        list = list[length] ? list + length + 1 : NULL;
        if (!list)
            return false;
    }
    return true;
}

static bool check_list(const char *list)
{
    while (list) {
        const size_t length = strcspn(list, ",");
        size_t i = 0;
        while (i < engine_row_count && !engine_is_called(&engine_rows[i], list, length))
            i++;
        if (i == engine_row_count) {
            char known[512] = "";
            for (size_t j = 0; j < engine_row_count; j++)
                snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
                         j ? ", " : "", engine_rows[j].name);
            report_usage("bench", "--engines: unknown engine '%.*s'; known are %s", (int)length,
                         list, known);
            return false;
        }
        list = list[length] ? list + length + 1 : NULL;
    }
    return true;
}

/* The first row serves as reference even where nobody asked for it, and our own where it cannot. */
static bool may_serve(const struct engine *engine)
{
    return engine->untuned || strcmp(engine->name, "native fp32") == 0;
}

static void choose_contestants(struct job *job)
{
    struct contest *contest = &job->contest;
    for (size_t i = 0; i < engine_row_count && contest->count < CONTEST_MOST_ENGINES; i++) {
        const bool wanted = is_wanted(&engine_rows[i], job->options->engines);
        struct contestant *contestant = &contest->contestants[contest->count];
        if (!wanted && !may_serve(&engine_rows[i]))
            continue;
        contest->count++;
        contestant->engine = engine_rows[i];
        contestant->shown = wanted;
        contestant->engine.library = job->options->library;
    }
}

/* ---- The settings of ONNX Runtime ------------------------------------------------------- */

static struct contestant *find_tuned(struct contest *contest)
{
    for (size_t i = 0; i < contest->count; i++)
        if (contest->contestants[i].engine.tuned_here)
            return &contest->contestants[i];
    return NULL;
}

/* Without ONNX Runtime there is nothing to search for; the engine's row will say so. */
static bool search(struct job *job, struct engine *tuned)
{
    struct tune_finding finding = {0};
    char setting[128];
    const struct tune_request request = {
        .purpose = TUNE_THROUGHPUT,
        .budget_seconds = QUICK_SEARCH_SECONDS,
        .library = job->options->library,
        .model = &job->recording.model,
        .audio = &job->audio,
    };
    if (!tune_search_apart(&request, &finding))
        return *finding.why_not != '\0';
    if (!profile_write_temporary(&finding.winner, job->profile)) {
        *job->profile = '\0';
        return false;
    }
    tuned->profile = job->profile;
    interrupt_removes(job->profile);
    tune_describe(&finding.winner, setting, sizeof(setting));
    snprintf(job->outcome.tuned, sizeof(job->outcome.tuned),
             "%s, found in a short search of %.0f s (%zu of %zu settings)", setting,
             finding.seconds, finding.tried, finding.settings);
    return true;
}

static bool settle_untuned(struct job *job)
{
    if (!profile_write_temporary(NULL, job->untuned)) {
        *job->untuned = '\0';
        return false;
    }
    interrupt_removes(job->untuned);
    for (size_t i = 0; i < job->contest.count; i++)
        if (job->contest.contestants[i].engine.untuned)
            job->contest.contestants[i].engine.profile = job->untuned;
    return true;
}

static bool settle_tuned(struct job *job)
{
    struct contestant *tuned = find_tuned(&job->contest);
    const char *profile = job->options->profile;
    if (!tuned)
        return true;
    if (!profile)
        return search(job, &tuned->engine);
    if (access(profile, R_OK) != 0) {
        report_error("%s: %s", profile, strerror(errno));
        return false;
    }
    tuned->engine.profile = profile;
    snprintf(job->outcome.tuned, sizeof(job->outcome.tuned), "profile %.140s", profile);
    return true;
}

/* ---- Where it goes ---------------------------------------------------------------------- */

static bool check_plot(struct job *job)
{
    const char *path = job->options->plot;
    if (!path)
        return true;
    if (!output_inspect(&job->plot, path))
        return false;
    if (!output_is_stdout(&job->plot))
        return true;
    report_error("%s: standard output is taken by the figures", path);
    return false;
}

static bool draw(void *user, FILE *stream)
{
    bench_plot(&((const struct job *)user)->outcome, stream);
    return true;
}

static bool has_figures(const struct contest *contest)
{
    for (size_t i = 0; i < contest->count; i++)
        if (contestant_counts(&contest->contestants[i]))
            return true;
    return false;
}

static bool show(struct job *job)
{
    if (job->options->json)
        bench_print_json(&job->outcome, stdout);
    else
        bench_print(&job->outcome, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        report_error("standard output: %s", strerror(errno));
        return false;
    }
    if (!has_figures(&job->contest)) {
        report_error("none of the engines is available");
        return false;
    }
    return !job->options->plot || text_output_write(&job->plot, draw, job);
}

/* Where our own engine is asked for. */
static bool measure_front(struct job *job)
{
    const struct contest *contest = &job->contest;
    for (size_t i = 0; i < contest->count; i++)
        if (contestant_counts(&contest->contestants[i]) &&
            contest->contestants[i].engine.backend == UNECHO_BACKEND_NATIVE)
            return front_measure(&job->outcome.front, contest->audio, contest->timed,
                                 contest->rounds, contest->model);
    return true;
}

/* ---- The command ------------------------------------------------------------------------ */

static bool run(struct job *job)
{
    const bench_options *options = job->options;
    if (!check_plot(job) ||
        !recording_choose(&job->recording, options->mic, options->far, &options->model) ||
        !recording_read(&job->audio, &job->recording, (double)options->seconds))
        return false;
    choose_contestants(job);
    job->contest.chunk = options->chunk;
    job->contest.rounds = options->rounds;
    job->contest.audio = &job->audio;
    job->contest.timed = options->seconds * UNECHO_SAMPLE_RATE / UNECHO_HOP * UNECHO_HOP;
    job->contest.model = &job->recording.model;
    job->outcome.contest = &job->contest;
    job->outcome.recording = &job->recording;
    return settle_untuned(job) && settle_tuned(job) && contest_run(&job->contest) &&
           measure_front(job) && show(job);
}

int command_bench(int argc, char **argv)
{
    bench_options options;
    struct job *job;
    int code;
    switch (options_parse_bench(&options, argc, argv)) {
    case OPTIONS_HELP:
        return command_show(bench_help);
    case OPTIONS_WRONG:
        return EXIT_WRONG_USAGE;
    case OPTIONS_GO:
        break;
    }
    if (!check_list(options.engines))
        return EXIT_WRONG_USAGE;
    job = calloc(1, sizeof(*job));
    if (!job) {
        report_error("out of memory");
        return EXIT_FAILED;
    }
    if (options.quiet)
        report_be_quiet();
    interrupt_install();
    job->options = &options;
    job->plot.fd = -1;
    code = run(job) ? EXIT_DONE : EXIT_FAILED;
    if (*job->profile)
        unlink(job->profile);
    if (*job->untuned)
        unlink(job->untuned);
    interrupt_keeps(job->profile);
    interrupt_keeps(job->untuned);
    output_release(&job->plot);
    recording_free(&job->audio);
    free(job);
    return code;
}
