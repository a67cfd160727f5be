#include "files/ends.h"

#include "dsp/clones.h"
#include "files/format.h"
#include "files/lanes.h"
#include "report.h"

#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Frames at a time. */
#define PART 4096

/* The largest positive value of 16-bit samples: clipped, or close to it. */
#define FULL_SCALE (32767.0f / 32768.0f)

/* Which channels of a file make up one end. */
struct pick {
    unsigned first, count; /* from 0 */
    uint64_t clipped;
    float *waiting; /* with one file: what came with the other end, from begin to end */
    size_t begin, end, room;
};

struct ends {
    audio_reader *mic, *far; /* far NULL: in the microphone's file */
    struct pick mic_pick, far_pick;
    float frames[PART * UNECHO_CHANNELS_MAX];
};

/* ---- Options ---------------------------------------------------------------------------- */

static const char *const raw_names[] = {"s16le", "f32le", NULL};

static bool set_raw(void *field, const struct option_value *value)
{
    if (raw_parse(value->text, field))
        return true;
    report_usage(value->command, "--raw %s: unknown; expected s16le or f32le", value->text);
    return false;
}

static bool set_channel(void *field, const struct option_value *value)
{
    const char *text = value->text;
    int *channel = field;
    if (strcmp(text, "mean") == 0) {
        *channel = END_MEAN;
        return true;
    }
    if (text[0] < '1' || text[0] > '0' + UNECHO_CHANNELS_MAX || text[1]) {
        report_usage(value->command, "--%s %s: expected a channel from 1 to %d, or 'mean'",
                     value->option->name, text, UNECHO_CHANNELS_MAX);
        return false;
    }
    *channel = text[0] - '0';
    return true;
}

const struct option ends_options[] = {
    {.name = "mic-channel",
     .argument = "N",
     .help = "the microphone's channel, 1 to 8 or 'mean' (default 1)",
     .set = set_channel,
     .at = offsetof(ends_choice, mic.channel)},
    {.name = "far-channel",
     .argument = "N",
     .help = "the far end's (default: all of FAR, channel 2 of BOTH)",
     .set = set_channel,
     .at = offsetof(ends_choice, far.channel)},
    {.name = "raw",
     .rare = true,
     .argument = "FORMAT",
     .names = raw_names,
     .help = "'-' and files without a known ending hold headerless samples: s16le or f32le",
     .set = set_raw,
     .at = offsetof(ends_choice, mic.layout.raw)},
    {.name = "rate",
     .rare = true,
     .argument = "HZ",
     .help = "the sample rate of headerless MIC and FAR (default 16000)",
     .set = option_number,
     .at = offsetof(ends_choice, mic.layout.rate),
     .lowest = UNECHO_RATE_MIN,
     .highest = UNECHO_RATE_MAX},
    {.name = "far-rate",
     .rare = true,
     .argument = "HZ",
     .help = "the sample rate of headerless FAR, if it differs",
     .set = option_number,
     .at = offsetof(ends_choice, far.layout.rate),
     .lowest = UNECHO_RATE_MIN,
     .highest = UNECHO_RATE_MAX},
    {.name = "channels",
     .rare = true,
     .argument = "N",
     .help = "the number of channels in headerless MIC or BOTH, 1 to 8 (default 1)",
     .set = option_number,
     .at = offsetof(ends_choice, mic.layout.channels),
     .lowest = 1,
     .highest = UNECHO_CHANNELS_MAX},
    {.name = "far-channels",
     .rare = true,
     .argument = "N",
     .help = "the same for headerless FAR",
     .set = option_number,
     .at = offsetof(ends_choice, far.layout.channels),
     .lowest = 1,
     .highest = UNECHO_CHANNELS_MAX},
    {.name = NULL},
};

static bool is_dash(const char *name)
{
    return name && strcmp(name, "-") == 0;
}

bool ends_choice_check(ends_choice *choice, const struct arguments *arguments)
{
    end_choice *mic = &choice->mic, *far = &choice->far;
    if (!arguments_at_most(arguments, 2, "MIC and FAR"))
        return false;
    if (arguments->count < 1) {
        report_usage(arguments->command, "MIC and FAR are missing");
        return false;
    }
    mic->path = arguments->words[0];
    far->path = arguments->count == 2 ? arguments->words[1] : NULL;
    far->layout.raw = mic->layout.raw;
    if (is_dash(mic->path) && is_dash(far->path)) {
        report_usage(arguments->command, "only one of MIC and FAR can be '-'");
        return false;
    }
    if (!far->path && (far->layout.rate || far->layout.channels)) {
        report_usage(arguments->command, "--%s needs a separate file for the far end",
                     far->layout.rate ? "far-rate" : "far-channels");
        return false;
    }
    /* Two devices of one machine usually have the same rate. */
    if (far->path && format_is_raw(far->path, far->layout.raw) && !far->layout.rate)
        far->layout.rate = mic->layout.rate;
    return true;
}

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
        report_note("%s: has %u channels; using the first as the microphone (change this with "
                    "--mic-channel)",
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
        report_error("%s: is mono, so the far end cannot be in it; unecho also needs what the "
                     "loudspeaker played, as FAR or as another channel",
                     name);
        return false;
    }
    if (channels > 2 && (!mic_channel || !far_channel)) {
        report_error("%s: has %u channels; --mic-channel N and --far-channel N must say which "
                     "are the microphone and the far end",
                     name, channels);
        return false;
    }
    /* With two channels, choosing one leaves the other. */
    if (!mic_channel)
        mic_channel = far_channel == 1 ? 2 : 1;
    if (!far_channel)
        far_channel = mic_channel == 2 ? 1 : 2;
    if (mic_channel == far_channel || mic_channel == END_MEAN || far_channel == END_MEAN) {
        report_error("%s: microphone and far end must be different channels", name);
        return false;
    }
    if (!pick_channel(&pair->mic_pick, pair->mic, mic_channel, "mic-channel") ||
        !pick_channel(&pair->far_pick, pair->mic, far_channel, "far-channel"))
        return false;
    if (!mic->channel && !far->channel)
        report_note("%s: using channel 1 as the microphone and channel 2 as the far end (change "
                    "this with --mic-channel and --far-channel)",
                    name);
    return true;
}

ends *ends_open(const ends_choice *choice)
{
    const end_choice *mic = &choice->mic, *far = &choice->far;
    ends *pair = calloc(1, sizeof(*pair));
    bool picked;
    if (!pair) {
        report_no_memory();
        return NULL;
    }
    pair->mic = audio_reader_open(mic->path, &mic->layout, mic->loaded);
    if (!pair->mic)
        goto fail;
    if (far->path) {
        pair->far = audio_reader_open(far->path, &far->layout, far->loaded);
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

/* The mean of the chosen channels of n frames. */
static void mix(const struct pick *pick, const float *frames, unsigned channels, float *samples,
                size_t n)
{
    const float scale = 1.0f / (float)pick->count;
    if (channels == 1) {
        memcpy(samples, frames, n * sizeof(*samples));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const float *frame = frames + i * channels + pick->first;
        float sum = 0.0f;
        for (unsigned c = 0; c < pick->count; c++)
            sum += frame[c];
        samples[i] = pick->count > 1 ? scale * sum : sum;
    }
}

CLONED static void count_clipped(struct pick *pick, const float *frames, unsigned channels,
                                 size_t n)
{
    if (channels == 1) {
        uint32_t clipped = 0;
        for (size_t i = 0; i < n; i++)
            clipped += fabsf(frames[i]) >= FULL_SCALE;
        pick->clipped += clipped;
        return;
    }
    for (unsigned c = 0; c < pick->count; c++) {
        const float *const samples = frames + pick->first + c;
        uint32_t clipped = 0;
        for (size_t i = 0; i < n; i++)
            clipped += fabsf(samples[i * channels]) >= FULL_SCALE;
        pick->clipped += clipped;
    }
}

static size_t waiting(const struct pick *pick)
{
    return pick->end - pick->begin;
}

/* Room for n more waiting samples. */
static bool make_room(struct pick *pick, size_t n)
{
    const size_t left = waiting(pick);
    float *more;
    /* One end may wait for seconds: move it seldom. */
    if (pick->begin >= left) {
        if (left > 0)
            memcpy(pick->waiting, pick->waiting + pick->begin, left * sizeof(*more));
        pick->begin = 0;
        pick->end = left;
    }
    if (pick->end + n <= pick->room)
        return true;
    more = realloc(pick->waiting, 2 * (pick->end + n) * sizeof(*more));
    if (!more)
        return report_no_memory();
    pick->waiting = more;
    pick->room = 2 * (pick->end + n);
    return true;
}

static bool keep(struct pick *pick, const float *frames, unsigned channels, size_t n)
{
    if (!make_room(pick, n))
        return false;
    count_clipped(pick, frames, channels, n);
    mix(pick, frames, channels, pick->waiting + pick->end, n);
    pick->end += n;
    return true;
}

/* From the file of both; no more of it than needed, as it may be a pipe. */
static bool read_shared(ends *pair, struct pick *pick, float *samples, size_t n, size_t *got)
{
    const unsigned channels = audio_reader_channels(pair->mic);
    while (waiting(pick) < n) {
        const size_t wanted = n - waiting(pick), part = wanted < PART ? wanted : PART;
        size_t have;
        if (!audio_reader_read(pair->mic, pair->frames, part, &have) ||
            !keep(&pair->mic_pick, pair->frames, channels, have) ||
            !keep(&pair->far_pick, pair->frames, channels, have))
            return false;
        if (have < part)
            break;
    }
    *got = n < waiting(pick) ? n : waiting(pick);
    if (*got > 0)
        memcpy(samples, pick->waiting + pick->begin, *got * sizeof(*samples));
    pick->begin += *got;
    return true;
}

bool ends_read_mic(ends *pair, float *samples, size_t n, size_t *got)
{
    const unsigned channels = audio_reader_channels(pair->mic);
    *got = 0;
    if (!pair->far)
        return read_shared(pair, &pair->mic_pick, samples, n, got);
    while (*got < n) {
        const size_t part = n - *got < PART ? n - *got : PART;
        float *const frames = channels == 1 ? samples + *got : pair->frames;
        size_t have;
        if (!audio_reader_read(pair->mic, frames, part, &have))
            return false;
        count_clipped(&pair->mic_pick, frames, channels, have);
        if (channels > 1)
            mix(&pair->mic_pick, frames, channels, samples + *got, have);
        *got += have;
        if (have < part)
            break;
    }
    return true;
}

/* All channels or one of them. */
static void mix_far(const struct pick *pick, const float *frames, unsigned channels, float *samples,
                    size_t n)
{
    struct lanes lanes = {0};
    if (pick->count > 1)
        lanes_mix(&lanes, frames, channels, samples, n);
    else
        mix(pick, frames, channels, samples, n);
}

/* From a file of its own, mixed unless all channels are wanted. */
static bool read_far_file(ends *pair, bool all, float *samples, size_t n, size_t *got)
{
    const unsigned channels = audio_reader_channels(pair->far);
    struct pick *pick = &pair->far_pick;
    *got = 0;
    while (*got < n) {
        const size_t part = n - *got < PART ? n - *got : PART;
        const bool as_it_is = channels == 1 || (all && pick->count > 1);
        float *const frames = as_it_is ? samples + *got * channels : pair->frames;
        size_t have;
        if (!audio_reader_read(pair->far, frames, part, &have))
            return false;
        count_clipped(pick, frames, channels, have);
        if (!as_it_is)
            mix_far(pick, frames, channels, samples + *got, have);
        *got += have;
        if (have < part)
            break;
    }
    return true;
}

unsigned ends_far_channels(const ends *pair)
{
    return pair->far_pick.count;
}

bool ends_read_far_channels(ends *pair, float *samples, size_t n, size_t *got)
{
    return pair->far ? read_far_file(pair, true, samples, n, got)
                     : ends_read_far(pair, samples, n, got);
}

bool ends_read_far(ends *pair, float *samples, size_t n, size_t *got)
{
    return pair->far ? read_far_file(pair, false, samples, n, got)
                     : read_shared(pair, &pair->far_pick, samples, n, got);
}

bool ends_can_rewind(const ends *pair)
{
    return audio_reader_can_rewind(pair->mic) && (!pair->far || audio_reader_can_rewind(pair->far));
}

bool ends_rewind(ends *pair)
{
    struct pick *const picks[] = {&pair->mic_pick, &pair->far_pick};
    for (size_t i = 0; i < 2; i++)
        picks[i]->clipped = picks[i]->begin = picks[i]->end = 0;
    return audio_reader_rewind(pair->mic) && (!pair->far || audio_reader_rewind(pair->far));
}

/* ---- Asking ----------------------------------------------------------------------------- */

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
    free((*pair)->mic_pick.waiting);
    free((*pair)->far_pick.waiting);
    free(*pair);
    *pair = NULL;
}
