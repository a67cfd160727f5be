/*
 * Whichever allocation fails, the command line ends with a clear error and without half an output,
 * and frees all it took.
 */
#include "check.h"
#include "command.h"
#include "failing_malloc.h"
#include "signals.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define AT_INSTRUCTION(context) (context)->uc_mcontext.gregs[REG_RIP]
#else
#define AT_INSTRUCTION(context) (context)->uc_mcontext.pc
#endif

/* The tool's main(), renamed by the build. */
int unecho_main(int argc, char **argv);

enum { SAMPLES = 3000, MOST_ALLOCATIONS = 5000, MOST_WORDS = 20 };

/* What a run reported before it ended. */
typedef struct report {
    int code;
    unsigned failures;
    size_t live;
    bool crashed_below; /* in libsndfile or one of its libraries */
} report;
static report *shared;

static int set_up(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    const signal_ noise = noise_signal(SAMPLES, 0.3f, 1);
    write_sound("mic.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, noise.samples, SAMPLES);
    write_sound("far.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, noise.samples, SAMPLES);
    free(noise.samples);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? -1 : 0;
}

/* Where it crashed: a library below may not survive the failures. Our code must. */
static void on_crash(int signal_number, siginfo_t *what, void *context)
{
    const ucontext_t *const at = context;
    (void)signal_number;
    (void)what;
    shared->crashed_below = malloc_is_below((const void *)AT_INSTRUCTION(at));
    _exit(1);
}

static void watch_for_crashes(void)
{
    const struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    signal(SIGABRT, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
}

/* In a separate process: main() with standard output and error in files. */
static void become_tool(const char *line, unsigned fail_at, bool for_good)
{
    static char name[] = "unecho";
    char text[400], *words[MOST_WORDS + 2] = {name};
    int count = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word && count <= MOST_WORDS; word = strtok(NULL, " "))
        words[count++] = word;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        const int file =
            open(fd == STDOUT_FILENO ? "said" : "errors", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, fd);
        close(file);
    }
    watch_for_crashes();
    malloc_arm(fail_at, for_good);
    const int code = unecho_main(count, words);
    malloc_disarm();
    *shared = (report){code, malloc_failures(), malloc_live(), false};
    _exit(code);
}

static int call_tool(const char *line, unsigned fail_at, bool for_good)
{
    int status = 0;
    *shared = (report){-1, 1, 0, false};
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        become_tool(line, fail_at, for_good);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!shared->crashed_below && (!WIFEXITED(status) || shared->code < 0))
        fail_msg("'%s', allocation %u fails: ended with status %#x", line, fail_at,
                 (unsigned)status);
    return WEXITSTATUS(status);
}

/* Remove what a crash left. */
static void remove_hidden(void)
{
    DIR *const directory = opendir(".");
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] == '.')
            unlink(entry->d_name);
    closedir(directory);
}

static void expect_error(unsigned k, const char *output)
{
    size_t size;
    char *const errors = read_bytes("errors", &size);
    if (!strstr(errors, "unecho: "))
        fail_msg("allocation %u fails, and nothing is said: '%s'", k, errors);
    if (output && exists(output))
        fail_msg("allocation %u fails, and there is an output; it says: %s", k, errors);
    free(errors);
}

/*
 * Libraries may lack memory for something optional: then the output is right. To the tool, a
 * decoder that ends early is a damaged input: then it warns.
 */
static void expect_right_or_warning(const char *line, unsigned k, const char *output, signal_ right)
{
    size_t size;
    const signal_ now = read_signal(output);
    char *const errors = read_bytes("errors", &size);
    if ((now.count != right.count ||
         memcmp(now.samples, right.samples, now.count * sizeof *now.samples) != 0) &&
        !strstr(errors, "cut short or damaged"))
        fail_msg("'%s', allocation %u fails: %zu other samples, and only this is said: %s", line, k,
                 now.count, errors);
    free(now.samples);
    free(errors);
}

/*
 * Fails each allocation in turn; returns how many there were, and counts the runs that crashed in
 * libraries.
 */
static unsigned fail_each_of_tool(const char *line, const char *output, bool for_good,
                                  unsigned *crashed_below)
{
    signal_ right = {NULL, 0};
    assert_int_equal(call_tool(line, 0, false), 0);
    if (output)
        right = read_signal(output);
    for (unsigned k = 1; k <= MOST_ALLOCATIONS; k++) {
        if (output)
            unlink(output);
        const int code = call_tool(line, k, for_good);
        if (shared->live > 0)
            fail_msg("'%s', allocation %u fails: %zu blocks are lost", line, k, shared->live);
        if (shared->crashed_below) {
            ++*crashed_below;
            remove_hidden();
            continue;
        }
        assert_int_equal(count_hidden(), 0);
        if (code != 0)
            expect_error(k, output);
        else if (output)
            expect_right_or_warning(line, k, output, right);
        if (shared->failures == 0) {
            assert_int_equal(code, 0);
            free(right.samples);
            return k - 1;
        }
    }
    fail_msg("more than %d allocations", MOST_ALLOCATIONS);
    return 0;
}

static void command_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *output;
    } runs[] = {
        {"process mic.wav far.flac -o out.wav", "out.wav"},
        {"process mic.wav far.flac --precision int8 -o out.flac --normalize-peak", "out.flac"},
        {"process mic.wav far.flac -o out.f32 --raw f32le --chunk 100", "out.f32"},
        {"process mic.wav far.flac --model " UNECHO_MODELS_DIR "/unecho-128 -o out.w64 --json",
         "out.w64"},
        {"info", NULL},
        {"info --json --model " UNECHO_MODELS_DIR "/unecho-128", NULL},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        unsigned below = 0;
        const unsigned alone = fail_each_of_tool(runs[i].line, runs[i].output, false, &below);
        fail_each_of_tool(runs[i].line, runs[i].output, true, &below);
        assert_true(alone > 0);
        print_message("# %s: %u allocations, %u runs crashed in libsndfile\n", runs[i].line, alone,
                      below);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line),
    };
    return cmocka_run_group_tests(tests, set_up, leave_folder);
}
