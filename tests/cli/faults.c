/*
 * The command line where the system below it fails: files that cannot be read or that shrink, pipes
 * that nobody writes into, no standard input. Full disks and closed outputs are in errors.c, lack
 * of memory in memory.c.
 */
#include "check.h"
#include "command.h"

#include <fcntl.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT = 20000, CHUNK = 2048 };

static signal_ noise;

static int set_up(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    noise = noise_signal(COUNT, 0.5f, 7);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, noise.samples, COUNT);
    return mkdir("folder.wav", 0700) == 0 && mkdir("m_1.onnx", 0700) == 0 &&
                   mkfifo("pipe_1.onnx", 0600) == 0 && mkfifo("pipe.f32", 0600) == 0 &&
                   mkfifo("pipe.wav", 0600) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    free(noise.samples);
    return leave_folder(state);
}

static void expect_failure(const char *words, const char *message)
{
    outcome result;
    run(&result, words);
    expect_code(&result, 1);
    expect_part(result.messages, message);
    assert_false(exists("out.wav"));
    assert_int_equal(count_hidden(), 0);
}

/* Reading it fails: nothing can be mapped at address 0. */
#define UNREADABLE "/proc/self/mem"

static void unreadable_files(void **state)
{
    (void)state;
    expect_failure("process " UNREADABLE " far.wav -o out.wav", UNREADABLE);
    expect_failure("process --raw f32le " UNREADABLE " far.wav -o out.wav", UNREADABLE);
    expect_failure("process far.wav far.wav -o out.wav --model-files " UNREADABLE " far.wav",
                   UNREADABLE ": cannot be read: Input/output error");
    expect_failure("process far.wav far.wav -o out.wav --model-files /proc/self/fd/99 far.wav",
                   "cannot be opened");
}

static void directories(void **state)
{
    (void)state;
    expect_failure("process folder.wav far.wav -o out.wav", "folder.wav: is a directory");
    expect_failure("process far.wav folder.wav -o out.wav", "folder.wav: is a directory");
    expect_failure("process far.wav far.wav -o out.wav --model m",
                   "m_1.onnx: cannot be read: Is a directory");
}

/* A second process writes `size` bytes into a pipe, as a shell would. */
static pid_t write_into(const char *pipe, const void *bytes, size_t size)
{
    const pid_t writer = fork();
    if (writer != 0)
        return writer;
    const int fd = open(pipe, O_WRONLY);
    size_t done = 0;
    while (fd >= 0 && done < size) {
        const ssize_t more = write(fd, (const char *)bytes + done, size - done);
        if (more <= 0)
            break;
        done += (size_t)more;
    }
    _exit(0);
}

static void expect_of_pipe(const char *pipe, const void *bytes, size_t size, const char *words,
                           const char *message)
{
    const pid_t writer = write_into(pipe, bytes, size);
    expect_failure(words, message);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static void pipes_that_end_early(void **state)
{
    (void)state;
    static const char words[] =
        "process far.wav far.wav -o out.wav --model-files pipe_1.onnx far.wav";
    expect_of_pipe("pipe_1.onnx", "", 0, words, "pipe_1.onnx: ");
    expect_of_pipe("pipe_1.onnx", "\x08\x08\x12\x7f", 4, words, "pipe_1.onnx: ");
    expect_of_pipe("pipe.wav", "", 0, "process pipe.wav far.wav -o out.wav", "pipe.wav: is empty");
    expect_of_pipe("pipe.wav", "RIFF", 4, "process pipe.wav far.wav -o out.wav", "pipe.wav: not a");
}

static void no_standard_input(void **state)
{
    (void)state;
    static const surroundings closed = {.no_input = true};
    outcome result;
    run_in(&result, &closed, "process --raw f32le - far.wav -o out.wav");
    expect_code(&result, 1);
    expect_part(result.messages, "standard input: ");
    assert_false(exists("out.wav"));
    /* A command that does not use it does not miss it. */
    run_in(&result, &closed, "process far.wav far.wav -o out.wav");
    expect_code(&result, 0);
    unlink("out.wav");
}

/* A pipe for the far end pauses the run while the microphone's file shrinks. */
static void shrinks_while_read(const char *mic, int format, off_t left, const char *words)
{
    outcome result;
    static const surroundings usual;
    if (format != 0)
        write_sound(mic, format, noise.samples, COUNT);
    else
        write_bytes(mic, noise.samples, COUNT * sizeof(float));
    const pid_t pid = start(&usual, words);
    const int fd = open("pipe.f32", O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, noise.samples, CHUNK * sizeof(float)), CHUNK * sizeof(float));
    assert_int_equal(truncate(mic, left), 0);
    for (size_t sent = CHUNK; sent < COUNT; sent += CHUNK) {
        const size_t n = COUNT - sent < CHUNK ? COUNT - sent : CHUNK;
        if (write(fd, noise.samples + sent, n * sizeof(float)) < 0)
            break;
    }
    close(fd);
    finish(&result, pid);
    assert_int_equal(count_hidden(), 0);
    if (result.code == 0) {
        expect_part(result.messages, mic);
        const signal_ out = read_signal("out.wav");
        assert_true(out.count < COUNT);
        free(out.samples);
    } else {
        expect_code(&result, 1);
        expect_part(result.messages, mic);
        assert_false(exists("out.wav"));
    }
    unlink("out.wav");
}

static void shrinking_files(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    shrinks_while_read("big.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 12000,
                       "process --raw f32le big.wav pipe.f32 -o out.wav");
    shrinks_while_read("big.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 12000,
                       "process --raw f32le big.flac pipe.f32 -o out.wav");
    shrinks_while_read("big.f32", 0, 24000, "process --raw f32le big.f32 pipe.f32 -o out.wav");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreadable_files),     cmocka_unit_test(directories),
        cmocka_unit_test(pipes_that_end_early), cmocka_unit_test(no_standard_input),
        cmocka_unit_test(shrinking_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
