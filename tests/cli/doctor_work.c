/*
 * What unecho doctor takes to examine long recordings: as much memory for minutes as for seconds,
 * and no time after an interrupt. The same for pipes, which cannot be read twice.
 */
#include "check.h"
#include "command.h"
#include "json.h"
#include "sample_pair.h"
#include "transforms.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 48000, SHORT_S = 10, LONG_S = 120 };

static const surroundings usual;

/* Both ends in one file, over and over. */
static void write_both(const char *path, size_t seconds)
{
    const signal_ m = stretched(&mic, 16.0 / 48.0), f = stretched(&far, 16.0 / 48.0);
    const signal_ long_m = repeated(&m, seconds * RATE), long_f = repeated(&f, seconds * RATE);
    size_t frames;
    float *both = interleaved(&long_m, &long_f, &frames);
    write_sound_as(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, both, frames);
    free(both);
    free(long_m.samples);
    free(long_f.samples);
    free(m.samples);
    free(f.samples);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

/* Runs it to its end: its CPU time. *kb: the most memory that it had. */
static double measure(const char *words, long *kb)
{
    struct rusage usage;
    int status;
    const pid_t pid = start(&usual, words);
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3));
    *kb = usage.ru_maxrss;
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/* To hold both ends would take 46 MB. */
static void memory_does_not_grow(void **state)
{
    long few, many;
    (void)state;
    write_both("short.wav", SHORT_S);
    write_both("long.wav", LONG_S);
    measure("doctor short.wav --picture short.svg", &few);
    measure("doctor long.wav --picture long.svg", &many);
    if (many > few + 4096)
        fail_msg("%ld KB for %d s, %ld KB for %d s", few, SHORT_S, many, LONG_S);
}

static double cpu_seconds(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (double)time.tv_sec + 1e-9 * (double)time.tv_nsec
                                            : HUGE_VAL;
}

/* Stop it after so much CPU time. false: it has ended before. */
static bool stop_after(pid_t pid, clockid_t clock, double seconds)
{
    static const struct timespec moment = {0, 2000000};
    int status;
    while (cpu_seconds(clock) < seconds)
        nanosleep(&moment, NULL);
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    return WIFSTOPPED(status);
}

/* In CPU time, which other programs do not change; it works on one file all the time. */
static void an_interrupt_ends_it_at_once(void **state)
{
    static const double parts[] = {0.03, 0.1, 0.2, 0.4, 0.6, 0.8};
    static const char words[] = "doctor long.wav --picture cut.svg";
    size_t interrupted = 0;
    long kb;
    (void)state;
    unlink("cut.svg");
    const double whole = measure("doctor long.wav --picture whole.svg", &kb);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct rusage usage;
        int status;
        clockid_t clock;
        const pid_t pid = start(&usual, words);
        assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
        if (!stop_after(pid, clock, parts[i] * whole))
            continue;
        const double before = cpu_seconds(clock);
        kill(pid, SIGINT);
        kill(pid, SIGCONT);
        assert_int_equal(wait4(pid, &status, 0, &usage), pid);
        const double after = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime) - before;
        if (after > 0.05 * whole)
            fail_msg("%.3f s of CPU time after the signal, %.3f s in a whole run", after, whole);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        assert_false(exists("cut.svg"));
        assert_int_equal(count_hidden(), 0);
        interrupted++;
    }
    /* It may have been faster than the whole run that was measured. */
    assert_true(interrupted >= 3);
}

/* ---- Pipes ------------------------------------------------------------------------------ */

/* Writes a file into a new pipe, in a process of its own. */
static pid_t feed(const char *pipe, const char *path)
{
    unlink(pipe);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        size_t size;
        char *bytes = read_bytes(path, &size);
        const int fd = open(pipe, O_WRONLY);
        for (size_t at = 0; fd >= 0 && at < size;) {
            const ssize_t wrote = write(fd, bytes + at, size - at);
            if (wrote <= 0)
                break;
            at += (size_t)wrote;
        }
        _exit(0);
    }
    return pid;
}

static void expect_same_figures(const outcome *a, const outcome *b)
{
    static const char *const keys[] = {"delay_ms",         "drift_ppm",   "expected_erle_db",
                                       "achieved_erle_db", "near_end_db", "clipped_share"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const double x = json_number(a->output, NULL, keys[i]);
        const double y = json_number(b->output, NULL, keys[i]);
        assert_true(x == y);
    }
}

static void pipes_give_the_same(void **state)
{
    static const struct {
        const char *path, *as_file, *as_pipe;
    } cases[] = {{"mic.wav", "doctor --json mic.wav far.wav", "doctor --json pipe far.wav"},
                 {"far.wav", "doctor --json mic.wav far.wav", "doctor --json mic.wav pipe"},
                 {"short.wav", "doctor --json short.wav", "doctor --json pipe"}};
    (void)state;
    write_both("short.wav", SHORT_S);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        outcome file, pipe;
        run(&file, cases[i].as_file);
        const pid_t writer = feed("pipe", cases[i].path);
        run(&pipe, cases[i].as_pipe);
        assert_int_equal(waitpid(writer, NULL, 0), writer);
        expect_code(&pipe, file.code);
        expect_same_figures(&file, &pipe);
    }
}

static void without_room_for_temporary_files_it_says_so(void **state)
{
    outcome result;
    (void)state;
    setenv("TMPDIR", "/nowhere", 1);
    run(&result, "doctor mic.wav far.wav");
    unsetenv("TMPDIR");
    expect_code(&result, 1);
    expect_part(result.messages, "no room for temporary files: No such file");
    expect_part(result.messages, "TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_does_not_grow),
        cmocka_unit_test(an_interrupt_ends_it_at_once),
        cmocka_unit_test(pipes_give_the_same),
        cmocka_unit_test(without_room_for_temporary_files_it_says_so),
    };
    return cmocka_run_group_tests(tests, enter_with_sample, leave_with_sample);
}
