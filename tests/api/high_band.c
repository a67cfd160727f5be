/*
 * Above 8 kHz, which the network does not hear: the echo goes, a near end stays while the far end
 * talks, and noise follows the noise settings. On the sample, with an upper band made of what it
 * has below 8 kHz.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NATIVE = 48000 };

/* At 48 kHz, as they come to the microphone: with an upper band, and without. */
static signal_ echo, near, far, narrow_echo, narrow_near;
static unecho_model *model;

/* To be freed. */
static signal_ sum_of(const signal_ *a, const signal_ *b, float factor)
{
    const size_t count = a->count < b->count ? a->count : b->count;
    signal_ y = {malloc(count * sizeof(float)), count};
    for (size_t i = 0; i < count; i++)
        y.samples[i] = a->samples[i] + factor * b->samples[i];
    return y;
}

static int set_up(void **unused)
{
    (void)unused;
    const signal_ mic16 = read_sample("mic"), near16 = read_sample("near");
    const signal_ far16 = read_sample("far"), echo16 = sum_of(&mic16, &near16, -1.0f);
    echo = with_air(&echo16, 0.3f);
    near = with_air(&near16, 0.3f);
    far = with_air(&far16, 0.3f);
    narrow_echo = resampled(&echo16, 16000, NATIVE);
    narrow_near = resampled(&near16, 16000, NATIVE);
    free(mic16.samples);
    free(near16.samples);
    free(far16.samples);
    free(echo16.samples);
    return unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0);
}

static int tear_down(void **unused)
{
    (void)unused;
    signal_ *const all[] = {&echo, &near, &far, &narrow_echo, &narrow_near};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->samples);
    unecho_model_unref(&model);
    return 0;
}

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    config.model = model;
    return config;
}

/* What a stream of that config makes of them, above 8 kHz and at 48 kHz. */
static signal_ upper_output(const unecho_config *config, const signal_ *mic, const signal_ *played)
{
    const int rate = config->sample_rate, far_rate = config->far_rate ? config->far_rate : rate;
    const signal_ m = resampled(mic, NATIVE, rate), f = resampled(played, NATIVE, far_rate);
    const signal_ out = whole(config, &m, &f), back = resampled(&out, rate, NATIVE);
    const signal_ upper = upper_band(&back);
    free(m.samples);
    free(f.samples);
    free(out.samples);
    free(back.samples);
    return upper;
}

/* What of x a rate keeps, at 48 kHz. */
static signal_ kept_by(int rate, const signal_ *x)
{
    const signal_ there = resampled(x, NATIVE, rate), back = resampled(&there, rate, NATIVE);
    free(there.samples);
    return back;
}

/* By how many dB the output above 8 kHz is louder than x there. */
static double louder_db(const signal_ *out, const signal_ *x, part p)
{
    const signal_ upper = upper_band(x);
    const double db = part_db(out, NATIVE, p) - part_db(&upper, NATIVE, p);
    free(upper.samples);
    return db;
}

/* 48 kHz, and others to show that nothing depends on it. */
static const int rates[] = {32000, 44100, 48000, 96000};
enum { RATES = sizeof rates / sizeof *rates };

/*
 * A talker over an echo that has nothing above 8 kHz, as that of most calls. One gain from the
 * octave below took 3 dB of it.
 */
static void a_voice_that_is_alone_there_stays(void **unused)
{
    (void)unused;
    const signal_ mic = sum_of(&near, &narrow_echo, 1.0f);
    const signal_ narrow = kept_by(16000, &far);
    for (size_t r = 0; r < RATES; r++) {
        const unecho_config config = config_at(rates[r]);
        const signal_ out = upper_output(&config, &mic, &narrow);
        const signal_ voice = kept_by(rates[r], &near);
        const double both = louder_db(&out, &voice, both_talk);
        const double alone = louder_db(&out, &voice, near_alone);
        print_message("%d Hz: voice %+.2f dB while the far end talks, %+.2f dB alone\n", rates[r],
                      both, alone);
        /* Nobody hears a decibel; alone there is nothing to take it for. */
        assert_true(fabs(both) <= 1.0 && fabs(alone) <= 0.5);
        free(out.samples);
        free(voice.samples);
    }
    free(mic.samples);
    free(narrow.samples);
}

/*
 * An echo under a talker that has nothing above 8 kHz. One gain from the octave below let it pass
 * with the voice.
 */
static void an_echo_that_is_alone_there_goes(void **unused)
{
    (void)unused;
    const signal_ mic = sum_of(&narrow_near, &echo, 1.0f);
    for (size_t r = 0; r < RATES; r++) {
        const unecho_config config = config_at(rates[r]);
        const signal_ out = upper_output(&config, &mic, &far);
        const double both = louder_db(&out, &echo, both_talk);
        const double alone = louder_db(&out, &echo, far_alone);
        print_message("%d Hz: echo %+.2f dB while the near end talks, %+.2f dB alone\n", rates[r],
                      both, alone);
        /* 30 dB below what masks it nobody hears it; alone nothing masks it. */
        assert_true(both <= -30.0 && alone <= -40.0);
        free(out.samples);
    }
    free(mic.samples);
}

/* What was played had a band above 8 kHz, and the caller passes it without. */
static void a_far_end_without_it(void **unused)
{
    (void)unused;
    const signal_ mic = sum_of(&near, &echo, 1.0f);
    unecho_config config = config_at(NATIVE);
    config.far_rate = 16000;
    config.far_queue_ms = 100;
    const signal_ out = upper_output(&config, &mic, &far);
    const double gone = louder_db(&out, &echo, far_alone);
    const double kept = louder_db(&out, &near, near_alone);
    print_message("far end at 16 kHz: echo %+.2f dB, near end %+.2f dB\n", gone, kept);
    assert_true(gone <= -40.0 && fabs(kept) <= 0.5);
    free(out.samples);
    free(mic.samples);
}

/*
 * Without noise reduction the noise stays at its level, with and without echo. In parts of a
 * quarter of a second, from the third second on.
 */
static void noise_keeps_its_level(void **unused)
{
    (void)unused;
    enum { FROM = 3, TO = 16 };
    signal_ hiss = {malloc(echo.count * sizeof(float)), echo.count};
    uint32_t seed = 7;
    for (size_t i = 0; i < hiss.count; i++)
        hiss.samples[i] = 3e-3f * random_float(&seed);
    const signal_ mic = sum_of(&echo, &hiss, 1.0f);
    unecho_config config = config_at(NATIVE);
    config.noise_reduction_db = 0;
    const signal_ out = upper_output(&config, &mic, &far);
    const signal_ upper = upper_band(&hiss);
    double least = 1e9, most = -1e9;
    for (double t = FROM; t < (double)TO; t += 0.25) {
        const part p = {t, t + 0.25};
        const double db = part_db(&out, NATIVE, p) - part_db(&upper, NATIVE, p);
        least = fmin(least, db);
        most = fmax(most, db);
    }
    print_message("noise %+.2f to %+.2f dB\n", least, most);
    /* Steps of 3 dB are just heard in noise. One gain from the octave below took up to 5. */
    assert_true(least >= -0.5 && most <= 3.0);
    free(upper.samples);
    free(hiss.samples);
    free(mic.samples);
    free(out.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_that_is_alone_there_stays),
        cmocka_unit_test(an_echo_that_is_alone_there_goes),
        cmocka_unit_test(a_far_end_without_it),
        cmocka_unit_test(noise_keeps_its_level),
    };
    return cmocka_run_group_tests_name("high_band", tests, set_up, tear_down);
}
