/*
 * Figures for servers with live streams: how many of them one core can run, separately and many at
 * once, with the network alone and with the default engine; what one costs in memory and to open.
 *
 *     bench_streams [PREFIX]      default: the built-in model
 */
#define _POSIX_C_SOURCE 200809L
#include "bench/stats.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STREAMS = 64, ROUNDS = 9, HOPS = 60 };

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
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

typedef struct kind {
    const char *name;
    unecho_precision precision;
    int usual; /* with aligner and linear filter, as by default; else the network alone */
} kind;

static const kind kinds[] = {
    {"fp32", UNECHO_PRECISION_FP32, 0},          {"bf16", UNECHO_PRECISION_BF16, 0},
    {"int8", UNECHO_PRECISION_INT8, 0},          {"fp32, default", UNECHO_PRECISION_FP32, 1},
    {"bf16, default", UNECHO_PRECISION_BF16, 1}, {"int8, default", UNECHO_PRECISION_INT8, 1},
};

static unecho *open_stream(unecho_model *model, const kind *what, unsigned hops_at_once)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.precision = what->precision;
    config.hops_at_once = hops_at_once;
    config.whole_hops = 1;
    if (!what->usual) {
        config.align = UNECHO_ALIGN_OFF;
        config.engine = UNECHO_ENGINE_NEURAL;
        config.fail_open = 0;
    }
    config.allocate = allocate;
    config.release = release;
    unecho *stream = NULL;
    if (unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "a stream cannot be opened\n");
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

static float noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)state * 0x1p-32f;
}

static void new_samples(void)
{
    for (size_t s = 0; s < STREAMS; s++)
        for (size_t i = 0; i < UNECHO_HOP; i++) {
            mic[s][i] = noise();
            far[s][i] = noise();
        }
}

/* CPU microseconds for a hop of each stream, separately or in one call. */
static double round_of(crowd *c, int at_once)
{
    double spent = 0.0;
    for (size_t hop = 0; hop < HOPS; hop++) {
        new_samples();
        const double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (at_once)
            unecho_process_many(c->streams, c->mics, c->fars, c->outs, STREAMS, UNECHO_HOP);
        else
            for (size_t s = 0; s < STREAMS; s++)
                unecho_process(c->streams[s], c->mics[s], c->fars[s], c->outs[s], UNECHO_HOP);
        spent += seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    }
    return 1e6 * spent / (HOPS * STREAMS);
}

static void measure(unecho_model *model, const kind *what)
{
    const double hop_us = 1e6 * UNECHO_HOP / UNECHO_SAMPLE_RATE;
    crowd c;
    c.streams[0] = open_stream(model, what, 16);
    const double start = seconds(CLOCK_MONOTONIC);
    for (size_t s = 1; s < STREAMS; s++)
        c.streams[s] = open_stream(model, what, 1);
    const double opened = (seconds(CLOCK_MONOTONIC) - start) / (STREAMS - 1);
    for (size_t s = 0; s < STREAMS; s++) {
        c.mics[s] = mic[s];
        c.fars[s] = far[s];
        c.outs[s] = out[s];
    }
    double alone[ROUNDS], together[ROUNDS];
    for (size_t r = 0; r < ROUNDS; r++) {
        alone[r] = round_of(&c, 0);
        together[r] = round_of(&c, 1);
    }
    const double one = stats_median(alone, ROUNDS), many = stats_median(together, ROUNDS);
    printf("%-14s %8.1f us %9.0f  %8.1f us %9.0f  %8zu KiB  %8.1f us\n", what->name, one,
           hop_us / one, many, hop_us / many, stream_bytes / 1024, 1e6 * opened);
    for (size_t s = 0; s < STREAMS; s++)
        unecho_close(&c.streams[s]);
}

int main(int argc, char **argv)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    const double start = seconds(CLOCK_MONOTONIC);
    const int status = argc > 1 ? unecho_model_load(&model, argv[1], message, sizeof message)
                                : unecho_model_default(&model, message, sizeof message);
    if (status < 0) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    const double loaded = seconds(CLOCK_MONOTONIC) - start;
    unecho *first = open_stream(model, &kinds[0], 1);
    printf("%d streams; kernels: %s; model read in %.1f ms, read and packed in %.1f ms\n\n",
           STREAMS, unecho_kernels(first), 1e3 * loaded, 1e3 * (seconds(CLOCK_MONOTONIC) - start));
    unecho_close(&first);
    printf("               one stream's hop and streams a core   one more stream\n");
    printf("               by itself              in one call          memory    opening\n");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        measure(model, &kinds[i]);
    unecho_model_unref(&model);
    return 0;
}
