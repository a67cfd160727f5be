#include "canceller.h"

#include <math.h>
#include <string.h>

static size_t line_length(const canceller *c)
{
    return CANCELLER_HISTORY + c->hops_at_once * DTLN_HOP;
}

void canceller_layout(canceller *c, arena *a, const dtln *net, size_t hops_at_once)
{
    c->net = net;
    c->hops_at_once = hops_at_once;
    dtln_state_layout(&c->state, a, net, hops_at_once);
    c->mic = arena_floats(a, line_length(c));
    c->far = arena_floats(a, line_length(c));
    c->sums = arena_floats(a, line_length(c));
    c->re = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->im = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->mic_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->far_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->mask = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->estimate = arena_floats(a, hops_at_once * DTLN_BLOCK);
    c->block = arena_floats(a, hops_at_once * DTLN_BLOCK);
}

void canceller_reset(canceller *c)
{
    dtln_state_reset(&c->state);
    memset(c->mic, 0, line_length(c) * sizeof *c->mic);
    memset(c->far, 0, line_length(c) * sizeof *c->far);
    memset(c->sums, 0, line_length(c) * sizeof *c->sums);
    c->levels = (levels){0};
}

float *canceller_mic(canceller *c)
{
    return c->mic + CANCELLER_HISTORY;
}

float *canceller_far(canceller *c)
{
    return c->far + CANCELLER_HISTORY;
}

/* Spectrum of each microphone block, magnitudes of both ends. */
static void analyse(canceller *c, size_t hops)
{
    const kernels *const k = c->net->k;
    for (size_t t = 0; t < hops; t++) {
        float *const re = c->re + t * DTLN_BINS_ROW, *const im = c->im + t * DTLN_BINS_ROW;
        k->fft_forward(&c->net->fft, re, im, c->far + t * DTLN_HOP);
        k->magnitude(c->far_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
        k->fft_forward(&c->net->fft, re, im, c->mic + t * DTLN_HOP);
        k->magnitude(c->mic_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
    }
}

/* The masked spectra with the microphone's phase, back in time. */
static void estimate(canceller *c, size_t hops)
{
    const kernels *const k = c->net->k;
    for (size_t t = 0; t < hops; t++) {
        const float *const mask = c->mask + t * DTLN_BINS_ROW;
        float *const re = c->re + t * DTLN_BINS_ROW, *const im = c->im + t * DTLN_BINS_ROW;
        k->multiply(re, re, mask, DTLN_BINS);
        k->multiply(im, im, mask, DTLN_BINS);
        k->fft_inverse(&c->net->fft, c->estimate + t * DTLN_BLOCK, re, im);
    }
}

static void overlap_add(canceller *c, float *out, size_t hops)
{
    for (size_t t = 0; t < hops; t++) {
        float *const sums = c->sums + t * DTLN_HOP;
        const float *const block = c->block + t * DTLN_BLOCK;
        for (size_t i = 0; i < CANCELLER_HISTORY; i++)
            sums[i] += block[i];
        /* Nothing was added to the newest hop yet. */
        memcpy(sums + CANCELLER_HISTORY, block + CANCELLER_HISTORY, DTLN_HOP * sizeof *sums);
        memcpy(out + t * DTLN_HOP, sums, DTLN_HOP * sizeof *out);
    }
}

/* Make the newest samples the history of the next call. */
static void advance(float *line, size_t hops)
{
    memmove(line, line + hops * DTLN_HOP, CANCELLER_HISTORY * sizeof *line);
}

void canceller_run(canceller *c, float *out, size_t hops)
{
    analyse(c, hops);
    dtln_stage1(c->net, &c->state, c->mic_magnitude, c->far_magnitude, c->mask, hops);
    estimate(c, hops);
    dtln_stage2(c->net, &c->state, c->estimate, c->far, c->block, hops);
    overlap_add(c, out, hops);

    /* The oldest hop of each block is the one that this output belongs to. */
    for (size_t t = 0; t < hops; t++)
        levels_add(&c->levels, c->mic + t * DTLN_HOP, c->far + t * DTLN_HOP, out + t * DTLN_HOP,
                   DTLN_HOP);
    advance(c->mic, hops);
    advance(c->far, hops);
    advance(c->sums, hops);
}
