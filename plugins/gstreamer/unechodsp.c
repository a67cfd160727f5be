/*
 * The element `unechodsp`: cancels in the microphone the echo of what passes an `unechoprobe`, by
 * order of arrival, so that pipelines and their clocks may differ.
 */
#include "aec.h"
#include "elements.h"
#include "probe.h"

#include <gst/base/gstbasetransform.h>

#define DEFAULT_PROBE "unechoprobe0"

enum { PROBE = SETTINGS_END };

G_DECLARE_FINAL_TYPE(GstUnechoDsp, gst_unecho_dsp, GST, UNECHO_DSP, GstBaseTransform)

struct _GstUnechoDsp {
    GstBaseTransform parent;
    settings settings;
    gchar *probe_name;
    aec aec;
    GstAudioInfo info;
    GstUnechoProbe *probe; /* NULL: not found yet */
    bool probe_missed;     /* told that it is missing */
    GstClockTime next;     /* timestamp expected of the microphone */
};

G_DEFINE_TYPE(GstUnechoDsp, gst_unecho_dsp, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE(unechodsp, "unechodsp", GST_RANK_NONE, gst_unecho_dsp_get_type())

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(AEC_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(AEC_CAPS));

#define parent_transform GST_BASE_TRANSFORM_CLASS(gst_unecho_dsp_parent_class)

static settings settings_of(GstUnechoDsp *self)
{
    GST_OBJECT_LOCK(self);
    const settings s = self->settings;
    GST_OBJECT_UNLOCK(self);
    return s;
}

static void open_stream(GstUnechoDsp *self, const GstAudioInfo *far)
{
    const settings s = settings_of(self);
    aec_open(&self->aec, &s, &self->info, far, true);
}

/* ---- Formats ------------------------------------------------------------------------------ */

static void find_probe(GstUnechoDsp *self)
{
    GST_OBJECT_LOCK(self);
    gchar *const name = g_strdup(self->probe_name);
    GST_OBJECT_UNLOCK(self);
    self->probe = probe_take(name);
    if (!self->probe && !self->probe_missed) {
        self->probe_missed = true;
        GST_ELEMENT_WARNING(self, RESOURCE, NOT_FOUND,
                            ("There is no free unechoprobe of the name %s, which the property "
                             "probe gives: no echo is cancelled until there is.",
                             name),
                            (NULL));
    }
    g_free(name);
}

static gboolean set_caps(GstBaseTransform *transform, GstCaps *in, GstCaps *out)
{
    (void)out;
    GstUnechoDsp *const self = GST_UNECHO_DSP(transform);
    if (!gst_audio_info_from_caps(&self->info, in))
        return FALSE;
    if (!self->probe)
        find_probe(self);
    /* A guess as long as nothing has passed the probe. */
    GstAudioInfo far = self->info;
    if (self->probe)
        probe_format(self->probe, &far);
    open_stream(self, &far);
    return TRUE;
}

static gboolean query(GstBaseTransform *transform, GstPadDirection direction, GstQuery *q)
{
    const gboolean answered = parent_transform->query(transform, direction, q);
    if (answered && direction == GST_PAD_SRC && GST_QUERY_TYPE(q) == GST_QUERY_LATENCY)
        aec_add_latency(&GST_UNECHO_DSP(transform)->aec, q);
    return answered;
}

/* ---- Samples ------------------------------------------------------------------------------ */

static bool same_signal(const GstAudioInfo *a, const GstAudioInfo *b)
{
    return GST_AUDIO_INFO_RATE(a) == GST_AUDIO_INFO_RATE(b) &&
           GST_AUDIO_INFO_CHANNELS(a) == GST_AUDIO_INFO_CHANNELS(b) &&
           GST_AUDIO_INFO_FORMAT(a) == GST_AUDIO_INFO_FORMAT(b);
}

static void push_far(GstUnechoDsp *self)
{
    GstBuffer *buffer;
    GstAudioInfo far;
    while (self->probe && (buffer = probe_next(self->probe, &far)) != NULL) {
        if (!same_signal(&far, &self->aec.far))
            open_stream(self, &far);
        aec_push_far(&self->aec, buffer);
        gst_buffer_unref(buffer);
    }
}

/* The far end that was played meanwhile has been pushed. */
static void watch_for_gaps(GstUnechoDsp *self, const GstBuffer *buffer)
{
    const GstClockTime begin = GST_BUFFER_PTS(buffer);
    if (!GST_CLOCK_TIME_IS_VALID(begin))
        return;
    const guint64 rate = (guint64)GST_AUDIO_INFO_RATE(&self->info);
    if (GST_BUFFER_IS_DISCONT(buffer) && GST_CLOCK_TIME_IS_VALID(self->next) && begin > self->next)
        aec_mic_lost(&self->aec, gst_util_uint64_scale(begin - self->next, rate, GST_SECOND));
    const guint64 frames =
        gst_buffer_get_size((GstBuffer *)buffer) / (gsize)GST_AUDIO_INFO_BPF(&self->info);
    self->next = begin + gst_util_uint64_scale(frames, GST_SECOND, rate);
}

static GstFlowReturn transform_ip(GstBaseTransform *transform, GstBuffer *buffer)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(transform);
    const settings s = settings_of(self);
    if (!self->probe)
        find_probe(self);
    push_far(self);
    aec_change(&self->aec, &s);
    watch_for_gaps(self, buffer);
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) {
        gst_buffer_memset(buffer, 0, 0, gst_buffer_get_size(buffer));
        gst_buffer_unset_flags(buffer, GST_BUFFER_FLAG_GAP);
    }
    return aec_process(&self->aec, buffer, NULL) ? GST_FLOW_OK : GST_BASE_TRANSFORM_FLOW_DROPPED;
}

static gboolean sink_event(GstBaseTransform *transform, GstEvent *event)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(transform);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
        GstBuffer *const rest = aec_drain(&self->aec);
        if (rest)
            gst_pad_push(GST_BASE_TRANSFORM_SRC_PAD(self), rest);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
        aec_reset(&self->aec);
        if (self->probe)
            probe_flush(self->probe);
        self->next = GST_CLOCK_TIME_NONE;
    }
    return parent_transform->sink_event(transform, event);
}

static gboolean stop(GstBaseTransform *transform)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(transform);
    aec_close(&self->aec);
    if (self->probe)
        probe_give_back(self->probe);
    self->probe = NULL;
    self->probe_missed = false;
    self->next = GST_CLOCK_TIME_NONE;
    return TRUE;
}

/* What was played in a pause is out of date. */
static GstStateChangeReturn change_state(GstElement *element, GstStateChange change)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(element);
    if (change == GST_STATE_CHANGE_PAUSED_TO_PLAYING && self->probe)
        probe_flush(self->probe);
    return GST_ELEMENT_CLASS(gst_unecho_dsp_parent_class)->change_state(element, change);
}

/* ---- The object --------------------------------------------------------------------------- */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(object);
    gboolean known = TRUE;
    GST_OBJECT_LOCK(self);
    if (id == PROBE) {
        g_free(self->probe_name);
        self->probe_name = g_value_dup_string(value);
    } else {
        known = settings_set(&self->settings, id, value);
    }
    GST_OBJECT_UNLOCK(self);
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    GstUnechoDsp *const self = GST_UNECHO_DSP(object);
    gboolean known = TRUE;
    GST_OBJECT_LOCK(self);
    if (id == PROBE)
        g_value_set_string(value, self->probe_name);
    else
        known = settings_get(&self->settings, id, value);
    GST_OBJECT_UNLOCK(self);
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void finalize(GObject *object)
{
    g_free(GST_UNECHO_DSP(object)->probe_name);
    G_OBJECT_CLASS(gst_unecho_dsp_parent_class)->finalize(object);
}

static void gst_unecho_dsp_class_init(GstUnechoDspClass *class)
{
    GObjectClass *const object = G_OBJECT_CLASS(class);
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const transform = GST_BASE_TRANSFORM_CLASS(class);
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    settings_install(object);
    g_object_class_install_property(
        object, PROBE,
        g_param_spec_string(
            "probe", "Probe", "The name of the unechoprobe with the far end", DEFAULT_PROBE,
            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | (GParamFlags)GST_PARAM_MUTABLE_READY));
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(
        element, "Acoustic echo canceller with a probe", "Filter/Effect/Audio",
        "Removes from the microphone the echo of what passes an unechoprobe", "unecho");
    element->change_state = change_state;
    transform->set_caps = set_caps;
    transform->query = query;
    transform->transform_ip = transform_ip;
    transform->sink_event = sink_event;
    transform->stop = stop;
}

static void gst_unecho_dsp_init(GstUnechoDsp *self)
{
    settings_init(&self->settings);
    self->probe_name = g_strdup(DEFAULT_PROBE);
    aec_init(&self->aec, GST_ELEMENT(self));
    gst_audio_info_init(&self->info);
    self->next = GST_CLOCK_TIME_NONE;
}
