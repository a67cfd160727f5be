/*
 * The element `unechoprobe`: passes the far end on unchanged, before the sink that plays it, and
 * keeps what passes for an `unechodsp`, which may be in another pipeline.
 */
#include "aec.h"
#include "elements.h"
#include "probe.h"

#include <gst/base/gstbasetransform.h>

/* More waits only if the microphone has stopped: then all of it is out of date. */
#define MOST_WAITING (500 * GST_MSECOND)

/* A buffer and its format. */
typedef struct piece {
    GstBuffer *buffer;
    GstAudioInfo info;
    GstClockTime length;
} piece;

G_DECLARE_FINAL_TYPE(GstUnechoProbe, gst_unecho_probe, GST, UNECHO_PROBE, GstBaseTransform)

struct _GstUnechoProbe {
    GstBaseTransform parent;
    /* Under the object's lock: */
    GstAudioInfo info;
    bool taken;
    GQueue waiting; /* pieces */
    GstClockTime length;
};

G_DEFINE_TYPE(GstUnechoProbe, gst_unecho_probe, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE(unechoprobe, "unechoprobe", GST_RANK_NONE, gst_unecho_probe_get_type())

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(AEC_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(AEC_CAPS));

/* ---- The probes of this process ---------------------------------------------------------- */

static GMutex probes_lock;
static GList *probes;

static void clear(GstUnechoProbe *self)
{
    piece *p;
    while ((p = g_queue_pop_head(&self->waiting)) != NULL) {
        gst_buffer_unref(p->buffer);
        g_free(p);
    }
    self->length = 0;
}

static bool take_if_named(GstUnechoProbe *probe, const char *name)
{
    GST_OBJECT_LOCK(probe);
    const bool fits = !probe->taken && g_strcmp0(GST_OBJECT_NAME(probe), name) == 0;
    if (fits)
        probe->taken = true;
    GST_OBJECT_UNLOCK(probe);
    return fits;
}

GstUnechoProbe *probe_take(const char *name)
{
    GstUnechoProbe *found = NULL;
    g_mutex_lock(&probes_lock);
    for (GList *at = probes; at && !found; at = at->next)
        if (take_if_named(at->data, name))
            found = gst_object_ref(at->data);
    g_mutex_unlock(&probes_lock);
    return found;
}

void probe_give_back(GstUnechoProbe *probe)
{
    GST_OBJECT_LOCK(probe);
    probe->taken = false;
    clear(probe);
    GST_OBJECT_UNLOCK(probe);
    gst_object_unref(probe);
}

bool probe_format(GstUnechoProbe *probe, GstAudioInfo *info)
{
    GST_OBJECT_LOCK(probe);
    const bool known = GST_AUDIO_INFO_IS_VALID(&probe->info);
    if (known)
        *info = probe->info;
    GST_OBJECT_UNLOCK(probe);
    return known;
}

GstBuffer *probe_next(GstUnechoProbe *probe, GstAudioInfo *info)
{
    GstBuffer *buffer = NULL;
    GST_OBJECT_LOCK(probe);
    piece *const p = g_queue_pop_head(&probe->waiting);
    if (p) {
        buffer = p->buffer;
        *info = p->info;
        probe->length -= p->length;
        g_free(p);
    }
    GST_OBJECT_UNLOCK(probe);
    return buffer;
}

void probe_flush(GstUnechoProbe *probe)
{
    GST_OBJECT_LOCK(probe);
    clear(probe);
    GST_OBJECT_UNLOCK(probe);
}

/* ---- The element -------------------------------------------------------------------------- */

static gboolean set_caps(GstBaseTransform *transform, GstCaps *in, GstCaps *out)
{
    (void)out;
    GstUnechoProbe *const self = GST_UNECHO_PROBE(transform);
    GST_OBJECT_LOCK(self);
    const gboolean known = gst_audio_info_from_caps(&self->info, in);
    GST_OBJECT_UNLOCK(self);
    return known;
}

static GstFlowReturn transform_ip(GstBaseTransform *transform, GstBuffer *buffer)
{
    GstUnechoProbe *const self = GST_UNECHO_PROBE(transform);
    GST_OBJECT_LOCK(self);
    if (self->taken) {
        const guint64 frames = gst_buffer_get_size(buffer) / (gsize)GST_AUDIO_INFO_BPF(&self->info);
        piece *const p = g_new(piece, 1);
        *p = (piece){
            gst_buffer_ref(buffer), self->info,
            gst_util_uint64_scale(frames, GST_SECOND, (guint64)GST_AUDIO_INFO_RATE(&self->info))};
        if (self->length + p->length > MOST_WAITING)
            clear(self);
        g_queue_push_tail(&self->waiting, p);
        self->length += p->length;
    }
    GST_OBJECT_UNLOCK(self);
    return GST_FLOW_OK;
}

static void dispose(GObject *object)
{
    g_mutex_lock(&probes_lock);
    probes = g_list_remove(probes, object);
    g_mutex_unlock(&probes_lock);
    clear(GST_UNECHO_PROBE(object));
    G_OBJECT_CLASS(gst_unecho_probe_parent_class)->dispose(object);
}

static void gst_unecho_probe_class_init(GstUnechoProbeClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *const transform = GST_BASE_TRANSFORM_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = dispose;
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(
        element, "Far end of an acoustic echo canceller", "Generic/Audio",
        "Passes on what is played, and hands it to unechodsp", "unecho");
    transform->set_caps = set_caps;
    transform->transform_ip = transform_ip;
    transform->passthrough_on_same_caps = TRUE;
}

static void gst_unecho_probe_init(GstUnechoProbe *self)
{
    gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(self), TRUE);
    gst_audio_info_init(&self->info);
    g_queue_init(&self->waiting);
    g_mutex_lock(&probes_lock);
    probes = g_list_prepend(probes, self);
    g_mutex_unlock(&probes_lock);
}
