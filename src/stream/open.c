/* Opening and closing a stream: from a config to one allocation that holds everything. */
#if defined(__linux__)
#define _DEFAULT_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "config.h"
#include "stream.h"

#include "environment.h"
#include "message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ask for all pages of new memory at once, which takes half as long as a fault for each. Where the
 * system cannot do that, or the caller's allocator has other memory, they come when they are
 * written. */
static void map_pages(unsigned char *memory, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = (page - (size_t)((uintptr_t)memory % page)) % page;
    if (size > before + page)
        madvise(memory + before, (size - before) / page * page, MADV_POPULATE_WRITE);
#else
    (void)memory;
    (void)size;
#endif
}

static void *default_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void default_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

/* Restrict the allowed instruction sets by the environment variable UNECHO_CPU. */
static int restrict_cpu(uint32_t *allowed, const message *to)
{
    static const char *const everywhere[] = {"plain",      "avx2", "avxvnni", "avx512",
                                             "avx512bf16", "neon", "dotprod"};
    const char *const name = environment("UNECHO_CPU");
    if (!name || !*name)
        return UNECHO_OK;
    for (size_t i = 0; i < kernels_count(); i++)
        if (strcmp(name, kernels_at(i)->name) == 0) {
            *allowed &= kernels_at(i)->cpu;
            return UNECHO_OK;
        }
    /* That another architecture has it is no reason to fail on this one. */
    for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
        if (strcmp(name, everywhere[i]) == 0)
            return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_ARGUMENT,
                        "the environment variable UNECHO_CPU is '%.40s', expected plain, avx2, "
                        "avxvnni, avx512, avx512bf16, neon or dotprod",
                        name);
}

static size_t samples_of_ms(unsigned ms)
{
    return (size_t)ms * (UNECHO_SAMPLE_RATE / 1000);
}

/* hops_at_once: of the canceller. */
static far_end_plan plan_far_end(const unecho_config *config, const aligner_plan *aligning,
                                 size_t hops_at_once)
{
    const size_t rate = (size_t)config_far_rate(config);
    const int pushed = config->far_queue_ms > 0;
    const int drifts = config->align == UNECHO_ALIGN_AUTO;
    /* Frames that arrive before they are used: hops_at_once hops, and those held back. */
    const size_t hops = (hops_at_once + 3) * CONFIG_HOP_MS;
    /* Frames that accumulate while a far end that is not pushed has a slower clock. */
    const size_t slack = !pushed && drifts ? UNECHO_DELAY_MAX_MS : 0;
    const double lowest = upper_lowest((unsigned)config->sample_rate);
    /* What was resampled to this rate lacks the last sixteenth below its half. */
    const int reaches = (int)rate == config->sample_rate || 15.0 / 32.0 * (double)rate > lowest;
    const int has_high = config->high_band && config->sample_rate != UNECHO_SAMPLE_RATE && reaches;
    const size_t ms = hops + config->reference_late_ms + config->far_queue_ms;
    return (far_end_plan){
        .rate = (unsigned)rate,
        .lanes = config->far_channels > 1 ? FAR_LANES : 1,
        .drifts = drifts,
        /* Less than a block does not go into the backlog. */
        .queue = ms * rate / 1000 + FAR_END_PART + BACKLOG_BLOCK,
        .backlog = slack * rate / 1000,
        .past = aligner_past(aligning),
        /* A far end that stays where it is passes as it came. */
        .fresh = aligning->late + UNECHO_HOP,
        .pushed = pushed,
        .drain_hops = (300 + config->far_queue_ms) / CONFIG_HOP_MS,
        .upper = has_high ? upper_bands_count((unsigned)rate, lowest) : 0,
        .upper_lowest = lowest,
    };
}

/* By how many native frames a hop of the microphone is held back for the far end. */
static size_t wait_for_far(const unecho_config *config, const far_end *f)
{
    const size_t mic = (size_t)config->sample_rate, far = (size_t)config_far_rate(config);
    const size_t late = ((size_t)config->reference_late_ms * mic + 999) / 1000;
    const size_t ahead =
        far == UNECHO_SAMPLE_RATE ? 0 : resampler_look_ahead(&f->lines[FAR_MEAN].resampler);
    return late + (ahead * mic + far - 1) / far;
}

static void layout_front(unecho *s, arena *a, const unecho_config *config)
{
    /* Otherwise delay_ms has no effect and may hold any value, even NaN. */
    const double delay_ms = config->align == UNECHO_ALIGN_FIXED ? config->delay_ms : 0.0;
    const size_t tail_ms = config->engine == UNECHO_ENGINE_NEURAL ? 0 : config->linear_tail_ms;
    const aligner_plan aligning = {
        .mode = config->align,
        .fixed = (int64_t)floor(delay_ms * (double)samples_of_ms(1) + 0.5),
        .late = samples_of_ms(config->reference_late_ms),
        .tail = samples_of_ms((unsigned)tail_ms),
        .past = tail_ms > 0 ? kalman_reach(tail_ms / CONFIG_HOP_MS) * UNECHO_HOP : 0,
    };
    const far_end_plan far = plan_far_end(config, &aligning, s->canceller.hops_at_once);
    far_end_layout(&s->far_end, a, &far);
    const microphone_plan mic = {
        .rate = (unsigned)config->sample_rate,
        .wait = wait_for_far(config, &s->far_end),
        .hops_at_once = s->canceller.hops_at_once,
    };
    microphone_layout(&s->microphone, a, &mic);
    const output_plan out = {
        .rate = mic.rate,
        .high_band = config->high_band,
        .wait = s->microphone.wait,
        .lag = s->canceller.lag,
        .far_bands = far.upper,
        .hops_at_once = mic.hops_at_once,
    };
    output_layout(&s->output, a, &out);
    s->output.whole_hops = config->whole_hops != 0;
    aligner_layout(&s->aligner, a, &aligning);
}

static void layout_recorder(unecho *s, arena *a, size_t capacity)
{
    recorder unused;
    s->recorder = arena_take(a, sizeof *s->recorder);
    recorder_layout(s->recorder ? s->recorder : &unused, a, capacity);
}

static unecho *layout(arena *a, const suppressor_plan *plan)
{
    const unecho_config *const config = plan->config;
    unecho unused;
    unecho *const taken = arena_take(a, sizeof *taken);
    unecho *const s = taken ? taken : &unused;
    canceller_layout(&s->canceller, a, plan);
    s->out = arena_floats(a, s->canceller.hops_at_once * UNECHO_HOP);
    s->heard = arena_floats(a, s->canceller.hops_at_once * UNECHO_HOP);
    layout_front(s, a, config);
    s->recorder = NULL;
    if (config->record_capacity > 0)
        layout_recorder(s, a, config->record_capacity);
    return taken;
}

static int start_front(unecho *s, const kernels *k, const fft *transform, const message *to)
{
    if (far_end_start(&s->far_end, k, transform) == 0 && microphone_start(&s->microphone, k) == 0 &&
        output_start(&s->output, k, transform) == 0)
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
}

static void close_front(unecho *s)
{
    far_end_close(&s->far_end);
    microphone_close(&s->microphone);
    output_close(&s->output);
}

static int start(unecho *s, const suppressor_plan *plan, const message *to)
{
    const unecho_config *const config = plan->config;
    const kernels *const k = kernels_at(plan->kernels_index);
    const fft *const transform = fft_of(FFT_SIZE);
    aligner_start(&s->aligner, k, transform);
    hum_start(&s->hum);
    s->model = plan->model;
    s->mic_channels = config->mic_channels;
    s->mic_channel = config->mic_channel;
    s->far_channels = config->far_channels;
    s->release = config->release;
    s->user = config->user;
    int status = start_front(s, k, transform, to);
    if (status == UNECHO_OK)
        status = canceller_start(&s->canceller, plan, transform, to);
    if (status < 0)
        close_front(s);
    else
        stream_follow_settings(s);
    return status;
}

/* Zeroes the memory, so that every page is mapped before the first call of unecho_process. */
static void *allocate_aligned(const unecho_config *config, size_t size, void **memory)
{
    *memory = config->allocate(config->user, size + ARENA_ALIGNMENT);
    if (!*memory)
        return NULL;
    map_pages(*memory, size + ARENA_ALIGNMENT);
    memset(*memory, 0, size + ARENA_ALIGNMENT);
    const size_t past = (size_t)((uintptr_t)*memory % ARENA_ALIGNMENT);
    return (unsigned char *)*memory + (ARENA_ALIGNMENT - past);
}

static void start_recorder(unecho *stream, const unecho_config *config)
{
    unecho_model_info model = {.size = sizeof model};
    unecho_model_get_info(stream->model, &model);
    recorder_start(stream->recorder, config, unecho_kernels(stream), stream->model ? &model : NULL);
}

/* On success the stream takes over the plan's reference to the model. */
static int open_with(unecho **result, const suppressor_plan *plan, const message *to)
{
    const unecho_config *const config = plan->config;
    arena a = {0};
    void *memory = NULL;
    layout(&a, plan);
    a.memory = allocate_aligned(config, a.used, &memory);
    if (!a.memory)
        return message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
    a.used = 0;
    unecho *const stream = layout(&a, plan);
    stream->memory = memory;
    const int status = start(stream, plan, to);
    if (status < 0) {
        config->release(config->user, memory);
        return status;
    }
    stream_reset(stream);
    if (stream->recorder)
        start_recorder(stream, config);
    *result = stream;
    return UNECHO_OK;
}

int unecho_open(unecho **stream, const unecho_config *given)
{
    full_config full;
    message to;
    int status = config_read(&full, given, &to);
    if (status < 0)
        return status;
    if (!stream)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "stream is NULL");
    unecho_config *const config = &full.config;
    status = config_check(config, &to);
    if (status < 0)
        return status;
    if (!config->allocate) {
        config->allocate = default_allocate;
        config->release = default_release;
    }
    uint32_t cpu = config->cpu;
    status = restrict_cpu(&cpu, &to);
    if (status < 0)
        return status;
    suppressor_plan plan;
    status = suppressor_find(&plan, config, kernels_choose(cpu), &to);
    if (status < 0)
        return status;
    status = open_with(stream, &plan, &to);
    if (status < 0)
        unecho_model_unref(&plan.model);
    return status;
}

void unecho_close(unecho **stream)
{
    if (!stream || !*stream)
        return;
    unecho *const closing = *stream;
    canceller_close(&closing->canceller);
    close_front(closing);
    unecho_model_unref(&closing->model);
    closing->release(closing->user, closing->memory);
    *stream = NULL;
}
