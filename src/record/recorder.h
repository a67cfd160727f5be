/*
 * Records what a stream is given and gives, for another thread to read while the calls go on: a
 * ring with one writer and one reader, without locks. It does not know what the calls do.
 *
 * A record becomes readable when it is whole. The first that does not fit ends the file: what
 * comes after it could not be replayed.
 */
#ifndef UNECHO_RECORDER_H
#define UNECHO_RECORDER_H

#include "arena.h"
#include "front/samples.h"
#include "record/format.h"
#include "unecho_model.h"
#include "unecho_onnxruntime.h"

#include <stdatomic.h>

typedef struct recorder {
    unsigned char *ring;
    size_t size; /* in bytes, whole words */

    /* Of the thread that makes the calls. */
    size_t begin, at; /* of the record that is being written, and of its next word */
    uint64_t sum;     /* of its words so far */
    record_head head;
    int open; /* there is one */

    /* Of both: ring[read..written) is for the reader. The counts grow after a call did not fit. */
    atomic_size_t written, read;
    atomic_size_t lost_calls, lost_frames, lost_far_frames;

    /* Of the reader: the record that tells of them, how much of it is still to be read, and how
     * many it tells of. */
    unsigned char notice[4 * (RECORD_HEAD + RECORD_SUM)];
    size_t notice_left, noticed;
} recorder;

void recorder_layout(recorder *r, arena *a, size_t capacity);

/* Write the header: the stream is as the config says, the model NULL without network. */
void recorder_start(recorder *r, const unecho_config *config, const char *kernels,
                    const unecho_model_info *model);

/*
 * Before a call: what it is, and what it was given; n frames of mic and far_n of far are copied.
 * After it: what it gave, one channel, and its status. Real-time safe.
 */
void recorder_begin(recorder *r, const record_head *call, const samples *mic, const samples *far);
void recorder_end(recorder *r, const samples *out, int status);

/* Both for a call without samples, or one that was refused. */
void recorder_note(recorder *r, const record_head *call, int status);

/* The next bytes of the file, up to `capacity`. For one other thread at a time. */
size_t recorder_read(recorder *r, unsigned char *to, size_t capacity);

#endif
