#include "canceller.h"

#include "native.h"

#include <string.h>

/* After a jump of more samples the far end is another to them. The network has to cope with
 * reflections as late; the filter takes longer to unlearn than to learn. */
static const int64_t network_far_away = 256, linear_far_away = 32;

static size_t line_length(const canceller *c)
{
    return c->lag + c->io.hops_at_once * DTLN_HOP;
}

static float *line(const canceller *c, arena *a)
{
    return arena_floats(a, line_length(c));
}

static void layout_linear(canceller *c, arena *a, size_t count)
{
    kalman unused;
    c->linear = arena_take(a, sizeof *c->linear);
    kalman_layout(c->linear ? c->linear : &unused, a, count);
    c->mic = line(c, a);
    c->echo = line(c, a);
}

static void layout_network(canceller *c, arena *a, size_t hops_at_once)
{
    c->sums = line(c, a);
    c->re = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->im = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->io.mic_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->io.far_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->io.mask = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    c->io.estimate = arena_floats(a, hops_at_once * DTLN_BLOCK);
    c->io.block = arena_floats(a, hops_at_once * DTLN_BLOCK);
}

void canceller_layout(canceller *c, arena *a, const canceller_plan *plan)
{
    const int has_network = plan->engine != UNECHO_ENGINE_LINEAR;
    c->io.hops_at_once = plan->hops_at_once;
    c->lag = has_network ? CANCELLER_HISTORY : 0;
    c->raw = c->mic = line(c, a);
    c->io.far = line(c, a);
    c->linear = NULL;
    if (plan->engine != UNECHO_ENGINE_NEURAL)
        layout_linear(c, a, plan->partitions);
    if (has_network)
        layout_network(c, a, plan->hops_at_once);
}

void canceller_start(canceller *c, const kernels *k, const fft *f, backend *b, int fail_open)
{
    c->k = k;
    c->fft = f;
    c->backend = b;
    /* The linear filter alone lets the microphone through by itself. */
    c->bypass.enabled = fail_open && b;
    if (c->linear)
        kalman_start(c->linear, k);
}

static void reset_network(canceller *c)
{
    c->backend->reset(c->backend);
    memset(c->sums, 0, line_length(c) * sizeof *c->sums);
}

void canceller_reset(canceller *c)
{
    float *const lines[] = {c->raw, c->mic, c->io.far};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        memset(lines[i], 0, line_length(c) * sizeof(float));
    if (c->linear) {
        memset(c->echo, 0, line_length(c) * sizeof *c->echo);
        kalman_reset(c->linear);
    }
    if (c->backend)
        reset_network(c);
    c->levels = (levels){0};
    bypass_reset(&c->bypass);
    c->restarts = c->relearns = c->forgets = 0;
}

static uint64_t bit(size_t t)
{
    return UINT64_C(1) << t;
}

void canceller_jump(canceller *c, size_t t, const aligner_jump *jump)
{
    const int64_t distance = jump->samples < 0 ? -jump->samples : jump->samples;
    if (distance > network_far_away)
        c->restarts |= bit(t);
    if (distance <= linear_far_away)
        return;
    if (jump->told)
        c->forgets |= bit(t);
    else
        c->relearns |= bit(t);
}

static int restarts_at(const canceller *c, size_t t)
{
    return (c->restarts & bit(t)) != 0;
}

float *canceller_mic(canceller *c)
{
    return c->raw + c->lag;
}

float *canceller_far(canceller *c)
{
    return c->io.far + c->lag;
}

/* From the new hops of microphone and far end to error and echo estimate. */
static void run_linear(canceller *c, size_t hops)
{
    if (!c->linear)
        return;
    for (size_t t = 0; t < hops; t++) {
        const size_t at = c->lag + t * DTLN_HOP;
        if (c->relearns & bit(t))
            kalman_restart(c->linear);
        else if (c->forgets & bit(t))
            kalman_forget_far_end(c->linear);
        kalman_run(c->linear, c->raw + at, c->io.far + at, c->mic + at, c->echo + at);
    }
}

/* Spectrum of each microphone block, magnitudes of both ends. */
static void analyse(canceller *c, size_t hops)
{
    const kernels *const k = c->k;
    for (size_t t = 0; t < hops; t++) {
        float *const re = c->re + t * DTLN_BINS_ROW, *const im = c->im + t * DTLN_BINS_ROW;
        k->fft_forward(c->fft, re, im, c->io.far + t * DTLN_HOP);
        k->magnitude(c->io.far_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
        k->fft_forward(c->fft, re, im, c->mic + t * DTLN_HOP);
        k->magnitude(c->io.mic_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
    }
}

/* The masked spectra with the microphone's phase, back in time. */
static void estimate(canceller *c, size_t hops)
{
    const kernels *const k = c->k;
    for (size_t t = 0; t < hops; t++) {
        const float *const mask = c->io.mask + t * DTLN_BINS_ROW;
        float *const re = c->re + t * DTLN_BINS_ROW, *const im = c->im + t * DTLN_BINS_ROW;
        k->multiply(re, re, mask, DTLN_BINS);
        k->multiply(im, im, mask, DTLN_BINS);
        k->fft_inverse(c->fft, c->io.estimate + t * DTLN_BLOCK, re, im);
    }
}

static void overlap_add(canceller *c, float *out, size_t hops)
{
    for (size_t t = 0; t < hops; t++) {
        float *const sums = c->sums + t * DTLN_HOP;
        const float *const block = c->io.block + t * DTLN_BLOCK;
        for (size_t i = 0; i < CANCELLER_HISTORY; i++)
            sums[i] += block[i];
        /* Nothing was added to the newest hop yet. */
        memcpy(sums + CANCELLER_HISTORY, block + CANCELLER_HISTORY, DTLN_HOP * sizeof *sums);
        memcpy(out + t * DTLN_HOP, sums, DTLN_HOP * sizeof *out);
    }
}

/* `hops` have run, and `left` are still to be: what lies behind the first becomes the beginning. */
static void advance(const canceller *c, float *line, size_t hops, size_t left)
{
    memmove(line, line + hops * DTLN_HOP, (c->lag + left * DTLN_HOP) * sizeof *line);
}

/* From the magnitudes of the new hops to their blocks. */
static int run_network(canceller *c, size_t hops)
{
    backend *const b = c->backend;
    const int status = b->stage1(b, hops);
    if (status < 0)
        return status;
    estimate(c, hops);
    return b->stage2(b, hops);
}

/* The output is there: mix and measure it, and make room for the next hops. */
static void finish(canceller *c, const bypass_hop *plan, float *out, float *mic, size_t hops,
                   size_t left)
{
    /* The oldest hop of each line is the one that this output belongs to. */
    memcpy(mic, c->raw, hops * DTLN_HOP * sizeof *mic);
    for (size_t t = 0; t < hops; t++) {
        const size_t at = t * DTLN_HOP;
        bypass_mix(&plan[t], out + at, mic + at, DTLN_HOP);
        levels_add(&c->levels, mic + at, c->io.far + at, out + at, DTLN_HOP);
    }
    advance(c, c->raw, hops, left);
    advance(c, c->io.far, hops, left);
    if (c->linear) {
        advance(c, c->mic, hops, left);
        advance(c, c->echo, hops, left);
    }
    if (c->backend)
        advance(c, c->sums, hops, 0);
}

/* Nothing to cancel in these hops: the microphone comes through, as late as ever. */
static void pass(canceller *c, const bypass_hop *plan, float *out, float *mic, size_t hops,
                 size_t left)
{
    memset(c->sums + CANCELLER_HISTORY, 0, hops * DTLN_HOP * sizeof *c->sums);
    finish(c, plan, out, mic, hops, left);
}

static int cancel(canceller *c, const bypass_hop *plan, float *out, float *mic, size_t hops,
                  size_t left)
{
    int status = UNECHO_OK;
    if (!c->backend) {
        memcpy(out, c->mic, hops * DTLN_HOP * sizeof *out);
    } else {
        analyse(c, hops);
        status = run_network(c, hops);
        if (status == UNECHO_OK) {
            overlap_add(c, out, hops);
        } else {
            reset_network(c);
            memset(out, 0, hops * DTLN_HOP * sizeof *out);
        }
    }
    finish(c, plan, out, mic, hops, left);
    return status;
}

int canceller_run(canceller *c, float *out, float *mic, size_t hops)
{
    bypass_hop plan[DTLN_ROWS_MOST];
    run_linear(c, hops);
    for (size_t t = 0; t < hops; t++)
        plan[t] = bypass_next(&c->bypass, canceller_far(c) + t * DTLN_HOP, DTLN_HOP);
    int status = UNECHO_OK;
    for (size_t done = 0, n; done < hops; done += n) {
        /* As many as want the same. */
        const bypass_hop *const next = plan + done;
        for (n = 1; done + n < hops && next[n].network == next[0].network;)
            if (restarts_at(c, done + n++)) {
                n--;
                break;
            }
        if (restarts_at(c, done) && c->backend)
            c->backend->reset(c->backend);
        float *const to = out + done * DTLN_HOP, *const heard = mic + done * DTLN_HOP;
        if (next[0].network) {
            const int run = cancel(c, next, to, heard, n, hops - done - n);
            status = status < 0 ? status : run;
        } else
            pass(c, next, to, heard, n, hops - done - n);
    }
    c->restarts = c->relearns = c->forgets = 0;
    if (status < 0)
        memset(out, 0, hops * DTLN_HOP * sizeof *out);
    return status;
}

void canceller_run_many(canceller *host, canceller *const *all, float *const *out,
                        float *const *mic, size_t count)
{
    backend *backends[DTLN_ROWS_MOST] = {NULL};
    bypass_hop plan[DTLN_ROWS_MOST];
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        run_linear(all[i], 1);
        plan[i] = bypass_next(&all[i]->bypass, canceller_far(all[i]), DTLN_HOP);
        if (restarts_at(all[i], 0))
            all[i]->backend->reset(all[i]->backend);
        all[i]->restarts = all[i]->relearns = all[i]->forgets = 0;
        if (!plan[i].network)
            continue;
        backends[running++] = all[i]->backend;
        analyse(all[i], 1);
    }
    if (running > 0)
        native_stage1_many(host->backend, backends, running);
    for (size_t i = 0; i < count; i++)
        if (plan[i].network)
            estimate(all[i], 1);
    if (running > 0)
        native_stage2_many(host->backend, backends, running);
    for (size_t i = 0; i < count; i++) {
        if (!plan[i].network) {
            pass(all[i], &plan[i], out[i], mic[i], 1, 0);
            continue;
        }
        overlap_add(all[i], out[i], 1);
        finish(all[i], &plan[i], out[i], mic[i], 1, 0);
    }
}

kalman_stats canceller_linear(const canceller *c)
{
    return c->linear ? c->linear->stats : (kalman_stats){0};
}
