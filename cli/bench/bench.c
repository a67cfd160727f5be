/*
 * unecho bench: from options to contestants, and from the outcome to where it goes. contest.c does
 * the measuring.
 */
#include "bench/contest.h"
#include "bench/print.h"
#include "bench/recording.h"
#include "bench/tune_profile.h"
#include "command.h"
#include "engine_choice.h"
#include "files/output_file.h"
#include "files/picture.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enough for a few settings on a few cores; `unecho tune` takes its time. */
#define QUICK_SEARCH_SECONDS 8.0

typedef struct bench_options {
    model_choice model;
    recording_files recording;
    const char *backends; /* a list with commas; NULL: all */
    const char *plot;     /* NULL: none */
    const char *profile, *library;
    unsigned chunk, seconds, rounds;
    bool json, quiet;
} bench_options;

struct job {
    const bench_options *options;
    struct recording_choice recording;
    struct bench_audio audio;
    struct contest contest;
    struct bench_outcome outcome;
    output_file plot;
    /* Temporary files: of the short search, and of the untuned backend; "": none. */
    char profile[PROFILE_PATH], untuned[PROFILE_PATH];
};

/* ---- Contestants ------------------------------------------------------------------------ */

/* Whether the backend is in the list; NULL: all are. */
static bool is_wanted(const struct backend *backend, const char *list)
{
    while (list) {
        const size_t length = strcspn(list, ",");
        if (backend_is_called(backend, list, length))
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
        while (i < backend_row_count && !backend_is_called(&backend_rows[i], list, length))
            i++;
        if (i == backend_row_count) {
            char known[512] = "";
            for (size_t j = 0; j < backend_row_count; j++)
                snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
                         j ? ", " : "", backend_rows[j].name);
            report_usage("bench", "--backends: unknown backend '%.*s'; expected some of %s",
                         (int)length, list, known);
            return false;
        }
        list = list[length] ? list + length + 1 : NULL;
    }
    return true;
}

/* The first row is the reference, also when not wanted; native fp32 if it is not available. */
static bool may_serve(const struct backend *backend)
{
    return backend->untuned || strcmp(backend->name, "native fp32") == 0;
}

static void choose_contestants(struct job *job)
{
    struct contest *contest = &job->contest;
    for (size_t i = 0; i < backend_row_count && contest->count < CONTEST_MOST_BACKENDS; i++) {
        const bool wanted = is_wanted(&backend_rows[i], job->options->backends);
        struct contestant *contestant = &contest->contestants[contest->count];
        if (!wanted && !may_serve(&backend_rows[i]))
            continue;
        contest->count++;
        contestant->backend = backend_rows[i];
        contestant->shown = wanted;
        contestant->backend.library = job->options->library;
    }
}

/* ---- The settings of ONNX Runtime ------------------------------------------------------- */

static struct contestant *find_tuned(struct contest *contest)
{
    for (size_t i = 0; i < contest->count; i++)
        if (contest->contestants[i].backend.tuned_here)
            return &contest->contestants[i];
    return NULL;
}

/* Without ONNX Runtime there is nothing to search for; the backend's row says so. */
static bool search(struct job *job, struct backend *tuned)
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
        if (job->contest.contestants[i].backend.untuned)
            job->contest.contestants[i].backend.profile = job->untuned;
    return true;
}

static bool settle_tuned(struct job *job)
{
    struct contestant *tuned = find_tuned(&job->contest);
    const char *profile = job->options->profile;
    if (!tuned)
        return true;
    if (!profile)
        return search(job, &tuned->backend);
    if (access(profile, R_OK) != 0) {
        report_error("%s: %s", profile, strerror(errno));
        return false;
    }
    tuned->backend.profile = profile;
    snprintf(job->outcome.tuned, sizeof(job->outcome.tuned), "profile %.140s", profile);
    return true;
}

/* ---- Where it goes ---------------------------------------------------------------------- */

static bool check_plot(struct job *job)
{
    const char *path = job->options->plot;
    return !path || picture_inspect(&job->plot, path, "the figures");
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
    if (!report_output_written())
        return false;
    if (!has_figures(&job->contest)) {
        report_error("none of the backends is available");
        return false;
    }
    return !job->options->plot || picture_write(&job->plot, draw, job);
}

/* If a native backend was measured. */
static bool measure_front(struct job *job)
{
    const struct contest *contest = &job->contest;
    for (size_t i = 0; i < contest->count; i++)
        if (contestant_counts(&contest->contestants[i]) &&
            contest->contestants[i].backend.kind == UNECHO_BACKEND_NATIVE)
            return front_measure(&job->outcome.front, contest->audio, contest->timed,
                                 contest->rounds, contest->model);
    return true;
}

/* ---- The command ------------------------------------------------------------------------ */

static bool run(struct job *job)
{
    const bench_options *options = job->options;
    if (!check_plot(job) ||
        !recording_choose(&job->recording, &options->recording, &options->model) ||
        !recording_read(&job->audio, &job->recording, (double)options->seconds))
        return false;
    choose_contestants(job);
    job->contest.chunk = options->chunk;
    job->contest.rounds = options->rounds;
    job->contest.audio = &job->audio;
    job->contest.timed = (size_t)options->seconds * UNECHO_SAMPLE_RATE / UNECHO_HOP * UNECHO_HOP;
    job->contest.model = &job->recording.model;
    job->outcome.contest = &job->contest;
    job->outcome.recording = &job->recording;
    return settle_untuned(job) && settle_tuned(job) && contest_run(&job->contest) &&
           measure_front(job) && show(job);
}

static int run_bench(const void *options)
{
    struct job *job = calloc(1, sizeof(*job));
    int code;
    if (!job) {
        report_no_memory();
        return EXIT_FAILED;
    }
    interrupt_install();
    job->options = options;
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

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "backends",
     .argument = "LIST",
     .help = "measure only these, separated by commas: names as in the tables, or their first "
             "words, such as native,onnxruntime-tuned",
     .set = option_text,
     .at = offsetof(bench_options, backends)},
    {.name = "chunk",
     .argument = "N",
     .help = "samples per call, 1 to 1048576 (default 2048)",
     .set = option_number,
     .at = offsetof(bench_options, chunk),
     .lowest = 1,
     .highest = 1048576},
    {.name = "seconds",
     .argument = "N",
     .help = "seconds of audio per round, 1 to 3600, the recording repeated (default 60)",
     .set = option_number,
     .at = offsetof(bench_options, seconds),
     .lowest = 1,
     .highest = 3600},
    {.name = "rounds",
     .argument = "N",
     .help = "timed rounds, 1 to 100 (default 5)",
     .set = option_number,
     .at = offsetof(bench_options, rounds),
     .lowest = 1,
     .highest = STATS_MOST},
    {.name = "profile",
     .argument = "FILE",
     .help = "the settings of 'onnxruntime tuned here', written by 'unecho tune'; by default a "
             "short search comes first",
     .set = option_text,
     .at = offsetof(bench_options, profile)},
    {.name = "plot",
     .argument = "FILE",
     .help = "also draw the results, as an SVG or PNG",
     .set = option_text,
     .at = offsetof(bench_options, plot)},
    {.name = "json",
     .help = "print one JSON object instead of the tables",
     .set = option_on,
     .at = offsetof(bench_options, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print no notes and no progress",
     .set = option_quiet,
     .at = offsetof(bench_options, quiet)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {recording_options, offsetof(bench_options, recording)},
    {model_options, offsetof(bench_options, model)},
    {rows, 0},
    {library_options, offsetof(bench_options, library)},
    {option_help, 0},
    {NULL, 0},
};

static const bench_options defaults = {.chunk = 2048, .seconds = 60, .rounds = 5};

static bool check(void *opaque, const struct arguments *arguments)
{
    const bench_options *options = opaque;
    return arguments_at_most(arguments, 0, "") &&
           recording_files_check(&options->recording, arguments->command) &&
           model_choice_check(&options->model, arguments->command) && check_list(options->backends);
}

const struct command bench_command = {
    .name = "bench",
    .summary = "compare the speed of the backends on this machine",
    .usage = "usage: unecho bench [options]\n",
    .description = "Compare the speed of the backends on this machine: round by round in turn, "
                   "each in a process of its own, in chunks of 2048 samples and live in hops of "
                   "128. The outputs are compared first; a backend with a wrong output gets no "
                   "ratio. Without --mic and --far, the recording is the reference data's double "
                   "talk and the model is the reference data's, if UNECHO_REFERENCE names their "
                   "folder; else they are the bundled sample and unecho-128. No post-filter is "
                   "measured.",
    .notes = "\n"
             "The tables are valid Markdown.\n"
             "Exit status: 0 success, 1 failed or interrupted, 2 invalid command line.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_bench,
};
