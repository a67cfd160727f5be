/*
 * Feeds a stream chunk by chunk, and cuts its output to the microphone's timeline. Silence follows
 * the signal until all output for the microphone has arrived. If the ends have different rates, the
 * far end runs ahead of the microphone by less than a frame.
 */
#include "process/session.h"

#include "alignment/far_feed.h"
#include "dsp/clones.h"
#include "dsp/peak.h"
#include "interrupt.h"
#include "process/power.h"
#include "report.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* At 16 kHz; of the same duration at other rates. */
#define USUAL_CHUNK 2048
/* So many at a time of files until their end: from one chunk to the next the caches forget the code
 * around the library. */
#define FILE_CHUNKS 8
#define HOP_MS      (1000 * UNECHO_HOP / UNECHO_SAMPLE_RATE)
/* For different rates: twice as much far end as the longest call takes. */
#define FAR_QUEUE_MS 1000
/* Sums of squares in stretches of one kind, and how many samples of the output. */
struct stretch_power {
    double mic, out;
    uint64_t samples;
};

struct session {
    unecho *stream;
    output_file *record; /* NULL: none */
    ends *pair;
    struct far_feed far_feed;
    const struct stretches *stretches; /* NULL: none */
    int mic_rate, far_rate;            /* Hz */
    uint64_t network_lag;              /* at 16 kHz */
    size_t chunk;                      /* of the output once the microphone has ended */
    size_t chunks;                     /* at a time before that */
    /* mic also takes the output; far: of one call, or a piece of it if the rates differ */
    float *mic, *far;
    size_t filled, passed; /* frames of mic, and those of them that the stream has had */
    size_t piece;          /* of them in the call under way */
    size_t latency_left;   /* in the output, in frames */
    uint64_t skip;         /* frames of output still to come for the silence before the signal */
    uint64_t heard, far_heard, written;
    uint64_t fed, far_fed; /* frames that the stream got, silence included */
    size_t far_lead;       /* frames of silence before the far end */
    bool ended, stopped;
    double mic_power, out_power; /* sums of squares */
    struct stretch_power apart[STRETCH_KINDS];
    float peak;
};

CLONED static float peak(const float *samples, size_t n)
{
    return peak_of(samples, n);
}

/* The least number of frames at rate that last at least as long as n frames at of_rate. */
static uint64_t as_long(uint64_t n, int of_rate, int rate)
{
    const uint64_t seconds = n / (uint64_t)of_rate, rest = n % (uint64_t)of_rate;
    return seconds * (uint64_t)rate +
           (rest * (uint64_t)rate + (uint64_t)of_rate - 1) / (uint64_t)of_rate;
}

/* 0: no network. */
static unecho_model_kind kind_of(const unecho_model *model)
{
    /* Its kind alone: the hash would take as long as a fifth of a second of audio. */
    unecho_model_info info = {.size = offsetof(unecho_model_info, description)};
    return model && unecho_model_get_info(model, &info) == UNECHO_OK ? info.kind : 0;
}

/* The network's own lag at 16 kHz, which UNECHO_KEEP_LATENCY leaves in. */
static uint64_t network_lag(unecho_model_kind kind)
{
    return kind == 0 ? 0 : kind == UNECHO_MODEL_POSTFILTER ? UNECHO_HOP : 3 * UNECHO_HOP;
}

static size_t lag_at(const struct session *session, int rate)
{
    return (size_t)as_long(session->network_lag, UNECHO_SAMPLE_RATE, rate);
}

static bool has_two_rates(const struct session *session)
{
    return session->mic_rate != session->far_rate;
}

/* The most microphone frames of a call: its far end must fit in the queue. */
static size_t largest_piece(const struct session *session)
{
    return has_two_rates(session) ? (size_t)session->mic_rate * (FAR_QUEUE_MS / 2) / 1000
                                  : SIZE_MAX;
}

/* ---- Feeding the stream ----------------------------------------------------------------- */

static bool read_recording(void *pair, float *frames, size_t n, size_t *got)
{
    return ends_read_far_channels(pair, frames, n, got);
}

/* The next n frames for the stream, with silence before the signal and after the microphone. */
static bool read_far(struct session *session, size_t n)
{
    const uint64_t begin = session->far_lead, at = session->far_fed;
    /* Rounded up: the far end may continue for a moment before its end is known. */
    const uint64_t end = session->ended ? begin + session_far_due(session) : at + n;
    const size_t before = at < begin ? (size_t)(begin - at) : 0;
    const size_t silent = before < n ? before : n;
    const uint64_t left = at + silent < end ? end - at - silent : 0;
    const size_t wanted = left < n - silent ? (size_t)left : n - silent;
    size_t got = 0;
    const unsigned channels = ends_far_channels(session->pair);
    memset(session->far, 0, silent * channels * sizeof(*session->far));
    if (!far_feed_read(&session->far_feed, session->far + silent * channels, wanted, &got))
        return false;
    memset(session->far + (silent + got) * channels, 0,
           (n - silent - got) * channels * sizeof(*session->far));
    session->far_heard += got;
    session->far_fed += n;
    return true;
}

static bool succeeded(int status)
{
    if (status != UNECHO_OK)
        report_error("the library failed: %s", unecho_strerror(status));
    return status == UNECHO_OK;
}

static bool keep_record(struct session *session)
{
    unsigned char bytes[16384];
    size_t got = session->record ? sizeof(bytes) : 0;
    while (got == sizeof(bytes))
        if (unecho_record_read(session->stream, bytes, sizeof(bytes), &got) != UNECHO_OK ||
            !output_write(session->record, bytes, got))
            return false;
    return true;
}

/* Bring the far end of n frames, and give it to the stream if it has a rate of its own. */
static bool bring_far(struct session *session, size_t n)
{
    const uint64_t far_fed = as_long(session->fed + n, session->mic_rate, session->far_rate);
    const size_t far_n = (size_t)(far_fed - session->far_fed);
    session->fed += n;
    return read_far(session, far_n) &&
           (!has_two_rates(session) ||
            succeeded(unecho_push_far(session->stream, session->far, far_n)));
}

/* ---- Opening ---------------------------------------------------------------------------- */

static unsigned hops_in(const struct session *session)
{
    const uint64_t hops =
        as_long(session->chunk, session->mic_rate, UNECHO_SAMPLE_RATE) / UNECHO_HOP;
    return (unsigned)(hops < 1                         ? 1
                      : hops > UNECHO_HOPS_AT_ONCE_MAX ? UNECHO_HOPS_AT_ONCE_MAX
                                                       : hops);
}

/* The most frames of a chunk, and the most far-end frames of a call. */
static size_t largest_chunk(const struct session *session)
{
    const size_t lag = lag_at(session, session->mic_rate);
    const size_t chunk = session->chunks * session->chunk;
    return chunk > lag ? chunk : lag;
}

static size_t largest_far_piece(const struct session *session)
{
    const size_t chunk = largest_chunk(session), most = largest_piece(session);
    return (size_t)as_long(chunk < most ? chunk : most, session->mic_rate, session->far_rate) + 1;
}

/* Enough for what a call adds to the record, its three signals, and for the header. */
static size_t record_capacity(const struct session *session)
{
    const size_t far_samples = largest_far_piece(session) * ends_far_channels(session->pair);
    return 8192 + sizeof(float) * (2 * largest_chunk(session) + far_samples);
}

static bool open_stream(struct session *session, unecho_model *model,
                        const session_settings *settings)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = session->mic_rate;
    config.far_rate = session->far_rate;
    config.far_channels = ends_far_channels(session->pair);
    config.far_queue_ms = has_two_rates(session) ? FAR_QUEUE_MS : 0;
    config.whole_hops =
        session->mic_rate == UNECHO_SAMPLE_RATE && session->far_rate == UNECHO_SAMPLE_RATE &&
        session->chunk % UNECHO_HOP == 0 && settings->reference_late_ms % HOP_MS == 0;
    config.hops_at_once = hops_in(session);
    config.align = settings->align;
    config.delay_ms = settings->delay_ms;
    config.reference_late_ms = settings->reference_late_ms;
    config.suppression = settings->suppression;
    config.comfort_noise = settings->comfort_noise;
    config.noise_reduction_db = settings->noise_reduction_db;
    config.high_band = settings->high_band;
    config.record_capacity = settings->record ? record_capacity(session) : 0;
    session->record = settings->record;
    session->stream = engine_choice_open(&settings->engine, &config);
    return session->stream != NULL;
}

static bool take_memory(struct session *session)
{
    session->mic = calloc(largest_chunk(session) + 1, sizeof(*session->mic));
    session->far = calloc(largest_far_piece(session) * ends_far_channels(session->pair),
                          sizeof(*session->far));
    if (session->mic && session->far)
        return true;
    return report_no_memory();
}

static struct far_feed feed_of(ends *pair, const struct far_plan *plan)
{
    return (struct far_feed){.read = read_recording,
                             .source = pair,
                             .channels = ends_far_channels(pair),
                             .rate = ends_far_rate(pair),
                             .plan = plan};
}

/* The next second of the beginning, with silence after its end. */
static bool learn_second(struct session *session, bool *ended)
{
    const size_t n = (size_t)session->mic_rate, most = largest_piece(session);
    for (size_t done = 0, part, got = 0; done < n; done += part) {
        part = n - done < session->chunk ? n - done : session->chunk;
        part = part < most ? part : most;
        if (!ends_read_mic(session->pair, session->mic, part, &got))
            return false;
        *ended = got < part;
        if (got == 0 && done == 0)
            return true;
        memset(session->mic + got, 0, (part - got) * sizeof(*session->mic));
        if (!bring_far(session, part) ||
            !succeeded(unecho_process(session->stream, session->mic,
                                      has_two_rates(session) ? NULL : session->far, session->mic,
                                      part)) ||
            !keep_record(session))
            return false;
    }
    return true;
}

/* As unecho_process_whole does: process the beginning, then all of it with what was learned. */
static bool learn(struct session *session)
{
    unecho_stats stats = {.size = sizeof(stats)};
    bool ended = false;
    for (unsigned t = 0; t < UNECHO_LEARN_SECONDS_MOST && !ended; t++) {
        if (!learn_second(session, &ended))
            return false;
        unecho_get_stats(session->stream, &stats);
        ended = ended || stats.far_active_seconds >= UNECHO_LEARN_FAR_SECONDS;
    }
    memset(session->mic, 0, largest_chunk(session) * sizeof(*session->mic));
    session->fed = session->far_fed = session->far_heard = 0;
    session->far_feed = feed_of(session->pair, session->far_feed.plan);
    return succeeded(stats.far_active_seconds > 0.0f ? unecho_next_call(session->stream)
                                                     : unecho_reset(session->stream)) &&
           ends_rewind(session->pair);
}

struct session *session_open(unecho_model *model, const session_settings *settings, ends *pair)
{
    struct session *session = calloc(1, sizeof(*session));
    const unecho_model_kind kind = kind_of(model);
    const bool learns = kind == UNECHO_MODEL_POSTFILTER && !settings->chunk && !settings->once &&
                        ends_can_rewind(pair);
    size_t lag;
    if (!session) {
        report_no_memory();
        return NULL;
    }
    session->pair = pair;
    session->stretches = settings->stretches;
    session->mic_rate = ends_mic_rate(pair);
    session->far_rate = ends_far_rate(pair);
    session->far_feed = feed_of(pair, settings->plan);
    session->network_lag = network_lag(kind);
    lag = lag_at(session, session->mic_rate);
    session->chunk = settings->chunk
                         ? settings->chunk
                         : (size_t)as_long(USUAL_CHUNK, UNECHO_SAMPLE_RATE, session->mic_rate);
    session->chunks = !settings->chunk && ends_can_rewind(pair) ? FILE_CHUNKS : 1;
    session->latency_left = settings->keep_latency ? lag : 0;
    /* Silence comes first. */
    session->filled = settings->chunk ? 0 : lag;
    if (!take_memory(session) || !open_stream(session, model, settings) ||
        (learns && !learn(session))) {
        session_close(&session);
        return NULL;
    }
    session->far_lead = settings->chunk ? 0 : lag_at(session, session->far_rate);
    session->skip =
        session->filled + (uint64_t)unecho_latency(session->stream) - session->latency_left;
    return session;
}

/* ---- Running ---------------------------------------------------------------------------- */

/* Frames of the microphone from `at` on that lie in stretches of one kind. */
static size_t same_kind(const struct session *session, uint64_t at, size_t n, enum stretch *kind)
{
    const struct stretches *s = session->stretches;
    const uint64_t slot = at * LEVELS_PER_S / (uint64_t)session->mic_rate;
    const uint64_t end =
        ((slot + 1) * (uint64_t)session->mic_rate + LEVELS_PER_S - 1) / LEVELS_PER_S;
    *kind = s && slot < s->n ? (enum stretch)s->kinds[slot] : STRETCH_OTHER;
    return end - at < n ? (size_t)(end - at) : n;
}

static void measure_mic(struct session *session, size_t n)
{
    for (size_t i = 0; i < n;) {
        enum stretch kind;
        const size_t part = same_kind(session, session->heard + i, n - i, &kind);
        const double sum = power_of(session->mic + i, part);
        session->apart[kind].mic += sum;
        session->mic_power += sum;
        i += part;
    }
}

/* samples: n of the output, which has begun with what latency is left in it. */
static void measure_out(struct session *session, const float *samples, size_t n)
{
    const uint64_t late = session->latency_left;
    const uint64_t wait = session->written < late ? late - session->written : 0;
    size_t i = wait < n ? (size_t)wait : n;
    session->out_power += power_of(samples, i);
    while (i < n) {
        enum stretch kind;
        const size_t part = same_kind(session, session->written + i - late, n - i, &kind);
        const double sum = power_of(samples + i, part);
        session->apart[kind].out += sum;
        session->apart[kind].samples += part;
        session->out_power += sum;
        i += part;
    }
}

/* The microphone's next chunks; after its end, silence to complete the last. */
static bool read_chunks(struct session *session)
{
    const size_t chunk = session->chunk;
    size_t heard = 0, n = chunk;
    if (!session->ended && interrupted())
        session->ended = session->stopped = true;
    if (!session->ended) {
        if (!ends_read_mic(session->pair, session->mic, session->chunks * chunk, &heard))
            return false;
        session->ended = heard < session->chunks * chunk;
        session->stopped = session->ended && interrupted();
        n = heard > chunk ? (heard + chunk - 1) / chunk * chunk : chunk;
    }
    memset(session->mic + heard, 0, (n - heard) * sizeof(*session->mic));
    measure_mic(session, heard);
    session->heard += heard;
    session->filled = n;
    session->passed = 0;
    return true;
}

/* Pass what belongs to the output to the sink. */
static bool pass_on(struct session *session, session_sink *sink, void *user)
{
    float *samples = session->mic;
    size_t n = session->filled;
    size_t early = session->skip < n ? (size_t)session->skip : n;
    uint64_t due = session->heard - session->written;
    session->skip -= early;
    samples += early;
    n -= early;
    if (n > due)
        n = (size_t)due;

    measure_out(session, samples, n);
    session->written += n;
    session->peak = fmaxf(session->peak, peak(samples, n));
    return n == 0 || sink(user, samples, n);
}

bool session_next(struct session *session, struct session_call *call)
{
    const size_t most = largest_piece(session);
    *call = (struct session_call){.n = 0};
    if (session->passed == session->filled) {
        if (session->ended && session->written >= session->heard)
            return true;
        if (!read_chunks(session))
            return false;
    }
    session->piece = session->filled - session->passed;
    if (session->piece > most)
        session->piece = most;
    if (!bring_far(session, session->piece))
        return false;
    call->stream = session->stream;
    call->mic = call->out = session->mic + session->passed;
    call->far = has_two_rates(session) ? NULL : session->far;
    call->n = session->piece;
    return true;
}

int session_make_call(const struct session_call *call)
{
    return unecho_process(call->stream, call->mic, call->far, call->out, call->n);
}

bool session_take(struct session *session, int status, session_sink *sink, void *user)
{
    if (!succeeded(status) || !keep_record(session))
        return false;
    session->passed += session->piece;
    return session->passed < session->filled || pass_on(session, sink, user);
}

/* ---- What has come of it ---------------------------------------------------------------- */

uint64_t session_heard(const struct session *session)
{
    return session->heard;
}

uint64_t session_far_heard(const struct session *session)
{
    return session->far_heard;
}

int64_t session_far_shift(const struct session *session)
{
    return (int64_t)session->far_feed.inserted - (int64_t)session->far_feed.dropped;
}

uint64_t session_far_due(const struct session *session)
{
    return as_long(session->heard, session->mic_rate, session->far_rate);
}

float session_peak(const struct session *session)
{
    return session->peak;
}

bool session_stopped(const struct session *session)
{
    return session->stopped;
}

unecho_stats session_stats(const struct session *session)
{
    unecho_stats stats = {.size = sizeof(stats)};
    unecho_get_stats(session->stream, &stats);
    /* The delay between the two recordings as they are. */
    stats.delay_ms += (float)(1000.0 * (double)session_far_shift(session) / session->far_rate);
    return stats;
}

static double mean_db(double power_sum, uint64_t samples)
{
    return samples ? 10.0 * log10(power_sum / (double)samples) : -HUGE_VAL;
}

static struct level_change change_of(const struct session *session, enum stretch kind)
{
    const struct stretch_power *p = &session->apart[kind];
    return (struct level_change){
        .seconds = (double)p->samples / session->mic_rate,
        .db = p->mic > 0.0 ? 10.0 * log10(fmax(p->out, 1e-12 * p->mic) / p->mic) : (double)NAN};
}

void session_sum_up(const struct session *session, struct summary *summary)
{
    summary->stream = session_stats(session);
    summary->mic_rate = session->mic_rate;
    summary->far_rate = session->far_rate;
    summary->seconds = (double)session->heard / session->mic_rate;
    summary->latency_samples = (int)session->latency_left;
    /* Not those of the stream, which include the silence around the signal. */
    summary->mic_db = mean_db(session->mic_power, session->heard);
    summary->out_db = mean_db(session->out_power, session->written);
    summary->far_alone = change_of(session, STRETCH_FAR);
    summary->near_alone = change_of(session, STRETCH_NEAR);
    summary->peak = (double)session->peak;
    summary->mic_clipped_samples = ends_mic_clipped(session->pair);
    summary->far_clipped_samples = ends_far_clipped(session->pair);
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
