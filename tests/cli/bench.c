/*
 * `unecho bench` and `unecho tune` as users run them: what they print and write, and their errors.
 * No test checks how fast anything is: machines are busy.
 */
#include "check.h"
#include "command.h"
#include "json.h"

#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Two seconds, of which the first is timed. */
#define COUNT     32000
#define RECORDING " --mic mic.wav --far far.wav "
#define SHORT     RECORDING "--seconds 1 --rounds 2 "
#define NOWHERE   "--onnxruntime no-such-library.so "

/* The error if there is no library. */
#if HAVE_ONNXRUNTIME
#define ABSENT "no-such-library.so"
#else
#define ABSENT "no ONNX Runtime backend"
#endif

/* Skips the test if there is no ONNX Runtime, or fails it where there must be one. */
static void need_onnxruntime(void)
{
    const char *const library = getenv("UNECHO_ONNXRUNTIME"), *const ci = getenv("CI");
    if (HAVE_ONNXRUNTIME && library && *library)
        return;
    if (HAVE_ONNXRUNTIME && ci && strcmp(ci, "true") == 0)
        fail_msg("UNECHO_ONNXRUNTIME does not say where ONNX Runtime is");
    print_message("skipped: UNECHO_ONNXRUNTIME does not say where ONNX Runtime is\n");
    skip();
}

static int set_up(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    /* From the middle of the double talk. */
    const size_t start = 18 * 16000;
    write_sound("mic.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, mic.samples + start, COUNT);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, far.samples + start, COUNT);
    write_sound("short.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, mic.samples, 100);
    free(mic.samples);
    free(far.samples);
    return 0;
}

/* Freed by the caller. */
static char *read_text(const char *path)
{
    size_t size;
    return read_bytes(path, &size);
}

/* Standard output of a run that succeeds; freed by the caller. */
static char *output_of(const char *words)
{
    const surroundings around = {.output = "bench.out"};
    outcome result;
    run_in(&result, &around, words);
    expect_code(&result, 0);
    return read_text("bench.out");
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-6 * fabs(b)))
        fail_msg("%.9g is not %.9g", a, b);
}

/* ---- bench ------------------------------------------------------------------------------ */

static void expect_figures(const char *json, const char *backend, const char *base)
{
    static const char *const positive[] = {"samples_per_second",
                                           "live_samples_per_second",
                                           "cpu_seconds_per_audio_second",
                                           "p50",
                                           "p99",
                                           "max",
                                           "rss_bytes",
                                           "open_seconds"};
    for (size_t i = 0; i < sizeof(positive) / sizeof(positive[0]); i++)
        if (!(json_number(json, backend, positive[i]) > 0.0))
            fail_msg("%s of %s is not positive", positive[i], backend);
    assert_true(json_number(json, backend, "p50") <= json_number(json, backend, "p99"));
    assert_true(json_number(json, backend, "p99") <= json_number(json, backend, "max"));
    near(json_number(json, backend, "us"), json_number(json, backend, "max"));
    near(json_number(json, backend, "ratio"), json_number(json, backend, "samples_per_second") /
                                                  json_number(json, base, "samples_per_second"));
    near(json_number(json, backend, "live_ratio"),
         json_number(json, backend, "live_samples_per_second") /
             json_number(json, base, "live_samples_per_second"));
    assert_int_equal(strncmp(json_value(json, backend, "fault"), "\"\"", 2), 0);
}

static void expect_front_figures(const char *json)
{
    static const char *const rows[] = {"network alone, 16 kHz mono", "with aligner, 16 kHz mono",
                                       "with aligner, 48 kHz stereo"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(json_number(json, rows[i], "hop_us") > 0.0);
        assert_true(json_number(json, rows[i], "overhead") > -1.0);
    }
    assert_true(json_number(json, rows[0], "overhead") == 0.0);
}

static void without_onnxruntime_the_native_backend_is_the_base(void **state)
{
    (void)state;
    static const char *const there[] = {"native fp32", "native bf16", "native int8"};
    static const char *const absent[] = {"onnxruntime untuned", "onnxruntime 2+4",
                                         "onnxruntime tuned here"};
    char *json = output_of("bench --json " NOWHERE SHORT);
    assert_true(json_is_valid(json));
    assert_true(json_number(json, NULL, "chunk") == 2048.0);
    expect_part(json, "\"ratio_base\": \"native fp32\"");
    expect_front_figures(json);
    for (size_t i = 0; i < 3; i++) {
        expect_figures(json, there[i], "native fp32");
        assert_true(isnan(json_number(json, there[i], "ratio_to_tuned")));
        expect_part(json_value(json, absent[i], "error"), ABSENT);
    }
    assert_true(json_number(json, "native fp32", "max_difference") == 0.0);
    assert_true(json_number(json, "native int8", "max_difference") > 0.0);
    free(json);
}

static void tables_say_what_is_not_there(void **state)
{
    (void)state;
    char *text = output_of("bench " NOWHERE SHORT "--chunk 1000 --plot plot.svg");
    expect_part(text, "Chunks of 1000 samples");
    expect_part(text, "Live, chunks of 128 samples");
    expect_part(text, "Ratios are relative to native fp32, as onnxruntime tuned here did not");
    expect_part(text, "onnxruntime 2+4: not available: ");
    expect_part(text, "Slowest hops");
    free(text);
    text = read_text("plot.svg");
    assert_int_equal(strncmp(text, "<svg ", 5), 0);
    expect_part(text, "native fp32");
    assert_null(strstr(text, "onnxruntime"));
    expect_part(text, "</svg>");
    /* The left edge of the second panel, and its first whisker's end. */
    for (const char *at = text; (at = strstr(at, "<path d=\"M")) != NULL && strstr(at, "v8M"); at++)
        assert_true(strtod(strchr(at, 'H') + 1, NULL) < 660.0);
    free(text);
    assert_int_equal(count_hidden(), 0);
}

static void only_wanted_backends_have_rows(void **state)
{
    (void)state;
    char *json = output_of("bench --json --backends native-int8 " NOWHERE SHORT);
    assert_true(json_is_valid(json));
    expect_part(json, "\"compared_with\": \"native fp32\"");
    assert_null(strstr(json, "\"name\": \"native fp32\""));
    assert_true(json_number(json, "native int8", "ratio") == 1.0);
    free(json);
}

static void onnxruntime_has_rows(void **state)
{
    (void)state;
    static const char *const backends[] = {"onnxruntime untuned", "onnxruntime 2+4",
                                           "onnxruntime tuned here", "native fp32"};
    need_onnxruntime();
    write_bytes("one.profile", "unecho-profile 1\nstage1_threads 1\nstage2_threads 1\n", 51);
    char *json = output_of("bench --json --profile one.profile " SHORT);
    assert_true(json_is_valid(json));
    expect_part(json, "\"ratio_base\": \"onnxruntime tuned here\"");
    expect_part(json, "\"compared_with\": \"onnxruntime untuned\"");
    for (size_t i = 0; i < 4; i++) {
        expect_figures(json, backends[i], "onnxruntime tuned here");
        near(json_number(json, backends[i], "ratio_to_tuned"),
             json_number(json, backends[i], "ratio"));
    }
    /* Tuning changes no bit; our own backend rounds differently, but no more than that. */
    assert_true(json_number(json, "onnxruntime 2+4", "max_difference") == 0.0);
    assert_true(json_number(json, "native fp32", "max_difference") > 0.0);
    assert_true(json_number(json, "native fp32", "max_difference") <= 1e-5);
    free(json);
}

static void interrupted(void **state)
{
    (void)state;
    static const surroundings usual;
    const struct timespec a_while = {0, 300 * 1000 * 1000};
    outcome result;
    const pid_t pid = start(
        &usual, "bench --backends native --rounds 100 --plot cut.svg --seconds 3600" RECORDING);
    nanosleep(&a_while, NULL);
    assert_int_equal(kill(pid, SIGINT), 0);
    finish(&result, pid);
    expect_code(&result, 1);
    expect_part(result.messages, "interrupted");
    assert_false(exists("cut.svg"));
    assert_int_equal(count_hidden(), 0);
}

/* ---- tune ------------------------------------------------------------------------------- */

static void tune_leaves_a_profile_that_the_library_reads(void **state)
{
    (void)state;
    outcome result;
    need_onnxruntime();
    run(&result, "tune --budget 2 --for cpu -o found.profile" RECORDING);
    expect_code(&result, 0);
    expect_part(result.output, "Best for cpu: ");
    expect_part(result.output, "rounds");
    expect_part(result.output, "rejected 0 whose output differed");
    expect_part(result.output, "Written to found.profile");
    char *profile = read_text("found.profile");
    assert_int_equal(strncmp(profile, "unecho-profile 1\nstage1_threads ", 32), 0);
    expect_part(profile, "\nstage2_threads ");
    expect_part(profile, "\nspinning ");
    expect_part(profile, "\nmodel unecho-128\npurpose cpu\n");
    free(profile);
    assert_int_equal(count_hidden(), 0);

    run(&result, "info --backend onnxruntime --profile found.profile");
    expect_code(&result, 0);
    expect_part(result.output, "kernels in use: onnxruntime");
}

/* ---- What is wrong is named ------------------------------------------------------------- */

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *words, *message;
        int code;
    } cases[] = {
        {"bench --backends native,warp",
         "unknown backend 'warp'; expected some of onnxruntime untuned", 2},
        {"bench --backends native,", "unknown backend ''", 2},
        {"bench --rounds 0", "--rounds 0", 2},
        {"bench --rounds 101", "--rounds 101", 2},
        {"bench --seconds 0", "--seconds 0", 2},
        {"bench --chunk 0", "--chunk 0", 2},
        {"bench --mic mic.wav", "--mic and --far belong together", 2},
        {"bench more", "'more' is one argument too many", 2},
        {"bench --model m --model-files s t", "exclude", 2},
        {"bench --mic none.wav --far far.wav", "none.wav", 1},
        {"bench --mic mic.wav --far short.wav", "short.wav: 100 samples are too few", 1},
        {"bench --plot no/such/folder.svg" RECORDING, "no/such", 1},
        {"bench --plot -" RECORDING, "standard output", 1},
        {"bench --model nothing" RECORDING, "nothing_1.onnx", 1},
        {"bench --model unecho-post --backends native" RECORDING, "unecho-post is a post-filter",
         1},
        {"tune --model unecho-post" RECORDING, "unecho-post is a post-filter", 1},
        {"bench --profile none.profile" RECORDING, "none.profile", 1},
        {"bench --backends onnxruntime " NOWHERE SHORT, "none of the backends is available", 1},
        {"tune --budget 0", "--budget 0", 2},
        {"tune --budget -1", "--budget -1", 2},
        {"tune --for speed", "--for speed: unknown; expected throughput, cpu", 2},
        {"tune more", "'more' is one argument too many", 2},
        {"tune -o no/such/profile" RECORDING, "no/such", 1},
        {"tune -o new.profile " NOWHERE RECORDING, ABSENT, 1},
        {"process --backend warp a b -o c.wav", "--backend warp: unknown", 2},
        {"process --precision fp16 a b -o c.wav", "--precision fp16: unknown", 2},
        {"process --profile p a b -o c.wav", "--profile needs --backend onnxruntime", 2},
        {"info --onnxruntime l", "--onnxruntime needs --backend onnxruntime", 2},
        {"info --backend onnxruntime --precision int8", "--precision needs --backend native", 2},
        {"info --backend onnxruntime " NOWHERE, ABSENT, 1},
        {"info --backend onnxruntime --profile none.profile", "", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        outcome result;
        run(&result, cases[i].words);
        expect_code(&result, cases[i].code);
        expect_part(result.messages, cases[i].message);
        if (cases[i].code == 2)
            expect_part(result.messages, "--help'");
    }
    assert_false(exists("new.profile"));
    assert_int_equal(count_hidden(), 0);
}

static void help(void **state)
{
    (void)state;
    outcome result;
    run(&result, "bench --help");
    expect_code(&result, 0);
    expect_part(result.output, "usage: unecho bench");
    run(&result, "help tune");
    expect_code(&result, 0);
    expect_part(result.output, "usage: unecho tune");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_onnxruntime_the_native_backend_is_the_base),
        cmocka_unit_test(tables_say_what_is_not_there),
        cmocka_unit_test(only_wanted_backends_have_rows),
        cmocka_unit_test(onnxruntime_has_rows),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(tune_leaves_a_profile_that_the_library_reads),
        cmocka_unit_test(errors),
        cmocka_unit_test(help),
    };
    return cmocka_run_group_tests(tests, set_up, leave_folder);
}
