/*
 * Chunks that OBS hands over from different threads, brought to one timeline by their timestamps: a
 * frame has a number, the same for everything that sounded at that time.
 */
#ifndef UNECHO_OBS_TIMELINE_H
#define UNECHO_OBS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one source. Zero: begins with the next chunk. */
typedef struct timeline {
    bool begun;
    int64_t shift_ns; /* from the source's clock to the system's */
    int64_t next;     /* number of the frame that should come next */
    /* By how much the timestamps were off at least, of so many frames. */
    int64_t least_off;
    size_t watched;
} timeline;

/*
 * The number of a chunk's first frame; now_ns is the system's time. Timestamps jitter with the
 * arrival of the chunks: as long as they stay near, a chunk goes on where the last one ended. Late
 * ones tell less than early ones, so that the earliest of a second put the timeline right.
 */
int64_t timeline_place(timeline *t, unsigned rate, uint64_t timestamp_ns, uint64_t now_ns,
                       size_t frames);

/* The last seconds of the far end. */
typedef struct far_past {
    float *ring; /* interleaved */
    size_t capacity, channels;
    int64_t end; /* number of the frame after the newest */
} far_past;

/* False: no memory. */
bool far_past_open(far_past *p, size_t capacity, size_t channels);
void far_past_close(far_past *p);

/* What lies between the newest frame and these counts as silent. */
void far_past_write(far_past *p, int64_t first, const float *const *planes, size_t frames);
/* Silence for frames that have not come yet or are no longer kept. */
void far_past_read(const far_past *p, int64_t first, float *const *planes, size_t frames);

#endif
