/*
 * unecho process takes what devices deliver: any rate on either side, any of the channels, both
 * ends in one file, an unknown delay; the output is what the library gives.
 */
#include "check.h"
#include "command.h"
#include "json.h"
#include "transforms.h"

#include "unecho.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

#define FLOAT_WAV (SF_FORMAT_WAV | SF_FORMAT_FLOAT)
/* Eight seconds of the sample in which only the far end talks. */
#define FROM  (3 * 4000)
#define COUNT (8 * 16000)

static signal_ mic, far;

static signal_ cut(signal_ whole)
{
    signal_ part = {malloc(COUNT * sizeof(float)), COUNT};
    assert_non_null(part.samples);
    for (size_t i = 0; i < COUNT; i++)
        part.samples[i] = whole.samples[FROM + i];
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

static void succeed(outcome *result, const char *words)
{
    run(result, words);
    expect_code(result, 0);
}

static void expect_same_samples(const char *path, const char *other)
{
    signal_ a = read_signal(path), b = read_signal(other);
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.samples, b.samples, a.count * sizeof(float));
    free(a.samples);
    free(b.samples);
}

static int rate_of(const char *path)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    assert_non_null(file);
    sf_close(file);
    return info.samplerate;
}

/* ---- Channels --------------------------------------------------------------------------- */

static void both_ends_in_one_file(void **state)
{
    outcome result;
    size_t frames;
    float *both = interleaved(&mic, &far, &frames), *turned = interleaved(&far, &mic, &frames);
    (void)state;
    write_sound_as("both.wav", FLOAT_WAV, 16000, 2, both, frames);
    write_sound_as("turned.wav", FLOAT_WAV, 16000, 2, turned, frames);
    succeed(&result, "process mic.wav far.wav -o two.wav");
    succeed(&result, "process both.wav -o one.wav");
    expect_part(result.messages, "using channel 1 as the microphone and channel 2 as the far end");
    expect_same_samples("one.wav", "two.wav");
    succeed(&result, "process turned.wav -o one.wav --mic-channel 2 --far-channel 1");
    assert_string_equal(result.messages, "");
    expect_same_samples("one.wav", "two.wav");
    /* Of two channels the other one is left. */
    succeed(&result, "process turned.wav -o one.wav --far-channel 1 --chunk 777");
    succeed(&result, "process mic.wav far.wav -o two.wav --chunk 1000");
    expect_same_samples("one.wav", "two.wav");
    free(both);
    free(turned);
}

static void channels_are_chosen_or_all_cancelled(void **state)
{
    outcome result;
    size_t frames;
    signal_ quiet = amplified(&far, 0.5f), loud = amplified(&far, 1.5f),
            none = delayed(&mic, COUNT);
    float *uneven = interleaved(&quiet, &loud, &frames), *right = interleaved(&none, &mic, &frames);
    float *twice = interleaved(&far, &far, &frames);
    (void)state;
    write_sound_as("uneven.wav", FLOAT_WAV, 16000, 2, uneven, frames);
    write_sound_as("twice.wav", FLOAT_WAV, 16000, 2, twice, frames);
    write_sound_as("right.wav", FLOAT_WAV, 16000, 2, right, frames);
    write_sound("loud.wav", FLOAT_WAV, loud.samples, COUNT);
    succeed(&result, "process mic.wav loud.wav -o expected.wav");
    succeed(&result, "process right.wav uneven.wav -o out.wav --mic-channel 2 --far-channel 2 "
                     "--channels-out 1");
    expect_same_samples("out.wav", "expected.wav");
    succeed(&result, "process mic.wav far.wav -o expected.wav");
    succeed(&result, "process mic.wav twice.wav -o out.wav");
    expect_same_samples("out.wav", "expected.wav");
    succeed(&result, "process right.wav far.wav -o out.wav --json");
    expect_part(result.messages, "right.wav: has 2 channels; using the first as the microphone");
    assert_true(isnan(json_number(result.output, NULL, "mic_db")));
    free(quiet.samples);
    free(loud.samples);
    free(none.samples);
    free(uneven);
    free(twice);
    free(right);
}

/* ---- Rates ------------------------------------------------------------------------------ */

/* The library's output. Freed by the caller. */
static float *expected(const signal_ *m, int mic_rate, const signal_ *f, int far_rate)
{
    float *out = malloc((m->count + 1) * sizeof(*out));
    unecho_config config;
    unecho *stream = NULL;
    assert_non_null(out);
    unecho_config_init(&config);
    config.sample_rate = mic_rate;
    config.far_rate = far_rate;
    config.far_queue_ms = mic_rate == far_rate ? 0 : 100;
    config.reference_late_ms = 200;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(
        unecho_process_whole(stream, m->samples, m->count, f->samples, f->count, out, 0),
        UNECHO_OK);
    unecho_close(&stream);
    return out;
}

static void any_pair_of_rates(void **state)
{
    static const int rates[][2] = {
        {8000, 8000}, {44100, 48000}, {48000, 44100}, {16000, 48000}, {96000, 16000}};
    /* Long enough to find the delay. */
    const signal_ some_mic = {mic.samples, COUNT / 2}, some_far = {far.samples, COUNT / 2};
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        const int mic_rate = rates[i][0], far_rate = rates[i][1];
        signal_ m = stretched(&some_mic, 16000.0 / mic_rate);
        signal_ f = stretched(&some_far, 16000.0 / far_rate);
        float *out = expected(&m, mic_rate, &f, far_rate);
        write_sound_as("m.wav", FLOAT_WAV, mic_rate, 1, m.samples, m.count);
        write_sound_as("f.wav", FLOAT_WAV, far_rate, 1, f.samples, f.count);
        succeed(&result, "process m.wav f.wav -o out.wav --json");
        assert_int_equal(rate_of("out.wav"), mic_rate);
        signal_ got = read_signal("out.wav");
        assert_int_equal(got.count, m.count);
        assert_memory_equal(got.samples, out, m.count * sizeof(*out));
        assert_true(json_number(result.output, NULL, "sample_rate") == mic_rate);
        assert_true(json_number(result.output, NULL, "far_rate") == far_rate);
        /* The sample's room: 22 ms from the far-end file to the direct sound. */
        assert_true(fabs(json_number(result.output, NULL, "delay_ms") - 22.4) < 1.0);
        free(got.samples);
        free(out);
        free(m.samples);
        free(f.samples);
    }
}

static void chunks_do_not_matter_at_two_rates(void **state)
{
    static const char *const chunks[] = {"1", "441", "100000"};
    signal_ m = stretched(&mic, 16000.0 / 44100), f = stretched(&far, 16000.0 / 48000);
    outcome result;
    (void)state;
    write_sound_as("m.wav", FLOAT_WAV, 44100, 1, m.samples, 66150);
    write_sound_as("f.wav", FLOAT_WAV, 48000, 1, f.samples, f.count);
    succeed(&result, "process m.wav f.wav -o first.wav --chunk 5000");
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        char words[200];
        snprintf(words, sizeof(words), "process m.wav f.wav -o next.wav --chunk %s", chunks[i]);
        succeed(&result, words);
        expect_same_samples("next.wav", "first.wav");
    }
    free(m.samples);
    free(f.samples);
}

static void headerless_samples_of_any_layout(void **state)
{
    outcome result;
    signal_ m = stretched(&mic, 16000.0 / 48000), f = stretched(&far, 16000.0 / 48000);
    size_t frames;
    float *both = interleaved(&m, &f, &frames);
    (void)state;
    write_sound_as("both48.wav", FLOAT_WAV, 48000, 2, both, frames);
    write_bytes("both.f32", both, 2 * frames * sizeof(*both));
    write_bytes("m.f32", m.samples, m.count * sizeof(float));
    write_bytes("f.f32", f.samples, f.count * sizeof(float));
    succeed(&result, "process both48.wav -o expected.wav");
    succeed(&result, "process --raw f32le --rate 48000 --channels 2 both.f32 -o out.wav");
    assert_int_equal(rate_of("out.wav"), 48000);
    expect_same_samples("out.wav", "expected.wav");
    succeed(&result, "process --raw f32le --rate 48000 m.f32 f.f32 -o out.wav");
    expect_same_samples("out.wav", "expected.wav");
    write_bytes("odd.f32", both, 8001);
    succeed(&result, "process --raw f32le --channels 2 odd.f32 -o out.wav");
    expect_part(result.messages, "not a whole number of f32le frames (8 bytes each)");

    /* --rate is the microphone's; the far end's file has its own. */
    write_sound_as("f48.wav", FLOAT_WAV, 48000, 1, f.samples, f.count);
    write_bytes("m16.f32", mic.samples, COUNT * sizeof(float));
    succeed(&result, "process mic.wav f48.wav -o expected.wav");
    succeed(&result, "process --raw f32le --rate 16000 m16.f32 f48.wav -o out.wav");
    expect_same_samples("out.wav", "expected.wav");
    succeed(&result, "process --raw f32le --far-rate 48000 m16.f32 f.f32 -o out.wav");
    expect_same_samples("out.wav", "expected.wav");
    free(both);
    free(m.samples);
    free(f.samples);
}

/* ---- Lengths ---------------------------------------------------------------------------- */

static void lengths_are_told_at_the_rate_of_the_file(void **state)
{
    outcome result;
    signal_ f = stretched(&far, 16000.0 / 48000);
    (void)state;
    write_sound_as("f.wav", FLOAT_WAV, 48000, 1, f.samples, f.count);
    succeed(&result, "process mic.wav f.wav -o out.wav");
    assert_string_equal(result.messages, "");
    write_sound_as("f.wav", FLOAT_WAV, 48000, 1, f.samples, f.count - 24000);
    succeed(&result, "process mic.wav f.wav -o out.wav");
    expect_part(result.messages,
                "f.wav: 0.50 s (24000 samples at its own rate) shorter than the microphone");
    write_sound("brief.wav", FLOAT_WAV, mic.samples, COUNT / 2);
    succeed(&result, "process brief.wav f.wav -o out.wav");
    expect_part(result.messages,
                "f.wav: 3.50 s (168000 samples at its own rate) longer than the microphone");
    free(f.samples);
}

/* ---- Alignment -------------------------------------------------------------------------- */

/*
 * How much weaker the second to last second is than the microphone's, in dB: by then the delay is
 * found; in the last one a late far end ends before its echo.
 */
static double gain_at_end(const signal_ *m, const char *words, double *delay_ms)
{
    outcome result;
    succeed(&result, words);
    *delay_ms = json_number(result.output, NULL, "delay_ms");
    signal_ out = read_signal("out.wav");
    const size_t from = COUNT - 32000;
    const double gain = power_db(m->samples + from, 16000) - power_db(out.samples + from, 16000);
    print_message("# %s: %.1f dB\n", words, gain);
    free(out.samples);
    return gain;
}

static void delays_are_found_and_taken(void **state)
{
    signal_ late = delayed(&mic, 16 * 300), behind = delayed(&far, 16 * 150);
    double delay;
    (void)state;
    write_sound("late.wav", FLOAT_WAV, late.samples, COUNT);
    write_sound("behind.wav", FLOAT_WAV, behind.samples, COUNT);

    /* As they are, the ends do not match. */
    assert_true(gain_at_end(&late,
                            "process late.wav far.wav -o out.wav --json --align off "
                            "--engine neural --noise-reduction 0",
                            &delay) < 6.0);
    assert_true(isnan(delay));
    assert_true(gain_at_end(&late, "process late.wav far.wav -o out.wav --json --align 322",
                            &delay) > 20.0);
    assert_true(fabs(delay - 322.0) < 0.1);
    assert_true(gain_at_end(&late, "process late.wav far.wav -o out.wav --json", &delay) > 20.0);
    assert_true(fabs(delay - 322.4) < 1.0);

    /* A far end that comes after its echo. */
    assert_true(gain_at_end(&mic,
                            "process mic.wav behind.wav -o out.wav --json --align off "
                            "--engine neural",
                            &delay) < 6.0);
    assert_true(gain_at_end(&mic, "process mic.wav behind.wav -o out.wav --json", &delay) > 20.0);
    assert_true(fabs(delay + 127.6) < 1.0);
    free(late.samples);
    free(behind.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_in_one_file),
        cmocka_unit_test(channels_are_chosen_or_all_cancelled),
        cmocka_unit_test(any_pair_of_rates),
        cmocka_unit_test(chunks_do_not_matter_at_two_rates),
        cmocka_unit_test(headerless_samples_of_any_layout),
        cmocka_unit_test(lengths_are_told_at_the_rate_of_the_file),
        cmocka_unit_test(delays_are_found_and_taken),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
