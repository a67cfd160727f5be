#include "samples.h"

#include <math.h>
#include <string.h>

static const float most = 100.0f;
static const float least = 1e-15f;

samples samples_interleaved(const void *from, sample_format format, unsigned channels)
{
    samples s = {.format = format, .channels = from ? channels : 0, .stride = channels};
    const size_t width = format == SAMPLES_FLOAT ? sizeof(float) : sizeof(int16_t);
    for (unsigned c = 0; c < s.channels; c++)
        s.channel[c] = (unsigned char *)(uintptr_t)from + c * width;
    return s;
}

samples samples_planar(const float *const *from, unsigned channels)
{
    samples s = {.format = SAMPLES_FLOAT, .channels = from ? channels : 0, .stride = 1};
    for (unsigned c = 0; c < s.channels; c++)
        s.channel[c] = (void *)(uintptr_t)from[c];
    return s;
}

samples samples_channel(const samples *from, unsigned channel)
{
    samples one = *from;
    if (from->channels > 0) {
        one.channels = 1;
        one.channel[0] = from->channel[channel];
    }
    return one;
}

samples samples_from(const samples *all, uint64_t first)
{
    const size_t width = all->format == SAMPLES_FLOAT ? sizeof(float) : sizeof(int16_t);
    samples rest = *all;
    for (unsigned c = 0; c < rest.channels; c++)
        rest.channel[c] = (unsigned char *)rest.channel[c] + (size_t)first * rest.stride * width;
    return rest;
}

static void add(float *mean, float *side, int negative, size_t i, float x)
{
    mean[i] += x;
    if (side)
        side[i] += negative ? -x : x;
}

/* What is no sample, or one far beyond full scale, is replaced. All conditions are evaluated, so
 * that compilers find vectors for them. */
static inline float guarded(float x)
{
    const float size = fabsf(x);
    const int fits = size <= most, finite = size <= 3.402823466e38f, counts = size >= least;
    const float limited = finite ? copysignf(most, x) : 0.0f, kept = counts ? x : 0.0f;
    return fits ? kept : limited;
}

/* NaN does not fit. */
static inline __attribute__((always_inline)) void
add_float_by(float *restrict mean, float *restrict side, float sign, const float *restrict from,
             size_t stride, size_t n, samples_seen *seen)
{
    int beyond = 0, clipped = 0;
    for (size_t i = 0; i < n; i++) {
        const float size = fabsf(from[i * stride]);
        beyond += !(size <= most);
        clipped += size >= 1.0f;
    }
    for (size_t i = 0; i < n; i++)
        mean[i] += guarded(from[i * stride]);
    for (size_t i = 0; side && i < n; i++)
        side[i] += sign * guarded(from[i * stride]);
    seen->guarded += (unsigned)beyond;
    seen->clipped += (unsigned)clipped;
}

static void add_float(float *mean, float *side, int negative, const float *from, size_t stride,
                      size_t n, samples_seen *seen)
{
    const float sign = negative ? -1.0f : 1.0f;
    if (stride == 1)
        add_float_by(mean, side, sign, from, 1, n, seen);
    else
        add_float_by(mean, side, sign, from, stride, n, seen);
}

static void add_int16(float *mean, float *side, int negative, const int16_t *from, size_t stride,
                      size_t n, samples_seen *seen)
{
    size_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        const int16_t x = from[i * stride];
        clipped += x == INT16_MAX || x == INT16_MIN;
        add(mean, side, negative, i, (float)x * (1.0f / 32768.0f));
    }
    seen->clipped += clipped;
}

static void share_out(float *sum, size_t n, float share)
{
    for (size_t i = 0; i < n; i++) {
        const float mean = sum[i] * share;
        sum[i] = fabsf(mean) < least ? 0.0f : mean;
    }
}

void samples_read(float *mean, float *side, const samples *from, size_t first, size_t n,
                  samples_seen *seen)
{
    for (size_t i = 0; i < n; i++)
        mean[i] = 0.0f;
    for (size_t i = 0; side && i < n; i++)
        side[i] = 0.0f;
    for (unsigned c = 0; c < from->channels; c++) {
        const size_t at = first * from->stride;
        const int negative = c % 2 == 1;
        if (from->format == SAMPLES_FLOAT)
            add_float(mean, side, negative, (const float *)from->channel[c] + at, from->stride, n,
                      seen);
        else
            add_int16(mean, side, negative, (const int16_t *)from->channel[c] + at, from->stride, n,
                      seen);
    }
    if (from->channels < 2)
        return;
    const float share = 1.0f / (float)from->channels;
    share_out(mean, n, share);
    if (side)
        share_out(side, n, share);
}

static int16_t rounded(float x)
{
    const float scaled = floorf(x * 32768.0f + 0.5f);
    /* Written so that NaN, whose conversion is undefined, becomes 0. */
    if (!(scaled >= -32768.0f))
        return (int16_t)(scaled < -32768.0f ? -32768 : 0);
    return (int16_t)(scaled > 32767.0f ? 32767.0f : scaled);
}

void samples_write(const samples *to, size_t first, const float *from, size_t n)
{
    for (unsigned c = 0; c < to->channels; c++) {
        if (to->format == SAMPLES_FLOAT && to->stride == 1) {
            memcpy((float *)to->channel[c] + first, from, n * sizeof *from);
        } else if (to->format == SAMPLES_FLOAT) {
            float *const x = (float *)to->channel[c] + first * to->stride;
            for (size_t i = 0; i < n; i++)
                x[i * to->stride] = from[i];
        } else {
            int16_t *const x = (int16_t *)to->channel[c] + first * to->stride;
            for (size_t i = 0; i < n; i++)
                x[i * to->stride] = rounded(from[i]);
        }
    }
}

void samples_silence(const samples *to, size_t first, size_t n)
{
    static const float silence[64];
    for (size_t done = 0; done < n; done += 64)
        samples_write(to, first + done, silence, n - done < 64 ? n - done : 64);
}
