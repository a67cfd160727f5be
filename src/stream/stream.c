/*
 * unecho: one conversation. Cuts the caller's chunks into hops, and keeps as much output back as
 * makes the latency constant.
 */
#include "stream.h"

#include "arena.h"
#include "model/model.h"
#include "samples.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HOPS_AT_ONCE = 64 };

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

void unecho_config_init(unecho_config *config)
{
    if (config)
        *config = (unecho_config){
            .size = sizeof *config,
            .sample_rate = UNECHO_SAMPLE_RATE,
            .hops_at_once = 16,
            .cpu = UNECHO_CPU_ALL,
            .onnxruntime_stage_threads = {1, 1},
        };
}

static int check(const unecho_config *config)
{
    if (config->size != sizeof *config || !config->allocate != !config->release)
        return UNECHO_ERROR_ARGUMENT;
    if (config->hops_at_once < 1 || config->hops_at_once > MOST_HOPS_AT_ONCE)
        return UNECHO_ERROR_ARGUMENT;
    return config->sample_rate == UNECHO_SAMPLE_RATE ? UNECHO_OK : UNECHO_ERROR_SAMPLE_RATE;
}

/* What the environment leaves of the allowed instruction sets. */
static uint32_t cpu_allowed(uint32_t allowed)
{
    const char *const name = getenv("UNECHO_CPU");
    if (!name)
        return allowed;
    for (size_t i = 0; i < kernels_count(); i++)
        if (strcmp(name, kernels_at(i)->name) == 0)
            return allowed & kernels_at(i)->cpu;
    return allowed;
}

static unecho *layout(arena *a, const dtln *net, size_t hops_at_once)
{
    unecho unused;
    unecho *const taken = arena_take(a, sizeof *taken);
    unecho *const stream = taken ? taken : &unused;
    canceller_layout(&stream->canceller, a, net, hops_at_once);
    stream->ready = arena_floats(a, (hops_at_once + 1) * UNECHO_HOP);
    return taken;
}

/* Zeroed, so that every page is there before the first call of unecho_process. */
static void *allocate_aligned(const unecho_config *config, size_t size, void **memory)
{
    *memory = config->allocate(config->user, size + ARENA_ALIGNMENT);
    if (!*memory)
        return NULL;
    memset(*memory, 0, size + ARENA_ALIGNMENT);
    const size_t past = (size_t)((uintptr_t)*memory % ARENA_ALIGNMENT);
    return (unsigned char *)*memory + (ARENA_ALIGNMENT - past);
}

/* The model's reference is the stream's from here on, and given back on failure. */
static int open_with(unecho **result, const unecho_config *config, unecho_model *model)
{
    const dtln *const net = model_network(model, kernels_choose(cpu_allowed(config->cpu)));
    arena a = {0};
    void *memory = NULL;
    if (net) {
        layout(&a, net, config->hops_at_once);
        a.memory = allocate_aligned(config, a.used, &memory);
    }
    if (!a.memory) {
        unecho_model_unref(&model);
        return UNECHO_ERROR_MEMORY;
    }
    a.used = 0;
    unecho *const stream = layout(&a, net, config->hops_at_once);
    stream->model = model;
    stream->whole_hops = config->whole_hops != 0;
    stream->release = config->release;
    stream->user = config->user;
    stream->memory = memory;
    unecho_reset(stream);
    *result = stream;
    return UNECHO_OK;
}

int unecho_open(unecho **stream, const unecho_config *given)
{
    unecho_config config;
    unecho_config_init(&config);
    if (given)
        config = *given;
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    const int status = check(&config);
    if (status < 0)
        return status;
    if (!config.allocate) {
        config.allocate = default_allocate;
        config.release = default_release;
    }
    unecho_model *model = unecho_model_ref(config.model);
    if (!model) {
        const int loaded = unecho_model_default(&model, NULL, 0);
        if (loaded < 0)
            return loaded;
    }
    return open_with(stream, &config, model);
}

void unecho_close(unecho **stream)
{
    if (!stream || !*stream)
        return;
    unecho *const closing = *stream;
    unecho_model_unref(&closing->model);
    closing->release(closing->user, closing->memory);
    *stream = NULL;
}

int unecho_reset(unecho *stream)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    canceller_reset(&stream->canceller);
    stream->pending = 0;
    stream->ready_count = stream->whole_hops ? 0 : UNECHO_HOP;
    memset(stream->ready, 0, stream->ready_count * sizeof *stream->ready);
    stream->samples = 0;
    stream->guarded_samples = 0;
    return UNECHO_OK;
}

int unecho_latency(const unecho *stream)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    return stream->whole_hops ? CANCELLER_HISTORY : CANCELLER_HISTORY + UNECHO_HOP;
}

/* Take in n samples, no more than there is room for, and run the hops that they complete. */
static void take(unecho *s, const void *mic, const void *far, sample_format format, size_t first,
                 size_t n)
{
    canceller *const c = &s->canceller;
    s->guarded_samples += samples_read(canceller_mic(c) + s->pending, mic, format, first, n);
    s->guarded_samples += samples_read(canceller_far(c) + s->pending, far, format, first, n);
    s->samples += n;

    const size_t collected = s->pending + n;
    const size_t hops = collected / UNECHO_HOP;
    s->pending = collected % UNECHO_HOP;
    if (hops == 0)
        return;
    /* canceller_run keeps the samples behind the hops it takes, as its history moves up: the ones
     * that wait for their hop to be full move with them. */
    canceller_run(c, s->ready + s->ready_count, hops);
    memmove(canceller_mic(c), canceller_mic(c) + hops * UNECHO_HOP, s->pending * sizeof(float));
    memmove(canceller_far(c), canceller_far(c) + hops * UNECHO_HOP, s->pending * sizeof(float));
    s->ready_count += hops * UNECHO_HOP;
}

static void give(unecho *s, void *out, sample_format format, size_t first, size_t n)
{
    samples_write(out, format, first, s->ready, n);
    s->ready_count -= n;
    memmove(s->ready, s->ready + n, s->ready_count * sizeof *s->ready);
}

static int process(unecho *s, const void *mic, const void *far, void *out, size_t n,
                   sample_format format)
{
    if (!s || (n > 0 && (!mic || !out)))
        return UNECHO_ERROR_ARGUMENT;
    if (s->whole_hops && n % UNECHO_HOP != 0)
        return UNECHO_ERROR_CHUNK;
    const size_t room = s->canceller.hops_at_once * UNECHO_HOP;
    for (size_t done = 0; done < n;) {
        const size_t left = n - done;
        const size_t part = left < room - s->pending ? left : room - s->pending;
        take(s, mic, far, format, done, part);
        give(s, out, format, done, part);
        done += part;
    }
    return UNECHO_OK;
}

int unecho_process(unecho *stream, const float *mic, const float *far, float *out, size_t n)
{
    return process(stream, mic, far, out, n, SAMPLES_FLOAT);
}

int unecho_process_int16(unecho *stream, const int16_t *mic, const int16_t *far, int16_t *out,
                         size_t n)
{
    return process(stream, mic, far, out, n, SAMPLES_INT16);
}

int unecho_get_stats(const unecho *stream, unecho_stats *stats)
{
    if (!stream || !stats || stats->size != sizeof *stats)
        return UNECHO_ERROR_ARGUMENT;
    const levels *const l = &stream->canceller.levels;
    const uint64_t samples = l->hops * UNECHO_HOP;
    *stats = (unecho_stats){
        .size = sizeof *stats,
        .samples = stream->samples,
        .guarded_samples = stream->guarded_samples,
        .peak = l->peak,
        .mic_db = levels_db(l->mic_energy, samples),
        .far_db = levels_db(l->far_energy, samples),
        .out_db = levels_db(l->out_energy, samples),
        .erle_db = levels_erle_db(l),
        .far_active_seconds = (float)l->active_hops * UNECHO_HOP / UNECHO_SAMPLE_RATE,
    };
    return UNECHO_OK;
}

const char *unecho_kernels(const unecho *stream)
{
    return stream ? stream->canceller.net->k->name : "";
}

uint32_t unecho_cpu_features(void)
{
    return kernels_cpu();
}
