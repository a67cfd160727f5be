#include "doctor/cancel.h"

#include "engine_choice.h"
#include "report.h"

#include <stdlib.h>

/* Statistics are noted this often per second; this is also the length of a piece. */
#define NOTES_PER_S  4
#define HOPS_AT_ONCE 32
#define FAR_QUEUE_MS 1000

struct run {
    struct doctor_input *input;
    unecho *stream;
    struct watch *watch;
    float *far, *out; /* of one piece, far with all channels */
    uint64_t far_fed;
};

static unecho *open_stream(const struct doctor_input *input, unecho_model *model, unsigned late_ms)
{
    static const engine_choice engine = ENGINE_CHOICE_DEFAULT;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = input->mic.rate;
    config.far_rate = input->far.rate;
    config.far_channels = input->far.channels;
    config.far_queue_ms = input->mic.rate == input->far.rate ? 0 : FAR_QUEUE_MS;
    config.hops_at_once = HOPS_AT_ONCE;
    config.reference_late_ms = late_ms;
    return engine_choice_open(&engine, &config);
}

static int cancel(struct run *run, size_t n, size_t far_n)
{
    int status;
    if (run->input->mic.rate == run->input->far.rate)
        return unecho_process(run->stream, run->out, run->far, run->out, n);
    status = unecho_push_far(run->stream, run->far, far_n);
    return status == UNECHO_OK ? unecho_process(run->stream, run->out, NULL, run->out, n) : status;
}

/* Process the piece of the microphone from `at` on. */
static bool process(struct run *run, uint64_t at, size_t n)
{
    struct doctor_end *mic = &run->input->mic, *far = &run->input->far;
    const uint64_t far_due =
        ((at + n) * (uint64_t)far->rate + (uint64_t)mic->rate - 1) / (uint64_t)mic->rate;
    const size_t far_n = (size_t)(far_due - run->far_fed);
    size_t got;
    if (!doctor_end_read(mic, run->out, n, &got) ||
        !doctor_end_read_frames(far, run->far, far_n, &got))
        return false;
    run->far_fed = far_due;
    if (run->watch)
        watch_microphone(run->watch, run->out, n);
    const int status = cancel(run, n, far_n);
    if (status != UNECHO_OK)
        report_error("%s", unecho_strerror(status));
    return status == UNECHO_OK;
}

/* The piece of the output whose microphone began at `at`: what belongs to the recording. */
static bool show(struct run *run, uint64_t at, size_t piece)
{
    const uint64_t latency = (uint64_t)unecho_latency(run->stream);
    const uint64_t n = run->input->mic.n, end = n + latency;
    const size_t from = at < latency ? (size_t)(latency - at) : 0;
    const size_t to = at + piece < end ? piece : (size_t)(end - at);
    return !run->watch || from >= to || watch_output(run->watch, run->out + from, to - from);
}

static void note(const struct run *run, struct cancelled *cancelled, uint64_t heard)
{
    struct stats_point *point = &cancelled->track[cancelled->track_n++];
    point->seconds = (double)heard / run->input->mic.rate;
    point->stats.size = sizeof(point->stats);
    unecho_get_stats(run->stream, &point->stats);
}

static bool run_all(struct run *run, struct cancelled *cancelled, size_t piece)
{
    const uint64_t n = run->input->mic.n, latency = (uint64_t)unecho_latency(run->stream);
    for (uint64_t at = 0; at < n + latency; at += piece) {
        if (!process(run, at, piece) || !show(run, at, piece))
            return false;
        if (at < n)
            note(run, cancelled, at + piece < n ? at + piece : n);
    }
    if (run->watch)
        watch_end(run->watch);
    cancelled->stats.size = sizeof(cancelled->stats);
    unecho_get_stats(run->stream, &cancelled->stats);
    return doctor_input_rewind(run->input);
}

bool doctor_cancel(struct cancelled *cancelled, struct doctor_input *input, unecho_model *model,
                   unsigned late_ms, struct watch *watch)
{
    const size_t piece = (size_t)input->mic.rate / NOTES_PER_S;
    const size_t far_piece = (size_t)input->far.rate / NOTES_PER_S + 2;
    struct run run = {.input = input, .watch = watch};
    bool done = false;
    *cancelled = (struct cancelled){0};
    run.stream = open_stream(input, model, late_ms);
    if (!run.stream)
        return false;
    run.out = malloc(piece * sizeof(*run.out));
    run.far = malloc(far_piece * input->far.channels * sizeof(*run.far));
    cancelled->track = calloc(input->mic.n / piece + 2, sizeof(*cancelled->track));
    if (run.out && run.far && cancelled->track)
        done = run_all(&run, cancelled, piece);
    else
        report_no_memory();
    free(run.out);
    free(run.far);
    unecho_close(&run.stream);
    return done;
}

void cancelled_free(struct cancelled *cancelled)
{
    free(cancelled->track);
    *cancelled = (struct cancelled){0};
}
