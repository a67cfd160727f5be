#include "gst_bench.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

signal_ mic, far;

int set_up(void **unused)
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

int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    gst_deinit();
    return 0;
}

/* ---- Elements on a bench ------------------------------------------------------------------ */

const format float_16 = {"F32LE", 16000, 1};

void set_format(GstHarness *h, const format *f)
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

bench unecho_bench(const format *m, const format *f)
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

bench pair_bench(const format *m, const format *f)
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

void end_bench(bench *b)
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

void assert_complains(bench *b, const char *of)
{
    gchar *const text = next_complaint(b);
    assert_non_null(text);
    if (!strstr(text, of))
        fail_msg("\"%s\" instead of \"%s\"", text, of);
    g_free(text);
}

void assert_content(bench *b)
{
    gchar *const text = next_complaint(b);
    if (text)
        fail_msg("%s", text);
}

/* ---- Samples ------------------------------------------------------------------------------ */

void *samples_in(const format *f, const float *x, size_t n)
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

size_t frame_of(const format *f)
{
    return (size_t)f->channels * (f->name[0] == 'F' ? 4 : 2);
}

static GstBuffer *buffer_of(const format *f, const void *all, size_t *sent, size_t n)
{
    const size_t frame = frame_of(f);
    GstBuffer *const buffer = gst_buffer_new_memdup((const char *)all + *sent * frame, n * frame);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(*sent, GST_SECOND, (guint64)f->rate);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(n, GST_SECOND, (guint64)f->rate);
    *sent += n;
    return buffer;
}

void send(GstHarness *h, const format *f, const void *all, size_t *sent, size_t n)
{
    assert_int_equal(gst_harness_push(h, buffer_of(f, all, sent, n)), GST_FLOW_OK);
}

size_t next_block(size_t left, size_t *turn)
{
    static const size_t blocks[] = {1, 480, 37, 1024, 333, 4099, 7};
    const size_t wanted = blocks[(*turn)++ % (sizeof blocks / sizeof *blocks)];
    return left < wanted ? left : wanted;
}

GByteArray *pull(GstHarness *h, const format *f, bool until_end, size_t from)
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

/* As a branch of a pipeline: in a thread of its own, until the element wants no more. */
typedef struct branch {
    GstHarness *harness;
    const format *format;
    const void *samples;
    size_t count;
} branch;

static gpointer run_branch(gpointer data)
{
    const branch *const b = data;
    size_t sent = 0, turn = 0;
    while (sent < b->count) {
        const size_t n = next_block(b->count - sent, &turn);
        if (gst_harness_push(b->harness, buffer_of(b->format, b->samples, &sent, n)) != GST_FLOW_OK)
            return NULL;
    }
    gst_harness_push_event(b->harness, gst_event_new_eos());
    return NULL;
}

GByteArray *run_unecho(bench *b, const format *f, const void *m, size_t mic_n, const format *ff,
                       const void *r, size_t far_n)
{
    branch far_branch = {b->far, ff, r, far_n};
    GThread *const thread = b->far ? g_thread_new("far", run_branch, &far_branch) : NULL;
    size_t turn = 3;
    while (b->mic_sent < mic_n)
        send(b->mic, f, m, &b->mic_sent, next_block(mic_n - b->mic_sent, &turn));
    GByteArray *const out = pull(b->mic, f, true, 0);
    if (thread)
        g_thread_join(thread);
    return out;
}

/* ---- The library -------------------------------------------------------------------------- */

unecho_config config_of(const format *m)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = config.far_rate = m->rate;
    config.mic_channels = config.far_channels = (unsigned)m->channels;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    return config;
}

void *of_library(const unecho_config *config, const format *f, const void *m, const void *r,
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

void assert_bytes(const GByteArray *all, const void *expected, size_t size)
{
    assert_int_equal(all->len, size);
    assert_int_equal(memcmp(all->data, expected, size), 0);
}
