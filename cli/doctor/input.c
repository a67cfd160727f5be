#include "doctor/input.h"

#include "files/scratch.h"
#include "interrupt.h"
#include "report.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

/* Frames that are mixed at a time. */
enum { PART = 4096 };

static bool open_end(struct doctor_end *end, ends *pair, const char *role)
{
    const bool is_mic = end->read == ends_read_mic;
    const audio_reader *file = is_mic ? ends_mic_file(pair) : ends_far_file(pair);
    end->pair = pair;
    end->rate = is_mic ? ends_mic_rate(pair) : ends_far_rate(pair);
    end->channels = is_mic ? 1 : ends_far_channels(pair);
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
    return input->pair && open_end(&input->mic, input->pair, "microphone") &&
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

bool doctor_input_rewind(struct doctor_input *input)
{
    struct doctor_end *const both[] = {&input->mic, &input->far};
    for (size_t i = 0; i < 2; i++) {
        both[i]->at = 0;
        both[i]->is_kept = both[i]->kept != NULL;
        if (both[i]->kept && !scratch_rewind(both[i]->kept))
            return false;
    }
    return input->mic.kept || ends_rewind(input->pair);
}

static void guard(struct doctor_end *end, float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fabsf(samples[i]) <= DOCTOR_LARGEST)
            continue;
        samples[i] = isfinite(samples[i]) ? copysignf(DOCTOR_LARGEST, samples[i]) : 0.0f;
        end->invalid += end->n == 0;
    }
}

static bool read_part(struct doctor_end *end, float *frames, size_t n, size_t *got)
{
    if (!end->is_kept)
        return end->read(end->pair, frames, n, got) &&
               (!end->kept || scratch_write(end->kept, frames, *got * end->channels));
    if (!scratch_read(end->kept, frames, n * end->channels, got))
        return false;
    *got /= end->channels;
    return true;
}

bool doctor_end_read_frames(struct doctor_end *end, float *frames, size_t n, size_t *got)
{
    const uint64_t left = (uint64_t)DOCTOR_LONGEST_S * (uint64_t)end->rate - end->at;
    if (!read_part(end, frames, n < left ? n : (size_t)left, got))
        return false;
    if (interrupted()) {
        report_error("interrupted");
        return false;
    }
    guard(end, frames, *got * end->channels);
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
