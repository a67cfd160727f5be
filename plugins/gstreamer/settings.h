/* The properties that `unecho` and `unechodsp` share. */
#ifndef UNECHO_GST_SETTINGS_H
#define UNECHO_GST_SETTINGS_H

#include <glib-object.h>

typedef struct settings {
    gint engine; /* unecho_engine */
    guint noise_reduction_db, reference_late_ms;
    guint stats_interval_ms; /* 0: no messages */
} settings;

/* The first identifier that a class may give to a property of its own. */
enum { SETTINGS_END = 5 };

void settings_install(GObjectClass *class);
void settings_init(settings *s);
/* FALSE: not one of these properties. */
gboolean settings_set(settings *s, guint id, const GValue *value);
gboolean settings_get(const settings *s, guint id, GValue *value);

#endif
