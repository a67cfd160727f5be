/* Many streams in one call, so that their shared weights are read once. */
#include "stream.h"

/* The arguments of a call. */
typedef struct batch {
    unecho *const *streams;
    const float *const *mic, *const *far;
    float *const *out;
    size_t count;
} batch;

/* Whether no stream occurs twice. Marks every stream, then unmarks them. */
static int all_different(const batch *b)
{
    size_t i = 0;
    for (; i < b->count && !b->streams[i]->marked; i++)
        b->streams[i]->marked = 1;
    for (size_t k = 0; k < i; k++)
        b->streams[k]->marked = 0;
    return i == b->count;
}

static int run_together(const unecho *a, const unecho *b)
{
    const suppressor *const s = a->canceller.suppressor, *const t = b->canceller.suppressor;
    return s->kind == t->kind && s->kind->together && s->kind->together(s, t);
}

static int check(const batch *b, size_t n)
{
    if (b->count > 0 && (!b->streams || (n > 0 && (!b->mic || !b->out))))
        return UNECHO_ERROR_ARGUMENT;
    for (size_t i = 0; i < b->count; i++) {
        if (!b->streams[i] || (n > 0 && (!b->mic[i] || !b->out[i])) ||
            (b->far && b->far[i] && b->streams[i]->far_end.plan.pushed) ||
            !run_together(b->streams[i], b->streams[0]))
            return UNECHO_ERROR_ARGUMENT;
        if (b->streams[i]->output.whole_hops && n % UNECHO_HOP != 0)
            return UNECHO_ERROR_CHUNK;
    }
    return all_different(b) ? UNECHO_OK : UNECHO_ERROR_ARGUMENT;
}

static size_t rows(const unecho *s)
{
    return s->canceller.suppressor->rows;
}

/* The stream with the largest scratch memory. */
static unecho *largest(const batch *b)
{
    unecho *host = b->streams[0];
    for (size_t i = 1; i < b->count; i++)
        if (rows(b->streams[i]) > rows(host))
            host = b->streams[i];
    return host;
}

/* The most samples, up to `most`, that complete at most one hop of any stream. */
static size_t next_part(const batch *b, size_t most)
{
    size_t part = most;
    for (size_t i = 0; i < b->count; i++) {
        const size_t wanted = stream_wanted(b->streams[i], 1);
        part = wanted < part ? wanted : part;
    }
    return part;
}

/* Run one hop of each stream in `due`. */
static void run(unecho *host, unecho *const *due, size_t count)
{
    canceller *cancellers[SUPPRESSOR_ROWS_MOST] = {NULL};
    float *outputs[SUPPRESSOR_ROWS_MOST] = {NULL}, *heard[SUPPRESSOR_ROWS_MOST] = {NULL};
    for (size_t i = 0; i < count; i++) {
        stream_prepare(due[i], 1);
        cancellers[i] = &due[i]->canceller;
        outputs[i] = due[i]->out;
        heard[i] = due[i]->heard;
    }
    canceller_run(&host->canceller, cancellers, outputs, heard, count, 1);
    for (size_t i = 0; i < count; i++)
        stream_finish(due[i], 1);
}

/* The buffers of stream i. */
static call call_of(const batch *b, size_t i)
{
    const unecho *const s = b->streams[i];
    const samples mic = samples_interleaved(b->mic[i], SAMPLES_FLOAT, s->mic_channels);
    return (call){
        .mic = stream_mic(s, &mic),
        .far = samples_interleaved(b->far ? b->far[i] : NULL, SAMPLES_FLOAT, s->far_channels),
        .out = samples_interleaved(b->out[i], SAMPLES_FLOAT, s->mic_channels),
    };
}

/* Record all inputs before any output overwrites them. */
static void record_inputs(const batch *b, size_t n)
{
    for (size_t i = 0; i < b->count; i++) {
        const unecho *const s = b->streams[i];
        if (!s->recorder)
            continue;
        const call c = call_of(b, i);
        const samples mic = samples_interleaved(b->mic[i], SAMPLES_FLOAT, s->mic_channels);
        const record_head head = {.kind = RECORD_MANY, .n = n, .far_n = c.far.channels > 0 ? n : 0};
        recorder_begin(s->recorder, &head, &mic, &c.far);
    }
}

static void record_outputs(const batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->streams[i]->recorder) {
            const call c = call_of(b, i);
            stream_recorded(b->streams[i], &c.out, UNECHO_OK);
        }
}

/* Of a stream with whole hops only those that are complete: another one's hops may end in their
 * midst. */
static void give(unecho *s, const call *c, size_t first, size_t part)
{
    size_t end = first + part;
    if (s->output.whole_hops) {
        first -= first % UNECHO_HOP;
        end -= end % UNECHO_HOP;
    }
    stream_give(s, c, first, end - first);
}

/* Process frames first..first+part of all streams, no more than the host has rows for, which
 * complete at most one hop of each. */
static void advance(const batch *b, unecho *host, size_t first, size_t part)
{
    unecho *due[SUPPRESSOR_ROWS_MOST] = {NULL};
    size_t waiting = 0;
    for (size_t i = 0; i < b->count; i++) {
        const call c = call_of(b, i);
        if (stream_take(b->streams[i], &c, first, part) > 0)
            due[waiting++] = b->streams[i];
    }
    if (waiting > 0)
        run(host, due, waiting);
    for (size_t i = 0; i < b->count; i++) {
        const call c = call_of(b, i);
        give(b->streams[i], &c, first, part);
    }
}

/* Streams first..first+count of them. */
static batch part_of(const batch *b, size_t first, size_t count)
{
    return (batch){b->streams + first, b->mic + first, b->far ? b->far + first : NULL,
                   b->out + first, count};
}

/* All n frames of a few streams, whose memory the caches hold, then those of the next ones. */
static void run_all(const batch *b, size_t n)
{
    unecho *const host = largest(b);
    const size_t most = rows(host);
    for (size_t first = 0; first < b->count; first += most) {
        const size_t left = b->count - first;
        const batch few = part_of(b, first, left < most ? left : most);
        for (size_t done = 0, part; done < n; done += part) {
            part = next_part(&few, n - done);
            advance(&few, host, done, part);
        }
    }
}

int unecho_process_many(unecho *const *streams, const float *const *mic, const float *const *far,
                        float *const *out, size_t count, size_t n)
{
    const batch b = {streams, mic, far, out, count};
    const int status = check(&b, n);
    if (status < 0 || count == 0 || n == 0)
        return status;
    record_inputs(&b, n);
    run_all(&b, n);
    record_outputs(&b);
    return UNECHO_OK;
}
