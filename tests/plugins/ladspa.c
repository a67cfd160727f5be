/*
 * The LADSPA plugin, loaded as a host loads it: it gives the bits of the library for the same
 * settings, whatever the blocks and buffers, and the microphone where there is no canceller.
 */
#include "check.h"
#include "ladspa_host.h"
#include "rates.h"
#include "unecho_ladspa.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Long enough for the default engine to cancel, short enough for many runs. */
enum { SHORT = 48000 };

static signal_ mic, far, near;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    unload_plugins();
    return 0;
}

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    return config;
}

/* What the library gives for the first n frames, the latency included. */
static float *of_library(const unecho_config *config, const float *m, const float *f, size_t n)
{
    float *const out = malloc((n + 1) * sizeof *out);
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, m, f, out, n), UNECHO_OK);
    unecho_close(&stream);
    return out;
}

static void assert_same(const float *a, const float *b, size_t n)
{
    assert_int_equal(memcmp(a, b, n * sizeof *a), 0);
}

/* ---- What hosts read before they run anything --------------------------------------------- */

static void two_plugins(void **unused)
{
    (void)unused;
    static const char *const labels[] = {"unecho", "unecho_stereo"};
    static const char *const controls[] = {"Engine", "Suppression", "Noise reduction (dB)",
                                           "Late reference (ms)", "latency"};
    const LADSPA_Descriptor *seen[2];
    for (unsigned p = 0; p < 2; p++) {
        const LADSPA_Descriptor *const d = seen[p] = load_plugin(labels[p]);
        const unsigned long audio = SIGNALS * (p + 1);
        assert_int_equal(d->PortCount, audio + CONTROLS);
        assert_true(d->UniqueID > 0 && d->UniqueID < 0x1000000);
        assert_true(LADSPA_IS_HARD_RT_CAPABLE(d->Properties));
        assert_false(LADSPA_IS_INPLACE_BROKEN(d->Properties));
        for (unsigned long i = 0; i < d->PortCount; i++) {
            const LADSPA_PortDescriptor port = d->PortDescriptors[i];
            const int input = i < audio ? i / (p + 1) != OUT : i - audio != LATENCY;
            assert_int_equal(port, (i < audio ? LADSPA_PORT_AUDIO : LADSPA_PORT_CONTROL) |
                                       (input ? LADSPA_PORT_INPUT : LADSPA_PORT_OUTPUT));
            if (i >= audio)
                assert_string_equal(d->PortNames[i], controls[i - audio]);
        }
        assert_float_equal(default_of(d, audio + ENGINE), UNECHO_ENGINE_LINEAR_NEURAL, 0.0f);
        assert_float_equal(default_of(d, audio + SUPPRESSION), 1.0f, 0.0f);
        assert_float_equal(default_of(d, audio + NOISE_REDUCTION), UNECHO_NOISE_REDUCTION_DB, 0.0f);
        assert_float_equal(default_of(d, audio + LATE_REFERENCE), 0.0f, 0.0f);
    }
    assert_int_not_equal(seen[0]->UniqueID, seen[1]->UniqueID);
    assert_string_equal(seen[0]->PortNames[0], "Mic");
    assert_string_equal(seen[0]->PortNames[1], "Far");
    assert_string_equal(seen[0]->PortNames[2], "Out");
    assert_string_equal(seen[1]->PortNames[3], "Far R");
}

/* ---- The sample --------------------------------------------------------------------------- */

static void sample_at(int rate)
{
    signal_ m = resampled(&mic, 16000, rate);
    const signal_ f = resampled(&far, 16000, rate), n = resampled(&near, 16000, rate);
    const unecho_config config = config_at(rate);
    float *const expected = of_library(&config, m.samples, f.samples, m.count);
    float *const out = malloc(m.count * sizeof *out);

    instance i;
    instantiate(&i, "unecho", (unsigned long)rate);
    i.descriptor->activate(i.handle);
    run(&i, &m.samples, (float *[]){f.samples}, (float *[]){out}, m.count);
    assert_same(out, expected, m.count);

    const size_t latency = (size_t)i.controls[LATENCY];
    const signal_ clean = {out + latency, m.count - latency};
    const double erle = part_db(&m, rate, far_alone) - part_db(&clean, rate, far_alone);
    const double level = part_db(&clean, rate, near_alone) - part_db(&n, rate, near_alone);
    print_message("# %d Hz: echo %.1f dB weaker, near end %+.2f dB, %zu frames late\n", rate, erle,
                  level, latency);
    assert_true(erle >= 25.0);
    assert_true(fabs(level) <= 1.0);

    cleanup(&i);
    free(m.samples);
    free(f.samples);
    free(n.samples);
    free(expected);
    free(out);
}

static void sample_at_16_khz(void **unused)
{
    (void)unused;
    sample_at(16000);
}

static void sample_at_48_khz(void **unused)
{
    (void)unused;
    sample_at(48000);
}

/* A far end of two different channels, a microphone whose second is louder. */
static void stereo_is_the_mean(void **unused)
{
    (void)unused;
    unecho_config config = config_at(16000);
    config.mic_channels = config.far_channels = 2;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    float *const mics = malloc(2 * SHORT * sizeof *mics), *const fars =
                                                              malloc(2 * SHORT * sizeof *fars);
    float *const right = malloc(SHORT * sizeof *right), *const left = malloc(SHORT * sizeof *left);
    float *const loud = malloc(SHORT * sizeof *loud);
    for (size_t t = 0; t < SHORT; t++) {
        loud[t] = 1.5f * mic.samples[t];
        mics[2 * t] = mic.samples[t];
        mics[2 * t + 1] = loud[t];
        fars[2 * t] = far.samples[t];
        fars[2 * t + 1] = near.samples[t];
    }
    float *const expected = malloc(2 * SHORT * sizeof *expected);
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, mics, fars, expected, SHORT), UNECHO_OK);
    unecho_close(&stream);

    instance i;
    instantiate(&i, "unecho_stereo", 16000);
    i.descriptor->activate(i.handle);
    run(&i, (float *[]){mic.samples, loud}, (float *[]){far.samples, near.samples},
        (float *[]){left, right}, SHORT);
    for (size_t t = 0; t < SHORT; t++) {
        assert_true(left[t] == expected[2 * t]);
        assert_true(right[t] == expected[2 * t]);
    }

    /* Each output in the buffer of the other side's microphone. */
    float *const swapped[] = {loud, left};
    memcpy(left, mic.samples, SHORT * sizeof *left);
    i.descriptor->activate(i.handle);
    run(&i, (float *[]){left, loud}, (float *[]){far.samples, near.samples}, swapped, SHORT);
    assert_same(left, right, SHORT);
    assert_same(loud, right, SHORT);
    cleanup(&i);
    free(mics);
    free(fars);
    free(left);
    free(right);
    free(loud);
    free(expected);
}

/* ---- Buffers ------------------------------------------------------------------------------ */

static void in_place(void **unused)
{
    (void)unused;
    const unecho_config config = config_at(16000);
    float *const expected = of_library(&config, mic.samples, far.samples, SHORT);
    float *const shared = malloc(SHORT * sizeof *shared);
    instance i;
    instantiate(&i, "unecho", 16000);

    i.descriptor->activate(i.handle);
    memcpy(shared, mic.samples, SHORT * sizeof *shared);
    run(&i, &(float *){shared}, &far.samples, &(float *){shared}, SHORT);
    assert_same(shared, expected, SHORT);

    i.descriptor->activate(i.handle);
    memcpy(shared, far.samples, SHORT * sizeof *shared);
    run(&i, &mic.samples, &(float *){shared}, &(float *){shared}, SHORT);
    assert_same(shared, expected, SHORT);
    cleanup(&i);
    free(shared);
    free(expected);
}

/* Also in mid-run: what is missing is silence. */
static void without_far_end(void **unused)
{
    (void)unused;
    enum { HALF = SHORT / 2 };
    const unecho_config config = config_at(16000);
    float *const silenced = calloc(SHORT, sizeof *silenced), *const out =
                                                                 malloc(SHORT * sizeof *out);
    memcpy(silenced, far.samples, HALF * sizeof *silenced);
    float *const expected = of_library(&config, mic.samples, silenced, SHORT);
    instance i;
    instantiate(&i, "unecho", 16000);
    i.descriptor->activate(i.handle);
    run(&i, &mic.samples, &far.samples, &(float *){out}, HALF);
    run(&i, &(float *){mic.samples + HALF}, &(float *){NULL}, &(float *){out + HALF}, HALF);
    assert_same(out, expected, SHORT);

    /* Without a microphone or an output there is nothing to do. */
    run(&i, &(float *){NULL}, &far.samples, &(float *){out}, 1000);
    run(&i, &mic.samples, &far.samples, &(float *){NULL}, 1000);
    assert_same(out, expected, SHORT);
    cleanup(&i);
    free(silenced);
    free(expected);
    free(out);
}

/* One side of a stereo signal stands for both. */
static void one_channel_of_two(void **unused)
{
    (void)unused;
    const unecho_config config = config_at(16000);
    float *const expected = of_library(&config, mic.samples, far.samples, SHORT);
    float *const out = malloc(SHORT * sizeof *out);
    instance i;
    instantiate(&i, "unecho_stereo", 16000);
    for (int side = 0; side < 2; side++) {
        float *mics[2] = {0}, *fars[2] = {0}, *outs[2] = {0};
        mics[side] = mic.samples;
        fars[1 - side] = far.samples;
        outs[side] = out;
        i.descriptor->activate(i.handle);
        run(&i, mics, fars, outs, SHORT);
        assert_same(out, expected, SHORT);
    }
    cleanup(&i);
    free(expected);
    free(out);
}

/* ---- Controls ----------------------------------------------------------------------------- */

/* Activates with these and compares with the library for that config. */
static void controls_are(instance *i, float engine, float suppression, float noise, float late,
                         const unecho_config *config)
{
    float *const expected = of_library(config, mic.samples, far.samples, SHORT);
    float *const out = malloc(SHORT * sizeof *out);
    i->controls[ENGINE] = engine;
    i->controls[SUPPRESSION] = suppression;
    i->controls[NOISE_REDUCTION] = noise;
    i->controls[LATE_REFERENCE] = late;
    i->descriptor->activate(i->handle);
    /* From here on these count for nothing. */
    i->controls[ENGINE] = i->controls[LATE_REFERENCE] = 1.0f;
    run(i, &mic.samples, &far.samples, &(float *){out}, SHORT);
    assert_same(out, expected, SHORT);
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    assert_float_equal(i->controls[LATENCY], (float)unecho_latency(stream), 0.0f);
    unecho_close(&stream);
    free(expected);
    free(out);
}

/* These count from the next block on. */
static void controls_while_it_runs(void **unused)
{
    (void)unused;
    enum { HALF = SHORT / 2 };
    instance i;
    instantiate(&i, "unecho", 16000);
    float *const out = malloc(SHORT * sizeof *out), *const expected = malloc(SHORT * sizeof *out);
    i.descriptor->activate(i.handle);
    run(&i, &mic.samples, &far.samples, &(float *){out}, HALF);
    i.controls[SUPPRESSION] = 0.5f;
    i.controls[NOISE_REDUCTION] = 6.0f;
    run(&i, &(float *){mic.samples + HALF}, &(float *){far.samples + HALF}, &(float *){out + HALF},
        HALF);
    cleanup(&i);
    unecho *stream = NULL;
    const unecho_config config = config_at(16000);
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_process(stream, mic.samples, far.samples, expected, HALF);
    unecho_set_suppression(stream, 0.5f);
    unecho_set_noise_reduction(stream, 6);
    unecho_process(stream, mic.samples + HALF, far.samples + HALF, expected + HALF, HALF);
    unecho_close(&stream);
    assert_same(out, expected, SHORT);
    free(out);
    free(expected);
}

static void controls_count_at_activate(void **unused)
{
    (void)unused;
    instance i;
    instantiate(&i, "unecho", 16000);
    unecho_config config = config_at(16000);
    controls_are(&i, 2.0f, 1.0f, 20.0f, 0.0f, &config);
    config.engine = UNECHO_ENGINE_LINEAR;
    controls_are(&i, 1.0f, 1.0f, 20.0f, 0.0f, &config);
    config.reference_late_ms = 40;
    controls_are(&i, 1.0f, 1.0f, 20.0f, 40.0f, &config);
    config.engine = UNECHO_ENGINE_NEURAL;
    config.noise_reduction_db = 0;
    config.suppression = 0.5f;
    controls_are(&i, 0.0f, 0.5f, 0.0f, 40.0f, &config);
    cleanup(&i);
}

static void odd_values_count_as_the_nearest(void **unused)
{
    (void)unused;
    instance i;
    instantiate(&i, "unecho", 16000);
    unecho_config config = config_at(16000);
    config.suppression = UNECHO_SUPPRESSION_MAX;
    config.noise_reduction_db = 40;
    config.reference_late_ms = UNECHO_REFERENCE_LATE_MAX_MS;
    controls_are(&i, 1e30f, 7e9f, INFINITY, 1e9f, &config);
    config = config_at(16000);
    config.engine = UNECHO_ENGINE_NEURAL;
    config.suppression = 0.0f;
    config.noise_reduction_db = 0;
    controls_are(&i, -7.0f, -1.0f, -INFINITY, -0.4f, &config);
    config = config_at(16000);
    controls_are(&i, NAN, NAN, NAN, NAN, &config);
    config.engine = UNECHO_ENGINE_LINEAR;
    controls_are(&i, 0.8f, 1.0f, 19.6f, 0.3f, &config);
    cleanup(&i);
}

/* ---- Rates -------------------------------------------------------------------------------- */

static void any_rate(void **unused)
{
    (void)unused;
    static const int rates[] = {8000, 11025, 22050, 44100, 88200, 96000, 192000};
    float *const out = malloc(SHORT * sizeof *out);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        const unecho_config config = config_at(rates[r]);
        float *const expected = of_library(&config, mic.samples, far.samples, SHORT);
        instance i;
        instantiate(&i, "unecho", (unsigned long)rates[r]);
        i.descriptor->activate(i.handle);
        run(&i, &mic.samples, &far.samples, &(float *){out}, SHORT);
        assert_same(out, expected, SHORT);
        cleanup(&i);
        free(expected);
    }
    free(out);
}

/* Everything that is printed to standard error until end_capture. */
static int standard_error;
static FILE *captured;

static void begin_capture(void)
{
    fflush(stderr);
    captured = tmpfile();
    assert_non_null(captured);
    standard_error = dup(STDERR_FILENO);
    assert_true(standard_error >= 0 && dup2(fileno(captured), STDERR_FILENO) >= 0);
}

static void end_capture(char *text, size_t size)
{
    fflush(stderr);
    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    close(standard_error);
    rewind(captured);
    text[fread(text, 1, size - 1, captured)] = '\0';
    fclose(captured);
}

/* The microphone passes unchanged, and one line says why. */
static void a_rate_that_is_none(void **unused)
{
    (void)unused;
    static const unsigned long rates[] = {0,        1, 7999, 192001, (unsigned long)INT_MAX + 1,
                                          ULONG_MAX};
    float *const left = malloc(SHORT * sizeof *left), *const right = malloc(SHORT * sizeof *right);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        char text[1024];
        instance i;
        begin_capture();
        instantiate(&i, "unecho_stereo", rates[r]);
        assert_non_null(i.handle);
        i.controls[ENGINE] = UNECHO_ENGINE_LINEAR;
        i.descriptor->activate(i.handle);
        /* Each output in the buffer of the other side's microphone. */
        memcpy(left, mic.samples, SHORT * sizeof *left);
        memcpy(right, near.samples, SHORT * sizeof *right);
        run(&i, (float *[]){left, right}, (float *[]){far.samples, NULL}, (float *[]){right, left},
            SHORT);
        cleanup(&i);
        end_capture(text, sizeof text);
        assert_same(right, mic.samples, SHORT);
        assert_same(left, near.samples, SHORT);
        assert_float_equal(i.controls[LATENCY], 0.0f, 0.0f);
        const char *const end = strchr(text, '\n');
        assert_non_null(end);
        assert_string_equal(end, "\n");
        assert_non_null(strstr(text, "sample_rate is "));
        assert_non_null(strstr(text, "the microphone passes unchanged"));
    }
    free(left);
    free(right);
}

/* ---- Statistics --------------------------------------------------------------------------- */

static void statistics_of_the_last_instance(void **unused)
{
    (void)unused;
    float *const out = malloc(SHORT * sizeof *out);
    unecho_ladspa_stats_function *get;
    void *const symbol = load_function("unecho_ladspa_stats");
    memcpy(&get, &symbol, sizeof get);
    unecho_stats stats = {.size = sizeof stats}, wrong = {.size = 8};
    assert_int_equal(get(NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(get(&wrong), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(get(&stats), 0);
    instance first, last;
    instantiate(&first, "unecho", 16000);
    instantiate(&last, "unecho_stereo", 16000);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(&stats), 0);
        run(&first, &mic.samples, &far.samples, &(float *){out}, 480);
        assert_int_equal(get(&stats), 0);
        run(&last, (float *[]){mic.samples, NULL}, (float *[]){far.samples, NULL},
            (float *[]){out, NULL}, SHORT);
        run(&last, (float *[]){mic.samples, NULL}, (float *[]){far.samples, NULL},
            (float *[]){out, NULL}, 480);
        /* Those of the first block after the question: run's blocks begin with one of 1 frame. */
        assert_int_equal(get(&stats), 1);
        assert_int_equal(stats.frames, i * (SHORT + 480) + 1);
        run(&last, (float *[]){mic.samples, NULL}, (float *[]){far.samples, NULL},
            (float *[]){out, NULL}, 0);
    }
    cleanup(&last);
    assert_int_equal(get(&stats), 0);
    cleanup(&first);

    /* Nothing is cancelled: nothing is counted. */
    char text[1024];
    begin_capture();
    instantiate(&last, "unecho", 1);
    end_capture(text, sizeof text);
    assert_int_equal(get(&stats), 0);
    run(&last, &mic.samples, &far.samples, &(float *){out}, 480);
    assert_int_equal(get(&stats), 1);
    assert_int_equal(stats.frames, 0);
    cleanup(&last);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_plugins),
        cmocka_unit_test(sample_at_16_khz),
        cmocka_unit_test(sample_at_48_khz),
        cmocka_unit_test(stereo_is_the_mean),
        cmocka_unit_test(in_place),
        cmocka_unit_test(without_far_end),
        cmocka_unit_test(one_channel_of_two),
        cmocka_unit_test(controls_while_it_runs),
        cmocka_unit_test(controls_count_at_activate),
        cmocka_unit_test(odd_values_count_as_the_nearest),
        cmocka_unit_test(any_rate),
        cmocka_unit_test(a_rate_that_is_none),
        cmocka_unit_test(statistics_of_the_last_instance),
    };
    return cmocka_run_group_tests_name("ladspa", tests, set_up, tear_down);
}
