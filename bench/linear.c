/*
 * The time of a hop of the linear canceller, for each kernel set and tail length, compared with a
 * hop of the fp32 network in the same run: medians of alternating rounds, CPU time of one thread.
 * On the bundled sample, and on noise where it learns from earlier blocks in every hop, the worst
 * case of a hop.
 *
 *     bench/bench_linear
 */
#define _POSIX_C_SOURCE 200809L
#include "bench/stats.h"
#include "linear_run.h"
#include "unecho.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, HOPS = 500 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

/* Noise, and the same noise a hop later as its echo. */
static scene noise(void)
{
    scene s = new_scene(HOPS * KALMAN_HOP);
    white_noise(s.far, s.count, 0.5f, 1);
    for (size_t i = KALMAN_HOP; i < s.count; i++)
        s.mic[i] = 0.5f * s.far[i - KALMAN_HOP];
    return s;
}

static scene call(void)
{
    return scene_of(read_sample("mic"), read_sample("far"), (signal_){0});
}

static double linear_round(kalman *c, const scene *s)
{
    float error[KALMAN_HOP], echo[KALMAN_HOP];
    const double start = now_us();
    for (size_t i = 0; i < s->count; i += KALMAN_HOP)
        kalman_run(c, s->mic + i, (const float *const[]){s->far + i}, error, echo);
    return (now_us() - start) * (double)KALMAN_HOP / (double)s->count;
}

static double network_round(unecho *stream, const scene *s)
{
    float out[KALMAN_HOP];
    const double start = now_us();
    for (size_t i = 0; i < s->count; i += KALMAN_HOP)
        unecho_process(stream, s->mic + i, s->far + i, out, KALMAN_HOP);
    return (now_us() - start) * (double)KALMAN_HOP / (double)s->count;
}

/* The network on the same kernels; NULL for the plain set, on which it is too slow to matter. */
static unecho *open_network(const kernels *k)
{
    unecho_config config;
    unecho_config_init(&config);
    config.cpu = k->cpu;
    config.engine = UNECHO_ENGINE_NEURAL;
    config.align = UNECHO_ALIGN_OFF;
    config.whole_hops = 1;
    config.hops_at_once = 1;
    unecho *stream = NULL;
    if (k->cpu != 0 && unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "bench_linear: cannot open a stream\n");
        exit(1);
    }
    return stream;
}

static void measure(const kernels *k, size_t count, const scene *talk, const scene *learning)
{
    kalman c;
    arena a = {0};
    kalman_layout(&c, &a, count, 1);
    const size_t bytes = a.used + sizeof c;
    a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    if (!a.memory) {
        fprintf(stderr, "bench_linear: out of memory\n");
        exit(1);
    }
    a.used = 0;
    kalman_layout(&c, &a, count, 1);
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
    const double usual = stats_median(in_talk, ROUNDS), at_most = stats_median(most, ROUNDS);
    const double beside = stats_median(network, ROUNDS);
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
    scene talk = call(), learning = noise();
    printf("%-11s %7s %11s %11s %11s %8s %8s %14s\n", "set", "tail", "in a call", "worst",
           "network", "ratio", "worst", "memory");
    for (size_t i = 0; i < kernels_count(); i++)
        for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
            if ((kernels_at(i)->cpu & ~kernels_cpu()) == 0)
                measure(kernels_at(i), counts[n], &talk, &learning);
    free_scene(&talk);
    free_scene(&learning);
    return 0;
}
