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
    const high_band_plan high = {
        .rate = plan->rate,
        .latency = output_latency(o),
        .most = frames,
        .lag = plan->lag / UNECHO_HOP,
        .hops_at_once = plan->hops_at_once,
        .far_bands = plan->far_bands,
    };
    high_band_layout(&o->high, a, &high);
}

int output_start(output *o, const kernels *k, const fft *transform)
{
    if (has_high_band(o))
        high_band_start(&o->high, k, transform);
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

/* Samples of the canceller's output before the place of the first frame, times the native rate. */
static uint64_t lead(const output *o)
{
    return (uint64_t)output_latency(o) * UNECHO_SAMPLE_RATE - (uint64_t)o->plan.lag * o->plan.rate;
}

void output_reset(output *o)
{
    if (!resamples(o)) {
        /* The canceller's output already includes its own lag. */
        fifo_fill(&o->frames, output_latency(o) - o->plan.lag);
        return;
    }
    const uint64_t whole = (lead(o) + o->plan.rate - 1) / o->plan.rate;
    resampler_reset(&o->resampler, NULL, whole * o->plan.rate - lead(o));
    push_silence(&o->resampler, (size_t)whole);
    if (has_high_band(o))
        high_band_reset(&o->high, -(int64_t)whole, (unsigned)(whole * o->plan.rate - lead(o)));
}

void output_set(output *o, const upper_noise *noise)
{
    o->high.decide.noise = *noise;
}

void output_hear(output *o, const float *mic, size_t n)
{
    if (has_high_band(o))
        high_band_hear(&o->high, mic, n);
}

void output_far(output *o, const float *far, const float *power)
{
    if (has_high_band(o))
        high_band_far(&o->high, far, power);
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
    float gain[UNECHO_HOP], rest[UNECHO_HOP];
    high_band_hop(&o->high, out, mic, gain);
    for (size_t i = 0; i < UNECHO_HOP; i++)
        rest[i] = out[i] - gain[i] * mic[i];
    resampler_push(&o->resampler, rest, UNECHO_HOP);
}

void output_give(output *o, float *x, size_t n)
{
    if (!resamples(o)) {
        fifo_pop(&o->frames, x, n);
        return;
    }
    resampler_pull(&o->resampler, x, n);
    if (has_high_band(o))
        high_band_add(&o->high, x, n);
}
