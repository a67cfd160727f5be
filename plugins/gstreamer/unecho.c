/*
 * The element `unecho`: microphone and far end come on two pads, and the base class brings them to
 * one timeline. The far end waits beside the output buffer until that is complete.
 */
#include "aec.h"
#include "elements.h"

#include <gst/audio/gstaudioaggregator.h>
#include <string.h>

G_DECLARE_FINAL_TYPE(GstUnecho, gst_unecho, GST, UNECHO, GstAudioAggregator)

struct _GstUnecho {
    GstAudioAggregator parent;
    GstAudioAggregatorPad *mic;
    settings settings;
    aec aec;
    guint block;   /* frames of the output buffer that is being filled */
    guint8 *far;   /* as many of the far end */
    guint mic_end; /* frames of that buffer up to the end of what came from the microphone */
    /* Held while the base class mixes, which up to GStreamer 1.22 does not expect pads to go. */
    GMutex mixing;
    bool has_far;    /* something came from the far end */
    bool far_missed; /* told that no far end is connected */
    bool mic_missed; /* the same of the microphone */
};

G_DEFINE_TYPE(GstUnecho, gst_unecho, GST_TYPE_AUDIO_AGGREGATOR)
GST_ELEMENT_REGISTER_DEFINE(unecho, "unecho", GST_RANK_NONE, gst_unecho_get_type())

#define parent_aggregator GST_AGGREGATOR_CLASS(gst_unecho_parent_class)

static settings settings_of(GstUnecho *self)
{
    GST_OBJECT_LOCK(self);
    const settings s = self->settings;
    GST_OBJECT_UNLOCK(self);
    return s;
}

/* ---- The far end's pad -------------------------------------------------------------------- */

/*
 * It keeps its own channels. The base class counts frames in the size that they have in the output:
 * it gets buffers of that size, and the far end's samples hang on them.
 */
typedef GstAudioAggregatorConvertPad GstUnechoFarPad;
typedef GstAudioAggregatorConvertPadClass GstUnechoFarPadClass;

static GType gst_unecho_far_pad_get_type(void);
G_DEFINE_TYPE(GstUnechoFarPad, gst_unecho_far_pad, GST_TYPE_AUDIO_AGGREGATOR_CONVERT_PAD)

static GQuark samples_quark(void)
{
    return g_quark_from_static_string("unecho-far-samples");
}

/* The samples of the output, in the far end's channels. */
static GstAudioInfo far_info(const GstAudioInfo *far, const GstAudioInfo *out)
{
    GstAudioInfo info;
    gst_audio_info_set_format(&info, GST_AUDIO_INFO_FORMAT(out), far->rate, far->channels,
                              far->position);
    return info;
}

static GstBuffer *convert_far(GstAudioAggregatorPad *pad, GstAudioInfo *in, GstAudioInfo *out,
                              GstBuffer *buffer)
{
    GstAudioInfo wanted = far_info(in, out);
    GstBuffer *const samples = GST_AUDIO_AGGREGATOR_PAD_CLASS(gst_unecho_far_pad_parent_class)
                                   ->convert_buffer(pad, in, &wanted, buffer);
    if (!samples)
        return NULL;
    const gsize frames = gst_buffer_get_size(samples) / (gsize)wanted.bpf;
    GstBuffer *const carrier = gst_buffer_new_allocate(NULL, frames * (gsize)out->bpf, NULL);
    gst_buffer_copy_into(carrier, buffer,
                         (GstBufferCopyFlags)(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS),
                         0, (gsize)-1);
    gst_mini_object_set_qdata(GST_MINI_OBJECT(carrier), samples_quark(), samples,
                              (GDestroyNotify)gst_buffer_unref);
    return carrier;
}

static void gst_unecho_far_pad_class_init(GstUnechoFarPadClass *class)
{
    GST_AUDIO_AGGREGATOR_PAD_CLASS(class)->convert_buffer = convert_far;
}

static void gst_unecho_far_pad_init(GstUnechoFarPad *pad)
{
    (void)pad;
}

/* Pads convert what they get to the format of the output. */
#define SINK_CAPS GST_AUDIO_CAPS_MAKE(GST_AUDIO_FORMATS_ALL) ", layout = (string) interleaved"

static GstStaticPadTemplate mic_template =
    GST_STATIC_PAD_TEMPLATE("mic", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SINK_CAPS));
static GstStaticPadTemplate far_template =
    GST_STATIC_PAD_TEMPLATE("far", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS(SINK_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(AEC_CAPS));

/* ---- Pads and formats ------------------------------------------------------------------- */

static GstAudioAggregatorPad *new_pad(GType type, GstPadTemplate *template)
{
    return g_object_new(type, "name", GST_PAD_TEMPLATE_NAME_TEMPLATE(template), "direction",
                        GST_PAD_SINK, "template", template, NULL);
}

/* The base class would name it sink_0. */
static GstAggregatorPad *create_new_pad(GstAggregator *aggregator, GstPadTemplate *template,
                                        const gchar *name, const GstCaps *caps)
{
    (void)name;
    (void)caps;
    GstPad *const there = gst_element_get_static_pad(GST_ELEMENT(aggregator), "far");
    if (there) {
        gst_object_unref(there);
        GST_ERROR_OBJECT(aggregator, "There is one far end: the pad far is in use");
        return NULL;
    }
    return GST_AGGREGATOR_PAD(new_pad(gst_unecho_far_pad_get_type(), template));
}

/* Of a pad; its format is unknown if it has none yet. */
static GstAudioInfo info_of(GstElement *element, const char *name)
{
    GstAudioInfo info;
    gst_audio_info_init(&info);
    GstPad *const pad = gst_element_get_static_pad(element, name);
    if (pad) {
        GST_OBJECT_LOCK(pad);
        info = GST_AUDIO_AGGREGATOR_PAD(pad)->info;
        GST_OBJECT_UNLOCK(pad);
        gst_object_unref(pad);
    }
    return info;
}

/* The base class refuses rates with a line in the debug log. */
static void explain(GstElement *element, const char *name, gint rate)
{
    const gint mic = info_of(element, "mic").rate, far = info_of(element, "far").rate;
    const gint other = strcmp(name, "mic") == 0 ? far : mic;
    if (other != 0 && other != rate)
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION,
                          ("The pads mic and far need one rate, and have %d and %d Hz: put "
                           "\"audioresample ! audio/x-raw,rate=%d\" before the pad %s.",
                           mic ? mic : rate, far ? far : rate, other, name),
                          (NULL));
    else
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION,
                          ("The pad %s has %d Hz, which the elements behind do not take: put "
                           "audioresample behind this one.",
                           name, rate),
                          (NULL));
}

/* A pipeline whose only fault that is waits for the microphone without a word. */
static void say_if_no_microphone(GstUnecho *self)
{
    if (self->mic_missed || gst_pad_is_linked(GST_PAD(self->mic)))
        return;
    self->mic_missed = true;
    GST_ELEMENT_WARNING(self, STREAM, FAILED,
                        ("The pad mic is not connected: nothing comes out until it is."), (NULL));
}

/* Channel to channel, or the mean of all. */
static GstStructure *mixing_of(gint in, gint out)
{
    GValue matrix = G_VALUE_INIT;
    g_value_init(&matrix, GST_TYPE_ARRAY);
    for (gint o = 0; o < out; o++) {
        GValue row = G_VALUE_INIT;
        g_value_init(&row, GST_TYPE_ARRAY);
        for (gint i = 0; i < in; i++) {
            GValue weight = G_VALUE_INIT;
            g_value_init(&weight, G_TYPE_FLOAT);
            g_value_set_float(&weight, in == out ? (gfloat)(i == o) : 1.0f / (gfloat)in);
            gst_value_array_append_and_take_value(&row, &weight);
        }
        gst_value_array_append_and_take_value(&matrix, &row);
    }
    GstStructure *const config = gst_structure_new_empty("mixing");
    gst_structure_take_value(config, GST_AUDIO_CONVERTER_OPT_MIX_MATRIX, &matrix);
    return config;
}

/* The base class mixes by the positions of channels, which microphone arrays do not have. */
static void set_mixing(GstUnecho *self)
{
    const gint in = info_of(GST_ELEMENT(self), "mic").channels, out = self->aec.mic.channels;
    if (in <= 0 || out <= 0)
        return;
    GstStructure *const config = mixing_of(in, out);
    g_object_set(self->mic, "converter-config", config, NULL);
    gst_structure_free(config);
}

static void allocate_far(GstUnecho *self)
{
    g_free(self->far);
    self->far = g_malloc0(self->block * (gsize)GST_AUDIO_INFO_BPF(&self->aec.far));
}

/* When the format of microphone or far end is new. */
static void open_stream(GstUnecho *self, const GstAudioInfo *mic)
{
    const settings s = settings_of(self);
    const GstAudioInfo pad = info_of(GST_ELEMENT(self), "far");
    const GstAudioInfo far = GST_AUDIO_INFO_IS_VALID(&pad) ? far_info(&pad, mic) : *mic;
    if (self->aec.stream && gst_audio_info_is_equal(mic, &self->aec.mic) &&
        far.channels == self->aec.far.channels)
        return;
    aec_open(&self->aec, &s, mic, &far, false);
    allocate_far(self);
}

static gboolean sink_event(GstAggregator *aggregator, GstAggregatorPad *pad, GstEvent *event)
{
    gint rate = 0;
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        GstCaps *caps;
        gst_event_parse_caps(event, &caps);
        gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &rate);
    }
    const gboolean taken = parent_aggregator->sink_event(aggregator, pad, event);
    GstUnecho *const self = GST_UNECHO(aggregator);
    say_if_no_microphone(self);
    if (rate != 0 && taken) {
        set_mixing(self);
        if (GST_AUDIO_INFO_IS_VALID(&self->aec.mic)) {
            const GstAudioInfo mic = self->aec.mic;
            open_stream(self, &mic);
        }
    } else if (rate != 0)
        explain(GST_ELEMENT(aggregator), GST_PAD_NAME(pad), rate);
    return taken;
}

/* Accepts also what does not suit: sink_event can say why. */
static gboolean sink_query(GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
    if (GST_QUERY_TYPE(query) != GST_QUERY_ACCEPT_CAPS)
        return parent_aggregator->sink_query(aggregator, pad, query);
    GstCaps *caps, *const possible = gst_pad_get_pad_template_caps(GST_PAD(pad));
    gst_query_parse_accept_caps(query, &caps);
    gst_query_set_accept_caps_result(query, gst_caps_can_intersect(caps, possible));
    gst_caps_unref(possible);
    return TRUE;
}

static gboolean src_query(GstAggregator *aggregator, GstQuery *query)
{
    const gboolean answered = parent_aggregator->src_query(aggregator, query);
    if (answered && GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        aec_add_latency(&GST_UNECHO(aggregator)->aec, query);
    return answered;
}

/* The output has the microphone's format as far as what follows allows it. */
static GstCaps *fixate_src_caps(GstAggregator *aggregator, GstCaps *caps)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    GST_OBJECT_LOCK(self->mic);
    const GstAudioInfo info = self->mic->info;
    GST_OBJECT_UNLOCK(self->mic);
    caps = gst_caps_make_writable(caps);
    GstStructure *const s = gst_caps_get_structure(caps, 0);
    if (!GST_AUDIO_INFO_IS_VALID(&info)) {
        gst_structure_fixate_field_nearest_int(s, "rate", info_of(GST_ELEMENT(self), "far").rate);
        return parent_aggregator->fixate_src_caps(aggregator, caps);
    }
    gst_structure_fixate_field_string(s, "format", gst_audio_format_to_string(info.finfo->format));
    gst_structure_fixate_field_nearest_int(s, "rate", info.rate);
    gst_structure_fixate_field_nearest_int(s, "channels", info.channels);
    gint channels;
    if (gst_structure_get_int(s, "channels", &channels) && channels == info.channels &&
        channels > 1 && !gst_structure_has_field(s, "channel-mask")) {
        GstCaps *const mic = gst_audio_info_to_caps(&info);
        const GValue *const mask =
            gst_structure_get_value(gst_caps_get_structure(mic, 0), "channel-mask");
        if (mask)
            gst_structure_set_value(s, "channel-mask", mask);
        gst_caps_unref(mic);
    }
    return parent_aggregator->fixate_src_caps(aggregator, caps);
}

static gboolean negotiated_src_caps(GstAggregator *aggregator, GstCaps *caps)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    GstAudioInfo info;
    if (!parent_aggregator->negotiated_src_caps(aggregator, caps) ||
        !gst_audio_info_from_caps(&info, caps))
        return FALSE;
    open_stream(self, &info);
    set_mixing(self);
    return TRUE;
}

/* ---- Samples ---------------------------------------------------------------------------- */

static GstBuffer *create_output_buffer(GstAudioAggregator *aggregator, guint frames)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    self->block = frames;
    self->mic_end = 0;
    allocate_far(self);
    return GST_AUDIO_AGGREGATOR_CLASS(gst_unecho_parent_class)
        ->create_output_buffer(aggregator, frames);
}

static void take_far(GstUnecho *self, GstBuffer *carrier, guint in_offset, guint out_offset,
                     guint frames)
{
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&self->aec.far);
    GstBuffer *const samples = gst_mini_object_get_qdata(GST_MINI_OBJECT(carrier), samples_quark());
    gst_buffer_extract(samples, in_offset * frame, self->far + out_offset * frame, frames * frame);
    self->has_far = true;
}

static gboolean aggregate_one_buffer(GstAudioAggregator *aggregator, GstAudioAggregatorPad *pad,
                                     GstBuffer *in, guint in_offset, GstBuffer *out,
                                     guint out_offset, guint frames)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&self->aec.mic);
    if (pad != self->mic) {
        take_far(self, in, in_offset, out_offset, frames);
        return FALSE;
    }
    GstMapInfo map;
    if (!gst_buffer_map(out, &map, GST_MAP_WRITE))
        return FALSE;
    gst_buffer_extract(in, in_offset * frame, map.data + out_offset * frame, frames * frame);
    gst_buffer_unmap(out, &map);
    self->mic_end = out_offset + frames;
    return TRUE;
}

static bool at_end(const GstUnecho *self)
{
    return gst_aggregator_pad_is_eos(GST_AGGREGATOR_PAD(self->mic));
}

static void say_if_no_far_end(GstUnecho *self)
{
    if (self->has_far || self->far_missed)
        return;
    GstPad *const far = gst_element_get_static_pad(GST_ELEMENT(self), "far");
    if (far) {
        gst_object_unref(far);
        return;
    }
    self->far_missed = true;
    GST_ELEMENT_WARNING(self, STREAM, FAILED,
                        ("The pad far is not connected: no echo is cancelled."), (NULL));
}

/* What is behind may block, and pads may go then. */
static GstFlowReturn push(GstUnecho *self, GstBuffer *buffer)
{
    g_mutex_unlock(&self->mixing);
    const GstFlowReturn flow = parent_aggregator->finish_buffer(GST_AGGREGATOR(self), buffer);
    g_mutex_lock(&self->mixing);
    return flow;
}

static GstFlowReturn finish_buffer(GstAggregator *aggregator, GstBuffer *buffer)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    const gsize frame = (gsize)GST_AUDIO_INFO_BPF(&self->aec.mic);
    const settings s = settings_of(self);
    say_if_no_far_end(self);
    aec_change(&self->aec, &s);
    if (at_end(self) && self->mic_end * frame < gst_buffer_get_size(buffer)) {
        gst_buffer_resize(buffer, 0, (gssize)(self->mic_end * frame));
        /* As the base class, which counts the whole buffer. */
        GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
    }
    self->mic_end = 0;
    gst_buffer_unset_flags(buffer, GST_BUFFER_FLAG_GAP);
    if (!aec_process(&self->aec, buffer, self->far)) {
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
    }
    return push(self, buffer);
}

/* The output ends with the microphone. */
static GstFlowReturn aggregate(GstAggregator *aggregator, gboolean timeout)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    GstFlowReturn flow;
    g_mutex_lock(&self->mixing);
    if (!at_end(self) || self->mic_end > 0) {
        flow = parent_aggregator->aggregate(aggregator, timeout);
    } else {
        GstBuffer *const rest = aec_drain(&self->aec);
        flow = rest ? push(self, rest) : GST_FLOW_OK;
        flow = flow == GST_FLOW_OK ? GST_FLOW_EOS : flow;
    }
    g_mutex_unlock(&self->mixing);
    return flow;
}

static void release_pad(GstElement *element, GstPad *pad)
{
    GstUnecho *const self = GST_UNECHO(element);
    g_mutex_lock(&self->mixing);
    GST_ELEMENT_CLASS(gst_unecho_parent_class)->release_pad(element, pad);
    g_mutex_unlock(&self->mixing);
}

static GstFlowReturn flush(GstAggregator *aggregator)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    aec_reset(&self->aec);
    self->mic_end = 0;
    return parent_aggregator->flush(aggregator);
}

static gboolean stop(GstAggregator *aggregator)
{
    GstUnecho *const self = GST_UNECHO(aggregator);
    aec_close(&self->aec);
    self->has_far = self->far_missed = self->mic_missed = false;
    self->mic_end = 0;
    return parent_aggregator->stop(aggregator);
}

/* ---- The object ------------------------------------------------------------------------- */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    GST_OBJECT_LOCK(object);
    const gboolean known = settings_set(&GST_UNECHO(object)->settings, id, value);
    GST_OBJECT_UNLOCK(object);
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    GST_OBJECT_LOCK(object);
    const gboolean known = settings_get(&GST_UNECHO(object)->settings, id, value);
    GST_OBJECT_UNLOCK(object);
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void finalize(GObject *object)
{
    g_free(GST_UNECHO(object)->far);
    g_mutex_clear(&GST_UNECHO(object)->mixing);
    G_OBJECT_CLASS(gst_unecho_parent_class)->finalize(object);
}

static void gst_unecho_class_init(GstUnechoClass *class)
{
    GObjectClass *const object = G_OBJECT_CLASS(class);
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstAggregatorClass *const aggregator = GST_AGGREGATOR_CLASS(class);
    GstAudioAggregatorClass *const audio = GST_AUDIO_AGGREGATOR_CLASS(class);

    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    settings_install(object);
    gst_element_class_add_static_pad_template_with_gtype(element, &mic_template,
                                                         GST_TYPE_AUDIO_AGGREGATOR_CONVERT_PAD);
    gst_element_class_add_static_pad_template_with_gtype(element, &far_template,
                                                         gst_unecho_far_pad_get_type());
    gst_element_class_add_static_pad_template_with_gtype(element, &src_template,
                                                         GST_TYPE_AUDIO_AGGREGATOR_PAD);
    gst_element_class_set_static_metadata(
        element, "Acoustic echo canceller", "Filter/Effect/Audio",
        "Removes from the microphone (pad mic) the echo of the far end (pad far)", "unecho");
    element->release_pad = release_pad;
    aggregator->create_new_pad = create_new_pad;
    aggregator->sink_event = sink_event;
    aggregator->sink_query = sink_query;
    aggregator->src_query = src_query;
    aggregator->fixate_src_caps = fixate_src_caps;
    aggregator->negotiated_src_caps = negotiated_src_caps;
    aggregator->finish_buffer = finish_buffer;
    aggregator->aggregate = aggregate;
    aggregator->flush = flush;
    aggregator->stop = stop;
    audio->create_output_buffer = create_output_buffer;
    audio->aggregate_one_buffer = aggregate_one_buffer;
}

static void gst_unecho_init(GstUnecho *self)
{
    settings_init(&self->settings);
    g_mutex_init(&self->mixing);
    aec_init(&self->aec, GST_ELEMENT(self));
    GstPadTemplate *const template =
        gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), "mic");
    self->mic = new_pad(GST_TYPE_AUDIO_AGGREGATOR_CONVERT_PAD, template);
    gst_element_add_pad(GST_ELEMENT(self), GST_PAD(self->mic));
}
