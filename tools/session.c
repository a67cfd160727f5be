/*
 * Feeds a stream chunk by chunk, and cuts its output to the microphone's timeline. It does not know
 * where the samples come from and go to.
 *
 * Silence follows the signal until all that belongs to the microphone has come out.
 */
#include "session.h"

#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The network's own lag: a block but for the hop that is new in it. */
#define NETWORK_LAG (UNECHO_BLOCK - UNECHO_HOP)
/* The library's limit. */
#define MOST_HOPS_AT_ONCE 64

struct session {
    unecho *stream;
    size_t chunk;
    float *mic, *far;
    size_t latency_left; /* in the output, in samples */
    uint64_t skip;       /* samples of output that still belong to the silence before */
    uint64_t heard, far_heard, written;
    bool ended, stopped;
    double mic_power, out_power; /* sums of squares */
    float peak;
};

/* The mean power is meant, not an exact figure: as unecho_process, forgive what is no number. */
static double power(const float *samples, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = isfinite(samples[i]) ? (double)samples[i] : 0.0;
        x = fmin(fmax(x, -100.0), 100.0);
        sum += x * x;
    }
    return sum;
}

static bool process(struct session *session, size_t n)
{
    int status = unecho_process(session->stream, session->mic, session->far, session->mic, n);
    if (status == UNECHO_OK)
        return true;
    report_error("the library failed: %s", unecho_strerror(status));
    return false;
}

static bool open_stream(struct session *session, unecho_model *model, const engine_choice *engine)
{
    unecho_config config;
    size_t hops = session->chunk / UNECHO_HOP;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = session->chunk % UNECHO_HOP == 0;
    config.hops_at_once = (unsigned)(hops < 1                   ? 1
                                     : hops > MOST_HOPS_AT_ONCE ? MOST_HOPS_AT_ONCE
                                                                : hops);
    session->stream = engine_choice_open(engine, &config);
    return session->stream != NULL;
}

struct session *session_open(unecho_model *model, const engine_choice *engine, size_t chunk,
                             bool live, bool keep_latency)
{
    struct session *session = calloc(1, sizeof(*session));
    size_t room = chunk > NETWORK_LAG ? chunk : NETWORK_LAG;
    if (!session)
        goto no_memory;
    session->chunk = chunk;
    session->mic = calloc(room, sizeof(*session->mic));
    session->far = calloc(room, sizeof(*session->far));
    if (!session->mic || !session->far)
        goto no_memory;

    session->latency_left = keep_latency ? NETWORK_LAG : 0;
    if (!open_stream(session, model, engine) || (!live && !process(session, NETWORK_LAG))) {
        session_close(&session);
        return NULL;
    }
    session->skip = (uint64_t)unecho_latency(session->stream) - session->latency_left;
    return session;

no_memory:
    report_error("out of memory");
    session_close(&session);
    return NULL;
}

/* The next chunk of both ends; where one is over, silence. */
static bool read_chunk(struct session *session, audio_reader *mic, audio_reader *far)
{
    size_t chunk = session->chunk, heard = 0, far_heard = 0;
    if (!session->ended && interrupted())
        session->ended = session->stopped = true;
    if (!session->ended) {
        if (!audio_reader_read(mic, session->mic, chunk, &heard))
            return false;
        session->ended = heard < chunk;
        session->stopped = session->ended && interrupted();
    }
    if (!audio_reader_read(far, session->far, heard, &far_heard))
        return false;
    memset(session->mic + heard, 0, (chunk - heard) * sizeof(*session->mic));
    memset(session->far + far_heard, 0, (chunk - far_heard) * sizeof(*session->far));
    session->mic_power += power(session->mic, heard);
    session->heard += heard;
    session->far_heard += far_heard;
    return true;
}

/* What of the chunk that the stream gave belongs to the output. */
static bool pass_on(struct session *session, session_sink *sink, void *user)
{
    float *samples = session->mic;
    size_t n = session->chunk;
    size_t early = session->skip < n ? (size_t)session->skip : n;
    uint64_t due = session->heard - session->written;
    session->skip -= early;
    samples += early;
    n -= early;
    if (n > due)
        n = (size_t)due;

    session->written += n;
    session->out_power += power(samples, n);
    for (size_t i = 0; i < n; i++)
        session->peak = fmaxf(session->peak, fabsf(samples[i]));
    return n == 0 || sink(user, samples, n);
}

bool session_run(struct session *session, audio_reader *mic, audio_reader *far, session_sink *sink,
                 void *user)
{
    while (!session->ended || session->written < session->heard) {
        if (!read_chunk(session, mic, far) || !process(session, session->chunk) ||
            !pass_on(session, sink, user))
            return false;
    }
    return true;
}

uint64_t session_heard(const struct session *session)
{
    return session->heard;
}

uint64_t session_far_heard(const struct session *session)
{
    return session->far_heard;
}

float session_peak(const struct session *session)
{
    return session->peak;
}

bool session_stopped(const struct session *session)
{
    return session->stopped;
}

static double mean_db(double power_sum, uint64_t samples)
{
    return samples ? 10.0 * log10(power_sum / (double)samples) : -HUGE_VAL;
}

void session_sum_up(const struct session *session, struct summary *summary)
{
    unecho_stats stats = {0};
    stats.size = sizeof(stats);
    unecho_get_stats(session->stream, &stats);

    summary->seconds = (double)session->heard / UNECHO_SAMPLE_RATE;
    summary->latency_samples = (int)session->latency_left;
    /* Not those of the stream, which has heard the silence around the signal as well. */
    summary->mic_db = mean_db(session->mic_power, session->heard);
    summary->out_db = mean_db(session->out_power, session->written);
    summary->peak = (double)session->peak;
    summary->erle_db = (double)stats.erle_db;
    summary->far_active_seconds = (double)stats.far_active_seconds;
    summary->guarded_samples = stats.guarded_samples;
}

void session_close(struct session **session)
{
    if (!*session)
        return;
    unecho_close(&(*session)->stream);
    free((*session)->mic);
    free((*session)->far);
    free(*session);
    *session = NULL;
}
