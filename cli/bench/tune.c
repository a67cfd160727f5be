/*
 * unecho tune: searches, tells what it found, writes the profile. How one searches is
 * tune_search.c's business.
 */
#include "bench/bench_options.h"
#include "bench/recording.h"
#include "bench/tune_profile.h"
#include "bench/tune_search.h"
#include "command.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the recording; the search uses the first few of them again and again. */
#define SECONDS 4.0

/* An idle machine stays well within. */
#define MUCH_SPREAD 1.5

static const char *const measures[] = {[TUNE_THROUGHPUT] = "Time a hop",
                                       [TUNE_CPU] = "CPU time a hop, all threads together",
                                       [TUNE_LATENCY] = "Time that 99 of 100 hops stay within"};

static void tell_runner_up(const struct tune_finding *f)
{
    char other[128];
    const double gap = 100.0 * (f->runner_up_cost.median / f->winner_cost.median - 1.0);
    tune_describe(&f->runner_up, other, sizeof(other));
    printf("Next best: %s: %.1f us, %.1f %% %s.\n", other, f->runner_up_cost.median, fabs(gap),
           gap < 0.0 ? "less" : "more");
    if (f->clear)
        printf("That is clear: ahead in %zu of %zu rounds in turn.\n", f->wins, f->rounds);
    else
        printf("That is not sure: ahead in %zu of %zu rounds in turn. %s\n", f->wins, f->rounds,
               tune_effort(&f->winner) < tune_effort(&f->runner_up)
                   ? "Of equals the one that asks for less is taken."
                   : "Either will do.");
}

static void tell_doubts(const struct tune_finding *f)
{
    if (f->winner_cost.highest > MUCH_SPREAD * f->winner_cost.lowest)
        printf("The rounds differ a lot: the machine has other things to do. Search again when it "
               "has not.\n");
    if (f->tried < f->settings)
        printf("There was no time for %zu settings; a larger --budget has it.\n",
               f->settings - f->tried);
}

static void tell(const struct tune_finding *f, enum tune_purpose purpose)
{
    char setting[128];
    tune_describe(&f->winner, setting, sizeof(setting));
    printf("Best for %s: %s.\n", tune_purpose_name(purpose), setting);
    printf("%s: %.1f us (%.1f to %.1f over %zu rounds); untuned %.1f us.\n", measures[purpose],
           f->winner_cost.median, f->winner_cost.lowest, f->winner_cost.highest, f->rounds,
           f->untuned_us);
    if (f->has_runner_up)
        tell_runner_up(f);
    printf("Tried %zu of %zu settings in %.0f s; the output of %zu differed from the untuned one's "
           "and they were rejected.\n",
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
    const bool found = recording_choose(&recording, options->mic, options->far, &options->model) &&
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
        if (!profile_make_folder() || !profile_usual_path(path, sizeof(path)))
            return false;
        name = path;
    }
    if (!output_inspect(output, name) || !find(options, &finding) ||
        !profile_write(output, &finding, tune_purpose_name(options->purpose)))
        return false;
    if (options->quiet || output_is_stdout(output))
        return true;
    tell(&finding, options->purpose);
    printf("Written to %s, for --backend onnxruntime%s%s.\n", name,
           options->output ? " --profile " : "", options->output ? name : "");
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    report_error("%s is written, but the summary is not: %s", name, strerror(errno));
    return false;
}

int command_tune(int argc, char **argv)
{
    tune_options options;
    output_file output;
    int code;
    switch (options_parse_tune(&options, argc, argv)) {
    case OPTIONS_HELP:
        return command_show(tune_help);
    case OPTIONS_WRONG:
        return EXIT_WRONG_USAGE;
    case OPTIONS_GO:
        break;
    }
    if (options.quiet)
        report_be_quiet();
    interrupt_install();
    memset(&output, 0, sizeof(output));
    output.fd = -1;
    code = run(&options, &output) ? EXIT_DONE : EXIT_FAILED;
    output_release(&output);
    return code;
}
