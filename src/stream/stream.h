/* The stream, shared by the files of this folder. */
#ifndef UNECHO_STREAM_H
#define UNECHO_STREAM_H

#include "align/aligner.h"
#include "canceller.h"
#include "front/far_end.h"
#include "front/hum.h"
#include "front/microphone.h"
#include "front/output.h"
#include "front/samples.h"
#include "record/recorder.h"
#include "unecho.h"

struct unecho {
    microphone microphone;
    hum hum;
    far_end far_end;
    aligner aligner;
    canceller canceller;
    output output;
    unecho_model *model; /* NULL without a network */
    unsigned mic_channels, far_channels;
    int mic_channel;
    float *out, *heard; /* [canceller.hops_at_once] hops between canceller and output */
    samples_seen mic_seen, far_seen;
    uint64_t frames;    /* processed so far */
    uint64_t lost;      /* lost hops of the microphone whose far end was pushed, */
    int behind;         /* and whether some of that is still in the queue; */
    uint64_t owed;      /* samples that were lost beyond these hops */
    recorder *recorder; /* NULL: no record */
    int marked;         /* by unecho_process_many, to detect streams passed twice */
    void (*release)(void *user, void *memory);
    void *user;
    void *memory;
};

/* The caller's buffers of one call. */
typedef struct call {
    samples mic, far, out;
} call;

/* unecho_reset without recording it. */
void stream_reset(unecho *s);
/* Follow canceller.settings from the next hop on. */
void stream_follow_settings(unecho *s);
/* The microphone's channel or channels in use. */
samples stream_mic(const unecho *s, const samples *mic);
/* How many frames are missing to complete `hops` hops. */
size_t stream_wanted(const unecho *s, size_t hops);
/* How much later the far end comes to the aligner than it came here, in samples at 16 kHz, by
 * compensating for drift. */
double stream_slip(const unecho *s);
/* Push frames first..first+n of both ends. Returns how many hops they complete, which the caller
 * must prepare and run next. */
size_t stream_take(unecho *s, const call *c, size_t first, size_t n);
/* Align these hops and hand them to the canceller. */
void stream_prepare(unecho *s, size_t hops);
/* Pass the canceller's output for them to the output stage. */
void stream_finish(unecho *s, size_t hops);
/* Write n output frames to the caller, as many as were pushed. */
void stream_give(unecho *s, const call *c, size_t first, size_t n);
/* All of these for a single stream: frames first..first+n in, as many out. */
int stream_pass(unecho *s, const call *c, size_t first, size_t n);
/* Finish the record of a call with one channel of its output. */
static inline void stream_recorded(unecho *s, const samples *out, int status)
{
    if (!s->recorder)
        return;
    const samples one = samples_channel(out, 0);
    recorder_end(s->recorder, &one, status);
}
/* Queue n frames of a pushed far end. */
void stream_push_far(unecho *s, const samples *far, size_t n);

#endif
