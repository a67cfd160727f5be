/*
 * Figures for servers: how many live streams one core can run, in separate calls and in one call,
 * with a network alone and after the linear filter; their memory and opening time.
 *
 *     bench_streams [MODEL]       default: both built-in ones
 */
#define _POSIX_C_SOURCE 200809L
#include "bench/stats.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The echo comes DELAY hops late; WARM hops until the aligner is sure and the filter has learnt. */
enum { STREAMS = 64, ROUNDS = 9, HOPS = 60, DELAY = 10, WARM = 500 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Bytes of the last stream opened: a stream is one allocation. */
static size_t stream_bytes;

static void *allocate(void *user, size_t size)
{
    (void)user;
    stream_bytes = size;
    return malloc(size);
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

/* What a stream runs; with a linear filter also an aligner, as by default. */
typedef struct kind {
    const char *name;
    unecho_model_kind model;
    unecho_engine engine;
    unecho_precision precision;
} kind;

#define DTLN     UNECHO_MODEL_DTLN_AEC
#define POST     UNECHO_MODEL_POSTFILTER
#define ALONE    UNECHO_ENGINE_NEURAL
#define FILTERED UNECHO_ENGINE_LINEAR_NEURAL

static const kind kinds[] = {
    {"network fp32", DTLN, ALONE, UNECHO_PRECISION_FP32},
    {"network bf16", DTLN, ALONE, UNECHO_PRECISION_BF16},
    {"network int8", DTLN, ALONE, UNECHO_PRECISION_INT8},
    {"filter + network fp32", DTLN, FILTERED, UNECHO_PRECISION_FP32},
    {"filter + network bf16", DTLN, FILTERED, UNECHO_PRECISION_BF16},
    {"filter + network int8", DTLN, FILTERED, UNECHO_PRECISION_INT8},
    {"filter + post-filter fp32", POST, FILTERED, UNECHO_PRECISION_FP32},
    {"filter + post-filter bf16", POST, FILTERED, UNECHO_PRECISION_BF16},
    {"filter + post-filter int8", POST, FILTERED, UNECHO_PRECISION_INT8},
};

static unecho *open_stream(unecho_model *model, const kind *what, unsigned hops_at_once)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.precision = what->precision;
    config.hops_at_once = hops_at_once;
    config.whole_hops = 1;
    config.engine = what->engine;
    if (what->engine == UNECHO_ENGINE_NEURAL)
        config.align = UNECHO_ALIGN_OFF;
    config.allocate = allocate;
    config.release = release;
    unecho *stream = NULL;
    if (unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "bench_streams: cannot open a stream\n");
        exit(1);
    }
    return stream;
}

typedef struct crowd {
    unecho *streams[STREAMS];
    const float *mics[STREAMS], *fars[STREAMS];
    float *outs[STREAMS];
} crowd;

static float mic[STREAMS][UNECHO_HOP], far[STREAMS][UNECHO_HOP], out[STREAMS][UNECHO_HOP];
static float played[DELAY][STREAMS][UNECHO_HOP];

static float noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)state * 0x1p-32f;
}

/* Far ends that are never silent, their echoes, and noise 46 dB below those. */
static void new_samples(void)
{
    static size_t hop;
    float(*const before)[UNECHO_HOP] = played[hop++ % DELAY];
    for (size_t s = 0; s < STREAMS; s++)
        for (size_t i = 0; i < UNECHO_HOP; i++) {
            far[s][i] = noise();
            mic[s][i] = 0.5f * before[s][i] + 0.0025f * noise();
            before[s][i] = far[s][i];
        }
}

/* CPU microseconds for a hop of every stream, in separate calls or in one call. */
static double round_of(crowd *c, int at_once, size_t hops)
{
    double spent = 0.0;
    for (size_t hop = 0; hop < hops; hop++) {
        new_samples();
        const double start = cpu_seconds();
        if (at_once)
            unecho_process_many(c->streams, c->mics, c->fars, c->outs, STREAMS, UNECHO_HOP);
        else
            for (size_t s = 0; s < STREAMS; s++)
                unecho_process(c->streams[s], c->mics[s], c->fars[s], c->outs[s], UNECHO_HOP);
        spent += cpu_seconds() - start;
    }
    return 1e6 * spent / (double)(hops * STREAMS);
}

static void measure(unecho_model *model, const kind *what)
{
    const double hop_us = 1e6 * UNECHO_HOP / UNECHO_SAMPLE_RATE;
    crowd c;
    c.streams[0] = open_stream(model, what, 16);
    const double start = cpu_seconds();
    for (size_t s = 1; s < STREAMS; s++)
        c.streams[s] = open_stream(model, what, 1);
    const double opened = (cpu_seconds() - start) / (STREAMS - 1);
    for (size_t s = 0; s < STREAMS; s++) {
        c.mics[s] = mic[s];
        c.fars[s] = far[s];
        c.outs[s] = out[s];
    }
    double alone[ROUNDS], together[ROUNDS];
    round_of(&c, 1, WARM);
    for (size_t r = 0; r < ROUNDS; r++) {
        alone[r] = round_of(&c, 0, HOPS);
        together[r] = round_of(&c, 1, HOPS);
    }
    const double one = stats_median(alone, ROUNDS), many = stats_median(together, ROUNDS);
    printf("| %s | %.1f | %.0f | %.1f | %.0f | %zu | %.0f |\n", what->name, one, hop_us / one, many,
           hop_us / many, stream_bytes / 1024, 1e6 * opened);
    for (size_t s = 0; s < STREAMS; s++)
        unecho_close(&c.streams[s]);
}

static void measure_kinds(unecho_model *model)
{
    unecho_model_info info = {.size = sizeof info};
    unecho_model_get_info(model, &info);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].model == info.kind)
            measure(model, &kinds[i]);
}

int main(int argc, char **argv)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_model *models[2] = {NULL, NULL};
    int status =
        argc > 1 ? unecho_model_load(&models[0], argv[1], message, sizeof message)
                 : unecho_model_builtin(&models[0], UNECHO_MODEL_DTLN_AEC, message, sizeof message);
    if (status == UNECHO_OK && argc <= 1)
        status = unecho_model_builtin(&models[1], UNECHO_MODEL_POSTFILTER, message, sizeof message);
    if (status < 0) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    unecho *first = NULL;
    if (unecho_open(&first, NULL) < 0)
        return 1;
    printf("%d streams; kernels: %s. CPU time of one thread, medians of %d rounds.\n\n", STREAMS,
           unecho_kernels(first), ROUNDS);
    unecho_close(&first);
    printf("| | µs a hop, live | streams a core | µs a hop, in one call | streams a core | KiB a "
           "stream | µs to open |\n");
    printf("|---|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < 2 && models[i]; i++) {
        measure_kinds(models[i]);
        unecho_model_unref(&models[i]);
    }
    return 0;
}
