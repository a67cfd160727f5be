/*
 * What a hop of the linear canceller takes, for each kernel set and length of the tail, beside a
 * hop of the fp32 network in the same run: medians of rounds in turn, CPU time of one thread. In a
 * call, the bundled sample from its beginning, and where it learns from earlier blocks in every
 * hop, which is the most that a hop takes.
 *
 *     bench/bench_linear
 */
#define _POSIX_C_SOURCE 200809L
#include "linear/kalman.h"
#include "signals.h"
#include "unecho.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 15, HOPS = 500 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Both ends, a number of hops. */
typedef struct sound {
    float *mic, *far;
    size_t hops;
} sound;

/* Noise, and as echo the same a hop later. */
static sound noise(void)
{
    enum { COUNT = HOPS * KALMAN_HOP };
    sound s = {calloc(COUNT, sizeof(float)), calloc(COUNT, sizeof(float)), HOPS};
    if (!s.mic || !s.far)
        exit(1);
    uint32_t state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        s.far[i] = 0.5f * random_float(&state);
        s.mic[i] = i >= KALMAN_HOP ? 0.5f * s.far[i - KALMAN_HOP] : 0.0f;
    }
    return s;
}

static sound call(void)
{
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    return (sound){mic.samples, far.samples, mic.count / KALMAN_HOP};
}

static double linear_round(kalman *c, const sound *s)
{
    float error[KALMAN_HOP], echo[KALMAN_HOP];
    const double start = now_us();
    for (size_t i = 0; i < s->hops * KALMAN_HOP; i += KALMAN_HOP)
        kalman_run(c, s->mic + i, s->far + i, error, echo);
    return (now_us() - start) / (double)s->hops;
}

static double network_round(unecho *stream, const sound *s)
{
    float out[KALMAN_HOP];
    const double start = now_us();
    for (size_t i = 0; i < s->hops * KALMAN_HOP; i += KALMAN_HOP)
        unecho_process(stream, s->mic + i, s->far + i, out, KALMAN_HOP);
    return (now_us() - start) / (double)s->hops;
}

/* The network on the same kernels; NULL with the plain set, which nobody would run it on. */
static unecho *open_network(const kernels *k)
{
    unecho_config config;
    unecho_config_init(&config);
    config.cpu = k->cpu;
    config.engine = UNECHO_ENGINE_NEURAL;
    config.align = UNECHO_ALIGN_OFF;
    config.fail_open = 0;
    config.whole_hops = 1;
    config.hops_at_once = 1;
    unecho *stream = NULL;
    if (k->cpu != 0 && unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "bench_linear: a stream cannot be opened\n");
        exit(1);
    }
    return stream;
}

static double median(double *x)
{
    qsort(x, ROUNDS, sizeof *x, ascending);
    return x[ROUNDS / 2];
}

static void measure(const kernels *k, size_t count, const sound *talk, const sound *learning)
{
    kalman c;
    arena a = {0};
    kalman_layout(&c, &a, count);
    const size_t bytes = a.used + sizeof c;
    a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    if (!a.memory) {
        fprintf(stderr, "bench_linear: out of memory\n");
        exit(1);
    }
    a.used = 0;
    kalman_layout(&c, &a, count);
    kalman_start(&c, k);
    unecho *stream = open_network(k);

    double in_talk[ROUNDS], most[ROUNDS], network[ROUNDS] = {0.0};
    for (int i = 0; i < ROUNDS; i++) {
        kalman_reset(&c);
        in_talk[i] = linear_round(&c, talk);
        most[i] = linear_round(&c, learning);
        if (stream)
            network[i] = network_round(stream, learning);
    }
    const double usual = median(in_talk), at_most = median(most), beside = median(network);
    printf("%-11s %4zu ms %8.2f us %8.2f us", k->name, count * 8, usual, at_most);
    if (stream)
        printf(" %8.2f us %6.1f %% %6.1f %%", beside, 100.0 * usual / beside,
               100.0 * at_most / beside);
    else
        printf(" %11s %8s %8s", "-", "-", "-");
    printf(" %8zu bytes\n", bytes);
    unecho_close(&stream);
    free(a.memory);
}

int main(void)
{
    static const size_t counts[] = {8, 16, 32, 64};
    const sound talk = call(), learning = noise();
    printf("%-11s %7s %11s %11s %11s %8s %8s %14s\n", "set", "tail", "in a call", "at most",
           "network", "ratio", "at most", "memory");
    for (size_t i = 0; i < kernels_count(); i++)
        for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
            if ((kernels_at(i)->cpu & ~kernels_cpu()) == 0)
                measure(kernels_at(i), counts[n], &talk, &learning);
    free(talk.mic);
    free(talk.far);
    free(learning.mic);
    free(learning.far);
    return 0;
}
