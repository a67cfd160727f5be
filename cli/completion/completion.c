/* unecho completion: prints what completes the command line in a shell. */
#include "completion/words.h"
#include "report.h"

#include <string.h>

static const struct shell {
    const char *name;
    void (*print)(FILE *stream);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

typedef struct completion_options {
    const struct shell *shell;
} completion_options;

static const struct option_group groups[] = {
    {option_help, 0},
    {NULL, 0},
};

static const completion_options defaults;

static bool check(void *opaque, const struct arguments *arguments)
{
    completion_options *options = opaque;
    if (!arguments_at_most(arguments, 1, "one shell"))
        return false;
    for (size_t i = 0; arguments->count && i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(arguments->words[0], shells[i].name) == 0)
            options->shell = &shells[i];
    if (options->shell)
        return true;
    report_usage(arguments->command, "expected a shell: bash, zsh or fish");
    return false;
}

static int run_completion(const void *opaque)
{
    const completion_options *options = opaque;
    options->shell->print(stdout);
    return report_output_written() ? EXIT_DONE : EXIT_FAILED;
}

const struct command completion_command = {
    .name = "completion",
    .summary = "print what completes the command line in a shell",
    .usage = "usage: unecho completion bash|zsh|fish\n",
    .description = "Print a script with which the shell completes commands, options and their "
                   "values. Installing unecho installs it, too; without that:",
    .notes = "\n"
             "  source <(unecho completion bash)\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_completion,
};
