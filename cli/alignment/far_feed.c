#include "alignment/far_feed.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

/* Frames that are dropped at a time. */
enum { PART = 4096 };

static bool drop(struct far_feed *feed, uint64_t n)
{
    float unused[PART * UNECHO_CHANNELS_MAX];
    while (n > 0) {
        const size_t part = n < PART ? (size_t)n : PART;
        size_t got;
        if (!feed->read(feed->source, unused, part, &got))
            return false;
        feed->at += got;
        feed->dropped += got;
        n -= part;
        if (got < part)
            break;
    }
    return true;
}

/* Frames up to the next edit, which begins when they are read; SIZE_MAX: there is none. */
static uint64_t until_edit(const struct far_feed *feed)
{
    if (!feed->plan || feed->edit == feed->plan->count)
        return UINT64_MAX;
    const double at = round(feed->plan->edits[feed->edit].at * feed->rate);
    return at > (double)feed->at ? (uint64_t)at - feed->at : 0;
}

static bool begin_edit(struct far_feed *feed)
{
    const double silence = feed->plan->edits[feed->edit++].silence;
    const uint64_t frames = (uint64_t)round(fabs(silence) * feed->rate);
    if (silence < 0.0)
        return drop(feed, frames);
    feed->silence = frames;
    feed->inserted += frames;
    return true;
}

bool far_feed_read(struct far_feed *feed, float *samples, size_t n, size_t *got)
{
    const unsigned channels = feed->channels;
    *got = 0;
    while (*got < n) {
        float *const to = samples + *got * channels;
        const size_t left = n - *got;
        size_t part = feed->silence < left ? (size_t)feed->silence : left, have = part;
        if (part > 0) {
            memset(to, 0, part * channels * sizeof(*samples));
            feed->silence -= part;
        } else {
            const uint64_t until = until_edit(feed);
            if (until == 0) {
                if (!begin_edit(feed))
                    return false;
                continue;
            }
            part = until < left ? (size_t)until : left;
            if (!feed->read(feed->source, to, part, &have))
                return false;
            feed->at += have;
        }
        *got += have;
        if (have < part)
            break;
    }
    return true;
}
