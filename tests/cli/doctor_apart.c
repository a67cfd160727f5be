/*
 * unecho doctor with recordings whose two ends lie apart: what unecho process mends by itself is a
 * note, what it uses as it is a problem.
 */
#include "check.h"
#include "command.h"
#include "diagnosis.h"
#include "sample_pair.h"
#include "transforms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the far-end file to the direct sound in the sample's room; ms. */
#define ROOM_DELAY 22.4

/* A note that is no problem. */
static void expect_note(const outcome *result, const char *code)
{
    char part[80];
    snprintf(part, sizeof(part), "{\"code\": \"%s\", \"problem\": false", code);
    expect_part(result->output, part);
}

static void delays(void **state)
{
    static const struct {
        int ms; /* how much later the far end comes */
        const char *note;
    } cases[] = {{-300, "delay"},
                 {120, "late-reference"},
                 {420, "late-reference"},
                 {-1500, "starts-apart"},
                 {1500, "starts-apart"}};
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put("moved.wav", delayed(&far, 16 * cases[i].ms));
        expect_problem(&result, "mic.wav moved.wav", NULL);
        expect_note(&result, cases[i].note);
        assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY + cases[i].ms) < 1.0);
        if (cases[i].ms == 420)
            expect_part(result.output, "use --reference-late 5");
    }
}

/* Of a signal after silence. */
static void put_after_silence(const char *path, const signal_ *s, size_t seconds)
{
    const size_t silence = seconds * 16000;
    signal_ late = {calloc(silence + s->count, sizeof(float)), silence + s->count};
    assert_non_null(late.samples);
    memcpy(late.samples + silence, s->samples, s->count * sizeof(float));
    put(path, late);
}

/* What unecho process makes of the pair is the same wherever the two begin. */
static void recorders_that_start_apart(void **state)
{
    static const size_t seconds[] = {3, 6, 10, 30, 240};
    outcome result;
    (void)state;
    expect_problem(&result, "mic.wav far.wav", NULL);
    const double together = figure(&result, "achieved_erle_db");
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        const double ms = 1000.0 * (double)seconds[i];
        char said[80];
        put_after_silence("late.wav", &far, seconds[i]);
        expect_problem(&result, "mic.wav late.wav", NULL);
        expect_note(&result, "starts-apart");
        snprintf(said, sizeof(said), "late.wav starts %.2f s before mic.wav; 'unecho process'",
                 1e-3 * (ms - ROOM_DELAY));
        expect_part(result.output, said);
        assert_true(fabs(figure(&result, "delay_ms") + ms - ROOM_DELAY) < 1.0);
        assert_true(fabs(figure(&result, "achieved_erle_db") - together) < 0.5);

        put_after_silence("late.wav", &mic, seconds[i]);
        expect_problem(&result, "late.wav far.wav", NULL);
        expect_note(&result, "starts-apart");
        expect_part(result.output, "--reference-late 1000");
        assert_true(fabs(figure(&result, "delay_ms") - ms - ROOM_DELAY) < 1.0);
        assert_true(fabs(figure(&result, "achieved_erle_db") - together) < 0.5);
        /* The two swapped stay swapped. */
        expect_problem(&result, "far.wav late.wav", "swapped");
    }
}

/* unecho process uses the ends in one file as they are. */
static void ends_apart_in_one_file(void **state)
{
    static const struct {
        int ms;
        const char *problem;
    } cases[] = {{420, "late-reference"}, {-1500, "delay-too-long"}, {1500, "reference-too-late"}};
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        signal_ moved = delayed(&far, 16 * cases[i].ms);
        size_t frames;
        float *both = interleaved(&mic, &moved, &frames);
        write_sound_as("both.wav", FLOAT_WAV, 16000, 2, both, frames);
        free(both);
        free(moved.samples);
        expect_problem(&result, "both.wav", cases[i].problem);
        assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY + cases[i].ms) < 1.0);
    }
}

/* Ten minutes and more in which nothing is heard are not the part that counts. */
static void a_recording_that_begins_quietly(void **state)
{
    outcome result;
    (void)state;
    put_after_silence("m.wav", &mic, 700);
    put_after_silence("f.wav", &far, 700);
    expect_problem(&result, "m.wav f.wav", NULL);
    assert_true(fabs(figure(&result, "delay_ms") - ROOM_DELAY) < 1.0);
    expect_part(result.output, "\"cut\": true");
    assert_true(figure(&result, "examined_from") > 100.0);
    run(&result, "doctor m.wav f.wav");
    expect_part(result.output, "\nexamined  600 of 725 s, from 1");
    expect_part(result.output, "725.10 s        725.10 s");
}

/* The device changes after three seconds: unecho process goes along, but sound was lost. */
static void jump(void **state)
{
    signal_ jumping = delayed(&mic, 16 * 80);
    outcome result;
    (void)state;
    memcpy(jumping.samples, mic.samples, 48000 * sizeof(float));
    size_t frames;
    float *both = interleaved(&jumping, &far, &frames);
    write_sound_as("both.wav", FLOAT_WAV, 16000, 2, both, frames);
    free(both);
    put("jumping.wav", jumping);
    expect_problem(&result, "jumping.wav far.wav", "delay-jumps");
    expect_part(result.output, "far.wav lacks 0.08 s that jumping.wav has, in 1 place");
    expect_problem(&result, "both.wav", "delay-jumps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays),
        cmocka_unit_test(recorders_that_start_apart),
        cmocka_unit_test(ends_apart_in_one_file),
        cmocka_unit_test(a_recording_that_begins_quietly),
        cmocka_unit_test(jump),
    };
    return cmocka_run_group_tests(tests, enter_with_sample, leave_with_sample);
}
