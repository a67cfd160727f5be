/*
 * The element `unecho`: the library's bits at the microphone's timestamps, whatever the buffers; it
 * says what is wrong with a pipeline, and passes the microphone where there is no canceller.
 */
#include "check.h"
#include "gst_bench.h"
#include "rates.h"

#include <stdlib.h>
#include <string.h>

typedef struct end {
    const format *format;
    const void *samples;
    size_t count;
} end;

/*
 * The element gives the expected samples, which are freed, for a microphone and a far end, and
 * complains of that; NULL: of nothing. The bench ends.
 */
static void assert_gives(bench *b, end m, end r, void *expected, const char *complaint)
{
    GByteArray *const out =
        run_unecho(b, m.format, m.samples, m.count, r.format, r.samples, r.count);
    assert_bytes(out, expected, m.count * frame_of(m.format));
    if (complaint)
        assert_complains(b, complaint);
    assert_content(b);
    end_bench(b);
    g_byte_array_unref(out);
    free(expected);
}

/* The beginning of the sample. */
static end mic_end(size_t count)
{
    return (end){&float_16, mic.samples, count};
}

static end far_end(size_t count)
{
    return (end){&float_16, far.samples, count};
}

static void bits_in(const format *f)
{
    const signal_ m = resampled(&mic, 16000, f->rate), r = resampled(&far, 16000, f->rate);
    void *const ms = samples_in(f, m.samples, SHORT), *const rs = samples_in(f, r.samples, SHORT);
    const unecho_config config = config_of(f);
    void *const expected = of_library(&config, f, ms, rs, SHORT);
    bench b = unecho_bench(f, f);
    assert_gives(&b, (end){f, ms, SHORT}, (end){f, rs, SHORT}, expected, NULL);
    free(m.samples);
    free(r.samples);
    free(ms);
    free(rs);
}

static void any_format(void **unused)
{
    (void)unused;
    static const format formats[] = {
        {"F32LE", 16000, 1}, {"S16LE", 16000, 1}, {"F32LE", 44100, 1},
        {"S16LE", 48000, 2}, {"F32LE", 8000, 1},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        bits_in(&formats[i]);
}

/* All of them count, whatever the microphone has. */
static void channels_of_the_far_end(void **unused)
{
    (void)unused;
    const format stereo = {"F32LE", 16000, 2};
    float *const both = malloc(2 * SHORT * sizeof *both);
    for (size_t t = 0; t < SHORT; t++) {
        both[2 * t] = far.samples[t];
        both[2 * t + 1] = mic.samples[t + SHORT];
    }
    unecho_config config = config_of(&float_16);
    config.far_channels = 2;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream);
    float *const expected = malloc(SHORT * sizeof *expected);
    assert_int_equal(unecho_process(stream, mic.samples, both, expected, SHORT), UNECHO_OK);
    unecho_close(&stream);
    bench b = unecho_bench(&float_16, &stereo);
    GByteArray *const out = run_unecho(&b, &float_16, mic.samples, SHORT, &stereo, both, SHORT);
    assert_int_equal(out->len, SHORT * sizeof(float));
    assert_int_equal(memcmp(out->data, expected + latency, (SHORT - latency) * sizeof *expected),
                     0);
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
    free(both);
    free(expected);
}

/* As long as the microphone, whichever end is longer, and if it is shorter than the latency. */
static void ends_with_the_microphone(void **unused)
{
    (void)unused;
    static const struct {
        size_t mic_n, far_n;
    } lengths[] = {{30000, 40000}, {40000, 30001}, {30001, 30001}, {100, 4000}, {255, 0}, {1, 1}};
    const unecho_config config = config_of(&float_16);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t n = lengths[i].mic_n, far_n = lengths[i].far_n;
        float *const padded = calloc(n + 1, sizeof *padded);
        memcpy(padded, far.samples, (n < far_n ? n : far_n) * sizeof *padded);
        float *const expected = of_library(&config, &float_16, mic.samples, padded, n);
        bench b = unecho_bench(&float_16, &float_16);
        assert_gives(&b, mic_end(n), far_end(far_n), expected, NULL);
        free(padded);
    }
}

static void without_far_end(void **unused)
{
    (void)unused;
    const unecho_config config = config_of(&float_16);
    float *const expected = of_library(&config, &float_16, mic.samples, NULL, SHORT);
    bench b = unecho_bench(&float_16, NULL);
    assert_gives(&b, mic_end(SHORT), (end){0}, expected, "The pad far is not connected");
}

static void without_microphone(void **unused)
{
    (void)unused;
    bench b = {.element = gst_element_factory_make("unecho", NULL), .bus = gst_bus_new()};
    gst_element_set_bus(b.element, b.bus);
    b.mic = gst_harness_new_with_element(b.element, "far", "src");
    set_format(b.mic, &float_16);
    size_t sent = 0;
    send(b.mic, &float_16, far.samples, &sent, 480);
    /* It is said by the thread of the element. */
    GstMessage *const message =
        gst_bus_timed_pop_filtered(b.bus, 10 * GST_SECOND, GST_MESSAGE_WARNING);
    assert_non_null(message);
    GError *error = NULL;
    gst_message_parse_warning(message, &error, NULL);
    assert_string_equal(error->message,
                        "The pad mic is not connected: nothing comes out until it is.");
    g_error_free(error);
    gst_message_unref(message);
    end_bench(&b);
}

static void settings_count(void **unused)
{
    (void)unused;
    unecho_config config = config_of(&float_16);
    config.suppression = 2.0f;
    config.noise_reduction_db = 6;
    config.comfort_noise = 1;
    config.reference_late_ms = 40;
    float *const expected = of_library(&config, &float_16, mic.samples, far.samples, SHORT);
    bench b = unecho_bench(&float_16, &float_16);
    g_object_set(b.element, "suppression", 2.0f, "noise-reduction", 6u, "comfort-noise", TRUE,
                 "reference-late", 40u, NULL);
    guint late;
    g_object_get(b.element, "reference-late", &late, NULL);
    assert_int_equal(late, 40);
    assert_gives(&b, mic_end(SHORT), far_end(SHORT), expected, NULL);
}

static void engines(void **unused)
{
    (void)unused;
    static const char *const names[] = {"neural", "linear", "linear-neural"};
    for (int engine = 0; engine < 3; engine++) {
        unecho_config config = config_of(&float_16);
        config.engine = (unecho_engine)engine;
        float *const expected = of_library(&config, &float_16, mic.samples, far.samples, SHORT);
        bench b = unecho_bench(&float_16, &float_16);
        gst_util_set_object_arg(G_OBJECT(b.element), "engine", names[engine]);
        assert_gives(&b, mic_end(SHORT), far_end(SHORT), expected, NULL);
    }
}

/* Of a live pipeline: a block of 10 ms and the library's. */
static void tells_its_latency(void **unused)
{
    (void)unused;
    unecho_config config = config_of(&float_16);
    config.reference_late_ms = 100;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const GstClockTime own =
        gst_util_uint64_scale((guint64)unecho_latency(stream), GST_SECOND, 16000);
    unecho_close(&stream);

    static const char *const factories[] = {"unecho", "unechodsp"};
    for (int i = 0; i < 2; i++) {
        bench b = i == 0 ? unecho_bench(&float_16, NULL) : pair_bench(&float_16, NULL);
        g_object_set(b.element, "reference-late", 100u, NULL);
        /* Opened before the setting: once more. */
        set_format(b.mic, &(format){"S16LE", 16000, 1});
        set_format(b.mic, &float_16);
        GByteArray *const out =
            i == 0 ? run_unecho(&b, &float_16, mic.samples, 1600, NULL, NULL, 0) : NULL;
        gst_harness_set_upstream_latency(b.mic, 20 * GST_MSECOND);
        const GstClockTime block = i == 0 ? 10 * GST_MSECOND : 0;
        print_message("# %s: %.3f ms\n", factories[i],
                      (double)gst_harness_query_latency(b.mic) / 1e6);
        assert_int_equal(gst_harness_query_latency(b.mic), 20 * GST_MSECOND + block + own);
        if (out)
            g_byte_array_unref(out);
        end_bench(&b);
    }
}

static void posts_statistics(void **unused)
{
    (void)unused;
    bench b = unecho_bench(&float_16, &float_16);
    g_object_set(b.element, "stats-interval", 500u, NULL);
    GByteArray *const out =
        run_unecho(&b, &float_16, mic.samples, SHORT, &float_16, far.samples, SHORT);
    unsigned messages = 0;
    GstMessage *message;
    while ((message = gst_bus_pop_filtered(b.bus, GST_MESSAGE_ELEMENT)) != NULL) {
        const GstStructure *const s = gst_message_get_structure(message);
        guint64 frames;
        double delay, level;
        assert_true(gst_structure_has_name(s, "unecho"));
        assert_true(gst_structure_get(s, "frames", G_TYPE_UINT64, &frames, "delay-ms",
                                      G_TYPE_DOUBLE, &delay, "mic-db", G_TYPE_DOUBLE, &level,
                                      NULL));
        messages++;
        assert_int_equal(frames, messages * 8000);
        gst_message_unref(message);
    }
    assert_int_equal(messages, SHORT / 8000);
    end_bench(&b);
    g_byte_array_unref(out);
}

static void rates_that_differ(void **unused)
{
    (void)unused;
    const format at_48 = {"F32LE", 48000, 1};
    bench b = unecho_bench(&float_16, &at_48);
    float silence[480] = {0};
    for (int i = 0; i < 2; i++) {
        GstHarness *const h = i == 0 ? b.mic : b.far;
        GstBuffer *const buffer = gst_buffer_new_memdup(silence, sizeof silence);
        GST_BUFFER_PTS(buffer) = 0;
        gst_harness_push(h, buffer);
    }
    GstMessage *const message =
        gst_bus_timed_pop_filtered(b.bus, 10 * GST_SECOND, GST_MESSAGE_ERROR);
    assert_non_null(message);
    GError *error = NULL;
    gst_message_parse_error(message, &error, NULL);
    assert_non_null(strstr(error->message, "The pads mic and far need one rate, and have 16000 and "
                                           "48000 Hz: put \"audioresample ! "
                                           "audio/x-raw,rate=16000\" before the pad far."));
    g_error_free(error);
    gst_message_unref(message);
    end_bench(&b);
}

/* The microphone passes unchanged, and one line says why. */
static void formats_that_are_none(void **unused)
{
    (void)unused;
    static const struct {
        format format;
        const char *why;
    } none[] = {{{"F32LE", 7999, 1}, "sample_rate is 7999"},
                {{"S16LE", 192001, 1}, "sample_rate is 192001"},
                {{"F32LE", 48000, 10}, "mic_channels is 10"}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const format *const f = &none[i].format;
        void *const ms = samples_in(f, mic.samples, SHORT);
        const end both = {f, ms, SHORT};
        bench b = unecho_bench(f, f);
        assert_gives(&b, both, both, ms, none[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_format),
        cmocka_unit_test(channels_of_the_far_end),
        cmocka_unit_test(ends_with_the_microphone),
        cmocka_unit_test(without_far_end),
        cmocka_unit_test(without_microphone),
        cmocka_unit_test(settings_count),
        cmocka_unit_test(engines),
        cmocka_unit_test(tells_its_latency),
        cmocka_unit_test(posts_statistics),
        cmocka_unit_test(rates_that_differ),
        cmocka_unit_test(formats_that_are_none),
    };
    return cmocka_run_group_tests_name("gstreamer", tests, set_up, tear_down);
}
