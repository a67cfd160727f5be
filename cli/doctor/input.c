#include "doctor/input.h"

#include "files/scratch.h"
#include "interrupt.h"
#include "report.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

/* Frames that are mixed at a time. */
enum { PART = 4096 };

static void guard(struct doctor_end *end, float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fabsf(samples[i]) <= DOCTOR_LARGEST)
            continue;
        samples[i] = isfinite(samples[i]) ? copysignf(DOCTOR_LARGEST, samples[i]) : 0.0f;
        end->invalid += end->total == 0;
    }
}

/* The next n frames of a recording. */
static bool read_recording(void *opaque, float *frames, size_t n, size_t *got)
{
    struct doctor_end *end = opaque;
    if (!end->is_kept) {
        if (!end->read(end->pair, frames, n, got) ||
            (end->kept && !scratch_write(end->kept, frames, *got * end->channels)))
            return false;
    } else {
        if (!scratch_read(end->kept, frames, n * end->channels, got))
            return false;
        *got /= end->channels;
    }
    guard(end, frames, *got * end->channels);
    return true;
}

static uint64_t longest(const struct doctor_end *end)
{
    return (uint64_t)DOCTOR_LONGEST_S * (uint64_t)end->rate;
}

static bool open_end(struct doctor_end *end, ends *pair, const char *role)
{
    const bool is_mic = end->read == ends_read_mic;
    const audio_reader *file = is_mic ? ends_mic_file(pair) : ends_far_file(pair);
    end->pair = pair;
    end->rate = is_mic ? ends_mic_rate(pair) : ends_far_rate(pair);
    end->channels = is_mic ? 1 : ends_far_channels(pair);
    end->most = ends_can_rewind(pair) ? UINT64_MAX : longest(end);
    end->feed =
        (struct far_feed){.read = read_recording, .channels = end->channels, .rate = end->rate};
    if (ends_share_a_file(pair))
        snprintf(end->name, sizeof(end->name), "%.200s (%s)", audio_reader_name(file), role);
    else
        snprintf(end->name, sizeof(end->name), "%.250s", audio_reader_name(file));
    if (!ends_can_rewind(pair))
        end->kept = scratch_open(NULL);
    return ends_can_rewind(pair) || end->kept;
}

bool doctor_input_open(struct doctor_input *input, const ends_choice *choice)
{
    *input = (struct doctor_input){.pair = ends_open(choice)};
    input->mic.read = ends_read_mic;
    input->far.read = ends_read_far_channels;
    if (!input->pair)
        return false;
    input->shared = ends_share_a_file(input->pair);
    input->movable = !input->shared && ends_can_rewind(input->pair);
    return open_end(&input->mic, input->pair, "microphone") &&
           open_end(&input->far, input->pair, "far end");
}

static void close_end(struct doctor_end *end)
{
    if (end->kept)
        fclose(end->kept);
}

void doctor_input_close(struct doctor_input *input)
{
    close_end(&input->mic);
    close_end(&input->far);
    ends_close(&input->pair);
    *input = (struct doctor_input){0};
}

static bool skip_part(struct doctor_end *end, uint64_t *left)
{
    float unused[PART * UNECHO_CHANNELS_MAX];
    const size_t n = *left < PART ? (size_t)*left : PART;
    size_t got;
    *left -= n;
    return doctor_end_read_frames(end, unused, n, &got);
}

/* To the part that is examined, in step, as both may lie in one file. */
static bool skip(struct doctor_input *input)
{
    struct doctor_end *const mic = &input->mic, *const far = &input->far;
    const uint64_t mic_most = mic->most, far_most = far->most;
    uint64_t mic_left = input->from * (uint64_t)mic->rate;
    uint64_t far_left = input->from * (uint64_t)far->rate;
    mic->most = far->most = UINT64_MAX;
    while (mic_left > 0 || far_left > 0)
        if (!skip_part(mic, &mic_left) || !skip_part(far, &far_left))
            return false;
    mic->at = far->at = 0;
    mic->most = mic_most;
    far->most = far_most;
    return true;
}

static void rewind_end(struct doctor_end *end)
{
    end->at = 0;
    end->is_kept = end->kept != NULL;
    end->feed = (struct far_feed){.read = end->feed.read,
                                  .channels = end->channels,
                                  .rate = end->rate,
                                  .plan = end->feed.plan};
}

bool doctor_input_rewind(struct doctor_input *input)
{
    struct doctor_end *const both[] = {&input->mic, &input->far};
    for (size_t i = 0; i < 2; i++) {
        rewind_end(both[i]);
        if (both[i]->kept && !scratch_rewind(both[i]->kept))
            return false;
    }
    return (input->mic.kept || ends_rewind(input->pair)) && skip(input);
}

static void set_part(struct doctor_end *end, uint64_t from, double moved)
{
    const double n = (double)end->total + round((moved - (double)from) * end->rate);
    end->most = longest(end);
    end->n = n < 0.0 ? 0 : n < (double)end->most ? (uint64_t)n : end->most;
}

bool doctor_input_examine(struct doctor_input *input, uint64_t from, const struct far_plan *plan)
{
    input->from = from;
    input->far.feed.plan = plan;
    input->cut = input->cut || input->mic.total > longest(&input->mic);
    set_part(&input->mic, from, 0.0);
    set_part(&input->far, from, far_plan_moved(plan, HUGE_VAL));
    return doctor_input_rewind(input);
}

bool doctor_end_read_frames(struct doctor_end *end, float *frames, size_t n, size_t *got)
{
    const uint64_t left = end->most - end->at;
    /* Ends are copied where they take each other's place. */
    end->feed.source = end;
    if (!far_feed_read(&end->feed, frames, n < left ? n : (size_t)left, got))
        return false;
    if (interrupted()) {
        report_error("interrupted");
        return false;
    }
    memset(frames + *got * end->channels, 0, (n - *got) * end->channels * sizeof(*frames));
    end->at += *got;
    return true;
}

bool doctor_end_read(struct doctor_end *end, float *samples, size_t n, size_t *got)
{
    float frames[PART * UNECHO_CHANNELS_MAX];
    *got = 0;
    for (size_t done = 0; done < n;) {
        const size_t part = n - done < PART ? n - done : PART;
        size_t have;
        if (!doctor_end_read_frames(end, frames, part, &have))
            return false;
        lanes_mix(&end->lanes, frames, end->channels, samples + done, part);
        *got += have;
        done += part;
    }
    return true;
}
