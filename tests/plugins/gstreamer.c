/*
 * The GStreamer plugin, in the harness of GStreamer's own tests: its elements give the library's
 * bits at the microphone's timestamps, whatever the buffers, say what is wrong with a pipeline, and
 * pass the microphone where there is no canceller.
 */
#include "check.h"
#include "rates.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for the default engine to cancel, short enough for many runs. */
enum { SHORT = 48000 };

static signal_ mic, far;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    gst_init(NULL, NULL);
    GError *error = NULL;
    GstPlugin *const plugin = gst_plugin_load_file(UNECHO_GSTREAMER_PLUGIN, &error);
    if (!plugin)
        fail_msg("%s", error->message);
    gst_object_unref(plugin);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    gst_deinit();
    return 0;
}

/* ---- Elements on a bench ------------------------------------------------------------------ */

typedef struct bench {
    GstElement *element;
    GstBus *bus;
    GstHarness *mic; /* in and out */
    GstHarness *far; /* NULL: not connected; of a pair, in and out of the probe */
    size_t mic_sent, far_sent;
} bench;

typedef struct format {
    const char *name; /* "F32LE", "S16LE" */
    int rate, channels;
} format;

static const format float_16 = {"F32LE", 16000, 1};

static void set_format(GstHarness *h, const format *f)
{
    /* Without positions, as microphone arrays have it. */
    gchar *const caps = g_strdup_printf("audio/x-raw,format=%s,layout=interleaved,rate=%d,"
                                        "channels=%d%s",
                                        f->name, f->rate, f->channels,
                                        f->channels > 1 ? ",channel-mask=(bitmask)0" : "");
    gst_harness_set_src_caps_str(h, caps);
    g_free(caps);
}

static GstElement *element_of(bench *b, const char *factory)
{
    b->element = gst_element_factory_make(factory, NULL);
    assert_non_null(b->element);
    b->bus = gst_bus_new();
    gst_element_set_bus(b->element, b->bus);
    return b->element;
}

/* `unecho`; far NULL: that pad does not exist. */
static bench unecho_bench(const format *m, const format *f)
{
    bench b = {0};
    element_of(&b, "unecho");
    b.mic = gst_harness_new_with_element(b.element, "mic", "src");
    if (f)
        b.far = gst_harness_new_with_element(b.element, "far", NULL);
    set_format(b.mic, m);
    if (f)
        set_format(b.far, f);
    return b;
}

/* The pair; far NULL: there is no probe. */
static bench pair_bench(const format *m, const format *f)
{
    bench b = {0};
    if (f) {
        GstElement *const probe = gst_element_factory_make("unechoprobe", "loudspeaker");
        b.far = gst_harness_new_with_element(probe, "sink", "src");
        gst_object_unref(probe);
        set_format(b.far, f);
    }
    element_of(&b, "unechodsp");
    g_object_set(b.element, "probe", "loudspeaker", NULL);
    b.mic = gst_harness_new_with_element(b.element, "sink", "src");
    set_format(b.mic, m);
    return b;
}

static void end_bench(bench *b)
{
    if (b->far)
        gst_harness_teardown(b->far);
    gst_harness_teardown(b->mic);
    gst_element_set_bus(b->element, NULL);
    gst_object_unref(b->element);
    gst_object_unref(b->bus);
}

/* The text of the next warning or error, which the caller frees; NULL: there is none. */
static gchar *next_complaint(bench *b)
{
    GstMessage *const message =
        gst_bus_pop_filtered(b->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
    if (!message)
        return NULL;
    GError *error = NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else
        gst_message_parse_warning(message, &error, NULL);
    gchar *const text = g_strdup(error->message);
    g_error_free(error);
    gst_message_unref(message);
    return text;
}

static void assert_complains(bench *b, const char *of)
{
    gchar *const text = next_complaint(b);
    assert_non_null(text);
    if (!strstr(text, of))
        fail_msg("\"%s\" instead of \"%s\"", text, of);
    g_free(text);
}

static void assert_content(bench *b)
{
    gchar *const text = next_complaint(b);
    if (text)
        fail_msg("%s", text);
}

/* ---- Samples ------------------------------------------------------------------------------ */

/* As bytes of that format, the same signal in every channel. */
static void *samples_in(const format *f, const float *x, size_t n)
{
    const bool floats = f->name[0] == 'F';
    const size_t channels = (size_t)f->channels;
    void *const all = malloc(n * channels * (floats ? 4 : 2) + 1);
    for (size_t i = 0; i < n * channels; i++)
        if (floats)
            ((float *)all)[i] = x[i / channels];
        else
            ((int16_t *)all)[i] = (int16_t)(x[i / channels] * 32767.0f);
    return all;
}

static size_t frame_of(const format *f)
{
    return (size_t)f->channels * (f->name[0] == 'F' ? 4 : 2);
}

static void send(GstHarness *h, const format *f, const void *all, size_t *sent, size_t n)
{
    const size_t frame = frame_of(f);
    GstBuffer *const buffer = gst_buffer_new_memdup((const char *)all + *sent * frame, n * frame);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(*sent, GST_SECOND, (guint64)f->rate);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(n, GST_SECOND, (guint64)f->rate);
    *sent += n;
    assert_int_equal(gst_harness_push(h, buffer), GST_FLOW_OK);
}

static size_t next_block(size_t left)
{
    static const size_t blocks[] = {1, 480, 37, 1024, 333, 4099, 7};
    static size_t turn;
    const size_t wanted = blocks[turn++ % (sizeof blocks / sizeof *blocks)];
    return left < wanted ? left : wanted;
}

/* What has come out since the last call, joined; its timestamps go on without gap from `from`. */
static GByteArray *pull(GstHarness *h, const format *f, bool until_end, size_t from)
{
    GByteArray *const all = g_byte_array_new();
    GstBuffer *buffer = NULL;
    if (until_end)
        assert_true(gst_harness_push_event(h, gst_event_new_eos()));
    while (until_end ? gst_harness_pull_until_eos(h, &buffer) && buffer
                     : (buffer = gst_harness_try_pull(h)) != NULL) {
        GstMapInfo map;
        assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
        const guint64 begin = from + all->len / frame_of(f), n = map.size / frame_of(f);
        const GstClockTime expected = gst_util_uint64_scale(begin, GST_SECOND, (guint64)f->rate);
        const GstClockTime length = gst_util_uint64_scale(n, GST_SECOND, (guint64)f->rate);
        /* Rounded otherwise. */
        assert_true(llabs(GST_CLOCK_DIFF(expected, GST_BUFFER_PTS(buffer))) <= 2);
        assert_true(llabs(GST_CLOCK_DIFF(length, GST_BUFFER_DURATION(buffer))) <= 2);
        g_byte_array_append(all, map.data, (guint)map.size);
        gst_buffer_unmap(buffer, &map);
        gst_buffer_unref(buffer);
    }
    return all;
}

/* All of both ends in buffers of odd sizes, the end that is behind first. */
static GByteArray *run_unecho(bench *b, const format *f, const void *m, size_t mic_n,
                              const format *ff, const void *r, size_t far_n)
{
    bool far_ended = !b->far;
    while (b->mic_sent < mic_n || !far_ended) {
        if (!far_ended && b->far_sent == far_n) {
            assert_true(gst_harness_push_event(b->far, gst_event_new_eos()));
            far_ended = true;
        } else if (b->mic_sent < mic_n && (far_ended || b->mic_sent <= b->far_sent)) {
            send(b->mic, f, m, &b->mic_sent, next_block(mic_n - b->mic_sent));
        } else if (b->mic_sent < mic_n || b->far_sent < mic_n) {
            send(b->far, ff, r, &b->far_sent, next_block(far_n - b->far_sent));
        } else {
            /* What is left of the far end is not wanted any more. */
            far_ended = true;
        }
    }
    return pull(b->mic, f, true, 0);
}

/* ---- The library -------------------------------------------------------------------------- */

static unecho_config config_of(const format *m)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = config.far_rate = m->rate;
    config.mic_channels = config.far_channels = (unsigned)m->channels;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    return config;
}

/* What the library gives for n frames without its latency; far_n frames of far end, then none. */
static void *of_library(const unecho_config *config, const format *f, const void *m, const void *r,
                        size_t n)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream), frame = frame_of(f);
    char *const mics = calloc(n + latency, frame), *const fars = calloc(n + latency, frame);
    char *const out = calloc(n + latency, frame);
    memcpy(mics, m, n * frame);
    if (r)
        memcpy(fars, r, n * frame);
    if (f->name[0] == 'F')
        unecho_process(stream, (float *)mics, (float *)fars, (float *)out, n + latency);
    else
        unecho_process_int16(stream, (int16_t *)mics, (int16_t *)fars, (int16_t *)out, n + latency);
    unecho_close(&stream);
    memmove(out, out + latency * frame, n * frame);
    free(mics);
    free(fars);
    return out;
}

static void assert_bytes(const GByteArray *all, const void *expected, size_t size)
{
    assert_int_equal(all->len, size);
    assert_int_equal(memcmp(all->data, expected, size), 0);
}

/* ---- `unecho` ----------------------------------------------------------------------------- */

static void bits_in(const format *f)
{
    const signal_ m = resampled(&mic, 16000, f->rate), r = resampled(&far, 16000, f->rate);
    void *const ms = samples_in(f, m.samples, SHORT), *const rs = samples_in(f, r.samples, SHORT);
    const unecho_config config = config_of(f);
    void *const expected = of_library(&config, f, ms, rs, SHORT);
    bench b = unecho_bench(f, f);
    GByteArray *const out = run_unecho(&b, f, ms, SHORT, f, rs, SHORT);
    assert_bytes(out, expected, SHORT * frame_of(f));
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
    free(m.samples);
    free(r.samples);
    free(ms);
    free(rs);
    free(expected);
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

/* Their mean, as in the library: a far end whose channels differ by a factor. */
static void channels_of_the_far_end(void **unused)
{
    (void)unused;
    const format stereo = {"F32LE", 16000, 2};
    float *const both = malloc(2 * SHORT * sizeof *both);
    for (size_t t = 0; t < SHORT; t++) {
        both[2 * t] = 1.5f * far.samples[t];
        both[2 * t + 1] = 0.5f * far.samples[t];
    }
    const unecho_config config = config_of(&float_16);
    float *const expected = of_library(&config, &float_16, mic.samples, far.samples, SHORT);
    bench b = unecho_bench(&float_16, &stereo);
    GByteArray *const out = run_unecho(&b, &float_16, mic.samples, SHORT, &stereo, both, SHORT);
    assert_int_equal(out->len, SHORT * sizeof(float));
    /* The converter rounds otherwise than the library. */
    assert_true(snr_db(expected, (float *)(void *)out->data, SHORT) > 80.0);
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
        GByteArray *const out =
            run_unecho(&b, &float_16, mic.samples, n, &float_16, far.samples, far_n);
        assert_bytes(out, expected, n * sizeof(float));
        end_bench(&b);
        g_byte_array_unref(out);
        free(padded);
        free(expected);
    }
}

static void without_far_end(void **unused)
{
    (void)unused;
    const unecho_config config = config_of(&float_16);
    float *const expected = of_library(&config, &float_16, mic.samples, NULL, SHORT);
    bench b = unecho_bench(&float_16, NULL);
    GByteArray *const out = run_unecho(&b, &float_16, mic.samples, SHORT, NULL, NULL, 0);
    assert_bytes(out, expected, SHORT * sizeof(float));
    assert_complains(&b, "The pad far is not connected");
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
    free(expected);
}

/* From then on it is silent. */
static void far_end_unplugged(void **unused)
{
    (void)unused;
    enum { HALF = SHORT / 2, LATENCY = 256 };
    float *const halved = calloc(SHORT, sizeof *halved);
    memcpy(halved, far.samples, HALF * sizeof *halved);
    const unecho_config config = config_of(&float_16);
    float *const expected = of_library(&config, &float_16, mic.samples, halved, SHORT);
    bench b = unecho_bench(&float_16, &float_16);
    while (b.mic_sent < HALF || b.far_sent < HALF)
        if (b.mic_sent <= b.far_sent)
            send(b.mic, &float_16, mic.samples, &b.mic_sent, 400);
        else
            send(b.far, &float_16, far.samples, &b.far_sent, 400);
    /* The pad goes when all that it got has had its effect. */
    GByteArray *const first = g_byte_array_new();
    while (first->len < (HALF - LATENCY) * sizeof(float)) {
        GstBuffer *const buffer = gst_harness_pull(b.mic);
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_READ);
        g_byte_array_append(first, map.data, (guint)map.size);
        gst_buffer_unmap(buffer, &map);
        gst_buffer_unref(buffer);
    }
    gst_harness_teardown(b.far);
    b.far = NULL;
    GstPad *const pad = gst_element_get_static_pad(b.element, "far");
    if (pad) {
        gst_element_release_request_pad(b.element, pad);
        gst_object_unref(pad);
    }
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent));
    GByteArray *const rest = pull(b.mic, &float_16, true, first->len / sizeof(float));
    g_byte_array_append(first, rest->data, rest->len);
    assert_bytes(first, expected, SHORT * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(first);
    g_byte_array_unref(rest);
    free(halved);
    free(expected);
}

static void settings_count(void **unused)
{
    (void)unused;
    unecho_config config = config_of(&float_16);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.noise_reduction_db = 0;
    config.reference_late_ms = 40;
    float *const expected = of_library(&config, &float_16, mic.samples, far.samples, SHORT);
    bench b = unecho_bench(&float_16, &float_16);
    gst_util_set_object_arg(G_OBJECT(b.element), "engine", "linear");
    g_object_set(b.element, "noise-reduction", 0u, "reference-late", 40u, NULL);
    guint late;
    g_object_get(b.element, "reference-late", &late, NULL);
    assert_int_equal(late, 40);
    GByteArray *const out =
        run_unecho(&b, &float_16, mic.samples, SHORT, &float_16, far.samples, SHORT);
    assert_bytes(out, expected, SHORT * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(out);
    free(expected);
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

/* ---- What does not fit -------------------------------------------------------------------- */

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
        bench b = unecho_bench(f, f);
        GByteArray *out = run_unecho(&b, f, ms, SHORT, f, ms, SHORT);
        assert_bytes(out, ms, SHORT * frame_of(f));
        assert_complains(&b, none[i].why);
        assert_content(&b);
        end_bench(&b);
        g_byte_array_unref(out);

        b = pair_bench(f, f);
        while (b.mic_sent < SHORT) {
            const size_t n = next_block(SHORT - b.mic_sent);
            send(b.far, f, ms, &b.far_sent, n);
            send(b.mic, f, ms, &b.mic_sent, n);
        }
        out = pull(b.mic, f, true, 0);
        assert_bytes(out, ms, SHORT * frame_of(f));
        assert_complains(&b, none[i].why);
        assert_content(&b);
        end_bench(&b);
        g_byte_array_unref(out);
        free(ms);
    }
}

/* ---- The pair ----------------------------------------------------------------------------- */

/* The library's calls that the pair makes: what has come from the far end, then the microphone. */
static void pair_at(const format *m, const format *f)
{
    const signal_ x = resampled(&mic, 16000, m->rate), y = resampled(&far, 16000, f->rate);
    void *const ms = samples_in(m, x.samples, SHORT), *const fs = samples_in(f, y.samples, y.count);
    const size_t frame = frame_of(m);
    unecho_config config = config_of(m);
    config.far_rate = f->rate;
    config.far_channels = (unsigned)f->channels;
    config.far_queue_ms = 500;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream);
    char *const expected = calloc(SHORT + latency, frame);
    bench b = pair_bench(m, f);

    while (b.mic_sent < SHORT) {
        const size_t n = next_block(SHORT - b.mic_sent), at = b.far_sent;
        const size_t due = (b.mic_sent + n) * (size_t)f->rate / (size_t)m->rate;
        if (due > at) {
            send(b.far, f, fs, &b.far_sent, due - at);
            if (f->name[0] == 'F')
                unecho_push_far(stream, (float *)fs + at * (size_t)f->channels, due - at);
            else
                unecho_push_far_int16(stream, (int16_t *)fs + at * (size_t)f->channels, due - at);
        }
        char *const out = expected + b.mic_sent * frame;
        if (m->name[0] == 'F')
            unecho_process(stream, (float *)ms + b.mic_sent, NULL, (float *)(void *)out, n);
        else
            unecho_process_int16(stream, (int16_t *)ms + b.mic_sent, NULL, (int16_t *)(void *)out,
                                 n);
        send(b.mic, m, ms, &b.mic_sent, n);
    }
    void *const silence = calloc(latency, frame);
    if (m->name[0] == 'F')
        unecho_process(stream, silence, NULL, (float *)(void *)(expected + SHORT * frame), latency);
    else
        unecho_process_int16(stream, silence, NULL, (int16_t *)(void *)(expected + SHORT * frame),
                             latency);
    unecho_close(&stream);

    GByteArray *const out = pull(b.mic, m, true, 0);
    assert_bytes(out, expected + latency * frame, SHORT * frame);
    assert_content(&b);
    /* The far end passes the probe unchanged. */
    GByteArray *const passed = pull(b.far, f, true, 0);
    assert_bytes(passed, fs, b.far_sent * frame_of(f));
    end_bench(&b);
    g_byte_array_unref(out);
    g_byte_array_unref(passed);
    free(silence);
    free(expected);
    free(ms);
    free(fs);
    free(x.samples);
    free(y.samples);
}

static void pair_gives_the_librarys_bits(void **unused)
{
    (void)unused;
    const format stereo_48 = {"S16LE", 48000, 2}, short_16 = {"S16LE", 16000, 1};
    pair_at(&float_16, &float_16);
    pair_at(&float_16, &stereo_48);
    pair_at(&short_16, &float_16);
}

static void pair_without_probe(void **unused)
{
    (void)unused;
    bench b = pair_bench(&float_16, NULL);
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent));
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    assert_complains(&b, "There is no free unechoprobe of the name loudspeaker");
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
}

/* One probe serves one canceller; the next gets it when that has stopped. */
static void probe_is_taken(void **unused)
{
    (void)unused;
    bench first = pair_bench(&float_16, &float_16), second = pair_bench(&float_16, NULL);
    assert_content(&first);
    assert_complains(&second, "There is no free unechoprobe");
    GstHarness *const probe = first.far;
    first.far = NULL;
    end_bench(&first);
    size_t far_sent = 0;
    send(second.mic, &float_16, mic.samples, &second.mic_sent, 480);
    send(probe, &float_16, far.samples, &far_sent, 480);
    send(second.mic, &float_16, mic.samples, &second.mic_sent, 480);
    assert_content(&second);
    end_bench(&second);
    gst_harness_teardown(probe);
}

/* The probe's pipeline goes in mid-run, and another comes with other samples. */
static void probe_unplugged(void **unused)
{
    (void)unused;
    const format stereo_48 = {"S16LE", 48000, 2};
    bench b = pair_bench(&float_16, &float_16);
    void *const fs = samples_in(&stereo_48, far.samples, 2 * (size_t)SHORT);
    while (b.mic_sent < SHORT) {
        if (b.mic_sent == SHORT / 3)
            set_format(b.far, &stereo_48);
        if (b.mic_sent == 2 * SHORT / 3) {
            gst_harness_teardown(b.far);
            b.far = NULL;
        }
        if (b.mic_sent < SHORT / 3)
            send(b.far, &float_16, far.samples, &b.far_sent, 160);
        else if (b.far)
            send(b.far, &stereo_48, fs, &b.far_sent, 480);
        send(b.mic, &float_16, mic.samples, &b.mic_sent, 160);
    }
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
    free(fs);
}

/* Nobody takes the far end while the microphone stands: that must not grow without end, and what
 * comes afterwards counts. */
static void microphone_stands(void **unused)
{
    (void)unused;
    bench b = pair_bench(&float_16, &float_16);
    send(b.mic, &float_16, mic.samples, &b.mic_sent, 480);
    while (b.far_sent + 480 < far.count)
        send(b.far, &float_16, far.samples, &b.far_sent, 480);
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent));
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(out);
}

/* ---- Again and again ---------------------------------------------------------------------- */

/* Under the sanitizers and valgrind nothing may be left. */
static void opened_and_closed(void **unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        bench b = i % 2 ? unecho_bench(&float_16, &float_16) : pair_bench(&float_16, &float_16);
        send(b.far, &float_16, far.samples, &b.far_sent, 160);
        send(b.mic, &float_16, mic.samples, &b.mic_sent, 160);
        end_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_format),
        cmocka_unit_test(channels_of_the_far_end),
        cmocka_unit_test(ends_with_the_microphone),
        cmocka_unit_test(without_far_end),
        cmocka_unit_test(far_end_unplugged),
        cmocka_unit_test(settings_count),
        cmocka_unit_test(tells_its_latency),
        cmocka_unit_test(posts_statistics),
        cmocka_unit_test(rates_that_differ),
        cmocka_unit_test(formats_that_are_none),
        cmocka_unit_test(pair_gives_the_librarys_bits),
        cmocka_unit_test(pair_without_probe),
        cmocka_unit_test(probe_is_taken),
        cmocka_unit_test(probe_unplugged),
        cmocka_unit_test(microphone_stands),
        cmocka_unit_test(opened_and_closed),
    };
    return cmocka_run_group_tests_name("gstreamer", tests, set_up, tear_down);
}
