/*
 * The method of PipeWire's echo-cancel module, called as the module calls it: it gives the bits of
 * the library for the same settings, and the microphone where there is no canceller.
 */
#include "aec_host.h"
#include "check.h"
#include "rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in tests/plugins/ladspa.c. CYCLES: of opening, running and closing. */
enum { SHORT = 48000, CYCLES = 1000 };

static signal_ mic, far, near;
static float *out[3];

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
    for (int i = 0; i < 3; i++)
        out[i] = malloc(mic.count * sizeof(float));
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    for (int i = 0; i < 3; i++)
        free(out[i]);
    aec_unload();
    return 0;
}

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    return config;
}

/* out[0] is what the library gives for n frames of these. */
static void assert_of_library(const unecho_config *config, const float *m, const float *f, size_t n)
{
    float *const expected = malloc(n * sizeof *expected);
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, m, f, expected, n), UNECHO_OK);
    unecho_close(&stream);
    assert_int_equal(memcmp(out[0], expected, n * sizeof *expected), 0);
    free(expected);
}

/* One line, with this in it. */
static void assert_logged(const char *text)
{
    const char *const logged = aec_logged(), *const end = strchr(logged, '\n');
    if (!end || end[1] != '\0' || !strstr(logged, text))
        fail_msg("logged '%s' instead of a line with '%s'", logged, text);
}

static void assert_nothing_logged(void)
{
    assert_string_equal(aec_logged(), "");
}

/* ---- The two ways to begin ----------------------------------------------------------------- */

static void init_at(uint32_t rate)
{
    const unecho_config config = config_at((int)rate);
    aec_host host;
    aec_open(&host);
    assert_int_equal(aec_init(&host, NULL, rate, 1), 0);
    aec_run(&host, &mic.samples, &far.samples, out, SHORT, rate / 100);
    assert_of_library(&config, mic.samples, far.samples, SHORT);
    /* The module makes bytes of it: sizeof(float) * rate * num / denom must be whole floats. */
    unsigned num, denom;
    assert_int_equal(sscanf(host.aec->latency, "%u/%u", &num, &denom), 2);
    assert_int_equal(sizeof(float) * rate * num % denom, 0);
    assert_int_equal(sizeof(float) * rate * num / denom, sizeof(float) * (rate / 100));
    assert_nothing_logged();
    aec_close(&host);
}

static void one_format_at_any_rate(void **unused)
{
    (void)unused;
    static const uint32_t rates[] = {8000, 11025, 16000, 22050, 44100, 48000, 192000};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        init_at(rates[r]);
}

static void latency_before_init(void **unused)
{
    (void)unused;
    aec_host host;
    aec_open(&host);
    assert_string_equal(host.aec->name, "unecho");
    assert_string_equal(host.aec->latency, "480/48000");
    aec_close(&host);
}

static void a_format_for_each_end(void **unused)
{
    (void)unused;
    unecho_config config = config_at(16000);
    aec_host host;
    aec_open(&host);
    assert_int_equal(aec_init2(&host, NULL, 16000, 1, 2, 1), 0);
    aec_run(&host, &mic.samples, &far.samples, out, SHORT, 160);
    assert_of_library(&config, mic.samples, far.samples, SHORT);
    assert_int_equal(memcmp(out[0], out[1], SHORT * sizeof(float)), 0);

    /* Both microphones alike, of which one channel is taken. */
    assert_int_equal(aec_init2(&host, NULL, 16000, 2, 1, 1), 0);
    aec_run(&host, (float *[]){mic.samples, mic.samples}, &far.samples, out, SHORT, 4000);
    assert_of_library(&config, mic.samples, far.samples, SHORT);

    assert_int_equal(aec_init2(&host, NULL, 16000, 1, 1, 2), 0);
    aec_run(&host, &mic.samples, (float *[]){far.samples, far.samples}, out, SHORT, 160);
    config.far_channels = 2;
    float *const both = malloc(2 * SHORT * sizeof *both);
    for (size_t t = 0; t < SHORT; t++)
        both[2 * t] = both[2 * t + 1] = far.samples[t];
    assert_of_library(&config, mic.samples, both, SHORT);
    assert_nothing_logged();
    aec_close(&host);
    free(both);
}

/* ---- Settings ------------------------------------------------------------------------------ */

static void settings(void **unused)
{
    (void)unused;
    unecho_config config = config_at(16000);
    aec_host host;
    aec_open(&host);
    assert_int_equal(aec_init(&host,
                              (const char *[]){"unecho.engine", "linear",
                                               "unecho.reference_late_ms", "40", NULL},
                              16000, 1),
                     0);
    aec_run(&host, &mic.samples, &far.samples, out, SHORT, 160);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.reference_late_ms = 40;
    assert_of_library(&config, mic.samples, far.samples, SHORT);

    assert_int_equal(aec_init(&host,
                              (const char *[]){"unecho.suppression", "0.25", "unecho.comfort_noise",
                                               "true", NULL},
                              16000, 1),
                     0);
    aec_run(&host, &mic.samples, &far.samples, out, SHORT, 160);
    config = config_at(16000);
    config.suppression = 0.25f;
    config.comfort_noise = 1;
    assert_of_library(&config, mic.samples, far.samples, SHORT);

    assert_int_equal(
        aec_init(&host, (const char *[]){"unecho.noise_reduction_db", "0", NULL}, 16000, 1), 0);
    aec_run(&host, &mic.samples, &far.samples, out, SHORT, 160);
    config = config_at(16000);
    config.noise_reduction_db = 0;
    assert_of_library(&config, mic.samples, far.samples, SHORT);
    assert_nothing_logged();
    aec_close(&host);
}

static void wrong_settings_count_as_the_default(void **unused)
{
    (void)unused;
    static const char *const wrong[][2] = {
        {"unecho.engine", "quick"},           {"unecho.engine", ""},
        {"unecho.noise_reduction_db", "61"},  {"unecho.noise_reduction_db", "-1"},
        {"unecho.suppression", "3.5"},        {"unecho.suppression", "much"},
        {"unecho.comfort_noise", "maybe"},    {"unecho.suppression", "nan"},
        {"unecho.reference_late_ms", "1001"}, {"unecho.reference_late_ms", "ten"},
    };
    const unecho_config config = config_at(16000);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        aec_host host;
        aec_open(&host);
        assert_int_equal(
            aec_init(&host, (const char *[]){wrong[i][0], wrong[i][1], NULL}, 16000, 1), 0);
        snprintf(text, sizeof text, "%s is '%s'", wrong[i][0], wrong[i][1]);
        assert_logged(text);
        aec_run(&host, &mic.samples, &far.samples, out, 1600, 160);
        assert_of_library(&config, mic.samples, far.samples, 1600);
        aec_close(&host);
    }
}

/* One of another method is none of its business. */
static void names_that_are_none(void **unused)
{
    (void)unused;
    aec_host host;
    aec_open(&host);
    assert_int_equal(aec_init(&host,
                              (const char *[]){"webrtc.gain_control", "true", "unecho.suppresion",
                                               "2", "unecho.engine", "linear", NULL},
                              16000, 1),
                     0);
    assert_logged("unecho.suppresion is no setting; there are unecho.engine, unecho.suppression, ");
    aec_close(&host);
}

/* ---- What it cannot do --------------------------------------------------------------------- */

static void passes(aec_host *host, const char *reason)
{
    float *mics[SPA_AUDIO_MAX_CHANNELS], *fars[SPA_AUDIO_MAX_CHANNELS];
    float *outs[SPA_AUDIO_MAX_CHANNELS];
    assert_logged(reason);
    for (unsigned i = 0; i < SPA_AUDIO_MAX_CHANNELS; i++) {
        mics[i] = i == 0 ? near.samples : mic.samples;
        fars[i] = far.samples;
        outs[i] = out[i < 2 ? i : 2];
    }
    aec_run(host, mics, fars, outs, SHORT, 5000);
    assert_int_equal(memcmp(out[0], near.samples, SHORT * sizeof(float)), 0);
    if (host->outs > 1)
        assert_int_equal(
            memcmp(out[1], host->mics > 1 ? mic.samples : near.samples, SHORT * sizeof(float)), 0);
    aec_close(host);
}

static void microphone_passes(void **unused)
{
    (void)unused;
    static const uint32_t rates[] = {1, 99, 7999, 192001, UINT32_MAX};
    aec_host host;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        aec_open(&host);
        assert_int_equal(aec_init(&host, NULL, rates[r], 2), 0);
        passes(&host, "sample_rate is ");
    }
    aec_open(&host);
    assert_int_equal(aec_init(&host, NULL, 48000, 9), 0);
    passes(&host, "mic_channels is 9");
    aec_open(&host);
    assert_int_equal(aec_init2(&host, NULL, 48000, 1, 2, 64), 0);
    passes(&host, "far_channels is 64");
    aec_open(&host);
    assert_int_equal(aec_init2(&host, NULL, 48000, 2, 2, 0), 0);
    passes(&host, "far_channels is 0");
}

/* The far end falls silent, then comes back. */
static void far_end_unplugged(void **unused)
{
    (void)unused;
    const unecho_config config = config_at(16000);
    float *const cut = calloc(mic.count, sizeof *cut);
    memcpy(cut, far.samples, mic.count / 3 * sizeof *cut);
    memcpy(cut + mic.count / 2, far.samples + mic.count / 2,
           (mic.count - mic.count / 2) * sizeof *cut);
    aec_host host;
    aec_open(&host);
    assert_int_equal(aec_init(&host, NULL, 16000, 1), 0);
    aec_run(&host, &mic.samples, (float *[]){cut}, out, mic.count, 160);
    assert_of_library(&config, mic.samples, cut, mic.count);
    aec_close(&host);
    free(cut);
}

static void opened_and_closed(void **unused)
{
    (void)unused;
    for (int i = 0; i < CYCLES; i++) {
        aec_host host;
        aec_open(&host);
        if (i % 3)
            assert_int_equal(aec_init2(&host, NULL, 16000, 1, 1, 2), 0);
        else
            assert_int_equal(aec_init(&host, NULL, 48000, 2), 0);
        aec_run(&host, (float *[]){mic.samples, near.samples},
                (float *[]){far.samples, far.samples}, out, 480, 480);
        aec_close(&host);
        if (i % 100 == 0)
            aec_unload();
    }
    assert_nothing_logged();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_before_init),
        cmocka_unit_test(one_format_at_any_rate),
        cmocka_unit_test(a_format_for_each_end),
        cmocka_unit_test(settings),
        cmocka_unit_test(wrong_settings_count_as_the_default),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(microphone_passes),
        cmocka_unit_test(far_end_unplugged),
        cmocka_unit_test(opened_and_closed),
    };
    return cmocka_run_group_tests_name("aec", tests, set_up, tear_down);
}
