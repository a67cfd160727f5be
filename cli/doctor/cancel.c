#include "doctor/cancel.h"

#include "interrupt.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* Statistics are noted this often per second; this is also the length of a piece. */
#define NOTES_PER_S  4
#define HOPS_AT_ONCE 32
#define FAR_QUEUE_MS 1000

struct run {
    const struct doctor_input *input;
    unecho *stream;
    float *far, *out; /* of one piece */
    size_t far_fed;
};

static unecho *open_stream(const struct doctor_input *input, unecho_model *model, unsigned late_ms)
{
    static const engine_choice engine = ENGINE_CHOICE_DEFAULT;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = input->mic.rate;
    config.far_rate = input->far.rate;
    config.far_queue_ms = input->mic.rate == input->far.rate ? 0 : FAR_QUEUE_MS;
    config.hops_at_once = HOPS_AT_ONCE;
    config.reference_late_ms = late_ms;
    return engine_choice_open(&engine, &config);
}

/* n samples from `at` on; silence after the end. */
static void copy_part(float *to, const struct doctor_end *end, size_t at, size_t n)
{
    const size_t there = at < end->n ? end->n - at : 0;
    const size_t some = there < n ? there : n;
    if (some)
        memcpy(to, end->samples + at, some * sizeof(*to));
    memset(to + some, 0, (n - some) * sizeof(*to));
}

/* Process the piece of the microphone from `at` on. */
static int process(struct run *run, size_t at, size_t n)
{
    const int mic_rate = run->input->mic.rate, far_rate = run->input->far.rate;
    const uint64_t far_due =
        ((uint64_t)(at + n) * (uint64_t)far_rate + (uint64_t)mic_rate - 1) / (uint64_t)mic_rate;
    const size_t far_n = (size_t)far_due - run->far_fed;
    int status = UNECHO_OK;
    copy_part(run->out, &run->input->mic, at, n);
    copy_part(run->far, &run->input->far, run->far_fed, far_n);
    run->far_fed += far_n;
    if (mic_rate == far_rate)
        return unecho_process(run->stream, run->out, run->far, run->out, n);
    status = unecho_push_far(run->stream, run->far, far_n);
    return status == UNECHO_OK ? unecho_process(run->stream, run->out, NULL, run->out, n) : status;
}

static void note(const struct run *run, struct cancelled *cancelled, size_t heard)
{
    struct track_point *point = &cancelled->track[cancelled->track_n++];
    point->seconds = (double)heard / run->input->mic.rate;
    point->stats.size = sizeof(point->stats);
    unecho_get_stats(run->stream, &point->stats);
}

static bool run_all(struct run *run, struct cancelled *cancelled, size_t piece)
{
    const size_t n = run->input->mic.n, latency = (size_t)unecho_latency(run->stream);
    for (size_t at = 0; at < n + latency; at += piece) {
        const int status = process(run, at, piece);
        if (status != UNECHO_OK || interrupted()) {
            report_error("%s", status == UNECHO_OK ? "interrupted" : unecho_strerror(status));
            return false;
        }
        for (size_t i = 0; i < piece; i++)
            if (at + i >= latency && at + i - latency < n)
                cancelled->out[at + i - latency] = run->out[i];
        if (at < n)
            note(run, cancelled, at + piece < n ? at + piece : n);
    }
    cancelled->stats.size = sizeof(cancelled->stats);
    unecho_get_stats(run->stream, &cancelled->stats);
    return true;
}

bool doctor_cancel(struct cancelled *cancelled, const struct doctor_input *input,
                   unecho_model *model, unsigned late_ms)
{
    const size_t piece = (size_t)input->mic.rate / NOTES_PER_S;
    const size_t far_piece = (size_t)input->far.rate / NOTES_PER_S + 2;
    struct run run = {.input = input};
    bool done = false;
    *cancelled = (struct cancelled){0};
    run.stream = open_stream(input, model, late_ms);
    if (!run.stream)
        return false;
    run.out = malloc(piece * sizeof(*run.out));
    run.far = malloc(far_piece * sizeof(*run.far));
    cancelled->out = calloc(input->mic.n + 1, sizeof(*cancelled->out));
    cancelled->track = calloc(input->mic.n / piece + 2, sizeof(*cancelled->track));
    if (run.out && run.far && cancelled->out && cancelled->track)
        done = run_all(&run, cancelled, piece);
    else
        report_error("out of memory");
    free(run.out);
    free(run.far);
    unecho_close(&run.stream);
    return done;
}

void cancelled_free(struct cancelled *cancelled)
{
    free(cancelled->out);
    free(cancelled->track);
    *cancelled = (struct cancelled){0};
}
