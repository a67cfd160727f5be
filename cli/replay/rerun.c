#include "replay/rerun.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Buffers in the form that a call takes: interleaved floats, int16, or one per channel. */
typedef struct buffers {
    size_t n, channels;
    float *floats; /* [n * channels] */
    int16_t *int16;
    float *planes[UNECHO_CHANNELS_MAX];
} buffers;

/* The next part of the memory: n frames, with room for either format. */
static buffers take(float **memory, size_t n, size_t channels)
{
    buffers b = {.n = n, .channels = channels, .floats = *memory};
    *memory += n * channels;
    b.int16 = (int16_t *)(void *)*memory;
    *memory += (n * channels + 1) / 2;
    for (size_t c = 0; c < channels; c++)
        b.planes[c] = b.floats + c * n;
    return b;
}

/* The index of a float. */
static size_t place(const buffers *b, uint32_t form, size_t frame, size_t channel)
{
    return form == RECORD_PLANAR ? channel * b->n + frame : frame * b->channels + channel;
}

/* From interleaved channels, as records store them. */
static void fill(const buffers *b, uint32_t form, const recorded_signal *from)
{
    for (size_t frame = 0; from->there && frame < b->n; frame++)
        for (size_t c = 0; c < b->channels; c++) {
            const size_t i = frame * b->channels + c;
            if (form == RECORD_INT16)
                b->int16[i] = (int16_t)(from->samples[i] * 32768.0f); /* exact: it was int16 */
            else
                b->floats[place(b, form, frame, c)] = from->samples[i];
        }
}

static float sample_at(const buffers *b, uint32_t form, size_t frame, size_t channel)
{
    if (form == RECORD_INT16)
        return (float)b->int16[frame * b->channels + channel] * (1.0f / 32768.0f);
    return b->floats[place(b, form, frame, channel)];
}

static bool same_bits(float a, float b)
{
    uint32_t bits[2];
    memcpy(&bits[0], &a, sizeof(a));
    memcpy(&bits[1], &b, sizeof(b));
    return bits[0] == bits[1];
}

static int process(unecho *stream, uint32_t form, const buffers *mic, const buffers *far,
                   const buffers *out, size_t n)
{
    if (form == RECORD_INT16)
        return unecho_process_int16(stream, mic->int16, far ? far->int16 : NULL, out->int16, n);
    if (form == RECORD_PLANAR)
        return unecho_process_planar(stream, (const float *const *)mic->planes,
                                     far ? (const float *const *)far->planes : NULL, out->planes,
                                     n);
    return unecho_process(stream, mic->floats, far ? far->floats : NULL, out->floats, n);
}

static int push(unecho *stream, uint32_t form, const buffers *far, size_t n)
{
    if (form == RECORD_INT16)
        return unecho_push_far_int16(stream, far->int16, n);
    if (form == RECORD_PLANAR)
        return unecho_push_far_planar(stream, (const float *const *)far->planes, n);
    return unecho_push_far(stream, far->floats, n);
}

/* A value that its setting cannot have is refused, as the record says that it was not. */
static int set(unecho *stream, uint64_t extra)
{
    const float value = record_setting_value(extra);
    const int whole = value >= 0.0f && value <= (float)UNECHO_NOISE_REDUCTION_MAX_DB;
    switch (extra >> 32) {
    case RECORD_KEY_SUPPRESSION:
        return unecho_set_suppression(stream, value);
    case RECORD_KEY_NOISE_REDUCTION:
        return whole ? unecho_set_noise_reduction(stream, (unsigned)value) : UNECHO_ERROR_ARGUMENT;
    case RECORD_KEY_COMFORT_NOISE:
        return unecho_set_comfort_noise(stream, value != 0.0f);
    default:
        return UNECHO_ERROR_ARGUMENT;
    }
}

static int repeat(unecho *stream, const recorded_call *call, const buffers *mic, const buffers *far,
                  const buffers *out)
{
    const record_head *h = &call->head;
    const buffers *given = call->signals[RECORD_FAR].there ? far : NULL;
    const float *mics = mic->floats, *fars = given ? far->floats : NULL;
    float *outs = out->floats;
    switch (h->kind) {
    case RECORD_PROCESS:
        return process(stream, h->form, mic, given, out, (size_t)h->n);
    case RECORD_MANY:
        return unecho_process_many(&stream, &mics, &fars, &outs, 1, (size_t)h->n);
    case RECORD_WHOLE:
        return unecho_process_whole(stream, mics, (size_t)h->n, fars, (size_t)h->far_n, outs,
                                    (unsigned)h->extra);
    case RECORD_PUSH:
        return push(stream, h->form, far, (size_t)h->far_n);
    case RECORD_GAP:
        return unecho_notify_gap(stream, h->n, h->far_n);
    case RECORD_SETTING:
        return set(stream, h->extra);
    case RECORD_NEXT_CALL:
        return unecho_next_call(stream);
    default:
        return unecho_reset(stream);
    }
}

static void note_first(rerun *r, const record_reader *of, const recorded_call *call, int status,
                       size_t frame, float replayed)
{
    const record_head *h = &call->head;
    if (r->first.call > 0)
        return;
    r->first = (rerun_difference){
        .call = of->entry,
        .seconds = rerun_seconds(r, of) + (double)frame / of->config.sample_rate,
        .sample = frame,
        .recorded = call->signals[RECORD_OUT].there ? call->signals[RECORD_OUT].samples[frame] : 0,
        .replayed = replayed,
        .recorded_status = h->status,
        .replayed_status = status,
    };
}

/* Compare every channel of the output with the recorded one. */
static void compare(rerun *r, const record_reader *of, const recorded_call *call,
                    const buffers *out, int status)
{
    if (status != call->head.status)
        note_first(r, of, call, status, 0, 0.0f);
    if (recorded_refusal(status))
        return;
    for (size_t frame = 0; frame < out->n; frame++)
        for (size_t c = 0; c < out->channels; c++) {
            const float was = call->signals[RECORD_OUT].samples[frame];
            const float is = sample_at(out, call->head.form, frame, c);
            if (same_bits(was, is))
                continue;
            const float difference = fabsf(was - is);
            r->different_samples++;
            r->largest = isnan(difference) ? HUGE_VALF : fmaxf(r->largest, difference);
            note_first(r, of, call, status, frame, is);
        }
}

static bool take_room(rerun *r, size_t capacity)
{
    if (capacity <= r->capacity)
        return true;
    free(r->memory);
    r->memory = malloc(capacity * sizeof(*r->memory));
    r->capacity = r->memory ? capacity : 0;
    return r->memory != NULL;
}

/* Seconds of sound that the stream gets in a call. */
static double seconds_in(const rerun *r, const unecho_config *config, const record_head *h)
{
    const int far_rate = config->far_rate ? config->far_rate : config->sample_rate;
    /* A whole signal is followed by silence until its last frame is out. */
    const int more = h->kind == RECORD_WHOLE ? unecho_latency(r->stream) : 0;
    return fmax(((double)h->n + more) / config->sample_rate, (double)h->far_n / far_rate);
}

bool rerun_call(rerun *r, const record_reader *of, const recorded_call *call)
{
    const record_head *h = &call->head;
    const size_t mic_channels = of->config.mic_channels, far_channels = of->config.far_channels;
    r->out = NULL;
    if (h->kind == RECORD_LOST) {
        r->lost = *h;
        return true;
    }
    r->calls++;
    if (recorded_refusal(h->status)) {
        r->refused++;
        return true;
    }
    const bool gap = h->kind == RECORD_GAP;
    const size_t n = gap ? 0 : (size_t)h->n, far_n = gap ? 0 : (size_t)h->far_n;
    /* Each in both formats, one more channel of output, and never 0. */
    if (!take_room(r, 2 * (2 * n * mic_channels + far_n * far_channels) + n + 8))
        return false;
    float *memory = r->memory;
    const buffers mic = take(&memory, n, mic_channels);
    const buffers far = take(&memory, far_n, far_channels);
    const buffers out = take(&memory, n, mic_channels);
    fill(&mic, h->form, &call->signals[RECORD_MIC]);
    fill(&far, h->form, &call->signals[RECORD_FAR]);
    const int status = repeat(r->stream, call, &mic, &far, &out);
    compare(r, of, call, &out, status);
    if (!recorded_refusal(status) && n > 0) {
        for (size_t i = 0; i < n; i++)
            memory[i] = sample_at(&out, h->form, i, 0);
        r->out = memory;
    }
    r->heard += gap ? 0.0 : seconds_in(r, &of->config, h);
    r->frames += n;
    r->gaps += gap;
    r->resets += h->kind == RECORD_RESET;
    return true;
}

void rerun_free(rerun *r)
{
    free(r->memory);
    r->memory = NULL;
}

double rerun_seconds(const rerun *r, const record_reader *of)
{
    return (double)r->frames / of->config.sample_rate;
}
