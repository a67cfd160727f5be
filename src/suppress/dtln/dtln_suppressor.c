/*
 * DTLN-aec without its two stages (Westhausen & Meyer, ICASSP 2021, section 2): framing in blocks
 * of 512 samples every 128, transforms, masking of the spectrum, overlap-add.
 */
#include "dtln_suppressor.h"

#include "dtln_model.h"
#include "native.h"
#include "ort_stages.h"

#include <string.h>

/* Samples of a block before its newest hop. The oldest hop is complete after overlap-add. */
enum { HISTORY = DTLN_BLOCK - DTLN_HOP };

typedef struct dtln_suppressor {
    suppressor base;
    const kernels *k;
    const fft *transform;
    dtln_stages *stages;
    dtln_buffers io;
    const float *mic; /* the line to mask: the linear filter's error */
    float *sums;      /* [HISTORY + hops_at_once * DTLN_HOP], overlap-add of the blocks */
    float *re, *im;   /* [hops_at_once][DTLN_BINS_ROW] */
} dtln_suppressor;

static dtln_suppressor *own(suppressor *s)
{
    return (dtln_suppressor *)s;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static int prepare(suppressor_plan *plan, const message *to)
{
    const unecho_precision precision = plan->config->precision;
    plan->network =
        dtln_of_model(plan->model, plan->kernels_index,
                      precision == UNECHO_PRECISION_AUTO ? DTLN_FP32 : (dtln_precision)precision);
    return plan->network ? UNECHO_OK : message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
}

static size_t sums_length(const dtln_suppressor *d)
{
    return HISTORY + d->io.hops_at_once * DTLN_HOP;
}

static void layout_buffers(dtln_suppressor *d, arena *a, size_t hops_at_once)
{
    d->io.hops_at_once = hops_at_once;
    d->sums = arena_floats(a, sums_length(d));
    d->re = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    d->im = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    d->io.mic_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    d->io.far_magnitude = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    d->io.mask = arena_floats(a, hops_at_once * DTLN_BINS_ROW);
    d->io.estimate = arena_floats(a, hops_at_once * DTLN_BLOCK);
    d->io.block = arena_floats(a, hops_at_once * DTLN_BLOCK);
}

/* plan->network is NULL with ONNX Runtime, which has its own weights. */
static suppressor *layout(arena *a, const suppressor_plan *plan)
{
    const size_t hops_at_once = plan->config->hops_at_once;
    dtln_suppressor unused;
    dtln_suppressor *const taken = arena_take(a, sizeof *taken);
    dtln_suppressor *const d = taken ? taken : &unused;
    d->base.kind = plan->kind;
    d->k = kernels_at(plan->kernels_index);
    layout_buffers(d, a, hops_at_once);
    d->stages = plan->network ? native_layout(a, plan->network, hops_at_once)
                              : ort_layout(a, plan->model, hops_at_once);
    return taken ? &taken->base : NULL;
}

static void start(suppressor *s, const suppressor_lines *lines, const fft *transform)
{
    dtln_suppressor *const d = own(s);
    d->transform = transform;
    d->mic = lines->error;
    d->io.far = lines->far;
}

/* Call once the stages have started. */
static void describe(suppressor *s)
{
    s->kernels = own(s)->stages->name;
    s->rows = own(s)->stages->rows;
}

static int start_native(suppressor *s, const suppressor_plan *plan, const suppressor_lines *lines,
                        const fft *transform, const message *to)
{
    (void)to;
    start(s, lines, transform);
    native_start(own(s)->stages, &own(s)->io, plan->config->cell_limit);
    describe(s);
    return UNECHO_OK;
}

static int start_onnxruntime(suppressor *s, const suppressor_plan *plan,
                             const suppressor_lines *lines, const fft *transform, const message *to)
{
    const unecho_onnxruntime *const given = plan->config->onnxruntime;
    ort_settings settings = {
        .threads = {given->stage_threads[0], given->stage_threads[1]},
        .spinning = given->spinning != 0,
        .memory_pattern = true,
        .arena = true,
    };
    int status = UNECHO_OK;
    if (given->profile)
        status = ort_profile_read(&settings, given->profile, to);
    if (status < 0)
        return status;
    start(s, lines, transform);
    status = ort_start(own(s)->stages, plan->model, &own(s)->io, &settings, given->library, to);
    if (status == UNECHO_OK)
        describe(s);
    return status;
}

static void close(suppressor *s)
{
    dtln_stages *const stages = own(s)->stages;
    stages->close(stages);
}

/* ---- Running ---------------------------------------------------------------------------- */

/* Compute the spectrum of each microphone block, and the magnitudes of both ends. */
static void analyse(dtln_suppressor *d, size_t hops)
{
    const kernels *const k = d->k;
    for (size_t t = 0; t < hops; t++) {
        float *const re = d->re + t * DTLN_BINS_ROW, *const im = d->im + t * DTLN_BINS_ROW;
        k->fft_forward(d->transform, re, im, d->io.far + t * DTLN_HOP);
        k->magnitude(d->io.far_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
        k->fft_forward(d->transform, re, im, d->mic + t * DTLN_HOP);
        k->magnitude(d->io.mic_magnitude + t * DTLN_BINS_ROW, re, im, DTLN_BINS);
    }
}

/* Mask the spectra, keeping the microphone's phase, and transform back. */
static void estimate(dtln_suppressor *d, size_t hops)
{
    const kernels *const k = d->k;
    for (size_t t = 0; t < hops; t++) {
        const float *const mask = d->io.mask + t * DTLN_BINS_ROW;
        float *const re = d->re + t * DTLN_BINS_ROW, *const im = d->im + t * DTLN_BINS_ROW;
        k->multiply(re, re, mask, DTLN_BINS);
        k->multiply(im, im, mask, DTLN_BINS);
        k->fft_inverse(d->transform, d->io.estimate + t * DTLN_BLOCK, re, im);
    }
}

/* Remove the first `hops` hops from the sums. */
static void advance(const dtln_suppressor *d, size_t hops)
{
    memmove(d->sums, d->sums + hops * DTLN_HOP, HISTORY * sizeof *d->sums);
}

static void overlap_add(dtln_suppressor *d, float *out, size_t hops)
{
    for (size_t t = 0; t < hops; t++) {
        float *const sums = d->sums + t * DTLN_HOP;
        const float *const block = d->io.block + t * DTLN_BLOCK;
        for (size_t i = 0; i < HISTORY; i++)
            sums[i] += block[i];
        /* No earlier block reaches the newest hop. */
        memcpy(sums + HISTORY, block + HISTORY, DTLN_HOP * sizeof *sums);
        memcpy(out + t * DTLN_HOP, sums, DTLN_HOP * sizeof *out);
    }
    advance(d, hops);
}

static void restart(suppressor *s)
{
    dtln_stages *const stages = own(s)->stages;
    stages->reset(stages);
}

static void reset(suppressor *s)
{
    restart(s);
    memset(own(s)->sums, 0, sums_length(own(s)) * sizeof *own(s)->sums);
}

static int run(suppressor *host, suppressor *const *all, float *const *out, size_t count,
               size_t hops)
{
    dtln_stages *const scratch = own(host)->stages;
    dtln_stages *stages[SUPPRESSOR_ROWS_MOST] = {NULL};
    for (size_t i = 0; i < count; i++) {
        stages[i] = own(all[i])->stages;
        analyse(own(all[i]), hops);
    }
    int status = scratch->stage1(scratch, stages, count, hops);
    if (status == UNECHO_OK) {
        for (size_t i = 0; i < count; i++)
            estimate(own(all[i]), hops);
        status = scratch->stage2(scratch, stages, count, hops);
    }
    for (size_t i = 0; i < count; i++) {
        if (status == UNECHO_OK) {
            overlap_add(own(all[i]), out[i], hops);
        } else {
            reset(all[i]);
            memset(out[i], 0, hops * DTLN_HOP * sizeof *out[i]);
        }
    }
    return status;
}

static void skip(suppressor *s, size_t hops)
{
    memset(own(s)->sums + HISTORY, 0, hops * DTLN_HOP * sizeof *own(s)->sums);
    advance(own(s), hops);
}

static int together(const suppressor *a, const suppressor *b)
{
    return native_share_network(((const dtln_suppressor *)a)->stages,
                                ((const dtln_suppressor *)b)->stages);
}

const suppressor_kind dtln_native = {
    .history = HISTORY,
    .latency = HISTORY,
    .denoises = 1,
    .prepare = prepare,
    .layout = layout,
    .start = start_native,
    .close = close,
    .run = run,
    .skip = skip,
    .restart = restart,
    .reset = reset,
    .together = together,
};

const suppressor_kind dtln_onnxruntime = {
    .history = HISTORY,
    .latency = HISTORY,
    .denoises = 1,
    .layout = layout,
    .start = start_onnxruntime,
    .close = close,
    .run = run,
    .skip = skip,
    .restart = restart,
    .reset = reset,
};
