/*
 * Records the inputs and outputs of a stream's calls: a lock-free ring with one writer, the thread
 * that makes the calls, and one reader. It does not know what the calls do.
 *
 * A record becomes readable once it is complete. The first that does not fit ends the file: what
 * follows could not be replayed.
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

    /* The writer's. */
    size_t begin, at; /* where the record being written begins, and its next word */
    uint64_t sum;     /* the hash of its words so far */
    record_head head;
    int open; /* whether a record is being written */

    /* Shared: the reader may read ring[read..written). The counts are 0 until a call is lost. */
    atomic_size_t written, read;
    atomic_size_t lost_calls, lost_frames, lost_far_frames;

    /* The reader's: the record that reports lost calls, its unread bytes, and how many calls it
     * reports. */
    unsigned char notice[4 * (RECORD_HEAD + RECORD_SUM)];
    size_t notice_left, noticed;
} recorder;

void recorder_layout(recorder *r, arena *a, size_t capacity);

/* Write the header. model: NULL without a network. */
void recorder_start(recorder *r, const unecho_config *config, const char *kernels,
                    const unecho_model_info *model);

/*
 * recorder_begin before a call: its kind and inputs; copies n frames of mic and far_n of far.
 * recorder_end after it: one channel of its output, and its status. Real-time safe.
 */
void recorder_begin(recorder *r, const record_head *call, const samples *mic, const samples *far);
void recorder_end(recorder *r, const samples *out, int status);

/* Both in one, for a call without samples or a refused one. Real-time safe. */
void recorder_note(recorder *r, const record_head *call, int status);

/* Read the next bytes of the file, up to `capacity`; returns their number. One reader at a time. */
size_t recorder_read(recorder *r, unsigned char *to, size_t capacity);

#endif
