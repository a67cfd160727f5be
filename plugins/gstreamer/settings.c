#include "settings.h"

#include "unecho.h"

#include <gst/gst.h>

enum { ENGINE = 1, SUPPRESSION, NOISE_REDUCTION, COMFORT_NOISE, REFERENCE_LATE, STATS_INTERVAL };
G_STATIC_ASSERT(STATS_INTERVAL + 1 == SETTINGS_END);

enum { STATS_INTERVAL_MS = 1000, STATS_INTERVAL_MAX_MS = 3600000 };

static GType engine_type(void)
{
    static const GEnumValue engines[] = {
        {UNECHO_ENGINE_NEURAL, "The network alone", "neural"},
        {UNECHO_ENGINE_LINEAR, "The linear filter alone", "linear"},
        {UNECHO_ENGINE_LINEAR_NEURAL, "The linear filter, then the network", "linear-neural"},
        {0},
    };
    static gsize type;
    if (g_once_init_enter(&type))
        g_once_init_leave(&type, g_enum_register_static("GstUnechoEngine", engines));
    return type;
}

void settings_init(settings *s)
{
    *s = (settings){
        .engine = UNECHO_ENGINE_LINEAR_NEURAL,
        .suppression = 1.0f,
        .noise_reduction_db = UNECHO_NOISE_REDUCTION_DB,
        .stats_interval_ms = STATS_INTERVAL_MS,
    };
}

void settings_install(GObjectClass *class)
{
    const GParamFlags access = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
    const GParamFlags ready = access | (GParamFlags)GST_PARAM_MUTABLE_READY;
    const GParamFlags playing = access | (GParamFlags)GST_PARAM_MUTABLE_PLAYING;
    settings s;
    settings_init(&s);
    g_object_class_install_property(class, ENGINE,
                                    g_param_spec_enum("engine", "Engine", "What cancels the echo",
                                                      engine_type(), s.engine, ready));
    g_object_class_install_property(
        class, SUPPRESSION,
        g_param_spec_float("suppression", "Suppression",
                           "How strongly residual echo is suppressed: less preserves more of the "
                           "near end",
                           0.0f, UNECHO_SUPPRESSION_MAX, s.suppression, playing));
    g_object_class_install_property(class, NOISE_REDUCTION,
                                    g_param_spec_uint("noise-reduction", "Noise reduction",
                                                      "How much background noise is reduced, in dB",
                                                      0, UNECHO_NOISE_REDUCTION_MAX_DB,
                                                      s.noise_reduction_db, playing));
    g_object_class_install_property(
        class, COMFORT_NOISE,
        g_param_spec_boolean("comfort-noise", "Comfort noise",
                             "Replace the noise that is removed with the echo", s.comfort_noise,
                             playing));
    g_object_class_install_property(
        class, REFERENCE_LATE,
        g_param_spec_uint("reference-late", "Late reference",
                          "How late the far end may be after its echo, in ms; adds that latency", 0,
                          UNECHO_REFERENCE_LATE_MAX_MS, s.reference_late_ms, ready));
    g_object_class_install_property(
        class, STATS_INTERVAL,
        g_param_spec_uint("stats-interval", "Interval of statistics",
                          "Milliseconds of sound between two element messages, 0: none", 0,
                          STATS_INTERVAL_MAX_MS, s.stats_interval_ms, playing));
}

gboolean settings_set(settings *s, guint id, const GValue *value)
{
    switch (id) {
    case ENGINE:
        s->engine = g_value_get_enum(value);
        return TRUE;
    case SUPPRESSION:
        s->suppression = g_value_get_float(value);
        return TRUE;
    case COMFORT_NOISE:
        s->comfort_noise = g_value_get_boolean(value);
        return TRUE;
    case NOISE_REDUCTION:
        s->noise_reduction_db = g_value_get_uint(value);
        return TRUE;
    case REFERENCE_LATE:
        s->reference_late_ms = g_value_get_uint(value);
        return TRUE;
    case STATS_INTERVAL:
        s->stats_interval_ms = g_value_get_uint(value);
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean settings_get(const settings *s, guint id, GValue *value)
{
    switch (id) {
    case ENGINE:
        g_value_set_enum(value, s->engine);
        return TRUE;
    case SUPPRESSION:
        g_value_set_float(value, s->suppression);
        return TRUE;
    case COMFORT_NOISE:
        g_value_set_boolean(value, s->comfort_noise);
        return TRUE;
    case NOISE_REDUCTION:
        g_value_set_uint(value, s->noise_reduction_db);
        return TRUE;
    case REFERENCE_LATE:
        g_value_set_uint(value, s->reference_late_ms);
        return TRUE;
    case STATS_INTERVAL:
        g_value_set_uint(value, s->stats_interval_ms);
        return TRUE;
    default:
        return FALSE;
    }
}
