/*
 * Whoever follows the advice of unecho doctor gets rid of the problem: commands in it are run as
 * they stand, options are given, and what only another recording can mend is recorded anew.
 */
#include "check.h"
#include "command.h"
#include "json.h"
#include "sample_pair.h"
#include "transforms.h"

#include "unecho.h"

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

static void channels_of_opposite_phase(void **state)
{
    outcome result;
    size_t frames;
    signal_ turned = amplified(&far, -1.0f);
    float *both = interleaved(&far, &turned, &frames);
    (void)state;
    write_sound_as("f2.wav", FLOAT_WAV, RATE, 2, both, frames);
    free(both);
    free(turned.samples);
    expect_fine(&result, "mic.wav f2.wav");
    expect_part(result.output, "\"opposite-channels\"");
    follow_sox(&result, ")", NULL, NULL);
    expect_fine(&result, "mic.wav fixed.wav");
    assert_null(strstr(result.output, "opposite-channels"));
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

static void swapped_ends(void **state)
{
    outcome result;
    size_t frames;
    float *both = interleaved(&far, &mic, &frames);
    (void)state;
    write_sound_as("both.wav", FLOAT_WAV, RATE, 2, both, frames);
    free(both);
    expect_problem(&result, "far.wav mic.wav", "swapped");
    expect_part(result.output, "if they are swapped, give mic.wav first, far.wav second");
    expect_fine(&result, "mic.wav far.wav");
    expect_problem(&result, "both.wav", "swapped");
    expect_part(result.output, "if they are swapped, change --mic-channel and --far-channel");
    expect_fine(&result, "both.wav --mic-channel 2 --far-channel 1");
}

/* The user's own voice in the far end, before it would come back as an echo, is no jump. */
static void own_voice_in_the_far_end(void **state)
{
    const signal_ near = read_sample("near");
    signal_ own = delayed(&near, 40 * RATE / 1000), both = delayed(&far, 0);
    outcome result;
    (void)state;
    add_to(&both, &own, 0.2f);
    write_sound("both.wav", FLOAT_WAV, both.samples, both.count);
    expect_fine(&result, "mic.wav both.wav");
    expect_part(result.output, "the far end holds the user's own voice as well");
    assert_null(strstr(result.output, "jumps"));
    free(near.samples);
    free(own.samples);
    free(both.samples);
}

static void put_both(const char *path, const signal_ *m, const signal_ *f)
{
    size_t frames;
    float *both = interleaved(m, f, &frames);
    write_sound_as(path, FLOAT_WAV, RATE, 2, both, frames);
    free(both);
}

/* In one file. */
static void delays_out_of_reach(void **state)
{
    static const char files[] = "'unecho process' shifts one itself if both are files of their own";
    static const int ms[] = {-1500, 1500};
    outcome result;
    (void)state;
    for (int i = 0; i < 2; i++) {
        const signal_ moved = delayed(&far, ms[i] * RATE / 1000);
        put_both("both.wav", &mic, &moved);
        put("moved.wav", moved);
        expect_problem(&result, "both.wav", ms[i] < 0 ? "delay-too-long" : "reference-too-late");
        expect_part(result.output, files);
        run(&result, "process mic.wav moved.wav -o out.wav --json");
        assert_true(json_number(result.output, NULL, "echo_change_db") < -15.0);
        /* The other files that it names are for programs that do not look ahead. */
        expect_fine(&result, "mic.wav moved.wav");
        follow_sox(&result, "),", "mic.wav", "moved.wav");
        diagnose(&result, ms[i] < 0 ? "cut.wav moved.wav" : "mic.wav cut.wav");
        expect_code(&result, 0);
        expect_part(result.output, "\"code\": \"delay\"");
    }
}

static void a_late_far_end(void **state)
{
    static const char advice[] = "use --reference-late ";
    outcome result;
    char words[160];
    (void)state;
    const signal_ behind = delayed(&far, 420 * RATE / 1000);
    put_both("both.wav", &mic, &behind);
    put("behind.wav", behind);
    expect_problem(&result, "both.wav", "late-reference");
    expect_part(result.output, advice);
    expect_fine(&result, "mic.wav behind.wav");
    expect_part(result.output, "\"code\": \"late-reference\", \"problem\": false");
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
static void levels_beyond_full_scale(void **state)
{
    outcome result;
    (void)state;
    signal_ loud = delayed(&mic, 0);
    for (size_t i = 0; i < loud.count; i++)
        loud.samples[i] *= 12.0f;
    write_sound("loud.wav", FLOAT_WAV, loud.samples, loud.count);
    expect_problem(&result, "loud.wav far.wav", "loud-microphone");
    expect_part(result.output, "multiply them by ");
    const float factor = strtof(strstr(result.output, "multiply them by ") + 17, NULL);
    for (size_t i = 0; i < loud.count; i++)
        loud.samples[i] *= factor;
    write_sound("loud.wav", FLOAT_WAV, loud.samples, loud.count);
    expect_fine(&result, "loud.wav far.wav");

    for (size_t i = 0; i < loud.count; i++)
        loud.samples[i] = 32768.0f * mic.samples[i];
    write_sound("loud.wav", FLOAT_WAV, loud.samples, loud.count);
    free(loud.samples);
    expect_problem(&result, "loud.wav far.wav", "invalid-microphone");
    expect_part(result.output, "divide them by 32768");
}

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

/* ---- What comes out --------------------------------------------------------------------- */

/* "deal with the points above first; then try --model unecho-128" */
static void an_echo_that_is_left(void **state)
{
    enum { ALONE = 17 * RATE / 2, SILENCE = 3 * RATE / 2 };
    outcome result;
    float *late = calloc(SILENCE + ALONE, sizeof(*late));
    const signal_ m = {late, SILENCE + ALONE}, f = {far.samples, ALONE};
    (void)state;
    assert_non_null(late);
    memcpy(late + SILENCE, mic.samples, ALONE * sizeof(*late));
    put_both("both.wav", &m, &f);
    write_sound("late.wav", FLOAT_WAV, late, SILENCE + ALONE);
    write_sound("alone.wav", FLOAT_WAV, far.samples, ALONE);
    free(late);
    expect_problem(&result, "both.wav", "echo-left");
    expect_part(result.output, "deal with the points above first; then try --model unecho-128");
    assert_true(strstr(result.output, "delay-too-long") < strstr(result.output, "echo-left"));
    expect_fine(&result, "late.wav alone.wav");
    expect_fine(&result, "late.wav alone.wav --model unecho-128");
}

/* 80 ms of the far end were lost after five seconds of it alone; their echo is soon over. */
enum { LOST_AT = 5 * RATE, LOST = 80 * RATE / 1000, OVER = RATE / 4, COMPARED = 3 * RATE / 2 };

/* Power of the output in the time after the loss, with and without a report of it. */
static double power_after_loss(const signal_ *far_end, bool reported)
{
    unecho_config config;
    unecho *stream = NULL;
    float *out = malloc((LOST_AT + COMPARED) * sizeof(*out));
    double power = 0.0;
    assert_non_null(out);
    unecho_config_init(&config);
    /* A network would hide what the filter leaves. */
    config.engine = UNECHO_ENGINE_LINEAR;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, mic.samples, far_end->samples, out, LOST_AT),
                     UNECHO_OK);
    if (reported)
        assert_int_equal(unecho_notify_gap(stream, 0, LOST), UNECHO_OK);
    assert_int_equal(unecho_process(stream, mic.samples + LOST_AT, far_end->samples + LOST_AT,
                                    out + LOST_AT, COMPARED),
                     UNECHO_OK);
    for (size_t i = LOST_AT + OVER; i < LOST_AT + COMPARED; i++)
        power += (double)out[i] * (double)out[i];
    unecho_close(&stream);
    free(out);
    return power;
}

static void a_delay_that_jumps(void **state)
{
    outcome result;
    signal_ lossy = delayed(&far, 0);
    (void)state;
    memmove(lossy.samples + LOST_AT, lossy.samples + LOST_AT + LOST,
            (lossy.count - LOST_AT - LOST) * sizeof(float));
    write_sound("lossy.wav", FLOAT_WAV, lossy.samples, lossy.count);
    put_both("both.wav", &mic, &lossy);
    expect_problem(&result, "both.wav", "delay-jumps");
    expect_part(result.output, "Use larger buffers for recording");
    expect_fine(&result, "mic.wav far.wav");
    expect_problem(&result, "mic.wav lossy.wav", "delay-jumps");
    expect_part(result.output, "'unecho process' inserts silence there");
    expect_part(result.output, "or report gaps to the library (unecho_notify_gap)");
    const double reported = power_after_loss(&lossy, true);
    const double unreported = power_after_loss(&lossy, false);
    if (reported > 0.5 * unreported)
        fail_msg("%g with a report, %g without", reported, unreported);
    free(lossy.samples);
}

/* Noise where only the near end is heard: the far end is silent from 8.9 to 16 s. */
static void a_near_end_that_drops(void **state)
{
    enum { FROM = 19 * RATE / 2, TO = 31 * RATE / 2 };
    static const char words[] = "process noisy.wav far.wav -o out.wav --json";
    char line[160];
    outcome result;
    signal_ noisy = delayed(&mic, 0), noise = {noisy.samples + FROM, TO - FROM};
    (void)state;
    memset(noise.samples, 0, noise.count * sizeof(float));
    add_hiss(&noise, 0.9f, 5);
    put("noisy.wav", noisy);
    expect_problem(&result, "noisy.wav far.wav", "near-end-lost");
    expect_part(result.output, "--noise-reduction 0 keeps it");
    run(&result, words);
    expect_code(&result, 0);
    assert_true(json_number(result.output, NULL, "voice_change_db") < -6.0);
    snprintf(line, sizeof(line), "%s --noise-reduction 0", words);
    run(&result, line);
    expect_code(&result, 0);
    /* But for the second in which the network still waits for the echo's end: a sixth. */
    assert_true(fabs(json_number(result.output, NULL, "voice_change_db")) < 0.8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shorter_than_it_was),
        cmocka_unit_test(a_silent_channel),
        cmocka_unit_test(channels_of_opposite_phase),
        cmocka_unit_test(a_file_given_twice),
        cmocka_unit_test(a_wrong_rate),
        cmocka_unit_test(swapped_ends),
        cmocka_unit_test(own_voice_in_the_far_end),
        cmocka_unit_test(delays_out_of_reach),
        cmocka_unit_test(a_late_far_end),
        cmocka_unit_test(an_offset),
        cmocka_unit_test(levels_beyond_full_scale),
        cmocka_unit_test(low_levels),
        cmocka_unit_test(recorded_anew),
        cmocka_unit_test(an_echo_that_is_left),
        cmocka_unit_test(a_delay_that_jumps),
        cmocka_unit_test(a_near_end_that_drops),
    };
    return cmocka_run_group_tests(tests, enter_with_sample, leave_with_sample);
}
