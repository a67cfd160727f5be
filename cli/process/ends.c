/*
 * Picks the two ends out of the channels of one or two files. It does not know what is done with
 * them.
 */
#include "process/ends.h"

#include "report.h"

#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Frames at a time. */
#define PART 4096

/* The largest positive value of 16-bit samples: what is there has been cut, or is about to be. */
#define FULL_SCALE (32767.0f / 32768.0f)

/* Which channels of a file one end listens to. */
struct pick {
    unsigned first, count; /* from 0 */
    uint64_t clipped;
};

struct ends {
    audio_reader *mic, *far; /* far NULL: in the microphone's file */
    struct pick mic_pick, far_pick;
    float *waiting; /* the far end beside the microphone that was read, with one file */
    size_t waiting_n, waiting_room;
    float frames[PART * UNECHO_CHANNELS_MAX];
};

/* ---- Opening ---------------------------------------------------------------------------- */

static bool pick_channel(struct pick *pick, const audio_reader *file, int channel,
                         const char *option)
{
    const unsigned channels = audio_reader_channels(file);
    if (channel == END_MEAN) {
        *pick = (struct pick){.count = channels};
        return true;
    }
    if ((unsigned)channel > channels) {
        report_error("%s: has no channel %d, which --%s asks for, but %u%s",
                     audio_reader_name(file), channel, option, channels,
                     channels == 1 ? ": it is mono" : "");
        return false;
    }
    *pick = (struct pick){.first = (unsigned)channel - 1, .count = 1};
    return true;
}

static bool pick_from_two(ends *pair, const end_choice *mic, const end_choice *far)
{
    const unsigned channels = audio_reader_channels(pair->mic);
    if (!mic->channel && channels > 1)
        report_note("%s: has %u channels; the first is taken as the microphone "
                    "(--mic-channel says otherwise)",
                    audio_reader_name(pair->mic), channels);
    return pick_channel(&pair->mic_pick, pair->mic, mic->channel ? mic->channel : 1,
                        "mic-channel") &&
           pick_channel(&pair->far_pick, pair->far, far->channel ? far->channel : END_MEAN,
                        "far-channel");
}

static bool pick_from_one(ends *pair, const end_choice *mic, const end_choice *far)
{
    const char *name = audio_reader_name(pair->mic);
    const unsigned channels = audio_reader_channels(pair->mic);
    int mic_channel = mic->channel, far_channel = far->channel;
    if (channels == 1) {
        report_error("%s: is mono, so the far end cannot be in it; what the loudspeaker played "
                     "is needed too, as FAR or as another channel",
                     name);
        return false;
    }
    if (channels > 2 && (!mic_channel || !far_channel)) {
        report_error("%s: has %u channels; --mic-channel N and --far-channel N have to say which "
                     "are microphone and far end",
                     name, channels);
        return false;
    }
    /* With two channels one choice leaves only the other. */
    if (!mic_channel)
        mic_channel = far_channel == 1 ? 2 : 1;
    if (!far_channel)
        far_channel = mic_channel == 2 ? 1 : 2;
    if (mic_channel == far_channel || mic_channel == END_MEAN || far_channel == END_MEAN) {
        report_error("%s: microphone and far end have to be different channels of it", name);
        return false;
    }
    if (!pick_channel(&pair->mic_pick, pair->mic, mic_channel, "mic-channel") ||
        !pick_channel(&pair->far_pick, pair->mic, far_channel, "far-channel"))
        return false;
    if (!mic->channel && !far->channel)
        report_note("%s: channel 1 is taken as the microphone, channel 2 as the far end "
                    "(--mic-channel and --far-channel say otherwise)",
                    name);
    return true;
}

ends *ends_open(const end_choice *mic, const end_choice *far)
{
    ends *pair = calloc(1, sizeof(*pair));
    bool picked;
    if (!pair) {
        report_error("out of memory");
        return NULL;
    }
    pair->mic = audio_reader_open(mic->path, &mic->layout);
    if (!pair->mic)
        goto fail;
    if (far->path) {
        pair->far = audio_reader_open(far->path, &far->layout);
        if (!pair->far)
            goto fail;
    }
    picked = pair->far ? pick_from_two(pair, mic, far) : pick_from_one(pair, mic, far);
    if (picked)
        return pair;

fail:
    ends_close(&pair);
    return NULL;
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* n samples of one end out of as many frames. */
static void take(struct pick *pick, const float *frames, unsigned channels, float *samples,
                 size_t n)
{
    const float scale = 1.0f / (float)pick->count;
    for (size_t i = 0; i < n; i++) {
        const float *frame = frames + i * channels + pick->first;
        float sum = 0.0f;
        for (unsigned c = 0; c < pick->count; c++) {
            pick->clipped += fabsf(frame[c]) >= FULL_SCALE;
            sum += frame[c];
        }
        samples[i] = pick->count > 1 ? scale * sum : sum;
    }
}

/* Room for n more samples that wait. */
static bool make_room(ends *pair, size_t n)
{
    const size_t needed = pair->waiting_n + n;
    float *more;
    if (needed <= pair->waiting_room)
        return true;
    more = realloc(pair->waiting, needed * sizeof(*more));
    if (!more) {
        report_error("out of memory");
        return false;
    }
    pair->waiting = more;
    pair->waiting_room = needed;
    return true;
}

static bool read_end(ends *pair, audio_reader *file, struct pick *pick, float *samples, size_t n,
                     size_t *got)
{
    const unsigned channels = audio_reader_channels(file);
    *got = 0;
    while (*got < n) {
        const size_t part = n - *got < PART ? n - *got : PART;
        size_t have;
        if (!audio_reader_read(file, pair->frames, part, &have))
            return false;
        take(pick, pair->frames, channels, samples + *got, have);
        if (!pair->far) {
            if (!make_room(pair, have))
                return false;
            take(&pair->far_pick, pair->frames, channels, pair->waiting + pair->waiting_n, have);
            pair->waiting_n += have;
        }
        *got += have;
        if (have < part)
            break;
    }
    return true;
}

bool ends_read_mic(ends *pair, float *samples, size_t n, size_t *got)
{
    return read_end(pair, pair->mic, &pair->mic_pick, samples, n, got);
}

bool ends_read_far(ends *pair, float *samples, size_t n, size_t *got)
{
    if (pair->far)
        return read_end(pair, pair->far, &pair->far_pick, samples, n, got);
    *got = n < pair->waiting_n ? n : pair->waiting_n;
    if (*got == 0)
        return true;
    memcpy(samples, pair->waiting, *got * sizeof(*samples));
    pair->waiting_n -= *got;
    memmove(pair->waiting, pair->waiting + *got, pair->waiting_n * sizeof(*samples));
    return true;
}

/* ---- What they are ---------------------------------------------------------------------- */

audio_reader *ends_mic_file(const ends *pair)
{
    return pair->mic;
}

audio_reader *ends_far_file(const ends *pair)
{
    return pair->far ? pair->far : pair->mic;
}

bool ends_share_a_file(const ends *pair)
{
    return !pair->far;
}

int ends_mic_rate(const ends *pair)
{
    return audio_reader_rate(pair->mic);
}

int ends_far_rate(const ends *pair)
{
    return audio_reader_rate(ends_far_file(pair));
}

uint64_t ends_mic_clipped(const ends *pair)
{
    return pair->mic_pick.clipped;
}

uint64_t ends_far_clipped(const ends *pair)
{
    return pair->far_pick.clipped;
}

void ends_close(ends **pair)
{
    if (!*pair)
        return;
    audio_reader_close(&(*pair)->mic);
    audio_reader_close(&(*pair)->far);
    free((*pair)->waiting);
    free(*pair);
    *pair = NULL;
}
