/* unecho tune: searches, reports what it found, writes the profile. tune_search.c searches. */
#include "bench/recording.h"
#include "bench/tune_profile.h"
#include "bench/tune_search.h"
#include "command.h"
#include "engine_choice.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the recording; the search uses the first few again and again. */
#define SECONDS 4.0

/* An idle machine stays well below this. */
#define MUCH_SPREAD 1.5

typedef struct tune_options {
    model_choice model;
    recording_files recording;
    const char *output; /* NULL: the default place */
    const char *library;
    enum tune_purpose purpose;
    unsigned budget_seconds;
    bool quiet;
} tune_options;

static const char *const purposes[] = {
    [TUNE_THROUGHPUT] = "throughput", [TUNE_CPU] = "cpu", [TUNE_LATENCY] = "latency", NULL};

static const char *const measures[] = {[TUNE_THROUGHPUT] = "Time per hop",
                                       [TUNE_CPU] = "CPU time per hop, all threads together",
                                       [TUNE_LATENCY] = "Time that 99 of 100 hops stay within"};

static void tell_runner_up(const struct tune_finding *f)
{
    char other[128];
    const double gap = 100.0 * (f->runner_up_cost.median / f->winner_cost.median - 1.0);
    tune_describe(&f->runner_up, other, sizeof(other));
    printf("Next best: %s: %.1f us, %.1f %% %s.\n", other, f->runner_up_cost.median, fabs(gap),
           gap < 0.0 ? "less" : "more");
    if (f->clear)
        printf("The order is certain: the best was ahead in %zu of %zu rounds.\n", f->wins,
               f->rounds);
    else
        printf("The order is uncertain: the best was ahead in %zu of %zu rounds. %s\n", f->wins,
               f->rounds,
               tune_effort(&f->winner) < tune_effort(&f->runner_up)
                   ? "It asks for less of the machine than the next best."
                   : "Either will do.");
}

static void tell_doubts(const struct tune_finding *f)
{
    if (f->winner_cost.highest > MUCH_SPREAD * f->winner_cost.lowest)
        printf("The rounds differ a lot: the machine is busy. Search again when it is idle.\n");
    if (f->tried < f->settings)
        printf("There was no time for %zu settings; try a larger --budget.\n",
               f->settings - f->tried);
}

static void tell(const struct tune_finding *f, enum tune_purpose purpose)
{
    char setting[128];
    tune_describe(&f->winner, setting, sizeof(setting));
    printf("Best for %s: %s.\n", purposes[purpose], setting);
    printf("%s: %.1f us (%.1f to %.1f over %zu rounds); untuned %.1f us.\n", measures[purpose],
           f->winner_cost.median, f->winner_cost.lowest, f->winner_cost.highest, f->rounds,
           f->untuned_us);
    if (f->has_runner_up)
        tell_runner_up(f);
    printf(
        "Tried %zu of %zu settings in %.0f s; rejected %zu whose output differed from the untuned "
        "one's.\n",
        f->tried, f->settings, f->seconds, f->different);
    tell_doubts(f);
}

static bool find(const tune_options *options, struct tune_finding *finding)
{
    struct recording_choice recording;
    struct bench_audio audio = {0};
    struct tune_request request = {
        .purpose = options->purpose,
        .budget_seconds = (double)options->budget_seconds,
        .library = options->library,
        .model = &recording.model,
        .audio = &audio,
    };
    const bool found = recording_choose(&recording, &options->recording, &options->model) &&
                       recording_read(&audio, &recording, SECONDS) &&
                       tune_search(&request, finding);
    recording_free(&audio);
    if (!found && *finding->why_not)
        report_error("%s", finding->why_not);
    return found;
}

static bool run(const tune_options *options, output_file *output)
{
    struct tune_finding finding = {0};
    char path[PROFILE_PATH];
    const char *name = options->output;
    if (!name) {
        if (!profile_make_folder() || !profile_default_path(path, sizeof(path)))
            return false;
        name = path;
    }
    if (!output_inspect(output, name) || !find(options, &finding) ||
        !profile_write(output, &finding, purposes[options->purpose]))
        return false;
    if (options->quiet || output_is_stdout(output))
        return true;
    tell(&finding, options->purpose);
    printf("Written to %s, for --backend onnxruntime%s%s.\n", name,
           options->output ? " --profile " : "", options->output ? name : "");
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    report_error("%s is complete, but its summary cannot be written: %s", name, strerror(errno));
    return false;
}

static int run_tune(const void *options)
{
    output_file output = {.fd = -1};
    int code;
    interrupt_install();
    code = run(options, &output) ? EXIT_DONE : EXIT_FAILED;
    output_release(&output);
    return code;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "for",
     .argument = "PURPOSE",
     .help = "what to minimise: throughput (default), the time per hop; cpu, the CPU time per hop "
             "of all threads together; latency, the time that 99 of 100 hops stay within",
     .set = option_choice,
     .at = offsetof(tune_options, purpose),
     .names = purposes},
    {.name = "budget",
     .argument = "SECONDS",
     .help = "how long to search, 1 to 3600 (default 20)",
     .set = option_number,
     .at = offsetof(tune_options, budget_seconds),
     .lowest = 1,
     .highest = 3600},
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .help = "the profile to write (default $XDG_CONFIG_HOME/unecho/profile)",
     .set = option_text,
     .at = offsetof(tune_options, output)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print nothing but errors",
     .set = option_quiet,
     .at = offsetof(tune_options, quiet)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {rows, 0},
    {recording_options, offsetof(tune_options, recording)},
    {model_options, offsetof(tune_options, model)},
    {library_options, offsetof(tune_options, library)},
    {option_help, 0},
    {NULL, 0},
};

static const tune_options defaults = {.budget_seconds = 20};

static bool check(void *opaque, const struct arguments *arguments)
{
    const tune_options *options = opaque;
    return arguments_at_most(arguments, 0, "") &&
           recording_files_check(&options->recording, arguments->command) &&
           model_choice_check(&options->model, arguments->command);
}

const struct command tune_command = {
    .name = "tune",
    .summary = "find the best settings of ONNX Runtime on this machine",
    .usage = "usage: unecho tune [options]\n",
    .description = "Find the settings with which ONNX Runtime is fastest on this machine (threads "
                   "of each stage, spinning), and write them to a profile for --profile. Settings "
                   "that change a single bit of the output are rejected. Recording and model are "
                   "as for 'unecho bench'.",
    .notes = "\n"
             "Exit status: 0 success, 1 failed or interrupted, 2 invalid command line.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_tune,
};
