/*
 * Where the output of unecho process goes and what it is there: the microphone's channels, a
 * folder, pipes; and what the summary says about it.
 */
#include "check.h"
#include "command.h"
#include "json.h"

#include <fcntl.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNT = 20011, WAV_16 = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };

/* The rows of a terminal. */
#define SCREEN 24

static signal_ mic, far;
static float *expected; /* the output for mic.wav and far.wav */

static void succeed(outcome *result, const surroundings *around, const char *words)
{
    run_in(result, around, words);
    expect_code(result, 0);
    assert_int_equal(count_hidden(), 0);
}

static int set_up(void **state)
{
    static const surroundings usual;
    outcome result;
    if (enter_folder(state) != 0)
        return -1;
    mic = noise_signal(COUNT, 0.5f, 7);
    far = noise_signal(COUNT, 0.5f, 11);
    write_sound("mic.wav", WAV_16, mic.samples, COUNT);
    write_sound("far.wav", WAV_16, far.samples, COUNT);
    write_sound("mic24.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, mic.samples, COUNT);
    succeed(&result, &usual, "process mic.wav far.wav -o expected.wav");
    expected = read_signal("expected.wav").samples;
    return 0;
}

static int tear_down(void **state)
{
    free(mic.samples);
    free(far.samples);
    free(expected);
    rmdir("folder");
    return leave_folder(state);
}

/* Every channel of the file holds the output. */
static void expect_output(const char *path, int channels)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    float *frames = malloc((size_t)COUNT * (size_t)channels * sizeof(*frames));
    assert_true(file && frames);
    assert_int_equal(info.channels, channels);
    assert_int_equal(sf_readf_float(file, frames, COUNT + 1), COUNT);
    for (size_t i = 0; i < (size_t)COUNT * (size_t)channels; i++)
        assert_true(frames[i] == expected[i / (size_t)channels]);
    free(frames);
    sf_close(file);
}

static void channels_are_the_microphones(void **state)
{
    static const surroundings usual;
    outcome result;
    float *both = calloc(3 * COUNT, sizeof(*both));
    (void)state;
    for (size_t i = 0; i < 3 * COUNT; i++)
        both[i] = i % 3 == 1 ? mic.samples[i / 3] : i % 3 == 2 ? far.samples[i / 3] : 0.0f;
    write_sound_as("three.wav", WAV_16, 16000, 3, both, COUNT);
    free(both);

    succeed(&result, &usual, "process three.wav far.wav --mic-channel 2 -o out.wav");
    expect_output("out.wav", 3);
    expect_part(result.output, "16000 Hz, 3 channels with the same voice\n");
    succeed(&result, &usual, "process three.wav far.wav --mic-channel 2 -o out.wav --json");
    assert_true(json_number(result.output, NULL, "channels") == 3.0);

    succeed(&result, &usual,
            "process three.wav far.wav --mic-channel 2 --channels-out 1 -o out.wav");
    expect_output("out.wav", 1);
    expect_part(result.output, "16000 Hz, mono\n");
    succeed(&result, &usual, "process mic.wav far.wav --channels-out 2 -o out.wav");
    expect_output("out.wav", 2);
    /* Of a file with both ends one channel is the microphone's. */
    succeed(&result, &usual, "process three.wav --mic-channel 2 --far-channel 3 -o out.wav");
    expect_output("out.wav", 1);
}

static void clipped_samples_count_once(void **state)
{
    static const surroundings usual;
    outcome mono, stereo;
    float *loud = malloc(COUNT * sizeof(*loud));
    (void)state;
    assert_non_null(loud);
    for (size_t i = 0; i < COUNT; i++)
        loud[i] = 4.0f * mic.samples[i];
    write_sound("loud.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, loud, COUNT);
    free(loud);
    succeed(&mono, &usual, "process loud.wav far.wav -o out.flac --engine linear --json");
    succeed(&stereo, &usual,
            "process loud.wav far.wav -o out.flac --engine linear --json --channels-out 2");
    assert_true(json_number(mono.output, NULL, "clipped_samples") > 0.0);
    assert_true(json_number(mono.output, NULL, "clipped_samples") ==
                json_number(stereo.output, NULL, "clipped_samples"));
}

static void a_folder_takes_the_microphones_name(void **state)
{
    static const surroundings usual;
    outcome result;
    (void)state;
    assert_int_equal(mkdir("folder", 0777), 0);
    succeed(&result, &usual, "process ./mic.wav far.wav -o folder");
    expect_part(result.output, "folder/mic.wav: ");
    expect_output("folder/mic.wav", 1);
    assert_int_equal(remove("folder/mic.wav"), 0);
    succeed(&result, &usual, "process mic.wav far.wav -o folder/ --json");
    expect_part(result.output, "\"output\": \"folder/mic.wav\", \"microphone\": \"mic.wav\", "
                               "\"far_end\": \"far.wav\"");
    expect_output("folder/mic.wav", 1);
    assert_int_equal(remove("folder/mic.wav"), 0);
}

static void nothing_in_a_folder_is_replaced(void **state)
{
    static const char there[] = "somebody's only copy";
    outcome result;
    size_t size;
    (void)state;
    write_bytes("folder/mic.wav", there, sizeof(there));
    run(&result, "process mic.wav far.wav -o folder -q");
    expect_code(&result, 1);
    expect_part(result.messages, "folder/mic.wav: exists already, and in a folder nothing is "
                                 "replaced; to replace it, name it: -o folder/mic.wav");
    char *kept = read_bytes("folder/mic.wav", &size);
    assert_int_equal(size, sizeof(there));
    assert_memory_equal(kept, there, size);
    free(kept);
    run(&result, "process mic.wav far.wav -o folder/mic.wav");
    expect_code(&result, 0);
    expect_output("folder/mic.wav", 1);
    assert_int_equal(remove("folder/mic.wav"), 0);
}

/* A format that is read only, here by its name. */
static void a_folder_and_a_format_that_is_not_written(void **state)
{
    outcome result;
    (void)state;
    assert_int_equal(symlink("mic.wav", "call.m4a"), 0);
    run(&result, "process call.m4a far.wav -o folder");
    expect_code(&result, 2);
    expect_part(result.messages, "name one of another: -o folder/call.wav");
    assert_int_equal(remove("call.m4a"), 0);
}

static void a_terminal_takes_no_sound(void **state)
{
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    outcome result;
    char bytes[16];
    (void)state;
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const surroundings there = {.output = ptsname(terminal)};
    run_in(&result, &there, "process mic.wav far.wav -o -");
    expect_code(&result, 1);
    expect_part(result.messages, "standard output: is a terminal, which takes no sound");
    assert_int_equal(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
    assert_true(read(terminal, bytes, sizeof(bytes)) <= 0);
    close(terminal);
}

/* With its length if that is known, whole in either case. */
static void pipes_carry_wav(void **state)
{
    static const surroundings out = {.output = "piped.wav"};
    static const surroundings in = {.input = "mic.wav"};
    static const surroundings through = {.input = "fifo", .output = "piped.wav"};
    outcome result;
    (void)state;
    succeed(&result, &out, "process mic.wav far.wav -o -");
    expect_part(result.messages, "standard output: 1.25 s, wav, Signed 16 bit PCM");
    expect_output("piped.wav", 1);
    succeed(&result, &in, "process - far.wav -o out.wav");
    expect_output("out.wav", 1);
    /* Finer samples become floats. */
    succeed(&result, &out, "process mic24.wav far.wav -o - --channels-out 2");
    assert_int_equal(format_of("piped.wav"), SF_FORMAT_WAV | SF_FORMAT_FLOAT);

    /* A pipe has no second pass, and no known length. */
    assert_int_equal(mkfifo("fifo", 0600), 0);
    const pid_t writer = start(&(surroundings){.output = "fifo"}, "process mic.wav far.wav -o -");
    succeed(&result, &through, "process - far.wav --engine linear -o -");
    finish(&result, writer);
    expect_code(&result, 0);
    const signal_ piped = read_signal("piped.wav");
    assert_int_equal(piped.count, COUNT);
    free(piped.samples);
    assert_int_equal(remove("fifo"), 0);
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void help_fits_a_screen(void **state)
{
    static const surroundings usual;
    outcome result, all;
    (void)state;
    succeed(&result, &usual, "process --help");
    /* The prompt takes a row. */
    assert_true(lines(result.output) < SCREEN);
    assert_null(strstr(result.output, "--reference"));
    expect_part(result.output, "--help-all");
    succeed(&all, &usual, "process --help-all");
    expect_part(all.output, "--reference");
    expect_part(all.output, "--output");
    /* Without rare options there is one help. */
    succeed(&result, &usual, "bench --help");
    expect_part(result.output, "--model PREFIX");
    run(&result, "bench --help-all");
    expect_code(&result, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_are_the_microphones),
        cmocka_unit_test(clipped_samples_count_once),
        cmocka_unit_test(a_folder_takes_the_microphones_name),
        cmocka_unit_test(nothing_in_a_folder_is_replaced),
        cmocka_unit_test(a_folder_and_a_format_that_is_not_written),
        cmocka_unit_test(a_terminal_takes_no_sound),
        cmocka_unit_test(pipes_carry_wav),
        cmocka_unit_test(help_fits_a_screen),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
