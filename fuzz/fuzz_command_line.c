/*
 * Arguments, and the contents of the files they name, for the command line's own main(), in a
 * temporary folder with a small model. It must always end with one of its exit codes, leave no
 * output after a failure, and never leave an unfinished file.
 *
 * Input: the number of words, the words, the size of mic.wav, its bytes, then far.wav to the end. A
 * word is a number from the list below, or, beyond it, text preceded by its length.
 */
#include "fuzz.h"
#include "onnx_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The command line's main(), renamed by the build. */
int unecho_main(int argc, char **argv);

enum { MOST_WORDS = 16, LONGEST_WORD = 24 };

static const char *const words[] = {
    "process",
    "info",
    "help",
    "mic.wav",
    "far.wav",
    "-o",
    "out.wav",
    "--model",
    "small",
    "--raw",
    "f32le",
    "s16le",
    "--chunk",
    "128",
    "1",
    "-q",
    "--json",
    "--keep-latency",
    "out.flac",
    "--normalize-peak",
    "-",
    "--precision",
    "int8",
    "out.f32",
    "--model-files",
    "small_1.onnx",
    "small_2.onnx",
    "--backend",
    "native",
    "out.w64",
    "--",
    "--help",
    "--version",
    "out.ogg",
    "4000000000",
    "/dev/null",
    "/dev/full",
    "out.aiff",
    "bf16",
    "onnxruntime",
    "doctor",
    "replay",
    "inspect",
    "convert",
    "--events",
    "--record",
    "out.unecho",
    "--no-report",
    "out",
    "--picture",
    "out.svg",
    "--align",
    "off",
    "--engine",
    "linear",
    "--mic",
    "--far",
    "--channels",
    "2",
    "--recorded",
    "completion",
    "bash",
};
enum { WORDS = sizeof words / sizeof *words };

static int home; /* the initial directory, to which the fuzzer's own arguments are relative */
static char folder[] = "/tmp/unecho-fuzz-XXXXXX";

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_command_line: %s\n", what);
    abort();
}

static void write_file(const char *name, const void *data, size_t size)
{
    FILE *const file = fopen(name, "wb");
    expect(file && fwrite(data, 1, size, file) == size && fclose(file) == 0,
           "cannot write in the folder");
}

/* Whether a file may exist after a run: an input or a finished output. */
static int is_ours(const char *name)
{
    return name[0] == '.' ? name[1] == 0 || strcmp(name, "..") == 0
                          : strncmp(name, "small_", 6) == 0 || strcmp(name, "mic.wav") == 0 ||
                                strcmp(name, "far.wav") == 0;
}

/* Remove the files of a run. */
static void clean_up(int failed)
{
    DIR *const directory = opendir(".");
    expect(directory != NULL, "the folder is gone");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (is_ours(entry->d_name))
            continue;
        expect(entry->d_name[0] != '.', "an unfinished file was left");
        expect(!failed, "a failed run left a file");
        unlink(entry->d_name);
    }
    closedir(directory);
}

static void leave_folder(void)
{
    expect(chdir(folder) == 0, "the folder is gone");
    for (int stage = 1; stage <= 2; stage++)
        unlink(stage == 1 ? "small_1.onnx" : "small_2.onnx");
    unlink("mic.wav");
    unlink("far.wav");
    expect(fchdir(home) == 0 && rmdir(folder) == 0, "the folder cannot be removed");
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    bytes files[2] = {small_bytes(1), small_bytes(2)};
    home = open(".", O_RDONLY | O_CLOEXEC);
    expect(home >= 0 && mkdtemp(folder) && chdir(folder) == 0, "cannot make a folder");
    atexit(leave_folder);
    for (int stage = 1; stage <= 2; stage++) {
        write_file(stage == 1 ? "small_1.onnx" : "small_2.onnx", files[stage - 1].at,
                   files[stage - 1].size);
        free(files[stage - 1].at);
    }
    expect(fchdir(home) == 0, "cannot go back");
    /* No other model: 'convert' would write one over the small one. */
    expect(setenv("UNECHO_MODELS", folder, 1) == 0, "no room in the environment");
    /* '-' must not wait for input. Standard error goes to the log. */
    expect(freopen("/dev/null", "r", stdin) && freopen("/dev/null", "w", stdout),
           "there is no /dev/null");
    return 0;
}

/* No word names anything outside the folder, so that nothing is written there. */
static char *take_word(input *in, char *room)
{
    const unsigned choice = take_byte(in);
    if (choice < WORDS)
        return strcpy(room, words[choice]);
    const size_t length = choice % LONGEST_WORD;
    for (size_t i = 0; i < length; i++) {
        const unsigned c = take_byte(in);
        room[i] = (char)(c == '/' || c == 0 ? '_' : (int)c);
    }
    room[length] = 0;
    return room;
}

/* Commands that measure for too long, or start processes and wait for a sound server; their
 * arguments are parsed like those of the others. */
static int is_left_out(const char *word)
{
    static const char *const names[] = {"bench", "tune", "batch", "live"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i]) == 0)
            return 1;
    return 0;
}

/* Whether the command line ends with `code`; doctor has one for what it finds. */
static int is_documented(int code, const char *command)
{
    return (code >= 0 && code <= 2) || (code == 3 && strcmp(command, "doctor") == 0);
}

/*
 * The fuzzer's clock ticks by SIGALRM, which the command line would take for a request to end: it
 * leaves alone what is ignored when it starts.
 */
static int run_command(int count, char **arguments)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct sigaction ticks;
    sigaction(SIGALRM, &ignored, &ticks);
    const int code = unecho_main(count, arguments);
    sigaction(SIGALRM, &ticks, NULL);
    return code;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    input in = {data, size};
    char room[MOST_WORDS][LONGEST_WORD + 1], name[] = "unecho";
    char *arguments[MOST_WORDS + 2] = {name};
    int count = 1;
    for (unsigned left = take_byte(&in) % (MOST_WORDS + 1); left > 0; left--, count++)
        arguments[count] = take_word(&in, room[count - 1]);
    const char *const command = count > 1 ? arguments[1] : "";
    if (is_left_out(command))
        return 0;
    expect(chdir(folder) == 0, "the folder is gone");
    size_t mic = take_short(&in);
    mic = mic < in.left ? mic : in.left;
    write_file("mic.wav", in.at, mic);
    write_file("far.wav", in.at + mic, in.left - mic);
    const int code = run_command(count, arguments);
    expect(is_documented(code, command), "an undocumented exit code");
    /* What a damaged record holds before the damage is written. */
    clean_up((code == 1 || code == 2) && strcmp(command, "replay") != 0);
    expect(fchdir(home) == 0, "cannot go back");
    return 0;
}
