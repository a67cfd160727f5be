#include "aec.h"

/* A far end that is pushed comes in bursts as long as the buffers of a sink. */
enum { FAR_QUEUE_MS = 500 };

static bool is_float(const GstAudioInfo *info)
{
    return GST_AUDIO_INFO_FORMAT(info) == GST_AUDIO_FORMAT_F32;
}

void aec_init(aec *c, GstElement *element)
{
    *c = (aec){.element = element};
}

/* Queries read it in other threads. */
static void set_latency(aec *c, guint64 frames)
{
    GST_OBJECT_LOCK(c->element);
    c->latency = frames;
    c->latency_time =
        frames > 0
            ? gst_util_uint64_scale_round(frames, GST_SECOND, (guint64)GST_AUDIO_INFO_RATE(&c->mic))
            : 0;
    GST_OBJECT_UNLOCK(c->element);
}

/* Frames that went in and have not come out. */
static guint64 held_back(const aec *c)
{
    return c->latency - c->to_cut;
}

void aec_open(aec *c, const settings *s, const GstAudioInfo *mic, const GstAudioInfo *far,
              bool pushed)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.engine = (unecho_engine)s->engine;
    config.sample_rate = GST_AUDIO_INFO_RATE(mic);
    config.far_rate = GST_AUDIO_INFO_RATE(far);
    config.far_queue_ms = pushed ? FAR_QUEUE_MS : 0;
    config.mic_channels = (unsigned)GST_AUDIO_INFO_CHANNELS(mic);
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.far_channels = (unsigned)GST_AUDIO_INFO_CHANNELS(far);
    config.suppression = s->suppression;
    config.noise_reduction_db = s->noise_reduction_db;
    config.comfort_noise = s->comfort_noise;
    config.reference_late_ms = s->reference_late_ms;

    const guint64 before = c->latency, held = held_back(c);
    const GstClockTime end = c->end;
    aec_close(c);
    c->settings = *s;
    c->mic = *mic;
    c->far = *far;
    if (unecho_open(&c->stream, &config) < 0)
        GST_ELEMENT_WARNING(c->element, LIBRARY, INIT,
                            ("No echo is cancelled, the microphone passes unchanged: %s.", message),
                            (NULL));
    set_latency(c, c->stream ? (guint64)unecho_latency(c->stream) : 0);
    c->to_cut = c->latency > held ? c->latency - held : 0;
    c->end = end;
    if (c->latency != before)
        gst_element_post_message(c->element, gst_message_new_latency(GST_OBJECT(c->element)));
}

void aec_close(aec *c)
{
    unecho_close(&c->stream);
    set_latency(c, 0);
    c->to_cut = c->since_stats = 0;
    c->end = GST_CLOCK_TIME_NONE;
}

void aec_change(aec *c, const settings *s)
{
    if (c->stream) {
        unecho_set_suppression(c->stream, s->suppression);
        unecho_set_noise_reduction(c->stream, s->noise_reduction_db);
        unecho_set_comfort_noise(c->stream, s->comfort_noise);
    }
    c->settings.stats_interval_ms = s->stats_interval_ms;
}

void aec_reset(aec *c)
{
    if (c->stream)
        unecho_reset(c->stream);
    c->to_cut = c->latency;
    c->end = GST_CLOCK_TIME_NONE;
    c->since_stats = 0;
}

static GstClockTime duration(const aec *c, guint64 frames)
{
    return gst_util_uint64_scale_round(frames, GST_SECOND, (guint64)GST_AUDIO_INFO_RATE(&c->mic));
}

/* ---- Messages --------------------------------------------------------------------------- */

static void post_stats(const aec *c)
{
    unecho_stats s = {.size = sizeof s};
    if (unecho_get_stats(c->stream, &s) < 0)
        return;
    /* clang-format off */
    GstStructure *const structure = gst_structure_new("unecho",
        "frames", G_TYPE_UINT64, s.frames,
        "mic-db", G_TYPE_DOUBLE, (double)s.mic_db,
        "far-db", G_TYPE_DOUBLE, (double)s.far_db,
        "out-db", G_TYPE_DOUBLE, (double)s.out_db,
        "peak", G_TYPE_DOUBLE, (double)s.peak,
        "erle-db", G_TYPE_DOUBLE, (double)s.erle_db,
        "linear-erle-db", G_TYPE_DOUBLE, (double)s.linear_erle_db,
        "far-active-seconds", G_TYPE_DOUBLE, (double)s.far_active_seconds,
        "far-silent-seconds", G_TYPE_DOUBLE, (double)s.far_silent_seconds,
        "aligned", G_TYPE_BOOLEAN, (gboolean)(s.aligned != 0),
        "confidence", G_TYPE_DOUBLE, (double)s.confidence,
        "delay-ms", G_TYPE_DOUBLE, (double)s.delay_ms,
        "drift-ppm", G_TYPE_DOUBLE, (double)s.drift_ppm,
        "realignments", G_TYPE_UINT, (guint)s.realignments,
        "linear-diverged", G_TYPE_UINT, (guint)s.linear_diverged,
        "guarded-samples", G_TYPE_UINT64, s.guarded_samples,
        "mic-clipped-samples", G_TYPE_UINT64, s.mic_clipped_samples,
        "far-clipped-samples", G_TYPE_UINT64, s.far_clipped_samples,
        "far-missing-frames", G_TYPE_UINT64, s.far_missing_frames,
        "far-dropped-frames", G_TYPE_UINT64, s.far_dropped_frames,
        "limited-hops", G_TYPE_UINT64, s.limited_hops,
        "failed-hops", G_TYPE_UINT64, s.failed_hops,
        "mic-now-db", G_TYPE_DOUBLE, (double)s.mic_now_db,
        "far-now-db", G_TYPE_DOUBLE, (double)s.far_now_db,
        "out-now-db", G_TYPE_DOUBLE, (double)s.out_now_db,
        "erle-now-db", G_TYPE_DOUBLE, (double)s.erle_now_db,
        "near-end-active", G_TYPE_DOUBLE, (double)s.near_end_active,
        "near-end-seconds", G_TYPE_DOUBLE, (double)s.near_end_seconds,
        NULL);
    /* clang-format on */
    gst_element_post_message(c->element,
                             gst_message_new_element(GST_OBJECT(c->element), structure));
}

static void count_for_stats(aec *c, guint64 frames)
{
    const guint64 interval = gst_util_uint64_scale(c->settings.stats_interval_ms,
                                                   (guint64)GST_AUDIO_INFO_RATE(&c->mic), 1000);
    if (!c->stream || interval == 0)
        return;
    c->since_stats += frames;
    if (c->since_stats >= interval) {
        c->since_stats %= interval;
        post_stats(c);
    }
}

/* ---- Samples ---------------------------------------------------------------------------- */

static void run(aec *c, void *mic, const void *far, gsize frames)
{
    if (!c->stream)
        return;
    if (is_float(&c->mic))
        unecho_process(c->stream, mic, far, mic, frames);
    else
        unecho_process_int16(c->stream, mic, far, mic, frames);
}

/* The buffer holds `frames` frames that end at the timestamp `end`, less the latency. */
static void set_times(aec *c, GstBuffer *buffer, guint64 frames, GstClockTime end)
{
    const GstClockTime latency = c->latency_time, length = duration(c, frames);
    GST_BUFFER_DURATION(buffer) = length;
    GST_BUFFER_OFFSET(buffer) = GST_BUFFER_OFFSET_END(buffer) = GST_BUFFER_OFFSET_NONE;
    if (!GST_CLOCK_TIME_IS_VALID(end))
        return;
    c->end = end > latency ? end - latency : 0;
    GST_BUFFER_PTS(buffer) = c->end > length ? c->end - length : 0;
}

bool aec_process(aec *c, GstBuffer *buffer, const void *far)
{
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&c->mic);
    const gsize frames = gst_buffer_get_size(buffer) / frame;
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READWRITE))
        return true;
    run(c, map.data, far, frames);
    gst_buffer_unmap(buffer, &map);
    count_for_stats(c, frames);
    if (c->latency == 0)
        return true;

    const GstClockTime begin = GST_BUFFER_PTS(buffer);
    const GstClockTime end =
        GST_CLOCK_TIME_IS_VALID(begin) ? begin + duration(c, frames) : GST_CLOCK_TIME_NONE;
    const gsize cut = c->to_cut < frames ? (gsize)c->to_cut : frames;
    c->to_cut -= cut;
    if (cut == frames)
        return false;
    gst_buffer_resize(buffer, (gssize)(cut * frame), (gssize)((frames - cut) * frame));
    set_times(c, buffer, frames - cut, end);
    return true;
}

void aec_push_far(aec *c, GstBuffer *buffer)
{
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&c->far);
    GstMapInfo map;
    if (!c->stream || !gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    /* A buffer that is marked as a gap need not be silent. */
    const bool gap = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP);
    void *const silence = gap ? g_malloc0(map.size) : NULL;
    const void *const samples = gap ? silence : map.data;
    if (is_float(&c->far))
        unecho_push_far(c->stream, samples, map.size / frame);
    else
        unecho_push_far_int16(c->stream, samples, map.size / frame);
    g_free(silence);
    gst_buffer_unmap(buffer, &map);
}

void aec_mic_lost(aec *c, guint64 frames)
{
    if (c->stream)
        unecho_notify_gap(c->stream, frames, 0);
}

GstBuffer *aec_drain(aec *c)
{
    const guint64 held = held_back(c);
    if (held == 0)
        return NULL;
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&c->mic);
    const gsize size = (gsize)c->latency * frame;
    guint8 *const silence = g_malloc0(size);
    run(c, silence, NULL, (gsize)c->latency);
    GstBuffer *const buffer = gst_buffer_new_wrapped(silence, size);
    /* What comes first is still the latency, where the microphone was shorter. */
    gst_buffer_resize(buffer, (gssize)(c->to_cut * frame), (gssize)(held * frame));
    GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_IS_VALID(c->end) ? c->end : 0;
    GST_BUFFER_DURATION(buffer) = duration(c, held);
    c->to_cut = c->latency;
    return buffer;
}

void aec_add_latency(const aec *c, GstQuery *query)
{
    gboolean live;
    GstClockTime least, most;
    gst_query_parse_latency(query, &live, &least, &most);
    GST_OBJECT_LOCK(c->element);
    const GstClockTime own = c->latency_time;
    GST_OBJECT_UNLOCK(c->element);
    least += own;
    if (GST_CLOCK_TIME_IS_VALID(most))
        most += own;
    gst_query_set_latency(query, live, least, most);
}
