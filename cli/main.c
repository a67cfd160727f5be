/*
 * unecho, the command line: finds the command and runs it. It does not know what the commands do.
 */
#include "command.h"
#include "report.h"

#include "unecho.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: unecho COMMAND [arguments]\n"
    "\n"
    "Acoustic echo cancellation: takes the microphone's recording and what the\n"
    "loudspeaker played, gives the near-end voice.\n"
    "\n"
    "  process   cancel the echo in a recording or a live stream\n"
    "  doctor    say what is wrong with a pair of recordings, and what to do\n"
    "  replay    make a recorded stream's calls again, and compare the bits\n"
    "  info      what the model is, latency, version, CPU features\n"
    "  inspect   what model files are, and what runs them\n"
    "  convert   a model as ONNX files in fp32, fp16 or int8\n"
    "  bench     measure the engines against each other on this machine\n"
    "  tune      find the best settings of ONNX Runtime on this machine\n"
    "  help      this text, or that of a command: unecho help COMMAND\n"
    "\n"
    "  -h, --help     this text\n"
    "  -V, --version  the version\n"
    "\n"
    "  unecho process mic.wav far.wav -o near.wav\n"
    "\n"
    "Exit status: 0 done, 1 failed or interrupted, 2 wrong usage.\n";

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} command;

static const command commands[] = {
    {"process", command_process, process_help}, {"doctor", command_doctor, doctor_help},
    {"info", command_info, info_help},          {"inspect", command_inspect, inspect_help},
    {"convert", command_convert, convert_help}, {"bench", command_bench, bench_help},
    {"tune", command_tune, tune_help},          {"replay", command_replay, replay_help},
};

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int command_show(const char *text)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    report_error("standard output: %s", strerror(errno));
    return EXIT_FAILED;
}

static int show_help(int argc, char **argv)
{
    const command *wanted;
    if (argc < 2)
        return command_show(help);
    wanted = find_command(argv[1]);
    if (argc == 2 && wanted)
        return command_show(wanted->help);
    report_usage("", "there is no help on '%s'", argv[argc - 1]);
    return EXIT_WRONG_USAGE;
}

static int show_version(void)
{
    char text[64];
    snprintf(text, sizeof(text), "unecho %s\n", unecho_version());
    return command_show(text);
}

/*
 * A standard descriptor that the caller has closed would become the next file that is opened, and
 * the summary would end up in it. Opened the wrong way round, its use fails as it should.
 */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    const command *wanted;
    occupy_standard_descriptors();
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_WRONG_USAGE;
    }
    if (strcmp(argv[1], "help") == 0)
        return show_help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return command_show(help);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return show_version();

    wanted = find_command(argv[1]);
    if (wanted)
        return wanted->run(argc - 1, argv + 1);
    report_usage("", argv[1][0] == '-' ? "unknown option %s" : "unknown command '%s'", argv[1]);
    return EXIT_WRONG_USAGE;
}
