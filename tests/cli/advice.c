/*
 * Whoever follows the advice of unecho doctor gets rid of the problem: commands in it are run as
 * they stand, options are given, and what only another recording can mend is recorded anew.
 */
#include "check.h"
#include "command.h"
#include "json.h"
#include "sample_pair.h"
#include "transforms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000 };
/* From the far-end file to the direct sound in the sample's room; ms. */
#define ROOM_DELAY 22.4

static void diagnose(outcome *result, const char *words)
{
    char line[256];
    snprintf(line, sizeof(line), "doctor --json %s", words);
    run(result, line);
    assert_true(json_is_valid(result->output));
}

static void expect_problem(outcome *result, const char *words, const char *problem)
{
    char code[80];
    diagnose(result, words);
    expect_code(result, 3);
    snprintf(code, sizeof(code), "{\"code\": \"%s\", \"problem\": true", problem);
    expect_part(result->output, code);
}

static void expect_fine(outcome *result, const char *words)
{
    diagnose(result, words);
    expect_code(result, 0);
}

/* Runs the sox command of the advice, up to one of `end`, with the names of the files in it. */
static void follow_sox(const outcome *result, const char *end, const char *mic_name,
                       const char *far_name)
{
    char command[300] = "";
    const char *from = strstr(result->output, "sox ");
    assert_non_null(from);
    if (system("command -v sox >standard_output 2>&1") != 0)
        skip();
    for (const char *c = from; *c && !strchr(end, *c);) {
        const char *name = strncmp(c, "MIC", 3) == 0   ? mic_name
                           : strncmp(c, "FAR", 3) == 0 ? far_name
                                                       : NULL;
        char one[] = {*c, '\0'};
        assert_true(strlen(command) + 80 < sizeof(command));
        strcat(command, name ? name : one);
        c += name ? 3 : 1;
    }
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void shorter_than_it_was(void **state)
{
    outcome result;
    (void)state;
    write_sound("short.wav", FLOAT_WAV, mic.samples, RATE / 2);
    expect_problem(&result, "short.wav far.wav", "too-short");
    expect_part(result.output, "record about ten seconds in which the far end speaks");
    write_sound("short.wav", FLOAT_WAV, mic.samples, 10 * RATE);
    expect_fine(&result, "short.wav far.wav");
}

static void a_silent_channel(void **state)
{
    outcome result;
    size_t frames;
    signal_ silence = delayed(&mic, (long)mic.count);
    float *m = interleaved(&silence, &mic, &frames), *f = interleaved(&silence, &far, &frames);
    (void)state;
    write_sound_as("m2.wav", FLOAT_WAV, RATE, 2, m, frames);
    write_sound_as("f2.wav", FLOAT_WAV, RATE, 2, f, frames);
    free(m);
    free(f);
    free(silence.samples);
    expect_problem(&result, "m2.wav far.wav", "silent-microphone");
    expect_part(result.output, "(--mic-channel)");
    expect_fine(&result, "m2.wav far.wav --mic-channel 2");
    expect_problem(&result, "mic.wav f2.wav --far-channel 1", "silent-reference");
    expect_part(result.output, "check --far-channel");
    expect_fine(&result, "mic.wav f2.wav --far-channel 2");
}

static void a_file_given_twice(void **state)
{
    outcome result;
    (void)state;
    expect_problem(&result, "mic.wav mic.wav", "same-signal");
    expect_part(result.output, "Check that no file or channel is given twice");
    expect_fine(&result, "mic.wav far.wav");
}

static void a_wrong_rate(void **state)
{
    outcome result;
    signal_ f = stretched(&far, 16.0 / 44.1);
    (void)state;
    write_sound_as("liar.wav", FLOAT_WAV, 48000, 1, f.samples, f.count);
    free(f.samples);
    expect_problem(&result, "mic.wav liar.wav", "rate-mismatch");
    follow_sox(&result, ";", NULL, NULL);
    expect_fine(&result, "mic.wav fixed.wav");
    assert_true(fabs(json_number(result.output, NULL, "delay_ms") - ROOM_DELAY) < 1.0);
}

static void silence_at_the_start(void **state)
{
    const size_t silence = 12 * RATE;
    float *late = calloc(silence + mic.count, sizeof(*late));
    outcome result;
    (void)state;
    memcpy(late + silence, mic.samples, mic.count * sizeof(*late));
    write_sound("late.wav", FLOAT_WAV, late, silence + mic.count);
    expect_problem(&result, "late.wav far.wav", "no-echo-found");
    expect_part(result.output, "cut the silence off the start of the later file");
    write_sound("late.wav", FLOAT_WAV, late + silence, mic.count);
    free(late);
    expect_fine(&result, "late.wav far.wav");
}

static void swapped_ends(void **state)
{
    outcome result;
    size_t frames;
    float *both = interleaved(&far, &mic, &frames);
    (void)state;
    write_sound_as("both.wav", FLOAT_WAV, RATE, 2, both, frames);
    free(both);
    expect_problem(&result, "far.wav mic.wav", "swapped");
    expect_part(result.output, "swap them: unecho process FAR MIC");
    expect_fine(&result, "mic.wav far.wav");
    expect_problem(&result, "both.wav", "swapped");
    expect_part(result.output, "or change --mic-channel and --far-channel");
    expect_fine(&result, "both.wav --mic-channel 2 --far-channel 1");
}

static void delays_out_of_reach(void **state)
{
    outcome result;
    (void)state;
    put("early.wav", delayed(&far, -1500 * RATE / 1000));
    expect_problem(&result, "mic.wav early.wav", "delay-too-long");
    follow_sox(&result, "),", "mic.wav", "early.wav");
    expect_fine(&result, "cut.wav early.wav");

    put("late.wav", delayed(&far, 1500 * RATE / 1000));
    expect_problem(&result, "mic.wav late.wav", "reference-too-late");
    follow_sox(&result, "),", "mic.wav", "late.wav");
    expect_fine(&result, "mic.wav cut.wav");
}

static void a_late_far_end(void **state)
{
    static const char advice[] = "use --reference-late ";
    outcome result;
    char words[160];
    (void)state;
    put("behind.wav", delayed(&far, 420 * RATE / 1000));
    expect_problem(&result, "mic.wav behind.wav", "late-reference");
    const char *said = strstr(result.output, advice);
    assert_non_null(said);
    const int late = atoi(said + strlen(advice));
    /* As a live caller, which cannot look ahead. */
    run(&result, "process mic.wav behind.wav -o out.wav --chunk 160 --json");
    const double before = json_number(result.output, NULL, "echo_change_db");
    assert_true(isnan(json_number(result.output, NULL, "delay_ms")));
    snprintf(words, sizeof(words),
             "process mic.wav behind.wav -o out.wav --chunk 160 --json --reference-late %d", late);
    run(&result, words);
    expect_code(&result, 0);
    assert_true(fabs(json_number(result.output, NULL, "delay_ms") + 420.0 - ROOM_DELAY) < 1.0);
    /* The echo that is heard until the delay is found stays. */
    assert_true(json_number(result.output, NULL, "echo_change_db") < before - 10.0);
}

static void an_offset(void **state)
{
    outcome result;
    signal_ shifted = delayed(&mic, 0);
    (void)state;
    for (size_t i = 0; i < shifted.count; i++)
        shifted.samples[i] += 0.05f;
    put("shifted.wav", shifted);
    expect_problem(&result, "shifted.wav far.wav", "offset-microphone");
    follow_sox(&result, "\"", NULL, NULL);
    expect_fine(&result, "fixed.wav far.wav");
}

/* "raise the level of the recording to about -25 dB" */
static void low_levels(void **state)
{
    outcome result;
    (void)state;
    for (int i = 0; i < 2; i++) {
        const signal_ *end = i == 0 ? &mic : &far;
        const char *const words = i == 0 ? "low.wav far.wav" : "mic.wav low.wav";
        signal_ low = amplified(end, 0.03f);
        write_sound("low.wav", FLOAT_WAV, low.samples, low.count);
        expect_problem(&result, words, i == 0 ? "low-microphone" : "low-reference");
        expect_part(result.output, "raise the level of the recording to about -25 dB");
        const char *said = strstr(result.output, "very quiet: ");
        assert_non_null(said);
        const double db = atof(said + strlen("very quiet: "));
        put("low.wav", amplified(&low, (float)pow(10.0, (-25.0 - db) / 20.0)));
        free(low.samples);
        expect_fine(&result, words);
    }
}

/* The same scene, recorded at a lower level, with larger buffers. */
static void recorded_anew(void **state)
{
    outcome result;
    signal_ holes = delayed(&mic, 0);
    (void)state;
    put("clipped.wav", amplified(&mic, 12.0f));
    expect_problem(&result, "clipped.wav far.wav", "clipped-microphone");
    expect_part(result.output, "turn down the microphone's gain");
    put("clipped.wav", amplified(&far, 12.0f));
    expect_problem(&result, "mic.wav clipped.wav", "clipped-reference");
    expect_part(result.output, "or at a lower level");
    for (size_t at = 8000; at + 320 < holes.count; at += 8000)
        memset(holes.samples + at, 0, 320 * sizeof(float));
    put("holes.wav", holes);
    expect_problem(&result, "holes.wav far.wav", "gaps-microphone");
    expect_part(result.output, "use larger buffers");
    expect_fine(&result, "mic.wav far.wav");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shorter_than_it_was),
        cmocka_unit_test(a_silent_channel),
        cmocka_unit_test(a_file_given_twice),
        cmocka_unit_test(a_wrong_rate),
        cmocka_unit_test(silence_at_the_start),
        cmocka_unit_test(swapped_ends),
        cmocka_unit_test(delays_out_of_reach),
        cmocka_unit_test(a_late_far_end),
        cmocka_unit_test(an_offset),
        cmocka_unit_test(low_levels),
        cmocka_unit_test(recorded_anew),
    };
    return cmocka_run_group_tests(tests, enter_with_sample, leave_with_sample);
}
