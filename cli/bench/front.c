/*
 * Native fp32 streams, live, in turn: the network alone, and with what comes before it. Measures
 * CPU time, as one thread does all the work.
 */
#include "bench/front.h"

#include "bench/stats.h"
#include "interrupt.h"
#include "report.h"

#include "unecho_model.h"

#include <stdlib.h>
#include <time.h>

/* This much audio is enough for a ratio. */
#define LONGEST (20 * UNECHO_SAMPLE_RATE)

enum { MOST_UP = 3, MOST_CHANNELS = 2 };

static const struct setup {
    const char *name;
    unsigned up; /* times 16 kHz */
    unsigned channels;
    unecho_align align;
    unecho_engine engine;
} setups[FRONT_ROWS] = {
    {"network alone, 16 kHz mono", 1, 1, UNECHO_ALIGN_OFF, UNECHO_ENGINE_NEURAL},
    {"with aligner, 16 kHz mono", 1, 1, UNECHO_ALIGN_AUTO, UNECHO_ENGINE_NEURAL},
    {"with aligner, 48 kHz stereo", MOST_UP, MOST_CHANNELS, UNECHO_ALIGN_AUTO,
     UNECHO_ENGINE_NEURAL},
    {"with linear filter", 1, 1, UNECHO_ALIGN_OFF, UNECHO_ENGINE_LINEAR_NEURAL},
    {"with both", 1, 1, UNECHO_ALIGN_AUTO, UNECHO_ENGINE_LINEAR_NEURAL},
    {"linear filter alone", 1, 1, UNECHO_ALIGN_OFF, UNECHO_ENGINE_LINEAR},
};

struct runner {
    const struct bench_audio *audio;
    size_t n;
    unecho_model *model;
    double seconds[FRONT_ROWS][STATS_MOST]; /* by round */
};

static double cpu_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static unecho *open_stream(const struct setup *setup, unecho_model *model)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    unecho_config config;
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = (int)setup->up * UNECHO_SAMPLE_RATE;
    config.mic_channels = config.far_channels = setup->channels;
    config.align = setup->align;
    config.engine = setup->engine;
    config.whole_hops = setup->up == 1;
    config.hops_at_once = 1;
    config.message = message;
    config.message_size = sizeof(message);
    if (unecho_open(&stream, &config) != UNECHO_OK)
        report_error("%s: %s", setup->name, message);
    return stream;
}

/* A hop at the stream's rate and with its channels: its level matters, its contents do not. */
static void widen(float *frames, const float *hop, const struct setup *setup)
{
    for (size_t i = 0; i < UNECHO_HOP; i++)
        for (size_t k = 0; k < setup->up * setup->channels; k++)
            *frames++ = hop[i];
}

static bool run(const struct runner *r, const struct setup *setup, double *seconds)
{
    enum { ROOM = UNECHO_HOP * MOST_UP * MOST_CHANNELS };
    float mic[ROOM], far[ROOM];
    unecho *stream = open_stream(setup, r->model);
    int status = UNECHO_OK;
    *seconds = 0.0;
    if (!stream)
        return false;
    for (size_t at = 0; at < r->n && status == UNECHO_OK && !interrupted(); at += UNECHO_HOP) {
        widen(mic, r->audio->mic + at, setup);
        widen(far, r->audio->far + at, setup);
        const double start = cpu_now();
        status = unecho_process(stream, mic, far, mic, (size_t)UNECHO_HOP * setup->up);
        *seconds += cpu_now() - start;
    }
    unecho_close(&stream);
    if (status == UNECHO_OK && !interrupted())
        return true;
    report_error("%s: %s", setup->name,
                 status == UNECHO_OK ? "interrupted" : unecho_strerror(status));
    return false;
}

static void sum_up(struct bench_front *front, const struct runner *r, size_t rounds)
{
    for (size_t i = 0; i < FRONT_ROWS; i++) {
        double ratios[STATS_MOST];
        for (size_t k = 0; k < rounds; k++)
            ratios[k] = r->seconds[i][k] / r->seconds[0][k];
        front->rows[i] = (struct front_figures){
            .name = setups[i].name,
            .hop_us = 1e6 * stats_median(r->seconds[i], rounds) * UNECHO_HOP / (double)r->n,
            .overhead = stats_median(ratios, rounds) - 1.0,
        };
    }
    front->measured = true;
}

bool front_measure(struct bench_front *front, const struct bench_audio *audio, size_t n,
                   size_t rounds, const model_choice *model)
{
    struct runner *r = calloc(1, sizeof(*r));
    bool done = r != NULL;
    if (!r)
        return report_no_memory();
    r->audio = audio;
    r->n = (n < LONGEST ? n : LONGEST) / UNECHO_HOP * UNECHO_HOP;
    r->model = model_choice_load(model, UNECHO_MODEL_DTLN_AEC);
    done = r->model != NULL;
    if (report_has_status())
        report_status("front end, aligner and linear filter");
    for (size_t k = 0; done && k < rounds; k++)
        for (size_t i = 0; done && i < FRONT_ROWS; i++)
            done = run(r, &setups[i], &r->seconds[i][k]);
    report_status("");
    if (done)
        sum_up(front, r, rounds);
    unecho_model_unref(&r->model);
    free(r);
    return done;
}
