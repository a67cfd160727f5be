#include "high_band.h"

#include "dsp/uniform.h"
#include "unecho.h"

#include <string.h>

/* The filters move in so many steps a hop: to move them with every frame costs twice as much. */
enum { STEPS = 16, STEP = UNECHO_HOP / STEPS };

/* From the energy of an octave of white noise to its power: two hops, and 70 in the mean from the
 * fourth difference squared. */
static const float octave_scale = 1.0f / (2 * 70 * UNECHO_HOP);

void high_band_layout(high_band *h, arena *a, const high_band_plan *plan)
{
    h->plan = *plan;
    const size_t frames = plan->latency + plan->most;
    fifo_layout(&h->mic, a, frames);
    upper_meter_layout(&h->meter, a, plan->rate, upper_lowest(plan->rate));
    upper_passes_layout(&h->passes, a, plan->rate);
    upper_filter_layout(&h->filter, a, &h->passes);
    upper_filter_layout(&h->noise, a, &h->passes);
    h->line = arena_floats(a, h->passes.taps + HIGH_BAND_PART);
    h->noise_line = arena_floats(a, h->passes.taps + HIGH_BAND_PART);
    h->ring = frames * UNECHO_SAMPLE_RATE / plan->rate / UNECHO_HOP + plan->hops_at_once + 4;
    h->gains = arena_floats(a, h->ring * 2 * UPPER_BANDS);
    const size_t behind = plan->lag + plan->hops_at_once + 2;
    h->mic_ring = h->ring + behind;
    h->mic_power = arena_floats(a, h->mic_ring * UPPER_BANDS);
    h->far_ring = ECHO_HOPS + behind;
    h->far_power = arena_floats(a, h->far_ring * UPPER_BANDS);
}

void high_band_start(high_band *h, const kernels *k, const fft *transform)
{
    h->dot = k->dot;
    upper_meter_start(&h->meter, k, transform);
    upper_passes_fill(&h->passes, h->plan.rate);
    upper_gains_start(&h->decide, h->meter.bands);
}

void high_band_reset(high_band *h, int64_t place, unsigned part)
{
    /* The filter's middle is so many frames behind the newest in the line. */
    const size_t taps = h->passes.taps, behind = taps / 2 - 1;
    fifo_fill(&h->mic, h->plan.latency - behind);
    memset(h->line, 0, taps * sizeof *h->line);
    memset(h->noise_line, 0, taps * sizeof *h->noise_line);
    upper_meter_reset(&h->meter);
    upper_gains_reset(&h->decide);
    h->far = (octave){0};
    h->heard = h->measured = h->far_hops = h->hops = 0;
    for (size_t i = 0; i < h->ring; i++)
        for (size_t b = 0; b < 2 * UPPER_BANDS; b++)
            h->gains[2 * UPPER_BANDS * i + b] = b < UPPER_BANDS ? 1.0f : 0.0f;
    h->step = -1;
    h->seed = 1;
    h->noisy = 0;
    h->place = place;
    h->part = part;
}

/* ---- Powers ------------------------------------------------------------------------------- */

static float *mic_power(const high_band *h, uint64_t hop)
{
    return h->mic_power + (size_t)(hop % h->mic_ring) * UPPER_BANDS;
}

static float *far_power(const high_band *h, uint64_t hop)
{
    return h->far_power + (size_t)(hop % h->far_ring) * UPPER_BANDS;
}

/* Measure at the end of every hop. */
void high_band_hear(high_band *h, const float *mic, size_t n)
{
    fifo_push(&h->mic, mic, n);
    for (size_t done = 0; done < n;) {
        const uint64_t samples = (h->measured + 1) * UNECHO_HOP;
        const uint64_t end = (samples * h->plan.rate + UNECHO_SAMPLE_RATE - 1) / UNECHO_SAMPLE_RATE;
        const size_t part = end - h->heard < n - done ? (size_t)(end - h->heard) : n - done;
        upper_meter_push(&h->meter, mic + done, part);
        h->heard += part;
        done += part;
        if (h->heard < end)
            continue;
        float *const power = mic_power(h, h->measured++);
        memset(power, 0, UPPER_BANDS * sizeof *power);
        upper_meter_add(&h->meter, power);
    }
}

void high_band_far(high_band *h, const float *far, const float *power)
{
    /* The highest band that the far end's rate has stands for those above: what was played may
     * have had them. */
    const size_t bands = h->plan.far_bands;
    const float below = bands == 0 ? octave_scale * octave_energy(&h->far, far) : 0.0f;
    float *const to = far_power(h, h->far_hops++);
    for (size_t b = 0; b < UPPER_BANDS; b++)
        to[b] = bands == 0 ? below : power[b < bands ? b : bands - 1];
}

/* ---- Gains -------------------------------------------------------------------------------- */

/* At the end of hop number `hop` - 1: gains [UPPER_BANDS], then noise. */
static float *gains_at(const high_band *h, uint64_t hop)
{
    return h->gains + (size_t)(hop % h->ring) * 2 * UPPER_BANDS;
}

static float between(float from, float to, size_t sample)
{
    return from + (to - from) * ((float)sample * (1.0f / UNECHO_HOP));
}

void high_band_hop(high_band *h, const float *out, const float *mic, float *gain)
{
    static const float nothing[UPPER_BANDS];
    const int64_t hop = (int64_t)h->hops - (int64_t)h->plan.lag;
    upper_hop now = {.mic = mic, .out = out};
    now.mic_power = hop < 0 ? nothing : mic_power(h, (uint64_t)hop);
    for (int64_t i = 0; i <= ECHO_HOPS; i++)
        now.far_power[i] = hop < i ? nothing : far_power(h, (uint64_t)(hop - i));
    const float *const from = gains_at(h, h->hops);
    float *const to = gains_at(h, ++h->hops);
    upper_gains_run(&h->decide, &now, to, to + UPPER_BANDS);
    for (size_t i = 0; i < UNECHO_HOP; i++)
        gain[i] = between(from[0], to[0], i);
}

/* ---- Output ------------------------------------------------------------------------------- */

/* Set the filters for the step that `place` is in. */
static void move_filters(high_band *h, const float *from, const float *to)
{
    const int64_t step = h->place / STEP;
    if (step == h->step)
        return;
    h->step = step;
    if (step % STEPS == 0) {
        upper_filter_set(&h->filter, &h->passes, from, to, 1);
        upper_filter_set(&h->noise, &h->passes, from + UPPER_BANDS, to + UPPER_BANDS, 0);
    }
    const float share = ((float)(step % STEPS) + 0.5f) * (1.0f / (float)STEPS);
    upper_filter_move(&h->filter, &h->passes, share);
    upper_filter_move(&h->noise, &h->passes, share);
}

/* The next frame, whose microphone is in the middle of x [taps]; noise: of its line. */
static float next(high_band *h, const float *x, const float *noise)
{
    const size_t taps = h->passes.taps;
    float y = x[taps / 2];
    if (h->place >= 0) {
        const uint64_t hop = (uint64_t)h->place / UNECHO_HOP;
        const float *const from = gains_at(h, hop), *const to = gains_at(h, hop + 1);
        move_filters(h, from, to);
        y *= between(from[0], to[0], (size_t)(h->place % UNECHO_HOP));
        if (!h->filter.idle)
            y += h->dot(x, h->filter.now, taps);
        if (!h->noise.idle)
            y += h->dot(noise, h->noise.now, taps);
    }
    for (h->part += UNECHO_SAMPLE_RATE; h->part >= h->plan.rate; h->part -= h->plan.rate)
        h->place++;
    return y;
}

void high_band_add(high_band *h, float *x, size_t n)
{
    const size_t before = h->passes.taps - 1;
    /* Once there is noise it goes on: what was decided is still to come when the setting ends, and
     * each frame's noise must not depend on the chunks. */
    h->noisy |= h->decide.noise.fill;
    fifo_pop(&h->mic, h->line + before, n);
    for (size_t i = 0; h->noisy && i < n; i++)
        h->noise_line[before + i] = uniform_noise(&h->seed);
    for (size_t i = 0; i < n; i++)
        x[i] += next(h, h->line + i, h->noise_line + i);
    memmove(h->line, h->line + n, before * sizeof *h->line);
    if (h->noisy)
        memmove(h->noise_line, h->noise_line + n, before * sizeof *h->noise_line);
}
