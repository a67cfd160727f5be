/*
 * Whole signals: the reference implementation's batch mode, with the latency removed. What a stream
 * needs some time to learn it learns from their beginning, as from the call before the next one.
 */
#include "stream.h"

#include "dsp/peak.h"

/* Frames to process at once: a pushed far end must not run far ahead of the microphone. */
static size_t piece(const unecho *s)
{
    return s->far_end.plan.pushed ? s->microphone.plan.rate / 100
                                  : s->canceller.hops_at_once * UNECHO_HOP;
}

/* Samples at 16 kHz in frames at `rate`, rounded up. */
static size_t frames_for(size_t count, unsigned rate)
{
    return (count * rate + UNECHO_SAMPLE_RATE - 1) / UNECHO_SAMPLE_RATE;
}

/* A signal of `length` frames that begins at `start`, with silence around it. */
typedef struct placed {
    samples frames;
    uint64_t start, length;
} placed;

/* The signal or silence at `at`. Reduces *n to what is left of it. */
static samples part_at(const placed *p, uint64_t at, size_t *n)
{
    const uint64_t end = p->start + p->length;
    const uint64_t border = at < p->start ? p->start : at < end ? end : UINT64_MAX;
    *n = border - at < *n ? (size_t)(border - at) : *n;
    return at < p->start || at >= end ? (samples){0} : samples_from(&p->frames, at - p->start);
}

/* Push the far end that has been played when the microphone reaches `end`. */
static void push_until(unecho *s, const placed *far, uint64_t *pushed, uint64_t end)
{
    const uint64_t mic_rate = s->microphone.plan.rate, far_rate = s->far_end.plan.rate;
    const uint64_t due = (end * far_rate + mic_rate - 1) / mic_rate;
    while (*pushed < due) {
        size_t n = (size_t)(due - *pushed);
        const samples part = part_at(far, *pushed, &n);
        stream_push_far(s, &part, n);
        *pushed += n;
    }
}

/* Process from frame 0 to the end of `out`, rounded up to a multiple of `grain`. */
static int run(unecho *s, const placed *mic, const placed *far, const placed *out, size_t grain)
{
    const uint64_t end = (out->start + out->length + grain - 1) / grain * grain;
    uint64_t pushed = 0;
    for (uint64_t at = 0; at < end;) {
        size_t n = end - at < piece(s) ? (size_t)(end - at) : piece(s);
        call c = {.mic = part_at(mic, at, &n), .out = part_at(out, at, &n)};
        if (s->far_end.plan.pushed)
            push_until(s, far, &pushed, at + n);
        else
            c.far = part_at(far, at, &n);
        const int status = stream_pass(s, &c, 0, n);
        if (status < 0)
            return status;
        at += n;
    }
    return UNECHO_OK;
}

/* A second of silence, as whole frames of both rates and as whole hops: longer than any delay. */
static int next_call(unecho *s)
{
    const placed silence = {.length = s->microphone.plan.rate};
    const int status = run(s, &silence, &silence, &silence, 1);
    canceller_next_call(&s->canceller);
    s->mic_seen = s->far_seen = (samples_seen){0};
    s->far_end.missing = s->far_end.dropped_frames = 0;
    s->aligner.realignments = 0;
    s->frames = 0;
    return status;
}

int unecho_next_call(unecho *stream)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    if (stream->recorder)
        recorder_note(stream->recorder, &(record_head){.kind = RECORD_NEXT_CALL}, UNECHO_OK);
    return next_call(stream);
}

/* n frames from `first` on, as far as there are so many. */
static placed part_of(const samples *frames, uint64_t length, uint64_t first, uint64_t n)
{
    const uint64_t left = first < length ? length - first : 0;
    return (placed){samples_from(frames, left > 0 ? first : 0), 0, left < n ? left : n};
}

/* The beginning, second by second, until enough of the far end was heard. More would more often
 * bring an echo path that comes later only. */
static int learn(unecho *s, const samples *mic, size_t mic_n, const samples *far, size_t far_n)
{
    const uint64_t rate = s->microphone.plan.rate, far_rate = s->far_end.plan.rate;
    const samples heard = stream_mic(s, mic);
    const placed none = {.length = rate};
    const uint64_t enough = UNECHO_LEARN_FAR_SECONDS * UNECHO_SAMPLE_RATE / UNECHO_HOP;
    for (uint64_t t = 0; t < UNECHO_LEARN_SECONDS_MOST && t * rate < mic_n; t++) {
        const placed m = part_of(&heard, mic_n, t * rate, rate);
        const placed f = part_of(far, far_n, t * far_rate, far_rate);
        const int status = run(s, &m, &f, &none, 1);
        if (status < 0)
            return status;
        if (s->canceller.levels.active_hops >= enough)
            break;
    }
    if (s->canceller.levels.active_hops > 0)
        return next_call(s);
    stream_reset(s);
    return UNECHO_OK;
}

static void normalize_peak(float *x, size_t n)
{
    const float peak = peak_of(x, n);
    if (peak <= 1.0f)
        return;
    for (size_t i = 0; i < n; i++)
        x[i] *= 0.99f / peak;
}

/* With arguments already checked. */
static int process_whole(unecho *s, const samples *mic, size_t mic_n, const samples *far,
                         size_t far_n, const samples *out, unsigned options)
{
    const unsigned rate = s->microphone.plan.rate, far_rate = s->far_end.plan.rate;
    const uint64_t far_most = ((uint64_t)mic_n * far_rate + rate - 1) / rate;
    /* The length need not be whole hops: lift the promise for this call. */
    const int promised = s->output.whole_hops;
    s->output.whole_hops = 0;
    stream_reset(s);
    const size_t far_due = far_n < far_most ? far_n : (size_t)far_most;
    int status = mic_n > 0 && s->canceller.suppressor->kind->next_call
                     ? learn(s, mic, mic_n, far, far_due)
                     : UNECHO_OK;

    /* As in the reference, silence of the suppressor's lag precedes the signal. */
    const size_t lag = s->canceller.lag, start = frames_for(lag, rate);
    const size_t kept = options & UNECHO_KEEP_LATENCY ? start : 0;
    const placed heard = {stream_mic(s, mic), start, mic_n};
    const placed played = {*far, frames_for(lag, far_rate), far_due};
    const placed written = {*out, start + output_latency(&s->output) - kept, mic_n};
    if (mic_n > 0 && status == UNECHO_OK)
        status = run(s, &heard, &played, &written, promised ? UNECHO_HOP : 1);
    s->output.whole_hops = promised;
    if (status < 0) {
        stream_reset(s);
        samples_silence(out, 0, mic_n);
        return status;
    }
    output_reset(&s->output);
    s->frames = mic_n;
    return UNECHO_OK;
}

int unecho_process_whole(unecho *s, const float *mic, size_t mic_n, const float *far, size_t far_n,
                         float *out, unsigned options)
{
    /* Of more, frames times rates could not be counted. */
    static const uint64_t most = UINT64_MAX / UNECHO_RATE_MAX / UNECHO_CHANNELS_MAX;
    if (!s || (mic_n > 0 && (!mic || !out)) || (far_n > 0 && !far) ||
        (options & ~(UNECHO_KEEP_LATENCY | UNECHO_NORMALIZE_PEAK)) || mic_n > most)
        return UNECHO_ERROR_ARGUMENT;
    const samples heard = samples_interleaved(mic, SAMPLES_FLOAT, s->mic_channels);
    const samples played = samples_interleaved(far, SAMPLES_FLOAT, s->far_channels);
    const samples written = samples_interleaved(out, SAMPLES_FLOAT, s->mic_channels);
    if (s->recorder) {
        const record_head head = {
            .kind = RECORD_WHOLE, .n = mic_n, .far_n = far_n, .extra = options};
        recorder_begin(s->recorder, &head, &heard, &played);
    }
    const int status = process_whole(s, &heard, mic_n, &played, far_n, &written, options);
    if (status == UNECHO_OK && options & UNECHO_NORMALIZE_PEAK)
        normalize_peak(out, mic_n * s->mic_channels);
    stream_recorded(s, &written, status);
    return status;
}
