/* The stream as the parts of this folder share it. */
#ifndef UNECHO_STREAM_H
#define UNECHO_STREAM_H

#include "align/aligner.h"
#include "canceller.h"
#include "front/far_end.h"
#include "front/microphone.h"
#include "front/output.h"
#include "front/samples.h"
#include "record/recorder.h"
#include "unecho.h"

struct unecho {
    microphone microphone;
    far_end far_end;
    aligner aligner;
    canceller canceller;
    output output;
    unecho_model *model; /* NULL without one */
    fft transform;
    unsigned mic_channels, far_channels;
    int mic_channel;
    float *out, *heard; /* [hops_at_once] hops between canceller and output */
    samples_seen mic_seen, far_seen;
    uint64_t frames;    /* taken in by calls */
    uint64_t lost;      /* hops of the microphone that were lost, as far as the far end has them */
    recorder *recorder; /* NULL: no record */
    int marked; /* by unecho_process_many, while it looks for streams that are given twice */
    void (*release)(void *user, void *memory);
    void *user;
    void *memory;
};

/* The caller's buffers of one call. */
typedef struct call {
    samples mic, far, out;
} call;

/* unecho_reset, for calls that are recorded under their own name. */
void stream_reset(unecho *s);
/* The channels of the microphone that are listened to. */
samples stream_mic(const unecho *s, const samples *mic);
/* How many more frames complete `hops` hops. */
size_t stream_wanted(const unecho *s, size_t hops);
/* Take in frames first..first+n of both ends. Returns how many hops that completes, which are to be
 * prepared and run at once. */
size_t stream_take(unecho *s, const call *c, size_t first, size_t n);
/* Line those hops up for the canceller. */
void stream_prepare(unecho *s, size_t hops);
/* Their output is there. */
void stream_finish(unecho *s, size_t hops);
/* Hand out as many frames as were taken in. */
void stream_give(unecho *s, const call *c, size_t first, size_t n);
/* All of that on a stream's own: first..first+n in, as many out. */
int stream_pass(unecho *s, const call *c, size_t first, size_t n);
/* A recorded call is done: one channel of what it gave. */
static inline void stream_recorded(unecho *s, const samples *out, int status)
{
    if (!s->recorder)
        return;
    const samples one = samples_channel(out, 0);
    recorder_end(s->recorder, &one, status);
}
/* n frames of far end, where it comes apart. */
void stream_push_far(unecho *s, const samples *far, size_t n);

#endif
