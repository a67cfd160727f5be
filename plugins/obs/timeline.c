#include "timeline.h"

#include <stdlib.h>
#include <string.h>

enum { NS_PER_SECOND = 1000000000 };

/* As much as OBS itself smoothes over. */
#define NEAR_NS 70000000
/* A timeline that is off by less is left alone: every correction is a jump for the canceller. */
#define SLIGHT_NS 20000000
/* Timestamps further than this from the system's time are of another clock, as in OBS. */
#define OTHER_CLOCK_NS (2 * (int64_t)NS_PER_SECOND)

static int64_t frame_at(int64_t ns, unsigned rate)
{
    return ns / NS_PER_SECOND * rate + ns % NS_PER_SECOND * rate / NS_PER_SECOND;
}

static void begin(timeline *t, unsigned rate, uint64_t timestamp_ns, uint64_t now_ns)
{
    const int64_t ahead = (int64_t)(now_ns - timestamp_ns);
    const int64_t shift = llabs(ahead) > OTHER_CLOCK_NS ? ahead : 0;
    *t = (timeline){
        .begun = true,
        .shift_ns = shift,
        .next = frame_at((int64_t)timestamp_ns + shift, rate),
    };
}

int64_t timeline_place(timeline *t, unsigned rate, uint64_t timestamp_ns, uint64_t now_ns,
                       size_t frames)
{
    const int64_t off = frame_at((int64_t)timestamp_ns + t->shift_ns, rate) - t->next;
    if (!t->begun || llabs(off) > frame_at(NEAR_NS, rate)) {
        begin(t, rate, timestamp_ns, now_ns);
    } else {
        t->least_off = t->watched == 0 || off < t->least_off ? off : t->least_off;
        t->watched += frames;
        if (t->watched >= rate) {
            t->next += llabs(t->least_off) > frame_at(SLIGHT_NS, rate) ? t->least_off : 0;
            t->watched = 0;
        }
    }
    const int64_t first = t->next;
    t->next += (int64_t)frames;
    return first;
}

bool far_past_open(far_past *p, size_t capacity, size_t channels)
{
    *p = (far_past){
        .ring = calloc(capacity * channels, sizeof *p->ring),
        .capacity = capacity,
        .channels = channels,
    };
    return p->ring != NULL;
}

void far_past_close(far_past *p)
{
    free(p->ring);
    *p = (far_past){0};
}

static float *slot(const far_past *p, int64_t frame)
{
    return &p->ring[(size_t)((uint64_t)frame % p->capacity) * p->channels];
}

void far_past_write(far_past *p, int64_t first, const float *const *planes, size_t frames)
{
    const int64_t oldest = first - (int64_t)p->capacity;
    for (int64_t silent = p->end > oldest ? p->end : oldest; silent < first; silent++)
        memset(slot(p, silent), 0, p->channels * sizeof *p->ring);
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < p->channels; c++)
            slot(p, first + (int64_t)i)[c] = planes[c] ? planes[c][i] : 0.0f;
    p->end = first + (int64_t)frames;
}

void far_past_read(const far_past *p, int64_t first, float *const *planes, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        const int64_t frame = first + (int64_t)i;
        const bool kept = frame < p->end && frame >= p->end - (int64_t)p->capacity;
        for (size_t c = 0; c < p->channels; c++)
            planes[c][i] = kept ? slot(p, frame)[c] : 0.0f;
    }
}
