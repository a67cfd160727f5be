/* unecho live: its options, and which part of it they ask for. */
#include "live/live.h"

#include "command.h"
#include "engine_choice.h"
#include "report.h"

#include <stddef.h>

#if !HAVE_LIVE
static int not_built(void)
{
    report_error("this program was built without PipeWire (libpipewire-0.3)");
    return EXIT_FAILED;
}

int live_run(const live_options *options)
{
    (void)options;
    return not_built();
}

int live_list(const live_options *options)
{
    (void)options;
    return not_built();
}

int live_install(const live_options *options)
{
    (void)options;
    return not_built();
}

int live_uninstall(void)
{
    return not_built();
}
#endif

static bool set_reference_late(void *field, const struct option_value *value)
{
    live_options *const options = field;
    options->reference_late_given = true;
    return option_number(&options->reference_late_ms, value);
}

static const struct option rows[] = {
    {.name = "mic",
     .argument = "NAME",
     .help = "the microphone (default: the default one, also when that changes)",
     .set = option_text,
     .at = offsetof(live_options, mic)},
    {.name = "sink",
     .argument = "NAME",
     .help = "the loudspeaker whose echo to cancel (default: the default one)",
     .set = option_text,
     .at = offsetof(live_options, sink)},
    {.name = "list",
     .help = "list the names of microphones and loudspeakers",
     .set = option_on,
     .at = offsetof(live_options, list)},
    {.name = "install",
     .help = "start it now, without a terminal, and at every login, with these options",
     .set = option_on,
     .at = offsetof(live_options, install)},
    {.name = "uninstall",
     .help = "stop it, and no longer start it at login",
     .set = option_on,
     .at = offsetof(live_options, uninstall)},
    {.name = "engine",
     .argument = "NAME",
     .help = "what cancels the echo: linear+neural (default), neural or linear",
     .set = option_choice,
     .at = offsetof(live_options, engine),
     .names = engine_names},
    {.name = "suppression",
     .argument = "S",
     .help = "how strongly to suppress residual echo, 0 (not at all) to 3 (default 1)",
     .set = option_decimal,
     .at = offsetof(live_options, suppression),
     .highest = UNECHO_SUPPRESSION_MAX},
    {.name = "noise-reduction",
     .argument = "DB",
     .help = "how much background noise to remove, 0 to 40 (default 20)",
     .set = option_number,
     .at = offsetof(live_options, noise_reduction_db),
     .highest = 2 * UNECHO_NOISE_REDUCTION_DB},
    {.name = "reference-late",
     .argument = "MS",
     .help = "how late the far end may come after its echo, 0 to 1000; adds as much latency "
             "(default: a cycle of PipeWire, 12)",
     .set = set_reference_late,
     .highest = UNECHO_REFERENCE_LATE_MAX_MS},
    {.name = "plugin",
     .argument = "FILE",
     .help = "the LADSPA plugin (default: unecho.so in LADSPA_PATH or where it is installed)",
     .set = option_text,
     .at = offsetof(live_options, plugin)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {rows, 0},
    {option_help, 0},
    {NULL, 0},
};

static const live_options defaults = {
    .engine = UNECHO_ENGINE_LINEAR_NEURAL,
    .suppression = 1.0f,
    .noise_reduction_db = UNECHO_NOISE_REDUCTION_DB,
};

static bool check(void *opaque, const struct arguments *arguments)
{
    const live_options *const options = opaque;
    if (!arguments_at_most(arguments, 0, "no arguments"))
        return false;
    if (options->list + options->install + options->uninstall > 1) {
        report_usage(arguments->command, "--list, --install and --uninstall exclude one another");
        return false;
    }
    return true;
}

/* The plugin only passes the microphone then, and what it says goes to a log. false: reported. */
static bool engine_opens(const live_options *options)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof(message);
    config.engine = options->engine;
    if (unecho_open(&stream, &config) == UNECHO_OK) {
        unecho_close(&stream);
        return true;
    }
    report_error("%s", message);
    return false;
}

static int run(const void *opaque)
{
    const live_options *const options = opaque;
    if (options->list)
        return live_list(options);
    if (options->uninstall)
        return live_uninstall();
    if (!engine_opens(options))
        return EXIT_FAILED;
    return options->install ? live_install(options) : live_run(options);
}

const struct command live_command = {
    .name = "live",
    .summary = "a microphone without echo for every program (PipeWire)",
    .usage = "usage: unecho live [options]\n",
    .description = "Add a microphone 'unecho (NAME)' to PipeWire, which programs record from like "
                   "from any other: the microphone NAME without the echo of what the loudspeaker "
                   "plays. The loudspeaker stays as it is. Both follow the default devices. It "
                   "lasts until Ctrl-C.",
    .notes = "\n"
             "Exit status: 0 ended by Ctrl-C, 1 failed, 2 invalid command line.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run,
};
