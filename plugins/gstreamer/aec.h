/*
 * A stream of the library behind an element: microphone buffers become output buffers in place,
 * with the timestamps of what they hold. Knows buffers and audio formats, no pads.
 */
#ifndef UNECHO_GST_AEC_H
#define UNECHO_GST_AEC_H

#include "settings.h"
#include "unecho.h"

#include <gst/audio/audio.h>
#include <stdbool.h>

/* Samples that the library takes as they are. At rates and in numbers of channels that it does not
 * take, the microphone passes. */
#define AEC_CAPS                                                                                   \
    GST_AUDIO_CAPS_MAKE("{ " GST_AUDIO_NE(F32) ", " GST_AUDIO_NE(S16) " }")                        \
    ", layout = (string) interleaved"

typedef struct aec {
    GstElement *element; /* where messages come from */
    settings settings;
    unecho *stream;   /* NULL: the microphone passes unchanged */
    GstAudioInfo mic; /* of microphone and output */
    GstAudioInfo far; /* of the far end, where it is pushed */
    guint64 latency;  /* in frames */
    GstClockTime latency_time;
    guint64 to_cut;      /* what of the latency is still to come at the front of the output */
    GstClockTime end;    /* timestamp of the end of the output so far */
    guint64 since_stats; /* frames */
} aec;

/* Of which element it is; comes first. */
void aec_init(aec *c, GstElement *element);

/*
 * Open a stream for a microphone and a far end of these formats. The far end is pushed, or comes
 * with each buffer, at the same rate and with the same samples. If there can be no stream, the
 * element warns and the microphone will pass. What an open stream still held back becomes silence.
 */
void aec_open(aec *c, const settings *s, const GstAudioInfo *mic, const GstAudioInfo *far,
              bool pushed);
void aec_close(aec *c);
/* Those that may change at any time. */
void aec_change(aec *c, const settings *s);
/* As after opening. */
void aec_reset(aec *c);

/*
 * Cancel the echo of far (NULL: none) in a writable buffer of the microphone. The first frames, as
 * many as the latency, are cut off. False: nothing is left of the buffer.
 */
bool aec_process(aec *c, GstBuffer *buffer, const void *far);
/* A part of a far end that is pushed. */
void aec_push_far(aec *c, GstBuffer *buffer);

/* So many frames of the microphone never came, of the far end none was lost. */
void aec_mic_lost(aec *c, guint64 frames);

/* The frames that the latency held back at the end; NULL if there are none. */
GstBuffer *aec_drain(aec *c);

/* Adds the canceller's latency to the answer. */
void aec_add_latency(const aec *c, GstQuery *query);

#endif
