/* The properties that `unecho` and `unechodsp` share. */
#ifndef UNECHO_GST_SETTINGS_H
#define UNECHO_GST_SETTINGS_H

#include <glib-object.h>

typedef struct settings {
    /* When a stream is opened: */
    gint engine; /* unecho_engine */
    guint reference_late_ms;
    /* At any time: */
    gfloat suppression;
    guint noise_reduction_db;
    gboolean comfort_noise;
    guint stats_interval_ms; /* 0: no messages */
} settings;

/* The first identifier that a class may give to a property of its own. */
enum { SETTINGS_END = 7 };

void settings_install(GObjectClass *class);
void settings_init(settings *s);
/* FALSE: not one of these properties. */
gboolean settings_set(settings *s, guint id, const GValue *value);
gboolean settings_get(const settings *s, guint id, GValue *value);

#endif
