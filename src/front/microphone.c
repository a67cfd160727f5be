#include "microphone.h"

#include "unecho.h"

static int resamples(const microphone *m)
{
    return m->plan.rate != UNECHO_SAMPLE_RATE;
}

/* Native frames in samples at 16 kHz, rounded up. */
static size_t samples_for(const microphone *m, size_t frames)
{
    return (frames * UNECHO_SAMPLE_RATE + m->plan.rate - 1) / m->plan.rate;
}

void microphone_layout(microphone *m, arena *a, const microphone_plan *plan)
{
    m->plan = *plan;
    m->wait = plan->wait;
    if (resamples(m)) {
        resampler_layout(&m->resampler, a, plan->rate, UNECHO_SAMPLE_RATE, MICROPHONE_PART, 1);
        const size_t ahead = resampler_look_ahead(&m->resampler);
        m->wait = ahead > plan->wait ? ahead : plan->wait;
    }
    const size_t part = samples_for(m, MICROPHONE_PART) + 1;
    m->scratch = resamples(m) ? arena_floats(a, part) : NULL;
    fifo_layout(&m->samples, a,
                (plan->hops_at_once + 1) * UNECHO_HOP + samples_for(m, m->wait) + part);
}

int microphone_start(microphone *m, const kernels *k)
{
    return resamples(m) ? resampler_start(&m->resampler, k->dot) : 0;
}

void microphone_close(microphone *m)
{
    if (resamples(m))
        resampler_close(&m->resampler);
}

void microphone_reset(microphone *m)
{
    if (resamples(m))
        resampler_reset(&m->resampler, NULL, 0);
    fifo_reset(&m->samples);
    m->frames = 0;
    m->hops = 0;
}

uint64_t microphone_needed(const microphone *m, uint64_t hop)
{
    const uint64_t last = hop * UNECHO_HOP + UNECHO_HOP - 1;
    return last * m->plan.rate / UNECHO_SAMPLE_RATE + 1 + m->wait;
}

void microphone_push(microphone *m, const float *x, size_t n)
{
    m->frames += n;
    if (!resamples(m)) {
        fifo_push(&m->samples, x, n);
        return;
    }
    resampler_push(&m->resampler, x, n);
    const size_t ready = resampler_ready(&m->resampler, samples_for(m, MICROPHONE_PART) + 1);
    resampler_pull(&m->resampler, m->scratch, ready);
    fifo_push(&m->samples, m->scratch, ready);
}

void microphone_give(microphone *m, float *hop)
{
    fifo_pop(&m->samples, hop, UNECHO_HOP);
    m->hops++;
}
