/*
 * A script of calls on a few streams: opened with valid and invalid configs, processed alone and
 * together in chunks of any length and kind of samples, set, reset, queried, closed. Every status
 * must be the documented one, every output sample finite and independent of the chunks; nothing may
 * be written outside the output, and all memory of the hooks must be released.
 */
#include "api.h"
#include "onnx_postfilter.h"

#include <stdio.h>
#include <stdlib.h>

enum { STREAMS = 4, MOST_CALLS = 100, MOST_FRAMES = 60000 };

typedef enum form { FLOATS, INTEGERS, PLANES } form;

typedef struct player {
    line lines[STREAMS];
    block mic[STREAMS], far[STREAMS], out[STREAMS], twin_out;
    input script;
    size_t frames; /* work so far, over all streams */
} player;

static unecho_model *small_model, *small_filter;

void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_api: %s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    bytes files[2] = {small_bytes(1), small_bytes(2)};
    (void)count;
    (void)words;
    proto *const tree = small_postfilter();
    const bytes filter = proto_write(tree);
    proto_free(tree);
    const int status = unecho_model_load_memory(&small_model, files[0].at, files[0].size,
                                                files[1].at, files[1].size, NULL, 0);
    const int other =
        unecho_model_load_memory(&small_filter, filter.at, filter.size, NULL, 0, NULL, 0);
    free(files[0].at);
    free(files[1].at);
    free(filter.at);
    expect(status == UNECHO_OK && other == UNECHO_OK, "the small models do not load");
    return 0;
}

/* A few samples, whole hops, or many samples. */
static size_t take_count(input *script)
{
    const unsigned n = take_short(script);
    switch (n % 4) {
    case 0:
    case 2:
        return n / 2 % 8 * UNECHO_HOP;
    case 1:
        return n / 4 % 800;
    default:
        return n / 4 % (MOST + 1);
    }
}

/* ---- Samples in and out ----------------------------------------------------------------- */

/* The buffers of a call. far NULL: none. */
typedef struct ends {
    form how;
    block *mic, *far, *out;
} ends;

static void point_to(float **planes, block *b, size_t first)
{
    for (size_t c = 0; b && c < b->planes; c++)
        planes[c] = b->floats + block_plane(b, c) + first;
}

static int process_part(unecho *stream, const ends *e, size_t first, size_t n)
{
    const size_t mic = block_plane(e->mic, 0) + first * e->mic->step;
    const size_t far = e->far ? block_plane(e->far, 0) + first * e->far->step : 0;
    if (e->how == INTEGERS)
        return unecho_process_int16(stream, e->mic->integers + mic,
                                    e->far ? e->far->integers + far : NULL, e->out->integers + mic,
                                    n);
    if (e->how == FLOATS)
        return unecho_process(stream, e->mic->floats + mic, e->far ? e->far->floats + far : NULL,
                              e->out->floats + mic, n);
    float *mics[UNECHO_CHANNELS_MAX] = {NULL}, *fars[UNECHO_CHANNELS_MAX] = {NULL};
    float *outs[UNECHO_CHANNELS_MAX] = {NULL};
    point_to(mics, e->mic, first);
    point_to(fars, e->far, first);
    point_to(outs, e->out, first);
    return unecho_process_planar(stream, (const float *const *)mics,
                                 e->far ? (const float *const *)fars : NULL, outs, n);
}

static size_t next_piece(line *l, size_t left)
{
    l->pieces = l->pieces * 1664525u + 1013904223u;
    const size_t bits = l->pieces >> 16;
    const size_t piece = l->whole_hops   ? (1 + bits % 3) * UNECHO_HOP
                         : bits % 4 == 0 ? 1 + bits / 4 % 7
                                         : 1 + bits / 4 % 1000;
    return piece < left ? piece : left;
}

/* The twin takes the same samples in pieces; its output is kept for comparison. */
static void process_twin(player *p, line *l, const ends *e, size_t n)
{
    const ends its = {e->how, e->mic, e->far, &p->twin_out};
    block_shape(&p->twin_out, l->mic_channels, n, e->how == PLANES);
    for (size_t done = 0, part; done < n; done += part) {
        part = next_piece(l, n - done);
        expect(process_part(l->twin, &its, done, part) == UNECHO_OK, "a piece is refused");
    }
}

static int status_of_process(const line *l, int has_far, size_t n)
{
    if (!l->stream || (has_far && l->pushed && n > 0))
        return UNECHO_ERROR_ARGUMENT;
    return l->whole_hops && n % UNECHO_HOP != 0 ? UNECHO_ERROR_CHUNK : UNECHO_OK;
}

static void process(player *p, line *l, const ends *e, size_t n)
{
    const int expected = status_of_process(l, e->far != NULL, n);
    const int twin = l->twin && expected == UNECHO_OK && n > 0;
    if (twin) /* first, as output and input may be the same */
        process_twin(p, l, e, n);
    const int status = process_part(l->stream, e, 0, n);
    expect(status == expected || (n == 0 && status == UNECHO_ERROR_ARGUMENT && e->far),
           "another status than the header's");
    block_check_canaries(e->out);
    if (status < 0)
        return;
    if (e->how != INTEGERS)
        block_check_finite(e->out);
    if (twin)
        block_check_equal(e->out, &p->twin_out, e->how == INTEGERS);
    l->frames += n;
    l->mic_time += n;
    p->frames += n * l->cost;
    if (!l->pushed)
        l->far_time += n;
}

static int push_to(unecho *stream, const block *far, form how, size_t n)
{
    const float *planes[UNECHO_CHANNELS_MAX] = {NULL};
    const size_t at = block_plane(far, 0);
    if (how == INTEGERS)
        return unecho_push_far_int16(stream, far->integers + at, n);
    if (how == FLOATS)
        return unecho_push_far(stream, far->floats + at, n);
    for (size_t c = 0; c < far->planes; c++)
        planes[c] = far->floats + block_plane(far, c);
    return unecho_push_far_planar(stream, planes, n);
}

static void push(player *p, size_t at, form how, unsigned kind, size_t n)
{
    line *const l = &p->lines[at];
    block *const far = &p->far[at];
    block_shape(far, l->far_channels, n, how == PLANES);
    block_fill(far, kind, l->far_time);
    const int expected = l->stream && l->pushed ? UNECHO_OK : UNECHO_ERROR_ARGUMENT;
    expect(push_to(l->stream, far, how, n) == expected, "another status than the header's");
    if (expected < 0)
        return;
    if (l->twin)
        expect(push_to(l->twin, far, how, n) == expected, "another status than its twin's");
    l->far_time += n;
    p->frames += n * l->cost;
}

/* How many frames of far end have been played when the microphone has n more frames. */
static size_t far_due(const line *l, size_t n)
{
    const uint64_t due = (l->mic_time + n) * l->far_rate / l->rate;
    const uint64_t more = due > l->far_time ? due - l->far_time : 0;
    return more < MOST ? (size_t)more : MOST;
}

/* ---- The calls -------------------------------------------------------------------------- */

/* Process a chunk, or eight of the same length and kind: long enough to find an echo. */
static void call_process(player *p, size_t at, form how)
{
    enum { IN_MIC = 1, IN_FAR = 2, NO_FAR = 4, MORE = 8, NOT_PUSHED = 16, FAR_AND_PUSHED = 32 };
    line *const l = &p->lines[at];
    const size_t n = take_count(&p->script);
    const unsigned flags = take_byte(&p->script);
    const unsigned mic = take_byte(&p->script), far = take_byte(&p->script);
    for (unsigned left = flags & MORE ? 8 : 1; left > 0 && p->frames < MOST_FRAMES; left--) {
        if (l->pushed && !(flags & NOT_PUSHED))
            push(p, at, how, far, far_due(l, n));
        const int has_far = !(flags & NO_FAR) && (!l->pushed || flags & FAR_AND_PUSHED);
        ends e = {how, &p->mic[at], has_far ? &p->far[at] : NULL, &p->out[at]};
        if (flags & IN_MIC)
            e.out = e.mic;
        else if (flags & IN_FAR && e.far && l->far_channels == l->mic_channels)
            e.out = e.far;
        block_shape(&p->far[at], l->far_channels, n, how == PLANES);
        block_shape(&p->out[at], l->mic_channels, n, how == PLANES);
        block_shape(e.mic, l->mic_channels, n, how == PLANES);
        block_fill(&p->far[at], far, l->far_time);
        block_fill(e.mic, mic, l->mic_time);
        process(p, l, &e, n);
    }
}

static void call_push(player *p, size_t at)
{
    const unsigned how = take_byte(&p->script), kind = take_byte(&p->script);
    push(p, at, (form)(how % 3), kind, take_count(&p->script));
}

static void call_many(player *p)
{
    const size_t n = take_count(&p->script), count = take_byte(&p->script) % (STREAMS + 1);
    const unsigned mic_kind = take_byte(&p->script), far_kind = take_byte(&p->script);
    unecho *streams[STREAMS];
    const float *mic[STREAMS], *far[STREAMS];
    float *out[STREAMS];
    for (size_t i = 0; i < count; i++) {
        line *const l = &p->lines[i];
        if (l->pushed)
            push(p, i, FLOATS, far_kind, far_due(l, n));
        block_shape(&p->mic[i], l->mic_channels, n, 0);
        block_shape(&p->far[i], l->far_channels, n, 0);
        block_shape(&p->out[i], l->mic_channels, n, 0);
        block_fill(&p->mic[i], mic_kind, l->mic_time);
        block_fill(&p->far[i], far_kind, l->far_time);
        streams[i] = l->stream;
        mic[i] = p->mic[i].floats + 1;
        far[i] = i == 1 || l->pushed ? NULL : p->far[i].floats + 1;
        out[i] = p->out[i].floats + 1;
    }
    const int status = unecho_process_many(streams, mic, far, out, count, n);
    expect(status == UNECHO_OK || status == UNECHO_ERROR_ARGUMENT || status == UNECHO_ERROR_CHUNK,
           "another status than the header's");
    for (size_t i = 0; i < count; i++) {
        line *const l = &p->lines[i];
        block_check_canaries(&p->out[i]);
        if (status < 0)
            continue;
        block_check_finite(&p->out[i]);
        const ends e = {FLOATS, &p->mic[i], far[i] ? &p->far[i] : NULL, &p->out[i]};
        if (l->twin) {
            process_twin(p, l, &e, n);
            block_check_equal(&p->out[i], &p->twin_out, 0);
        }
        l->frames += n;
        l->mic_time += n;
        l->far_time += l->pushed ? 0 : n;
        p->frames += n * l->cost;
    }
}

static void call_whole(player *p, size_t at)
{
    line *const l = &p->lines[at];
    block *const mic = &p->mic[at], *const far = &p->far[at], *const out = &p->out[at];
    const size_t n = take_count(&p->script), far_n = take_count(&p->script);
    const unsigned options = take_byte(&p->script) % 5, in_place = take_byte(&p->script) % 2;
    block_shape(mic, l->mic_channels, n, 0);
    block_shape(far, l->far_channels, far_n, 0);
    block_shape(out, l->mic_channels, n, 0);
    block_shape(&p->twin_out, l->mic_channels, n, 0);
    block_fill(mic, take_byte(&p->script), 0);
    block_fill(far, take_byte(&p->script), 0);
    if (l->twin)
        unecho_process_whole(l->twin, mic->floats + 1, n, far->floats + 1, far_n,
                             p->twin_out.floats + 1, options);
    block *const to = in_place ? mic : out;
    const int status = unecho_process_whole(l->stream, mic->floats + 1, n, far->floats + 1, far_n,
                                            to->floats + 1, options);
    expect(status == (l->stream && options < 4 ? UNECHO_OK : UNECHO_ERROR_ARGUMENT),
           "another status than the header's");
    block_check_canaries(to);
    if (status < 0)
        return;
    block_check_finite(to);
    if (l->twin)
        block_check_equal(to, &p->twin_out, 0);
    l->frames = n;
    p->frames += n * l->cost;
}

static void call_gap(player *p, size_t at)
{
    line *const l = &p->lines[at];
    const unsigned scale = take_byte(&p->script);
    const uint64_t mic = (uint64_t)take_short(&p->script) << scale % 48;
    const uint64_t far = (uint64_t)take_short(&p->script) << scale / 16 * 3;
    const int status = unecho_notify_gap(l->stream, mic, far);
    expect(status == (l->stream ? UNECHO_OK : UNECHO_ERROR_ARGUMENT),
           "another status than the header's");
    if (l->twin)
        expect(unecho_notify_gap(l->twin, mic, far) == UNECHO_OK, "another status than its twin's");
    /* Keep the delay of the echo. */
    l->mic_time += mic < MOST_FRAMES ? mic : 0;
    l->far_time += far < MOST_FRAMES ? far : 0;
}

/* Values beyond their ranges are refused. */
static void call_set(player *p, line *l)
{
    const unsigned which = take_byte(&p->script) % 3, value = take_byte(&p->script);
    const float strength = (float)value / 64.0f - 0.5f;
    const unsigned db = value % 70;
    const int valid = which == 0   ? strength >= 0.0f && strength <= UNECHO_SUPPRESSION_MAX
                      : which == 1 ? db <= UNECHO_NOISE_REDUCTION_MAX_DB
                                   : 1;
    unecho *const both[] = {l->stream, l->twin};
    for (size_t i = 0; i < 2; i++) {
        const int status = which == 0   ? unecho_set_suppression(both[i], strength)
                           : which == 1 ? unecho_set_noise_reduction(both[i], db)
                                        : unecho_set_comfort_noise(both[i], (int)value % 2);
        expect(status == (both[i] && valid ? UNECHO_OK : UNECHO_ERROR_ARGUMENT),
               "another status than the header's");
    }
}

static void call_reset(player *p, line *l)
{
    int (*const begin)(unecho *) = take_byte(&p->script) % 4 == 3 ? unecho_next_call : unecho_reset;
    const int expected = l->stream ? UNECHO_OK : UNECHO_ERROR_ARGUMENT;
    expect(begin(l->stream) == expected, "another status than the header's");
    if (l->twin)
        expect(begin(l->twin) == expected, "another status than its twin's");
    l->frames = 0;
}

static void call_ask(player *p, const line *l)
{
    const int wrong = take_byte(&p->script) == 1;
    unecho_stats stats = {.size = wrong ? 7 : sizeof stats};
    unecho_model_info info = {.size = wrong ? 7 : sizeof info};
    const int expected = wrong || !l->stream ? UNECHO_ERROR_ARGUMENT : UNECHO_OK;
    expect(unecho_get_stats(l->stream, &stats) == expected, "another status than the header's");
    expect(unecho_model_get_info(small_model, &info) == (wrong ? UNECHO_ERROR_ARGUMENT : UNECHO_OK),
           "another status than the header's");
    if (l->stream)
        line_check(l);
    else
        expect(unecho_latency(NULL) == UNECHO_ERROR_ARGUMENT && unecho_kernels(NULL)[0] == 0,
               "a closed stream that answers");
}

/* Take and release a reference to the model; pass null pointers in place of samples. */
static void call_wrong(player *p, const line *l)
{
    unecho_model *other = unecho_model_ref(small_model);
    expect(other == small_model, "another model");
    unecho_model_unref(&other);
    expect(other == NULL, "a pointer to a released model");
    float *const mic = p->mic[0].floats;
    const float *nothing[UNECHO_CHANNELS_MAX] = {NULL};
    float *no_output[UNECHO_CHANNELS_MAX] = {NULL};
    expect(unecho_process(l->stream, mic, mic, NULL, UNECHO_HOP) == UNECHO_ERROR_ARGUMENT &&
               unecho_process(l->stream, NULL, mic, mic, UNECHO_HOP) == UNECHO_ERROR_ARGUMENT &&
               unecho_process_int16(l->stream, NULL, NULL, NULL, UNECHO_HOP) < 0 &&
               unecho_process_planar(l->stream, nothing, NULL, no_output, UNECHO_HOP) < 0 &&
               unecho_push_far(l->stream, NULL, 1) == UNECHO_ERROR_ARGUMENT &&
               unecho_push_far_int16(l->stream, NULL, 1) == UNECHO_ERROR_ARGUMENT &&
               unecho_push_far_planar(l->stream, nothing, 1) == UNECHO_ERROR_ARGUMENT &&
               unecho_process_whole(l->stream, NULL, 1, mic, 1, mic, 0) < 0 &&
               unecho_process_many(NULL, NULL, NULL, NULL, 1, 1) == UNECHO_ERROR_ARGUMENT,
           "a null pointer that is taken");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static player p;
    p.script = (input){data, size};
    p.frames = 0;
    for (size_t i = 0; i < STREAMS; i++)
        line_close(&p.lines[i]);
    for (unsigned calls = 0; calls < MOST_CALLS && p.script.left > 0 && p.frames < MOST_FRAMES;
         calls++) {
        const unsigned call = take_byte(&p.script);
        const size_t at = call / 16 % STREAMS;
        switch (call % 16) {
        case 0:
            line_open(&p.lines[at], small_model, &p.script);
            break;
        case 1:
            line_open(&p.lines[at], small_filter, &p.script);
            break;
        case 2:
        case 3:
            call_process(&p, at, FLOATS);
            break;
        case 4:
            call_process(&p, at, INTEGERS);
            break;
        case 5:
        case 6:
            call_process(&p, at, PLANES);
            break;
        case 7:
            call_push(&p, at);
            break;
        case 8:
            call_many(&p);
            break;
        case 9:
            call_set(&p, &p.lines[at]);
            break;
        case 10:
            call_whole(&p, at);
            break;
        case 11:
            call_gap(&p, at);
            break;
        case 12:
            call_reset(&p, &p.lines[at]);
            break;
        case 13:
            call_ask(&p, &p.lines[at]);
            break;
        case 14:
            line_close(&p.lines[at]);
            break;
        default:
            call_wrong(&p, &p.lines[at]);
        }
    }
    for (size_t i = 0; i < STREAMS; i++)
        line_close(&p.lines[i]);
    expect(hooks_hold() == 0, "memory of the hooks was not released");
    return 0;
}
