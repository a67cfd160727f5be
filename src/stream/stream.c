/*
 * unecho: one conversation. Cuts the caller's chunks into hops, and keeps as much output back as
 * makes the latency constant.
 */
#include "stream.h"

#include "arena.h"
#include "message.h"
#include "model/model.h"
#include "native.h"
#include "onnxruntime/ort_backend.h"
#include "samples.h"

#include <stdlib.h>
#include <string.h>

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

static int check_onnxruntime(const unecho_config *config, const message *to)
{
    for (size_t i = 0; i < 2; i++)
        if (config->onnxruntime_stage_threads[i] < 1 ||
            config->onnxruntime_stage_threads[i] > ORT_THREADS_MAX)
            return message_fail(to, UNECHO_ERROR_ARGUMENT,
                                "onnxruntime_stage_threads[%zu] is %u, expected 1 to %d", i,
                                config->onnxruntime_stage_threads[i], ORT_THREADS_MAX);
    if (config->onnxruntime_untuned && config->onnxruntime_profile)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "onnxruntime_untuned leaves no room for onnxruntime_profile: choose "
                            "one of them");
    return UNECHO_OK;
}

static int check(const unecho_config *config, const message *to)
{
    if (!config->allocate != !config->release)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "allocate and release are to be given together or not at all");
    if (config->hops_at_once < 1 || config->hops_at_once > DTLN_ROWS_MOST)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "hops_at_once is %u, expected 1 to %d",
                            config->hops_at_once, DTLN_ROWS_MOST);
    if (config->sample_rate != UNECHO_SAMPLE_RATE)
        return message_fail(to, UNECHO_ERROR_SAMPLE_RATE, "sample_rate is %d, expected %d",
                            config->sample_rate, UNECHO_SAMPLE_RATE);
    if ((unsigned)config->precision > UNECHO_PRECISION_INT8)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "precision is %d, which is none",
                            (int)config->precision);
    switch (config->backend) {
    case UNECHO_BACKEND_NATIVE:
        return UNECHO_OK;
    case UNECHO_BACKEND_ONNXRUNTIME:
        return check_onnxruntime(config, to);
    }
    return message_fail(to, UNECHO_ERROR_ARGUMENT, "backend is %d, which is none",
                        (int)config->backend);
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

/* What a stream is made of besides its config. */
typedef struct parts {
    unecho_model *model;
    const kernels *k;
    const dtln *net; /* of the native backend; NULL: ONNX Runtime */
    size_t hops_at_once;
} parts;

static unecho *layout(arena *a, const parts *p)
{
    unecho unused;
    unecho *const taken = arena_take(a, sizeof *taken);
    unecho *const stream = taken ? taken : &unused;
    canceller_layout(&stream->canceller, a, p->hops_at_once);
    stream->ready = arena_floats(a, (p->hops_at_once + 1) * UNECHO_HOP);
    stream->transform = p->net ? NULL : arena_take(a, sizeof *stream->transform);
    backend *const b = p->net ? native_layout(a, p->net, p->hops_at_once)
                              : ort_layout(a, p->model, p->hops_at_once);
    canceller_start(&stream->canceller, p->k, p->net ? &p->net->fft : stream->transform, b);
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

static int start_onnxruntime(unecho *stream, const unecho_config *config, const message *to)
{
    ort_settings settings = {
        .threads = {config->onnxruntime_stage_threads[0], config->onnxruntime_stage_threads[1]},
        .spinning = config->onnxruntime_spinning != 0,
        .memory_pattern = true,
        .arena = true,
        .untuned = config->onnxruntime_untuned != 0,
    };
    if (config->onnxruntime_profile) {
        const int status = ort_profile_read(&settings, config->onnxruntime_profile, to);
        if (status < 0)
            return status;
    }
    canceller *const c = &stream->canceller;
    fft_init(stream->transform);
    return ort_start(c->backend, stream->model, &c->io, &settings, config->onnxruntime_library, to);
}

static int out_of_memory(const message *to)
{
    return message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
}

/* The model's reference is the stream's from here on, and given back on failure. */
static int open_with(unecho **result, const unecho_config *config, unecho_model *model,
                     const message *to)
{
    const size_t kernels_index = kernels_choose(cpu_allowed(config->cpu));
    parts p = {model, kernels_at(kernels_index), NULL, config->hops_at_once};
    if (config->backend == UNECHO_BACKEND_NATIVE) {
        p.net = model_network(model, kernels_index, (dtln_precision)config->precision);
        if (!p.net) {
            unecho_model_unref(&model);
            return out_of_memory(to);
        }
    }
    arena a = {0};
    void *memory = NULL;
    layout(&a, &p);
    a.memory = allocate_aligned(config, a.used, &memory);
    if (!a.memory) {
        unecho_model_unref(&model);
        return out_of_memory(to);
    }
    a.used = 0;
    unecho *const stream = layout(&a, &p);
    stream->model = model;
    stream->whole_hops = config->whole_hops != 0;
    stream->release = config->release;
    stream->user = config->user;
    stream->memory = memory;
    int status = UNECHO_OK;
    if (p.net)
        native_start(stream->canceller.backend, &stream->canceller.io);
    else
        status = start_onnxruntime(stream, config, to);
    if (status < 0) {
        unecho_model_unref(&model);
        config->release(config->user, memory);
        return status;
    }
    unecho_reset(stream);
    *result = stream;
    return UNECHO_OK;
}

int unecho_open(unecho **stream, const unecho_config *given)
{
    unecho_config config;
    unecho_config_init(&config);
    /* Of a config of another size nothing is where it is expected, the message included. */
    if (given && given->size != sizeof config)
        return UNECHO_ERROR_ARGUMENT;
    if (given)
        config = *given;
    const message to = message_begin(config.message, config.message_size);
    if (!stream)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "stream is NULL");
    const int status = check(&config, &to);
    if (status < 0)
        return status;
    if (!config.allocate) {
        config.allocate = default_allocate;
        config.release = default_release;
    }
    unecho_model *model = unecho_model_ref(config.model);
    if (!model) {
        const int loaded = unecho_model_default(&model, to.text, to.size);
        if (loaded < 0)
            return loaded;
    }
    return open_with(stream, &config, model, &to);
}

void unecho_close(unecho **stream)
{
    if (!stream || !*stream)
        return;
    unecho *const closing = *stream;
    closing->canceller.backend->close(closing->canceller.backend);
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

size_t stream_collect(unecho *s, const void *mic, const void *far, sample_format format,
                      size_t first, size_t n)
{
    canceller *const c = &s->canceller;
    s->guarded_samples += samples_read(canceller_mic(c) + s->pending, mic, format, first, n);
    s->guarded_samples += samples_read(canceller_far(c) + s->pending, far, format, first, n);
    s->samples += n;
    const size_t collected = s->pending + n;
    s->pending = collected % UNECHO_HOP;
    return collected / UNECHO_HOP;
}

float *stream_output(unecho *s)
{
    return s->ready + s->ready_count;
}

void stream_advance(unecho *s, size_t hops)
{
    /* The canceller has moved its history up to the hops it took: the samples behind them, which
     * wait for their hop to be full, move with it. */
    canceller *const c = &s->canceller;
    memmove(canceller_mic(c), canceller_mic(c) + hops * UNECHO_HOP, s->pending * sizeof(float));
    memmove(canceller_far(c), canceller_far(c) + hops * UNECHO_HOP, s->pending * sizeof(float));
    s->ready_count += hops * UNECHO_HOP;
}

void stream_give(unecho *s, void *out, sample_format format, size_t first, size_t n)
{
    samples_write(out, format, first, s->ready, n);
    s->ready_count -= n;
    memmove(s->ready, s->ready + n, s->ready_count * sizeof *s->ready);
}

/* Take in n samples and run the hops that they complete. */
static int take(unecho *s, const void *mic, const void *far, sample_format format, size_t first,
                size_t n)
{
    const size_t hops = stream_collect(s, mic, far, format, first, n);
    if (hops == 0)
        return UNECHO_OK;
    const int status = canceller_run(&s->canceller, stream_output(s), hops);
    stream_advance(s, hops);
    return status;
}

static int process(unecho *s, const void *mic, const void *far, void *out, size_t n,
                   sample_format format)
{
    if (!s || (n > 0 && (!mic || !out)))
        return UNECHO_ERROR_ARGUMENT;
    if (s->whole_hops && n % UNECHO_HOP != 0)
        return UNECHO_ERROR_CHUNK;
    const size_t room = s->canceller.io.hops_at_once * UNECHO_HOP;
    int status = UNECHO_OK;
    for (size_t done = 0; done < n;) {
        const size_t left = n - done;
        const size_t part = left < room - s->pending ? left : room - s->pending;
        const int taken = take(s, mic, far, format, done, part);
        stream_give(s, out, format, done, part);
        status = status < 0 ? status : taken;
        done += part;
    }
    if (status < 0)
        samples_silence(out, format, n);
    return status;
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
    return stream ? stream->canceller.backend->name : "";
}

uint32_t unecho_cpu_features(void)
{
    return kernels_cpu();
}
