/* unecho_process, unecho_push_far and their variants: argument checks and recording. */
#include "stream.h"

/* Returns status. Records refused calls, too: they may be the fault that is looked for. */
static int record_refused(unecho *s, const record_head *head, int status)
{
    if (s && s->recorder && (status == UNECHO_ERROR_ARGUMENT || status == UNECHO_ERROR_CHUNK))
        recorder_note(s->recorder, head, status);
    return status;
}

static record_form form_of(sample_format format)
{
    return format == SAMPLES_INT16 ? RECORD_INT16 : RECORD_FLOAT;
}

static record_head process_call(record_form form, size_t n, int has_far)
{
    return (record_head){.kind = RECORD_PROCESS, .form = form, .n = n, .far_n = has_far ? n : 0};
}

static int process(unecho *s, call *c, const record_head *head, size_t n)
{
    if (c->far.channels > 0 && s->far_end.plan.pushed)
        return UNECHO_ERROR_ARGUMENT;
    if (s->output.whole_hops && n % UNECHO_HOP != 0)
        return UNECHO_ERROR_CHUNK;
    if (s->recorder)
        recorder_begin(s->recorder, head, &c->mic, &c->far);
    c->mic = stream_mic(s, &c->mic);
    const int status = stream_pass(s, c, 0, n);
    stream_recorded(s, &c->out, status);
    return status;
}

static int process_interleaved(unecho *s, const void *mic, const void *far, void *out, size_t n,
                               sample_format format)
{
    const record_head head = process_call(form_of(format), n, far != NULL);
    if (!s || (n > 0 && (!mic || !out)))
        return record_refused(s, &head, UNECHO_ERROR_ARGUMENT);
    call c = {
        .mic = samples_interleaved(mic, format, s->mic_channels),
        .far = samples_interleaved(far, format, s->far_channels),
        .out = samples_interleaved(out, format, s->mic_channels),
    };
    return record_refused(s, &head, process(s, &c, &head, n));
}

int unecho_process(unecho *stream, const float *mic, const float *far, float *out, size_t n)
{
    return process_interleaved(stream, mic, far, out, n, SAMPLES_FLOAT);
}

int unecho_process_int16(unecho *stream, const int16_t *mic, const int16_t *far, int16_t *out,
                         size_t n)
{
    return process_interleaved(stream, mic, far, out, n, SAMPLES_INT16);
}

static int all_there(const float *const *channels, unsigned count)
{
    if (!channels)
        return 0;
    for (unsigned c = 0; c < count; c++)
        if (!channels[c])
            return 0;
    return 1;
}

int unecho_process_planar(unecho *stream, const float *const *mic, const float *const *far,
                          float *const *out, size_t n)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    if (n == 0)
        return UNECHO_OK;
    const record_head head = process_call(RECORD_PLANAR, n, far != NULL);
    const float *const *const outs = (const float *const *)out;
    if (!all_there(mic, stream->mic_channels) || !all_there(outs, stream->mic_channels) ||
        (far && !all_there(far, stream->far_channels)))
        return record_refused(stream, &head, UNECHO_ERROR_ARGUMENT);
    call c = {
        .mic = samples_planar(mic, stream->mic_channels),
        .far = samples_planar(far, stream->far_channels),
        .out = samples_planar(outs, stream->mic_channels),
    };
    return record_refused(stream, &head, process(stream, &c, &head, n));
}

/* far NULL: the caller passed invalid buffers. */
static int push(unecho *s, const samples *far, record_form form, size_t n)
{
    const record_head head = {.kind = RECORD_PUSH, .form = form, .far_n = n};
    if (!s || !far || !s->far_end.plan.pushed)
        return record_refused(s, &head, UNECHO_ERROR_ARGUMENT);
    if (s->recorder)
        recorder_begin(s->recorder, &head, &(samples){0}, far);
    stream_push_far(s, far, n);
    stream_recorded(s, &(samples){0}, UNECHO_OK);
    return UNECHO_OK;
}

static int push_interleaved(unecho *s, const void *far, size_t n, sample_format format)
{
    const samples from = samples_interleaved(far, format, s ? s->far_channels : 0);
    return push(s, n == 0 || far ? &from : NULL, form_of(format), n);
}

int unecho_push_far(unecho *stream, const float *far, size_t n)
{
    return push_interleaved(stream, far, n, SAMPLES_FLOAT);
}

int unecho_push_far_int16(unecho *stream, const int16_t *far, size_t n)
{
    return push_interleaved(stream, far, n, SAMPLES_INT16);
}

int unecho_push_far_planar(unecho *stream, const float *const *far, size_t n)
{
    const int there = stream && n > 0 && all_there(far, stream->far_channels);
    const samples from = samples_planar(there ? far : NULL, stream ? stream->far_channels : 0);
    return push(stream, n == 0 || there ? &from : NULL, RECORD_PLANAR, n);
}
