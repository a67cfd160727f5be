/*
 * What a hop of the linear canceller takes, for each kernel set and length of the tail, beside a
 * hop of the fp32 network in the same run: medians of rounds in turn, CPU time of one thread.
 *
 *     bench/bench_linear
 */
#define _POSIX_C_SOURCE 200809L
#include "linear/kalman.h"
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

static float mic[HOPS][KALMAN_HOP], far[HOPS][KALMAN_HOP];

/* Noise, and as echo the same a hop later. */
static void fill(void)
{
    uint32_t state = 1;
    for (size_t t = 0; t < HOPS; t++)
        for (size_t i = 0; i < KALMAN_HOP; i++) {
            state = state * 1664525u + 1013904223u;
            far[t][i] = (float)(int32_t)state * 0x1p-33f;
            mic[t][i] = t > 0 ? 0.5f * far[t - 1][i] : 0.0f;
        }
}

static double linear_round(kalman *c)
{
    float error[KALMAN_HOP], echo[KALMAN_HOP];
    const double start = now_us();
    for (size_t t = 0; t < HOPS; t++)
        kalman_run(c, mic[t], far[t], error, echo);
    return (now_us() - start) / HOPS;
}

static double network_round(unecho *stream)
{
    float out[KALMAN_HOP];
    const double start = now_us();
    for (size_t t = 0; t < HOPS; t++)
        unecho_process(stream, mic[t], far[t], out, KALMAN_HOP);
    return (now_us() - start) / HOPS;
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

static void measure(const kernels *k, size_t count)
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
    kalman_reset(&c);
    unecho *stream = open_network(k);

    double ours[ROUNDS], network[ROUNDS] = {0.0};
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = linear_round(&c);
        if (stream)
            network[i] = network_round(stream);
    }
    qsort(ours, ROUNDS, sizeof *ours, ascending);
    qsort(network, ROUNDS, sizeof *network, ascending);
    printf("%-11s %4zu ms %8.2f us", k->name, count * 8, ours[ROUNDS / 2]);
    if (stream)
        printf(" %8.2f us %6.1f %%", network[ROUNDS / 2],
               100.0 * ours[ROUNDS / 2] / network[ROUNDS / 2]);
    else
        printf(" %11s %8s", "-", "-");
    printf(" %8zu bytes\n", bytes);
    unecho_close(&stream);
    free(a.memory);
}

int main(void)
{
    static const size_t counts[] = {8, 16, 32, 64};
    fill();
    printf("%-11s %7s %11s %11s %8s %14s\n", "set", "tail", "linear", "network", "ratio", "memory");
    for (size_t i = 0; i < kernels_count(); i++)
        for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
            if ((kernels_at(i)->cpu & ~kernels_cpu()) == 0)
                measure(kernels_at(i), counts[n]);
    return 0;
}
