/*
 * unecho doctor reports what is wrong with a pair of recordings: each fault is added to a good pair
 * and must be found and named, and nothing else.
 */
#include "check.h"
#include "command.h"
#include "diagnosis.h"
#include "transforms.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_WAV (SF_FORMAT_WAV | SF_FORMAT_FLOAT)
/* From the sample: five seconds of far end alone, then more than three of near end alone. */
#define FROM  (4 * 16000)
#define COUNT (9 * 16000)
/* From the far-end file to the direct sound in the sample's room; ms. */
#define ROOM_DELAY 22.4

static signal_ mic, far;

static signal_ cut(signal_ whole)
{
    signal_ part = {malloc(COUNT * sizeof(float)), COUNT};
    assert_non_null(part.samples);
    memcpy(part.samples, whole.samples + FROM, COUNT * sizeof(float));
    free(whole.samples);
    return part;
}

static int set_up(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    mic = cut(read_sample("mic"));
    far = cut(read_sample("far"));
    write_sound("mic.wav", FLOAT_WAV, mic.samples, COUNT);
    write_sound("far.wav", FLOAT_WAV, far.samples, COUNT);
    return 0;
}

static int tear_down(void **state)
{
    free(mic.samples);
    free(far.samples);
    return leave_folder(state);
}

/* Writes it to a file and frees it. */
static void put(const char *path, signal_ s)
{
    write_sound(path, FLOAT_WAV, s.samples, s.count);
    free(s.samples);
}

static void expect_only(const char *words, const char *problem)
{
    outcome result;
    const char *first;
    expect_problem(&result, words, problem);
    first = strstr(result.output, "\"problem\": true");
    if (first && strstr(first + 1, "\"problem\": true"))
        fail_msg("more than one problem: %s", result.output);
}

/* ---- Fine pairs ------------------------------------------------------------------------- */

static void nothing_is_wrong(void **state)
{
    outcome result;
    (void)state;
    expect_problem(&result, "mic.wav far.wav", NULL);
    assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY) < 1.0);
    assert_true(fabs(figure(&result, "drift_ppm")) < 20.0);
    assert_true(figure(&result, "achieved_erle_db") > 3.0);
    assert_true(figure(&result, "expected_erle_db") > 3.0);
    assert_true(figure(&result, "near_end_seconds") > 1.0);
    assert_true(fabs(figure(&result, "near_end_db")) < 3.0);

    run(&result, "doctor mic.wav far.wav");
    expect_code(&result, 0);
    assert_int_equal(strncmp(result.output, "verdict   fine: the echo is found", 33), 0);
    expect_part(result.output, "achieved ERLE");
}

static void one_file_with_both(void **state)
{
    outcome result;
    size_t frames;
    float *both = interleaved(&far, &mic, &frames);
    (void)state;
    write_sound_as("both.wav", FLOAT_WAV, 16000, 2, both, frames);
    expect_problem(&result, "both.wav --far-channel 1", NULL);
    assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY) < 1.0);
    expect_problem(&result, "both.wav", "swapped");
    free(both);
}

static void rates_that_differ_are_no_problem(void **state)
{
    outcome result;
    signal_ m = stretched(&mic, 16.0 / 48.0), f = stretched(&far, 16.0 / 44.1);
    (void)state;
    write_sound_as("m48.wav", FLOAT_WAV, 48000, 1, m.samples, m.count);
    write_sound_as("f44.wav", FLOAT_WAV, 44100, 1, f.samples, f.count);
    expect_problem(&result, "m48.wav f44.wav", NULL);
    assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY) < 1.0);
    free(m.samples);
    free(f.samples);
}

/* ---- Delays and clocks ------------------------------------------------------------------ */

static void drifts(void **state)
{
    outcome result;
    (void)state;
    put("faster.wav", stretched(&far, 1.0 / 1.0002));
    expect_problem(&result, "mic.wav faster.wav", NULL);
    expect_part(result.output, "\"code\": \"drift\", \"problem\": false");
    /*
     * Five stretches of two seconds: the strongest part of one may be half a second off its middle,
     * which at 200 ppm is 0.1 ms either way of 0.8 ms between the first and the last.
     */
    assert_true(fabs(figure(&result, "drift_ppm") - 200.0) < 60.0);
    put("slower.wav", stretched(&far, 1.0015));
    expect_problem(&result, "mic.wav slower.wav", "drift-too-fast");
    assert_true(fabs(figure(&result, "drift_ppm") + 1500.0) < 100.0);
}

/* From the middle on another reflection is the loudest, 1.25 ms later: no clock drifts. */
static void a_changed_path_is_no_drift(void **state)
{
    outcome result;
    (void)state;
    signal_ changed = delayed(&mic, 20);
    memcpy(changed.samples, mic.samples, mic.count / 2 * sizeof(float));
    put("changed.wav", changed);
    expect_problem(&result, "changed.wav far.wav", NULL);
    assert_null(strstr(result.output, "\"code\": \"drift\""));
    assert_true(figure(&result, "drift_ppm") == 0.0);
}

/* Two reflections 13 ms apart take turns in being the louder one, as where somebody moves. */
static void reflections_are_no_jumps(void **state)
{
    outcome result;
    (void)state;
    signal_ mixed = delayed(&mic, 208);
    for (size_t i = 0; i < mic.count; i++)
        mixed.samples[i] =
            0.5f * (mic.samples[i] + (i / 40000 % 2 ? 0.7f : 1.4f) * mixed.samples[i]);
    put("mixed.wav", mixed);
    expect_problem(&result, "mixed.wav far.wav", NULL);
}

/* `sox FAR fixed.wav speed S` puts sample k of the output at k * S of the input. */
static void following_the_advice_removes_the_drift(void **state)
{
    static const double steps[] = {1.0015, 1.0 / 1.0015};
    static const char advice[] = "sox FAR fixed.wav speed ";
    /* All 25 seconds: the longer, the more exact is the drift that doctor measures. */
    signal_ whole = read_sample("far");
    (void)state;
    put("whole.wav", read_sample("mic"));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        outcome result;
        signal_ drifting = stretched(&whole, steps[i]);
        write_sound("drifting.wav", FLOAT_WAV, drifting.samples, drifting.count);
        expect_problem(&result, "whole.wav drifting.wav", "drift-too-fast");
        expect_part(result.output, advice);
        const double speed = strtod(strstr(result.output, advice) + strlen(advice), NULL);
        put("fixed.wav", stretched(&drifting, speed));
        free(drifting.samples);
        expect_problem(&result, "whole.wav fixed.wav", NULL);
        /* A thirtieth of what it was. */
        assert_true(fabs(figure(&result, "drift_ppm")) < 50.0);
    }
    free(whole.samples);
}

/* Recorded at 44.1 kHz, declared as 48. */
static void rate_that_is_not_what_the_file_says(void **state)
{
    outcome result;
    signal_ f = stretched(&far, 16.0 / 44.1);
    (void)state;
    write_sound_as("liar.wav", FLOAT_WAV, 48000, 1, f.samples, f.count);
    expect_problem(&result, "mic.wav liar.wav", "rate-mismatch");
    assert_true(fabs(figure(&result, "rate_factor") - 44.1 / 48.0) < 1e-5);
    expect_part(result.output, "liar.wav fits if it is read as 44100 Hz");
    free(f.samples);
}

/* ---- The wrong signals ------------------------------------------------------------------ */

static void swapped_ends(void **state)
{
    const size_t far_alone = 78000;
    signal_ later = delayed(&far, 16 * 100);
    outcome result;
    (void)state;
    expect_only("far.wav mic.wav", "swapped");
    /* If the near end is never heard, a late far end looks much the same. */
    write_sound("m.wav", FLOAT_WAV, mic.samples, far_alone);
    write_sound("f.wav", FLOAT_WAV, far.samples, far_alone);
    write_sound("later.wav", FLOAT_WAV, later.samples, far_alone);
    expect_only("f.wav m.wav", "swapped");
    expect_problem(&result, "m.wav later.wav", NULL);
    expect_part(result.output, "\"code\": \"late-reference\", \"problem\": false");
    free(later.samples);
}

static void wrong_reference(void **state)
{
    signal_ other = noise_signal(COUNT, 0.3f, 5);
    (void)state;
    put("other.wav", other);
    expect_only("mic.wav other.wav", "no-echo-found");
    /* Speech of the same voice, but not what was played. */
    other = delayed(&far, 0);
    for (size_t i = 0; i < COUNT; i++)
        other.samples[i] = far.samples[COUNT - 1 - i];
    put("other.wav", other);
    expect_only("mic.wav other.wav", "no-echo-found");
}

static void silence(void **state)
{
    outcome result;
    (void)state;
    put("silent.wav", delayed(&far, COUNT));
    expect_only("mic.wav silent.wav", "silent-reference");
    run(&result, "doctor --json mic.wav silent.wav");
    expect_part(result.output, "only removes noise");
    expect_only("silent.wav far.wav", "silent-microphone");
    put("faint.wav", amplified(&far, 1e-4f));
    expect_only("mic.wav faint.wav", "silent-reference");
}

static void same_signal(void **state)
{
    (void)state;
    expect_only("mic.wav mic.wav", "same-signal");
    /* At another level, after a codec whose noise is 25 dB below it. */
    signal_ lossy = amplified(&mic, 0.7f), noise = noise_signal(mic.count, 1.0f, 17);
    const double level = power_db(lossy.samples, lossy.count);
    const float gain =
        powf(10.0f, (float)(level - 25.0 - power_db(noise.samples, noise.count)) / 20);
    for (size_t i = 0; i < lossy.count; i++)
        lossy.samples[i] += gain * noise.samples[i];
    free(noise.samples);
    put("lossy.wav", lossy);
    expect_only("mic.wav lossy.wav", "same-signal");
}

/* Nobody talks, and the loudspeaker is not heard; then someone talks. */
static void headphones(void **state)
{
    outcome result;
    (void)state;
    put("hiss.wav", noise_signal(COUNT, 0.003f, 3));
    expect_problem(&result, "hiss.wav far.wav", "low-microphone");
    expect_part(result.output, "\"code\": \"no-echo\", \"problem\": false");
    put("near.wav", cut(read_sample("near")));
    expect_problem(&result, "near.wav far.wav", "no-echo-found");
    expect_part(result.output, "headphones: then there is nothing to do");
}

static void too_short(void **state)
{
    (void)state;
    write_sound("short.wav", FLOAT_WAV, mic.samples, 8000);
    expect_only("short.wav far.wav", "too-short");
}

/* ---- A far end of two channels ---------------------------------------------------------- */

static void put_stereo(const char *path, const signal_ *left, const signal_ *right)
{
    size_t frames;
    float *both = interleaved(left, right, &frames);
    write_sound_as(path, FLOAT_WAV, 16000, 2, both, frames);
    free(both);
}

/* In the mean of these channels the far end is 34 dB quieter. */
static void channels_that_oppose_each_other(void **state)
{
    outcome result;
    signal_ turned = amplified(&far, -0.96f);
    (void)state;
    put_stereo("turned.wav", &far, &turned);
    free(turned.samples);
    expect_problem(&result, "mic.wav turned.wav", NULL);
    expect_part(result.output, "\"code\": \"opposite-channels\", \"problem\": false");
    expect_part(result.output, "in their mean 34 dB of it are lost");
    assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY) < 1.0);
    assert_true(figure(&result, "achieved_erle_db") > 3.0);
    put_stereo("same.wav", &far, &far);
    expect_problem(&result, "mic.wav same.wav", NULL);
    assert_null(strstr(result.output, "opposite-channels"));
}

/* Two talkers, each in a loudspeaker: no one signal explains both echoes, as process knows, too,
 * which for comparison does not learn from the beginning. */
static void channels_that_differ(void **state)
{
    const size_t far_alone = 78000;
    outcome result;
    signal_ left = delayed(&far, 0), right = delayed(&far, 0), heard = delayed(&mic, 0);
    (void)state;
    left.count = right.count = heard.count = far_alone;
    for (size_t i = 0; i < far_alone; i++)
        right.samples[i] = far.samples[far_alone - 1 - i];
    for (size_t i = 320; i < far_alone; i++)
        heard.samples[i] += right.samples[i - 320];
    put_stereo("both.wav", &left, &right);
    free(left.samples);
    free(right.samples);
    put("heard.wav", heard);
    expect_problem(&result, "heard.wav both.wav", NULL);
    assert_null(strstr(result.output, "opposite-channels"));
    const double diagnosed = figure(&result, "linear_erle_db");
    run(&result, "process --json --chunk 160 heard.wav both.wav -o out.wav");
    expect_code(&result, 0);
    assert_true(fabs(figure(&result, "linear_erle_db") - diagnosed) < 0.1);
    /* One filter over the mean reaches 9 dB. */
    assert_true(diagnosed > 15.0);
}

/* ---- Faults of one recording ------------------------------------------------------------ */

static void clipping(void **state)
{
    outcome result;
    (void)state;
    put("clipped.wav", amplified(&mic, 12.0f));
    expect_problem(&result, "clipped.wav far.wav", "clipped-microphone");
    put("clipped.wav", amplified(&far, 12.0f));
    expect_problem(&result, "mic.wav clipped.wav", "clipped-reference");
    /* Loud is not yet clipped. */
    put("loud.wav", amplified(&mic, 2.0f));
    expect_problem(&result, "loud.wav far.wav", NULL);
}

static void offset(void **state)
{
    signal_ shifted = delayed(&mic, 0);
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        shifted.samples[i] += 0.05f;
    put("shifted.wav", shifted);
    expect_only("shifted.wav far.wav", "offset-microphone");
}

static void low_level(void **state)
{
    outcome result;
    (void)state;
    put("low.wav", amplified(&mic, 0.03f));
    expect_problem(&result, "low.wav far.wav", "low-microphone");
}

static void gaps(void **state)
{
    signal_ holes = delayed(&mic, 0);
    outcome result;
    (void)state;
    /* 20 ms every half second. */
    for (size_t at = 8000; at + 320 < COUNT; at += 8000)
        memset(holes.samples + at, 0, 320 * sizeof(float));
    put("holes.wav", holes);
    expect_problem(&result, "holes.wav far.wav", "gaps-microphone");
}

/* Sound of 8 bits is 0 where it is quiet. */
static void coarse_samples_have_no_gaps(void **state)
{
    signal_ coarse = delayed(&mic, 0);
    outcome result;
    (void)state;
    for (size_t i = 0; i < coarse.count; i++)
        coarse.samples[i] = roundf(0.25f * coarse.samples[i] * 128.0f) / 128.0f;
    put("coarse.wav", coarse);
    run(&result, "doctor --json coarse.wav far.wav");
    assert_null(strstr(result.output, "gaps-microphone"));
}

static void invalid_samples(void **state)
{
    signal_ broken = delayed(&mic, 0), integers = delayed(&far, 0);
    outcome result;
    (void)state;
    broken.samples[50000] = (float)NAN;
    broken.samples[50001] = -INFINITY;
    broken.samples[70000] = 1e10f;
    put("broken.wav", broken);
    expect_only("broken.wav far.wav", "invalid-microphone");
    run(&result, "doctor --json broken.wav far.wav");
    expect_part(result.output, "3 samples of the microphone are");

    for (size_t i = 0; i < integers.count; i++)
        integers.samples[i] *= 32768.0f;
    put("integers.wav", integers);
    expect_problem(&result, "mic.wav integers.wav", "invalid-reference");
    expect_part(result.output, "divide them by 32768");

    signal_ loud = delayed(&mic, 0);
    for (size_t i = 0; i < loud.count; i++)
        loud.samples[i] *= 12.0f;
    put("loud.wav", loud);
    expect_problem(&result, "loud.wav far.wav", "loud-microphone");
}

/* ---- Output ----------------------------------------------------------------------------- */

static void picture(void **state)
{
    outcome result;
    size_t size;
    char *svg;
    (void)state;
    run(&result, "doctor mic.wav far.wav --picture picture.svg");
    expect_code(&result, 0);
    svg = read_bytes("picture.svg", &size);
    assert_int_equal(strncmp(svg, "<svg xmlns=", 11), 0);
    assert_string_equal(svg + size - 7, "</svg>\n");
    expect_part(svg, "Before: the microphone");
    /* Small enough for a bug report. */
    assert_true(size < 400000);
    free(svg);
    assert_int_equal(count_hidden(), 0);
    /* An empty recording still has a picture. */
    run(&result, "doctor silent.wav silent.wav --picture empty.svg");
    expect_code(&result, 3);
    svg = read_bytes("empty.svg", &size);
    expect_part(svg, "none found");
    assert_null(strstr(svg, "nan"));
    free(svg);
}

static bool has_converter(void)
{
    return system("command -v rsvg-convert >standard_output 2>&1") == 0;
}

static void formats_of_pictures(void **state)
{
    outcome result;
    signal_ m = stretched(&mic, 16.0 / 48.0);
    size_t size;
    char *bytes;
    (void)state;
    /* The whole band of the microphone. */
    write_sound_as("m48.wav", FLOAT_WAV, 48000, 1, m.samples, m.count);
    run(&result, "doctor m48.wav far.wav --picture picture.svg");
    expect_code(&result, 0);
    bytes = read_bytes("picture.svg", &size);
    expect_part(bytes, ">20 kHz<");
    free(bytes);
    free(m.samples);

    run(&result, "doctor mic.wav far.wav --picture picture.png");
    if (has_converter()) {
        expect_code(&result, 0);
        bytes = read_bytes("picture.png", &size);
        assert_memory_equal(bytes, "\x89PNG\r\n", 6);
        free(bytes);
    } else {
        expect_code(&result, 1);
        expect_part(result.messages, "picture.png: a PNG needs the program rsvg-convert");
        assert_string_equal(result.output, "");
    }
    assert_int_equal(count_hidden(), 0);
    run(&result, "doctor mic.wav far.wav --picture picture.jpg");
    expect_code(&result, 1);
    expect_part(result.messages, "must end in .svg or .png");
    assert_false(exists("picture.jpg"));
}

/* What does not fit in a line goes on in the next, and nothing is lost. */
static void long_verdict(void **state)
{
    outcome result;
    size_t size;
    signal_ bad = amplified(&mic, 12.0f);
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        bad.samples[i] = fminf(1.0f, bad.samples[i]) + 0.05f;
    for (size_t at = 8000; at + 320 < COUNT; at += 8000)
        memset(bad.samples + at, 0, 320 * sizeof(float));
    put("bad.wav", bad);
    put("clipped.wav", amplified(&far, 12.0f));
    bad = read_signal("clipped.wav");
    for (size_t i = 0; i < COUNT; i++)
        bad.samples[i] = fminf(1.0f, bad.samples[i] + 0.1f);
    put("clipped.wav", bad);
    run(&result, "doctor bad.wav clipped.wav --picture picture.svg");
    expect_code(&result, 3);
    char *svg = read_bytes("picture.svg", &size);
    const char *first = strstr(svg, "class=\"title\">");
    assert_non_null(first);
    const char *second = strstr(first + 1, "class=\"title\">");
    assert_non_null(second);
    assert_null(strstr(svg, "..."));
    free(svg);
}

static void errors(void **state)
{
    static const struct {
        const char *words, *message;
        int code;
    } cases[] = {
        {"doctor", "MIC and FAR are missing", 2},
        {"doctor a b c", "'c' is one argument too many", 2},
        {"doctor --frob a b", "option --frob", 2},
        {"doctor a b --model m --model-files s t", "exclude", 2},
        {"doctor none.wav far.wav", "none.wav: No such file", 1},
        {"doctor mic.wav", "mic.wav: is mono", 1},
        {"doctor mic.wav far.wav --picture none/x.svg", "none/x.svg: cannot create", 1},
        {"doctor mic.wav far.wav --picture -", "standard output is taken", 1},
        {"doctor mic.wav far.wav --model none", "none_1.onnx", 1},
    };
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&result, cases[i].words);
        expect_code(&result, cases[i].code);
        expect_part(result.messages, cases[i].message);
        assert_string_equal(result.output, "");
    }
    run(&result, "help doctor");
    expect_code(&result, 0);
    expect_part(result.output, "usage: unecho doctor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wrong),
        cmocka_unit_test(one_file_with_both),
        cmocka_unit_test(rates_that_differ_are_no_problem),
        cmocka_unit_test(drifts),
        cmocka_unit_test(a_changed_path_is_no_drift),
        cmocka_unit_test(reflections_are_no_jumps),
        cmocka_unit_test(following_the_advice_removes_the_drift),
        cmocka_unit_test(rate_that_is_not_what_the_file_says),
        cmocka_unit_test(swapped_ends),
        cmocka_unit_test(wrong_reference),
        cmocka_unit_test(silence),
        cmocka_unit_test(same_signal),
        cmocka_unit_test(headphones),
        cmocka_unit_test(too_short),
        cmocka_unit_test(channels_that_oppose_each_other),
        cmocka_unit_test(channels_that_differ),
        cmocka_unit_test(clipping),
        cmocka_unit_test(offset),
        cmocka_unit_test(low_level),
        cmocka_unit_test(gaps),
        cmocka_unit_test(coarse_samples_have_no_gaps),
        cmocka_unit_test(invalid_samples),
        cmocka_unit_test(picture),
        cmocka_unit_test(formats_of_pictures),
        cmocka_unit_test(long_verdict),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
