#include "output.h"

#include "unecho.h"

/* Upper bound of the silence before the first output: a hop and the longest filter's look ahead. */
enum { START_MOST = 8 * UNECHO_HOP };

static int resamples(const output *o)
{
    return o->plan.rate != UNECHO_SAMPLE_RATE;
}

static int has_high_band(const output *o)
{
    return o->plan.high_band && resamples(o);
}

/* Samples at 16 kHz in native frames, rounded up. */
static size_t frames_for(const output *o, size_t samples)
{
    return (samples * o->plan.rate + UNECHO_SAMPLE_RATE - 1) / UNECHO_SAMPLE_RATE;
}

/* The microphone fills a hop and holds it back, then the canceller lags and the resampler looks
 * ahead. */
size_t output_latency(const output *o)
{
    if (o->whole_hops)
        return o->plan.wait + o->plan.lag;
    const size_t ahead = resamples(o) ? resampler_look_ahead(&o->resampler) : 0;
    return o->plan.wait + frames_for(o, UNECHO_HOP + o->plan.lag + ahead);
}

void output_layout(output *o, arena *a, const output_plan *plan)
{
    o->plan = *plan;
    /* Frames heard before they are popped: those held back, hops_at_once hops and a partial one. */
    const size_t frames = plan->wait + frames_for(o, (plan->hops_at_once + 2) * UNECHO_HOP);
    if (resamples(o)) {
        const size_t capacity = (plan->hops_at_once + 2) * UNECHO_HOP + frames_for(o, 1);
        /* The output starts with the latency's worth of silence. */
        const size_t lead = START_MOST + plan->wait * UNECHO_SAMPLE_RATE / plan->rate;
        resampler_layout(&o->resampler, a, UNECHO_SAMPLE_RATE, plan->rate, capacity + lead, 1);
    }
    o->whole_hops = 0;
    if (!resamples(o)) {
        fifo_layout(&o->frames, a, output_latency(o) + (plan->hops_at_once + 1) * UNECHO_HOP);
        return;
    }
    if (!has_high_band(o))
        return;
    o->scratch = arena_floats(a, OUTPUT_PART);
    fifo_layout(&o->mic, a, output_latency(o) + frames);
    const size_t samples = (output_latency(o) + frames) * UNECHO_SAMPLE_RATE / plan->rate;
    o->ring = samples / UNECHO_HOP + plan->hops_at_once + 4;
    o->gains = arena_floats(a, o->ring);
}

int output_start(output *o, const kernels *k)
{
    return resamples(o) ? resampler_start(&o->resampler, k->dot) : 0;
}

void output_close(output *o)
{
    if (resamples(o))
        resampler_close(&o->resampler);
}

static void push_silence(resampler *r, size_t n)
{
    static const float silence[UNECHO_HOP];
    for (size_t done = 0; done < n; done += UNECHO_HOP)
        resampler_push(r, silence, n - done < UNECHO_HOP ? n - done : UNECHO_HOP);
}

static void fill_with_silence(fifo *f, size_t n)
{
    static const float silence[UNECHO_HOP];
    fifo_reset(f);
    for (size_t done = 0; done < n; done += UNECHO_HOP)
        fifo_push(f, silence, n - done < UNECHO_HOP ? n - done : UNECHO_HOP);
}

/* Samples of the canceller's output before the place of the first frame, times the native rate. */
static uint64_t lead(const output *o)
{
    return (uint64_t)output_latency(o) * UNECHO_SAMPLE_RATE - (uint64_t)o->plan.lag * o->plan.rate;
}

void output_reset(output *o)
{
    o->hops = 0;
    if (!resamples(o)) {
        /* The canceller's output already includes its own lag. */
        fill_with_silence(&o->frames, output_latency(o) - o->plan.lag);
        return;
    }
    const uint64_t whole = (lead(o) + o->plan.rate - 1) / o->plan.rate;
    resampler_reset(&o->resampler, NULL, whole * o->plan.rate - lead(o));
    push_silence(&o->resampler, (size_t)whole);
    if (!has_high_band(o))
        return;
    o->place = -(int64_t)whole;
    o->part = (unsigned)(whole * o->plan.rate - lead(o));
    fill_with_silence(&o->mic, output_latency(o));
    high_band_reset(&o->band);
    for (size_t i = 0; i < o->ring; i++)
        o->gains[i] = 1.0f;
}

void output_hear(output *o, const float *mic, size_t n)
{
    if (has_high_band(o))
        fifo_push(&o->mic, mic, n);
}

static float gain_within(float before, float after, size_t sample)
{
    return before + (after - before) * ((float)sample * (1.0f / UNECHO_HOP));
}

void output_hop(output *o, const float *out, const float *mic)
{
    if (!resamples(o)) {
        fifo_push(&o->frames, out, UNECHO_HOP);
        return;
    }
    if (!has_high_band(o)) {
        resampler_push(&o->resampler, out, UNECHO_HOP);
        return;
    }
    const float before = o->gains[o->hops % o->ring];
    const float after = high_band_gain(&o->band, mic, out, UNECHO_HOP);
    o->hops++;
    o->gains[o->hops % o->ring] = after;
    float rest[UNECHO_HOP];
    for (size_t i = 0; i < UNECHO_HOP; i++)
        rest[i] = out[i] - gain_within(before, after, i) * mic[i];
    resampler_push(&o->resampler, rest, UNECHO_HOP);
}

/* The high band's gain at the place of the next frame. */
static float next_gain(output *o)
{
    float gain = 1.0f;
    if (o->place >= 0) {
        const size_t hop = (size_t)o->place / UNECHO_HOP, sample = (size_t)o->place % UNECHO_HOP;
        gain = gain_within(o->gains[hop % o->ring], o->gains[(hop + 1) % o->ring], sample);
    }
    for (o->part += UNECHO_SAMPLE_RATE; o->part >= o->plan.rate; o->part -= o->plan.rate)
        o->place++;
    return gain;
}

void output_give(output *o, float *x, size_t n)
{
    if (!resamples(o)) {
        fifo_pop(&o->frames, x, n);
        return;
    }
    resampler_pull(&o->resampler, x, n);
    if (!has_high_band(o))
        return;
    fifo_pop(&o->mic, o->scratch, n);
    for (size_t i = 0; i < n; i++)
        x[i] += next_gain(o) * o->scratch[i];
}
