/* What `unechodsp` knows of `unechoprobe`: a place where it finds the far end. */
#ifndef UNECHO_GST_PROBE_H
#define UNECHO_GST_PROBE_H

#include <gst/audio/audio.h>
#include <stdbool.h>

typedef struct _GstUnechoProbe GstUnechoProbe;

/* The probe of that name, for one element at a time; it collects from now on. NULL: there is none
 * that is free. */
GstUnechoProbe *probe_take(const char *name);
void probe_give_back(GstUnechoProbe *probe);

/* Of what passes it. False: nothing has passed yet. */
bool probe_format(GstUnechoProbe *probe, GstAudioInfo *info);

/*
 * The next buffer of the far end, NULL: none at present; *info: its format. What waits for longer
 * than the microphone can have been silent is gone.
 */
GstBuffer *probe_next(GstUnechoProbe *probe, GstAudioInfo *info);
/* Forget what waits. */
void probe_flush(GstUnechoProbe *probe);

#endif
