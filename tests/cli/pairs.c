/*
 * unecho process searches whole recordings: it shifts a far end that began at another time, fills
 * in what a recorder left out, names what it cannot mend, and measures echo and voice apart.
 */
#include "check.h"
#include "command.h"
#include "json.h"
#include "sample_pair.h"
#include "scene.h"
#include "transforms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Without the samples from `from` to `to`. */
static void put_without(const char *path, signal_ s, size_t from, size_t to)
{
    float *rest = malloc(s.count * sizeof(*rest));
    assert_non_null(rest);
    memcpy(rest, s.samples, from * sizeof(*rest));
    memcpy(rest + from, s.samples + to, (s.count - to) * sizeof(*rest));
    write_sound(path, FLOAT_WAV, rest, s.count - (to - from));
    free(rest);
}

/* After `times` times itself backwards. */
static void put_after_itself(const char *path, signal_ s, size_t times)
{
    float *all = malloc((times + 1) * s.count * sizeof(*all));
    assert_non_null(all);
    for (size_t i = 0; i < times * s.count; i++)
        all[i] = s.samples[s.count - 1 - i % s.count];
    memcpy(all + times * s.count, s.samples, s.count * sizeof(*all));
    write_sound(path, FLOAT_WAV, all, (times + 1) * s.count);
    free(all);
}

static void put_repeated(const char *path, signal_ s, size_t times)
{
    float *all = malloc(times * s.count * sizeof(*all));
    assert_non_null(all);
    for (size_t i = 0; i < times * s.count; i++)
        all[i] = s.samples[i % s.count];
    write_sound(path, FLOAT_WAV, all, times * s.count);
    free(all);
}

static void process(outcome *result, const char *words)
{
    char line[256];
    snprintf(line, sizeof(line), "process %s -o out.wav --json", words);
    run(result, line);
    expect_code(result, 0);
    assert_true(json_is_valid(result->output));
}

static double figure(const outcome *result, const char *key)
{
    return json_number(result->output, NULL, key);
}

/* Most of the echo goes, and the voice stays: both could be measured. */
static void expect_good(const outcome *result)
{
    assert_true(figure(result, "echo_seconds") > 3.0);
    assert_true(figure(result, "echo_change_db") < -15.0);
    assert_true(figure(result, "voice_seconds") > 1.0);
    assert_true(fabs(figure(result, "voice_change_db")) < 3.0);
}

static void expect_no_change(const outcome *result)
{
    assert_null(strstr(result->messages, "shifted"));
    assert_null(strstr(result->messages, "inserted"));
    assert_null(strstr(result->messages, "dropped"));
}

static void a_good_pair(void **state)
{
    outcome result;
    (void)state;
    process(&result, "mic.wav far.wav");
    assert_string_equal(result.messages, "");
    expect_good(&result);
    run(&result, "process mic.wav far.wav -o out.wav");
    expect_part(result.output, "in which only the far end is heard");
    expect_part(result.output, "in which only the near end is heard");
}

static void recorders_that_start_apart(void **state)
{
    outcome result;
    (void)state;
    put_without("late.wav", far, 0, 3 * RATE);
    process(&result, "mic.wav late.wav");
    expect_part(result.messages, "late.wav starts 3.02 s after mic.wav; shifted");
    expect_good(&result);

    /* Minutes. */
    put_after_itself("early.wav", far, 5);
    process(&result, "mic.wav early.wav");
    expect_part(result.messages, " s before mic.wav; shifted");
    expect_good(&result);
}

/* Where nobody talks at the near end, only the room tells which end is which. */
static void recorders_that_start_apart_and_no_near_end(void **state)
{
    enum { ALONE = 17 * RATE / 2 };
    outcome result;
    (void)state;
    write_sound("alone.wav", FLOAT_WAV, far.samples, ALONE);
    for (size_t silence = 3 * RATE / 2; silence <= 6 * RATE; silence *= 2) {
        float *late = calloc(silence + ALONE, sizeof(*late));
        assert_non_null(late);
        memcpy(late + silence, mic.samples, ALONE * sizeof(*late));
        write_sound("late.wav", FLOAT_WAV, late, silence + ALONE);
        free(late);
        process(&result, "late.wav alone.wav");
        expect_part(result.messages, " s after late.wav; shifted");
        assert_true(figure(&result, "echo_change_db") < -15.0);
        process(&result, "alone.wav late.wav");
        expect_part(result.messages, "microphone and far end are swapped");
    }
}

static void silence_that_was_left_out(void **state)
{
    outcome result;
    (void)state;
    /* Between two utterances of the far end, while the near end talks. */
    put_without("skips.wav", far, (size_t)(9.4 * (double)RATE), (size_t)(16.4 * (double)RATE));
    process(&result, "mic.wav skips.wav");
    expect_part(result.messages, "skips.wav lacks 7.00 s that mic.wav has, in 1 place; silence");
    expect_good(&result);
    assert_null(strstr(result.messages, "shorter"));
}

static void sound_that_the_microphone_lost(void **state)
{
    outcome result;
    (void)state;
    put_without("lost.wav", mic, 4 * RATE, 4 * RATE + RATE / 2);
    process(&result, "lost.wav far.wav");
    expect_part(result.messages, "lost.wav lacks 0.50 s that far.wav has, in 1 place; dropped");
    expect_good(&result);
}

/* Two reflections 13 ms apart take turns in being the louder one: nothing was lost. */
static void reflections_that_take_turns(void **state)
{
    outcome result;
    (void)state;
    signal_ mixed = delayed(&mic, 13 * RATE / 1000);
    for (size_t i = 0; i < mic.count; i++)
        mixed.samples[i] =
            0.5f * (mic.samples[i] + (i / (4 * RATE) % 2 ? 0.9f : 1.1f) * mixed.samples[i]);
    write_sound("mixed.wav", FLOAT_WAV, mixed.samples, mixed.count);
    free(mixed.samples);
    process(&result, "mixed.wav far.wav");
    assert_string_equal(result.messages, "");
}

/* As it comes back from a loudspeaker in a room. */
static signal_ echo_of(const signal_ *x, uint32_t seed, long later)
{
    const signal_ response = room(0.3, seed), y = filtered(x, &response), z = delayed(&y, later);
    free(response.samples);
    free(y.samples);
    return z;
}

/* Now the first, now the second, which is fainter, is the louder one. */
static void two_loudspeakers_take_turns(void **state)
{
    const signal_ all = repeated(&far, 3 * far.count);
    signal_ heard = echo_of(&all, 111, 120 * RATE / 1000);
    const signal_ second = echo_of(&all, 112, 320 * RATE / 1000);
    outcome result;
    (void)state;
    add_to(&heard, &second, 0.7f);
    add_hiss(&heard, 3e-4f, 97);
    write_sound("all.wav", FLOAT_WAV, all.samples, all.count);
    write_sound("heard.wav", FLOAT_WAV, heard.samples, heard.count);
    process(&result, "heard.wav all.wav");
    assert_true(figure(&result, "erle_db") > 20.0);
    free(all.samples);
    free(heard.samples);
    free(second.samples);
}

/* While only the user talks the far end has nothing but that voice, before its echo would come. */
static void own_voice_is_no_echo(void **state)
{
    enum { ECHO_LATER = 60 * RATE / 1000, VOICE_LATER = 80 * RATE / 1000 };
    outcome result;
    (void)state;
    signal_ later = delayed(&mic, ECHO_LATER), both = delayed(&far, 0);
    for (size_t i = (size_t)(9.8 * (double)RATE); i < 16 * RATE; i++)
        both.samples[i + VOICE_LATER] += 0.3f * mic.samples[i];
    write_sound("later.wav", FLOAT_WAV, later.samples, later.count);
    write_sound("both.wav", FLOAT_WAV, both.samples, both.count);
    process(&result, "later.wav both.wav --engine linear");
    expect_no_change(&result);
    free(later.samples);
    free(both.samples);
}

/* A telephone that rings: its tones are alike at many lags, and nothing tells these apart. */
static void a_telephone_rings(void **state)
{
    static const double pi = 3.14159265358979323846;
    outcome result;
    (void)state;
    signal_ rings = delayed(&far, (long)far.count);
    for (size_t i = RATE / 2; i < rings.count; i++) {
        const double t = (double)i / (double)RATE;
        if (fmod(t, 1.2) < 0.8 && (t < 8.0 || (t > 9.0 && t < 16.0) || t > 20.0))
            rings.samples[i] = (float)(0.1 * (sin(880.0 * pi * t) + sin(960.0 * pi * t)));
    }
    signal_ heard = delayed(&rings, 60 * RATE / 1000), again = delayed(&rings, 77 * RATE / 1000);
    add_to(&heard, &again, -0.4f);
    add_hiss(&heard, 4e-4f, 5);
    write_sound("heard.wav", FLOAT_WAV, heard.samples, heard.count);
    write_sound("rings.wav", FLOAT_WAV, rings.samples, rings.count);
    process(&result, "heard.wav rings.wav");
    expect_no_change(&result);
    assert_null(strstr(result.messages, "no echo"));
    assert_true(figure(&result, "erle_db") > 30.0);
    free(rings.samples);
    free(heard.samples);
    free(again.samples);
}

/* How much of the near end is in the output, dB. */
static double kept_db(const signal_ *near)
{
    const signal_ out = read_signal("out.wav");
    double both = 0.0, own = 1e-20;
    for (size_t i = 0; i < near->count && i < out.count; i++) {
        both += (double)out.samples[i] * (double)near->samples[i];
        own += (double)near->samples[i] * (double)near->samples[i];
    }
    free(out.samples);
    return 20.0 * log10(fmax(both / own, 1e-5));
}

/* Write a far end with the near end in it, so many samples late. */
static void put_monitored(const char *path, const signal_ *with, const signal_ *near, float gain,
                          long late)
{
    signal_ both = delayed(with, 0), own = delayed(near, late);
    add_to(&both, &own, gain);
    write_sound(path, FLOAT_WAV, both.samples, both.count);
    free(both.samples);
    free(own.samples);
}

/* The user talks alone, and over the far end, and to the end of the call. */
static void own_voice_is_kept_beside_an_echo(void **state)
{
    const signal_ near = read_sample("near");
    static const float gains[] = {0.1f, 0.3f};
    (void)state;
    for (size_t i = 0; i < sizeof(gains) / sizeof(gains[0]); i++) {
        outcome result;
        put_monitored("both.wav", &far, &near, gains[i], 40 * RATE / 1000);
        process(&result, "mic.wav both.wav");
        expect_no_change(&result);
        assert_true(kept_db(&near) > -3.0);
    }
    free(near.samples);
}

/* A program that plays the user's voice back as loud as it came: the loudspeaker plays it as well,
 * and nothing is louder in the microphone than its echo than a copy of it is. A recording of all
 * that is heard has it at once, from which it could be predicted: then the far end is moved. */
static void own_voice_at_full_level_is_kept_beside_an_echo(void **state)
{
    static const struct {
        long late_ms;
        double least_db; /* of a voice that was just spoken some can be predicted */
    } cases[] = {{0, -6.0}, {120, -3.0}, {250, -3.0}};
    const signal_ near = read_sample("near");
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        outcome result;
        signal_ own = delayed(&near, cases[i].late_ms * RATE / 1000), both = delayed(&far, 0);
        add_to(&both, &own, 1.0f);
        signal_ heard = room_echo(&both, 0.3, 0.4f, 50 * RATE / 1000, 91);
        add_to(&heard, &near, 1.0f);
        add_hiss(&heard, 3e-4f, 92);
        write_sound("both.wav", FLOAT_WAV, both.samples, both.count);
        write_sound("heard.wav", FLOAT_WAV, heard.samples, heard.count);
        process(&result, "heard.wav both.wav");
        if (cases[i].late_ms > 0)
            expect_no_change(&result);
        assert_true(kept_db(&near) > cases[i].least_db);
        free(own.samples);
        free(both.samples);
        free(heard.samples);
    }
    free(near.samples);
}

/* The recorder of the far end loses sound while the user talks: by the user's voice the far end
 * stays where it belongs, and is not moved before the microphone, from which it could be predicted.
 */
static void own_voice_tells_what_was_lost(void **state)
{
    const signal_ near = read_sample("near");
    signal_ own = delayed(&near, 200 * RATE / 1000), both = delayed(&far, 0);
    outcome result;
    (void)state;
    add_to(&both, &own, 0.1f);
    signal_ heard = room_echo(&both, 0.3, 0.4f, 50 * RATE / 1000, 93);
    add_to(&heard, &near, 1.0f);
    add_hiss(&heard, 3e-4f, 94);
    put_without("both.wav", both, 12 * RATE, 12 * RATE + 3 * RATE / 10);
    write_sound("heard.wav", FLOAT_WAV, heard.samples, heard.count);
    process(&result, "heard.wav both.wav");
    expect_part(result.messages, "lacks 0.30 s that heard.wav has, in 1 place;");
    assert_true(kept_db(&near) > -1.0);
    free(near.samples);
    free(own.samples);
    free(both.samples);
    free(heard.samples);
}

/* With headphones: the microphone has no echo, and the far end two talkers, one of them its own. It
 * begins later, too, and has lost sound: then the user's voice comes in it before it was spoken. */
static void own_voice_is_kept_without_an_echo(void **state)
{
    enum { ALONE = 8 * RATE, FIRST = 9 * RATE, SPOKEN = 7 * RATE, COUNT = ALONE + 3 * SPOKEN };
    const signal_ voice = read_sample("near"), once = {voice.samples + FIRST, SPOKEN};
    signal_ near = repeated(&once, COUNT), played = repeated(&far, COUNT), heard;
    outcome result;
    (void)state;
    memset(near.samples, 0, ALONE * sizeof(float));
    memset(played.samples + ALONE, 0, (COUNT - ALONE) * sizeof(float));
    heard = delayed(&near, 0);
    add_hiss(&heard, 1e-3f, 7);
    write_sound("heard.wav", FLOAT_WAV, heard.samples, COUNT);
    put_monitored("both.wav", &played, &near, 0.1f, 20 * RATE / 1000);
    process(&result, "heard.wav both.wav");
    expect_part(result.messages, "or the far end holds the user's own voice");
    assert_true(kept_db(&near) > -1.0);
    signal_ both = delayed(&near, 20 * RATE / 1000);
    add_to(&both, &played, 1.0f);
    static const size_t lost_at[] = {0, 15 * RATE};
    for (size_t i = 0; i < sizeof(lost_at) / sizeof(lost_at[0]); i++) {
        put_without("both.wav", both, lost_at[i], lost_at[i] + 3 * RATE / 10);
        process(&result, "heard.wav both.wav");
        expect_part(result.messages, "or the far end holds the user's own voice");
        assert_true(kept_db(&near) > -1.0);
    }
    free(both.samples);
    free(voice.samples);
    free(near.samples);
    free(heard.samples);
    free(played.samples);
}

static void what_the_options_say_stays(void **state)
{
    static const char *const all[] = {"--align off", "--align 20", "--chunk 160", "--reference"};
    (void)state;
    put_without("late.wav", far, 0, 3 * RATE);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        outcome result;
        char words[80];
        snprintf(words, sizeof(words), "mic.wav late.wav %s", all[i]);
        process(&result, words);
        expect_no_change(&result);
        expect_part(result.messages, "the echo comes 3.02 s after the far end, beyond reach");
    }
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *words, *message;
    } cases[] = {
        {"far.wav mic.wav",
         "microphone and far end are swapped, or the far end holds the user's own voice"},
        {"far.wav mic.wav", "if they are swapped, give mic.wav first, far.wav second"},
        {"mic.wav mic.wav", "are the same signal"},
        {"silent.wav far.wav", "the microphone (silent.wav) is digitally silent"},
        {"mic.wav silent.wav", "the far end (silent.wav) is digitally silent"},
        {"faint.wav far.wav", "the microphone (faint.wav) is almost silent"},
        {"mic.wav backwards.wav", "no echo of backwards.wav in mic.wav, at any offset"},
    };
    signal_ silent = delayed(&far, (long)far.count), faint = amplified(&mic, 1e-3f);
    (void)state;
    write_sound("silent.wav", FLOAT_WAV, silent.samples, silent.count);
    write_sound("faint.wav", FLOAT_WAV, faint.samples, faint.count);
    put_after_itself("backwards.wav", far, 1);
    {
        signal_ both = read_signal("backwards.wav");
        write_sound("backwards.wav", FLOAT_WAV, both.samples, far.count);
        free(both.samples);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        outcome result;
        char line[200];
        process(&result, cases[i].words);
        expect_part(result.messages, cases[i].message);
        expect_no_change(&result);
        /* A figure would look good. */
        snprintf(line, sizeof(line), "process %s -o out.wav", cases[i].words);
        run(&result, line);
        expect_code(&result, 0);
        expect_part(result.output, "ERLE     says nothing about these recordings: see the note");
        snprintf(line, sizeof(line), "process %s -o out.wav -q", cases[i].words);
        run(&result, line);
        expect_code(&result, 0);
        assert_string_equal(result.messages, "");
    }
    free(silent.samples);
    free(faint.samples);
}

/* Recordings of more than two minutes are searched in temporary files; where these have no place,
 * they are processed all the same. */
static void temporary_files(void **state)
{
    outcome result;
    const char *before = getenv("TMPDIR");
    char *kept = before ? strdup(before) : NULL;
    const size_t times = 150 * RATE / mic.count + 1;
    (void)state;
    put_repeated("long-mic.wav", mic, times);
    put_repeated("long-far.wav", far, times);
    process(&result, "long-mic.wav long-far.wav");
    assert_string_equal(result.messages, "");
    expect_good(&result);
    setenv("TMPDIR", "/nowhere", 1);
    process(&result, "mic.wav far.wav");
    assert_string_equal(result.messages, "");
    process(&result, "long-mic.wav long-far.wav");
    expect_part(result.messages, "no room for temporary files");
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pair),
        cmocka_unit_test(recorders_that_start_apart),
        cmocka_unit_test(recorders_that_start_apart_and_no_near_end),
        cmocka_unit_test(silence_that_was_left_out),
        cmocka_unit_test(sound_that_the_microphone_lost),
        cmocka_unit_test(reflections_that_take_turns),
        cmocka_unit_test(two_loudspeakers_take_turns),
        cmocka_unit_test(own_voice_is_no_echo),
        cmocka_unit_test(a_telephone_rings),
        cmocka_unit_test(own_voice_is_kept_beside_an_echo),
        cmocka_unit_test(own_voice_at_full_level_is_kept_beside_an_echo),
        cmocka_unit_test(own_voice_tells_what_was_lost),
        cmocka_unit_test(own_voice_is_kept_without_an_echo),
        cmocka_unit_test(what_the_options_say_stays),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(temporary_files),
    };
    return cmocka_run_group_tests(tests, enter_with_sample, leave_with_sample);
}
