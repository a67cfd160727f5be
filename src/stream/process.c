/* The calls that bring samples: from the caller's buffers to a pass through the stream. */
#include "stream.h"

/* n frames of a stream's microphone and output, as they lie in the caller's memory. */
static int process(unecho *s, call *c, int has_far, size_t n)
{
    if (has_far && s->far_end.plan.pushed)
        return UNECHO_ERROR_ARGUMENT;
    if (s->output.whole_hops && n % UNECHO_HOP != 0)
        return UNECHO_ERROR_CHUNK;
    c->mic = stream_mic(s, &c->mic);
    return stream_pass(s, c, 0, n);
}

static int process_interleaved(unecho *s, const void *mic, const void *far, void *out, size_t n,
                               sample_format format)
{
    if (!s || (n > 0 && (!mic || !out)))
        return UNECHO_ERROR_ARGUMENT;
    call c = {
        .mic = samples_interleaved(mic, format, s->mic_channels),
        .far = samples_interleaved(far, format, s->far_channels),
        .out = samples_interleaved(out, format, s->mic_channels),
    };
    return process(s, &c, far != NULL, n);
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
    const float *const *const outs = (const float *const *)out;
    if (!all_there(mic, stream->mic_channels) || !all_there(outs, stream->mic_channels) ||
        (far && !all_there(far, stream->far_channels)))
        return UNECHO_ERROR_ARGUMENT;
    call c = {
        .mic = samples_planar(mic, stream->mic_channels),
        .far = samples_planar(far, stream->far_channels),
        .out = samples_planar(outs, stream->mic_channels),
    };
    return process(stream, &c, far != NULL, n);
}

static int push(unecho *s, const samples *far, size_t n)
{
    if (!s->far_end.plan.pushed)
        return UNECHO_ERROR_ARGUMENT;
    stream_push_far(s, far, n);
    return UNECHO_OK;
}

int unecho_push_far(unecho *stream, const float *far, size_t n)
{
    if (!stream || (n > 0 && !far))
        return UNECHO_ERROR_ARGUMENT;
    const samples from = samples_interleaved(far, SAMPLES_FLOAT, stream->far_channels);
    return push(stream, &from, n);
}

int unecho_push_far_int16(unecho *stream, const int16_t *far, size_t n)
{
    if (!stream || (n > 0 && !far))
        return UNECHO_ERROR_ARGUMENT;
    const samples from = samples_interleaved(far, SAMPLES_INT16, stream->far_channels);
    return push(stream, &from, n);
}

int unecho_push_far_planar(unecho *stream, const float *const *far, size_t n)
{
    if (!stream || (n > 0 && !all_there(far, stream->far_channels)))
        return UNECHO_ERROR_ARGUMENT;
    const samples from = samples_planar(n > 0 ? far : NULL, stream->far_channels);
    return push(stream, &from, n);
}
