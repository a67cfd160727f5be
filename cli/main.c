/*
 * unecho, the command line: finds the command, reads its options and runs it. It does not know what
 * the commands do.
 */
#include "command.h"
#include "report.h"
#include "wrap.h"

#include "unecho.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
    &process_command,
#if !defined(_WIN32) /* these need fork() or mmap() */
    &batch_command,      &live_command,
#endif
    &doctor_command,     &replay_command,
    &info_command,       &inspect_command,
#if !defined(_WIN32)
    &convert_command,    &bench_command,
    &tune_command,
#endif
    &completion_command, NULL,
};

static void print_help(FILE *stream)
{
    fputs("usage: unecho COMMAND [options] [arguments]\n"
          "\n"
          "Acoustic echo cancellation: removes from a microphone recording the echo of\n"
          "what the loudspeaker played, and keeps the voice of the near end.\n"
          "\n",
          stream);
    for (size_t i = 0; commands[i]; i++)
        fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help       show this text, or the help of a command: unecho help COMMAND\n"
          "\n"
          "  -h, --help     show this text\n"
          "  -v, --version  show the version\n"
          "\n"
          "  unecho process mic.wav far.wav -o near.wav\n"
          "\n"
          "Exit status: 0 success, 1 failed or interrupted, 2 invalid command line,\n"
          "3 doctor found problems.\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int end_output(void)
{
    return report_output_written() ? EXIT_DONE : EXIT_FAILED;
}

static int show_command_help(const struct command *c, bool all)
{
    fputs(c->usage, stdout);
    fputc('\n', stdout);
    wrap_print(c->description, 0, 0, stdout);
    fputc('\n', stdout);
    options_print_help(c->groups, all, stdout);
    if (all && c->details)
        fputs(c->details, stdout);
    fputs(c->notes, stdout);
    return end_output();
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_version(const char *word)
{
    return strcmp(word, "version") == 0 || strcmp(word, "--version") == 0 ||
           strcmp(word, "-V") == 0 || strcmp(word, "-v") == 0;
}

static int show_help(int argc, char **argv)
{
    const bool asks_once = argc == 2 || (argc == 3 && asks_for_help(argv[2]));
    const struct command *wanted = asks_once ? find_command(argv[1]) : NULL;
    if (wanted)
        return show_command_help(wanted, false);
    if (argc < 2 || (argc == 2 && asks_for_help(argv[1]))) {
        print_help(stdout);
        return end_output();
    }
    report_usage("", "no help on '%s'", argv[argc - 1]);
    return EXIT_WRONG_USAGE;
}

static int show_version(void)
{
    printf("unecho %s\n", unecho_version());
    return end_output();
}

/* No fewer than the options among the words, several of which may share one. */
static size_t count_letters(int argc, char **argv)
{
    size_t letters = 0;
    for (int i = 0; i < argc; i++)
        letters += strlen(argv[i]);
    return letters;
}

static int run_command(const struct command *c, int argc, char **argv)
{
    struct arguments arguments = {.command = c->name, .words = argv + 1, .count = (size_t)argc - 1};
    int code = EXIT_WRONG_USAGE;
    void *options = malloc(c->size);
    arguments.given = calloc(count_letters(argc, argv), sizeof(*arguments.given));
    if (!options || !arguments.given) {
        free(options);
        free(arguments.given);
        report_no_memory();
        return EXIT_FAILED;
    }
    memcpy(options, c->defaults, c->size);
    const options_result result = options_parse(c->groups, options, &arguments);
    switch (result) {
    case OPTIONS_GO:
        if (c->check(options, &arguments))
            code = c->run(options);
        break;
    case OPTIONS_HELP:
    case OPTIONS_HELP_ALL:
        code = show_command_help(c, result == OPTIONS_HELP_ALL);
        break;
    case OPTIONS_WRONG:
        break;
    }
    free(options);
    free(arguments.given);
    return code;
}

/*
 * The next file to be opened would get the number of a closed standard descriptor, and the summary
 * would end up in it. Open those the wrong way round, so that using them fails.
 */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* As if there were one command only: unecho mic.wav far.wav -o near.wav */
static bool looks_like_a_file(const char *word)
{
    return strpbrk(word, "./") || access(word, F_OK) == 0;
}

static int refuse(const char *word)
{
    if (word[0] == '-')
        report_usage("", "unknown option %s", word);
    else if (looks_like_a_file(word))
        report_usage("",
                     "unknown command '%s'; to cancel the echo in this file: "
                     "unecho process %s ...",
                     word, word);
    else
        report_usage("", "unknown command '%s'", word);
    return EXIT_WRONG_USAGE;
}

int main(int argc, char **argv)
{
    const struct command *wanted;
#if defined(_WIN32)
    windows_begin(argc, argv);
#endif
    occupy_standard_descriptors();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_WRONG_USAGE;
    }
    if (asks_for_help(argv[1]))
        return show_help(strcmp(argv[1], "help") == 0 ? argc - 1 : 1, argv + 1);
    if (asks_for_version(argv[1]))
        return show_version();
    wanted = find_command(argv[1]);
    return wanted ? run_command(wanted, argc - 1, argv + 1) : refuse(argv[1]);
}
