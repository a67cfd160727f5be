/*
 * A recorded stream can be replayed bit for bit, whatever was called; the record changes nothing; a
 * full ring and a damaged file are reported, and what came before is good.
 */
#define _XOPEN_SOURCE 700 /* fmemopen */
#include "check.h"
#include "replay/rerun.h"
#include "seal.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 32000, CHANNELS = 3, ROOM = 1 << 20, MOST = 1000 };

static unecho_model *model;
static float mic[LENGTH], far[LENGTH];
static int16_t mic16[LENGTH], far16[LENGTH];

static int set_up(void **unused)
{
    (void)unused;
    const ends e = double_talk(LENGTH);
    for (size_t i = 0; i < LENGTH; i++) {
        /* beyond what 16 bits can hold */
        mic[i] = e.mic.samples[i] * 0.999f;
        far[i] = e.far.samples[i] * 0.999f;
        mic16[i] = (int16_t)(32767.0f * mic[i]);
        far16[i] = (int16_t)(32767.0f * far[i]);
    }
    free_ends((ends *)(uintptr_t)&e);
    return unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0);
}

static int tear_down(void **unused)
{
    (void)unused;
    unecho_model_unref(&model);
    return 0;
}

/* ---- A call, and what is read from it --------------------------------------------------- */

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

/* All there is, in pieces of an odd size. */
static void drain(unecho *stream, file *f)
{
    size_t got = 1;
    while (got > 0) {
        f->bytes = realloc(f->bytes, f->size + 777);
        assert_non_null(f->bytes);
        assert_int_equal(unecho_record_read(stream, f->bytes + f->size, 777, &got), UNECHO_OK);
        f->size += got;
    }
}

/* A mixture of calls of all kinds that suit the config, from a seed. */
typedef struct caller {
    unecho *stream;
    const unecho_config *config;
    uint32_t seed;
    uint64_t hash; /* of all output */
} caller;

static void hear(caller *c, const void *out, size_t bytes)
{
    c->hash = hash_bytes(c->hash, out, bytes);
}

static void push_some(caller *c, size_t at, size_t n)
{
    const float *const planes[] = {far + at, far + at + 7, mic + at};
    switch (random_bits(&c->seed) % 3) {
    case 0:
        assert_int_equal(unecho_push_far(c->stream, far + at, n), UNECHO_OK);
        break;
    case 1:
        assert_int_equal(unecho_push_far_int16(c->stream, far16 + at, n), UNECHO_OK);
        break;
    default:
        assert_int_equal(unecho_push_far_planar(c->stream, planes, n), UNECHO_OK);
    }
}

static void process_some(caller *c, size_t at, size_t n)
{
    static float out[CHANNELS * MOST], outs[CHANNELS][MOST];
    static int16_t out16[CHANNELS * MOST];
    const int has_far = !c->config->far_queue_ms && random_bits(&c->seed) % 8 != 0;
    const float *const mics[] = {mic + at, mic + at + 3, far + at};
    const float *const fars[] = {far + at, far + at + 1, mic + at};
    float *const planes[] = {outs[0], outs[1], outs[2]}, *all = out;
    const float *m = mic + at, *f = far + at;
    const size_t width = n * c->config->mic_channels;
    switch (random_bits(&c->seed) % 5) {
    case 0: /* in place */
        memcpy(out, m, width * sizeof *out);
        m = out;
        /* fallthrough */
    case 1:
        assert_int_equal(unecho_process(c->stream, m, has_far ? f : NULL, out, n), UNECHO_OK);
        hear(c, out, width * sizeof *out);
        break;
    case 2:
        assert_int_equal(
            unecho_process_int16(c->stream, mic16 + at, has_far ? far16 + at : NULL, out16, n),
            UNECHO_OK);
        hear(c, out16, width * sizeof *out16);
        break;
    case 3:
        assert_int_equal(unecho_process_planar(c->stream, mics, has_far ? fars : NULL, planes, n),
                         UNECHO_OK);
        hear(c, outs[0], n * sizeof *outs[0]);
        break;
    default:
        if (c->config->engine == UNECHO_ENGINE_LINEAR)
            break;
        assert_int_equal(unecho_process_many(&c->stream, &m, has_far ? &f : NULL, &all, 1, n),
                         UNECHO_OK);
        hear(c, out, width * sizeof *out);
    }
}

static void set_some(caller *c)
{
    const float strength = 0.5f * (float)(random_bits(&c->seed) % 7);
    assert_int_equal(unecho_set_suppression(c->stream, strength), UNECHO_OK);
    assert_int_equal(unecho_set_noise_reduction(c->stream, random_bits(&c->seed) % 30), UNECHO_OK);
    assert_int_equal(unecho_set_comfort_noise(c->stream, (int)(c->seed % 2)), UNECHO_OK);
}

/* Over all of the signals; f NULL: nobody reads. */
static uint64_t make_calls(unecho *stream, const unecho_config *config, uint32_t seed, file *f)
{
    caller c = {stream, config, seed, HASH_BASIS};
    const int any = !config->whole_hops;
    for (size_t at = 0; at + CHANNELS * MOST + 8 < LENGTH;) {
        const size_t n = any ? random_bits(&c.seed) % MOST : UNECHO_HOP * (1 + c.seed % 6);
        if (config->far_queue_ms)
            push_some(&c, at, n);
        process_some(&c, at, n);
        if (random_bits(&c.seed) % 16 == 0)
            assert_int_equal(unecho_notify_gap(stream, random_bits(&c.seed) % 900, 100), UNECHO_OK);
        if (random_bits(&c.seed) % 40 == 0)
            assert_int_equal(unecho_reset(stream), UNECHO_OK);
        if (random_bits(&c.seed) % 16 == 0)
            set_some(&c);
        if (f)
            drain(stream, f);
        at += n;
    }
    return c.hash;
}

static unecho *open_recorded(const unecho_config *given, size_t room)
{
    unecho_config config = *given;
    unecho *stream = NULL;
    config.model = model;
    config.record_capacity = room;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static file record(const unecho_config *config, uint32_t seed)
{
    file f = {0};
    unecho *stream = open_recorded(config, ROOM);
    make_calls(stream, config, seed, &f);
    unecho_close(&stream);
    return f;
}

/* ---- Replaying -------------------------------------------------------------------------- */

/* As far as it is good; the reason why it is not goes into message [256]. */
static reader_result replay_file(rerun *r, const file *f, char *message)
{
    record_reader from;
    recorded_call call = {0};
    FILE *in = fmemopen(f->bytes, f->size, "rb");
    assert_non_null(in);
    memset(r, 0, sizeof *r);
    reader_result result = record_reader_open(&from, in);
    if (result == READER_GOOD) {
        from.config.model = model;
        if (unecho_open(&r->stream, &from.config) < 0) {
            snprintf(from.message, sizeof from.message, "does not open at offset 8");
            result = READER_BAD;
        }
    }
    while (result == READER_GOOD) {
        result = record_reader_next(&from, &call);
        if (result == READER_GOOD)
            assert_true(rerun_call(r, &from, &call));
    }
    memcpy(message, from.message, sizeof from.message);
    recorded_call_free(&call);
    record_reader_close(&from);
    rerun_free(r);
    unecho_close(&r->stream);
    fclose(in);
    return result;
}

/* The same bits throughout; returns what happened. */
static rerun expect_same(const file *f)
{
    rerun r;
    char message[256];
    const reader_result result = replay_file(&r, f, message);
    if (result != READER_END)
        fail_msg("%s", message);
    assert_int_equal(r.first.call, 0);
    assert_int_equal(r.different_samples, 0);
    return r;
}

static void records_and_replays(const unecho_config *config)
{
    for (uint32_t seed = 1; seed <= 2; seed++) {
        file f = record(config, seed);
        const rerun r = expect_same(&f);
        assert_int_equal(r.lost.kind, 0);
        assert_true(r.gaps > 0 && r.frames > LENGTH / 2);
        free(f.bytes);
    }
}

static void the_usual_stream(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    records_and_replays(&config);
    config.whole_hops = 1;
    config.align = UNECHO_ALIGN_OFF;
    records_and_replays(&config);
    config.precision = UNECHO_PRECISION_INT8;
    config.cell_limit = 2.0f;
    records_and_replays(&config);
}

static void each_engine(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    config.linear_tail_ms = 64;
    config.engine = UNECHO_ENGINE_NEURAL;
    records_and_replays(&config);
    config.engine = UNECHO_ENGINE_LINEAR;
    records_and_replays(&config);
    config.engine = UNECHO_ENGINE_LINEAR_NEURAL;
    config.reference_late_ms = 40;
    records_and_replays(&config);
}

/* Its settings change what is heard, so that a replay without them would differ. */
static void the_post_filter(void **unused)
{
    (void)unused;
    unecho_model *const dtln_aec = model;
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0), UNECHO_OK);
    unecho_config config;
    unecho_config_init(&config);
    config.suppression = 0.7f;
    config.comfort_noise = 1;
    records_and_replays(&config);
    unecho_model_unref(&model);
    model = dtln_aec;
}

static void devices(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = 48000;
    config.mic_channels = CHANNELS;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.far_channels = 2;
    records_and_replays(&config);
    config.mic_channel = 2;
    config.far_channels = 1;
    config.far_rate = 44100;
    config.far_queue_ms = 50;
    config.hops_at_once = 3;
    config.align = UNECHO_ALIGN_FIXED;
    config.delay_ms = 12.25;
    records_and_replays(&config);
    config.far_rate = 0;
    config.align = UNECHO_ALIGN_AUTO;
    config.far_channels = 2;
    records_and_replays(&config);
}

static void samples_that_are_no_numbers(void **unused)
{
    (void)unused;
    static const float odd[] = {NAN, -NAN, INFINITY, -INFINITY, 1e30f, -0.0f, 1e-40f, 1.0f, -1.0f};
    unecho_config config;
    unecho_config_init(&config);
    float kept[9];
    for (size_t i = 0; i < 9; i++) {
        kept[i] = mic[500 * i];
        mic[500 * i] = far[300 * i] = odd[i];
    }
    records_and_replays(&config);
    for (size_t i = 0; i < 9; i++)
        mic[500 * i] = kept[i];
}

static void whole_signals_and_calls_that_are_refused(void **unused)
{
    (void)unused;
    static float out[LENGTH];
    unecho_config config;
    unecho_config_init(&config);
    config.whole_hops = 1;
    file f = {0};
    unecho *stream = open_recorded(&config, ROOM);
    assert_int_equal(unecho_process_whole(stream, mic, 5000, far, 4000, out, UNECHO_NORMALIZE_PEAK),
                     UNECHO_OK);
    assert_int_equal(unecho_process(stream, mic, far, out, 100), UNECHO_ERROR_CHUNK);
    assert_int_equal(unecho_push_far(stream, far, 100), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(stream, NULL, far, out, 128), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(stream, mic, far, out, 256), UNECHO_OK);
    drain(stream, &f);
    unecho_close(&stream);
    const rerun r = expect_same(&f);
    assert_int_equal(r.calls, 5);
    assert_int_equal(r.refused, 3);
    free(f.bytes);
}

/* Two that are recorded and one that is not, in place. */
static void streams_of_a_batch(void **unused)
{
    (void)unused;
    enum { COUNT = 3, PART = 333 };
    static float both[COUNT][PART];
    unecho_config config;
    unecho_config_init(&config);
    file files[COUNT] = {{0}};
    unecho *streams[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        streams[i] = open_recorded(&config, i == 1 ? 0 : ROOM);
    for (size_t at = 0; at + 4 * PART < LENGTH; at += PART) {
        const float *const fars[] = {far + at, NULL, far + at + PART};
        const float *const mics[] = {both[0], both[1], both[2]};
        float *const outs[] = {both[0], both[1], both[2]};
        for (size_t i = 0; i < COUNT; i++)
            memcpy(both[i], mic + at + i * PART, sizeof both[i]);
        assert_int_equal(unecho_process_many(streams, mics, fars, outs, COUNT, PART), UNECHO_OK);
        drain(streams[0], &files[0]);
        drain(streams[2], &files[2]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        unecho_close(&streams[i]);
        if (i != 1)
            assert_int_equal(expect_same(&files[i]).calls, (LENGTH - 4 * PART + PART - 1) / PART);
        free(files[i].bytes);
    }
}

static void a_record_changes_nothing(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    file f = {0};
    unecho *without = open_recorded(&config, 0), *with = open_recorded(&config, ROOM);
    unecho *full = open_recorded(&config, 4096);
    const uint64_t expected = make_calls(without, &config, 5, NULL);
    assert_true(make_calls(with, &config, 5, &f) == expected);
    assert_true(make_calls(full, &config, 5, NULL) == expected);
    unecho_close(&without);
    unecho_close(&with);
    unecho_close(&full);
    free(f.bytes);
}

/* Silence and samples that fit 16 bits are not stored as floats. */
static void what_needs_no_room_takes_none(void **unused)
{
    (void)unused;
    static float in[1000], out[1000];
    unecho_config config;
    unecho_config_init(&config);
    unecho *stream = open_recorded(&config, ROOM);
    file header = {0}, silence = {0}, integers = {0};
    drain(stream, &header);
    assert_int_equal(unecho_process(stream, in, NULL, out, 1000), UNECHO_OK);
    drain(stream, &silence);
    assert_int_equal(silence.size, 44);
    for (size_t i = 0; i < 1000; i++)
        in[i] = (float)mic16[i + 5000] / 32768.0f;
    assert_int_equal(unecho_process(stream, in, in, out, 1000), UNECHO_OK);
    drain(stream, &integers);
    assert_in_range(integers.size, 44 + 4000, 44 + 4000 + 4000);
    unecho_close(&stream);
    free(header.bytes);
    free(silence.bytes);
    free(integers.bytes);
}

/* ---- Full, damaged, at the same time ---------------------------------------------------- */

static void a_full_ring_ends_the_record(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    for (size_t room = 4096; room < 60000; room += 7001) {
        unecho *stream = open_recorded(&config, room);
        file f = {0};
        make_calls(stream, &config, 3, NULL);
        drain(stream, &f);
        const size_t told = f.size;
        drain(stream, &f);
        assert_int_equal(f.size, told); /* reported once until more is lost */
        static float out[100];
        assert_int_equal(unecho_process(stream, mic, far, out, 100), UNECHO_OK);
        drain(stream, &f);
        assert_int_equal(f.size, told + 44);
        unecho_close(&stream);

        rerun r;
        char message[256];
        assert_int_equal(replay_file(&r, &f, message), READER_END);
        assert_int_equal(r.first.call, 0);
        assert_int_equal(r.lost.kind, RECORD_LOST);
        assert_true(r.lost.extra > 0 && r.lost.n > 0 && f.size < room + 2 * 44);
        /* Kept and lost calls add up to all calls. */
        file whole = record(&config, 3);
        const rerun all = expect_same(&whole);
        assert_int_equal(r.calls + r.lost.extra, all.calls + 1);
        assert_int_equal(r.frames + r.lost.n, all.frames + 100);
        free(whole.bytes);
        free(f.bytes);
    }
}

/* A different output is detected and located. */
static void a_difference_is_found(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    config.align = UNECHO_ALIGN_OFF;
    file f = record(&config, 1);
    rerun r;
    char message[256];
    /* Changes the setting with key 6, precision, and the checksum with it. */
    uint32_t words[RECORD_HEAD];
    unsigned char *const head = f.bytes + 8;
    for (size_t i = 0; i < RECORD_HEAD; i++)
        words[i] = record_load(head + 4 * i);
    const record_head h = record_unpack(words);
    unsigned char *const end = head + 4 * (h.words - RECORD_SUM);
    unsigned char *at = head + 4 * (RECORD_HEAD + RECORD_SOURCE);
    while (at < end && record_load(at) != 6)
        at += 4 * RECORD_FIELD;
    assert_true(at < end);
    record_store(at + 4, UNECHO_PRECISION_INT8);
    seal_entries(f.bytes, f.size);
    assert_int_equal(replay_file(&r, &f, message), READER_END);
    assert_true(r.first.call > 0 && r.different_samples > 0 && r.largest > 0.0f);
    assert_true(r.first.recorded != r.first.replayed);
    free(f.bytes);
}

static file small_file(void)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.align = UNECHO_ALIGN_OFF;
    static float out[64];
    static int16_t out16[33];
    file f = {0};
    unecho *stream = open_recorded(&config, 4096);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(unecho_process(stream, mic + 64 * i, i == 1 ? NULL : far, out, 64), 0);
    assert_int_equal(unecho_process_int16(stream, mic16, far16, out16, 33), UNECHO_OK);
    assert_int_equal(unecho_notify_gap(stream, 5, 6), UNECHO_OK);
    drain(stream, &f);
    unecho_close(&stream);
    return f;
}

static void every_cut_is_told(void **unused)
{
    (void)unused;
    file f = small_file();
    size_t whole = 0;
    for (size_t size = 1; size < f.size; size++) {
        /* Of its exact size, so that a read beyond it is detected. */
        file cut = {malloc(size), size};
        memcpy(cut.bytes, f.bytes, size);
        rerun r;
        char message[256];
        if (replay_file(&r, &cut, message) == READER_END)
            whole++;
        else
            assert_non_null(strstr(message, "offset"));
        assert_int_equal(r.first.call, 0);
        free(cut.bytes);
    }
    assert_int_equal(whole, 5); /* after the header and after each call but the last */
    free(f.bytes);
}

static void every_changed_byte_is_told(void **unused)
{
    (void)unused;
    file f = small_file();
    uint32_t seed = 9;
    for (size_t at = 0; at < f.size; at++) {
        const unsigned char was = f.bytes[at];
        f.bytes[at] ^= (unsigned char)(1 + random_bits(&seed) % 255);
        rerun r;
        char message[256];
        assert_int_equal(replay_file(&r, &f, message), READER_BAD);
        assert_true(message[0] != '\0');
        f.bytes[at] = was;
    }
    free(f.bytes);
}

/* Several bytes at once, with the right checksum: nothing may trust what only looks intact. */
static void senseless_records_do_no_harm(void **unused)
{
    (void)unused;
    file f = small_file();
    unsigned char *const good = malloc(f.size);
    uint32_t seed = 11;
    memcpy(good, f.bytes, f.size);
    for (int round = 0; round < 1000; round++) {
        memcpy(f.bytes, good, f.size);
        for (uint32_t i = random_bits(&seed) % 4; i < 4; i++)
            f.bytes[8 + random_bits(&seed) % (f.size - 8)] =
                (unsigned char)(random_bits(&seed) % 3 ? random_bits(&seed) % 4
                                                       : random_bits(&seed));
        seal_entries(f.bytes, f.size);
        rerun r;
        char message[256];
        const reader_result result = replay_file(&r, &f, message);
        assert_true(result == READER_END || message[0] != '\0');
    }
    free(good);
    free(f.bytes);
}

/* small_file with one more entry. */
static file with_entry(const record_head *head)
{
    file f = small_file();
    f.bytes = realloc(f.bytes, f.size + 4 * (size_t)head->words);
    assert_non_null(f.bytes);
    append_entry(f.bytes, &f.size, head);
    return f;
}

/* Heads that do not fit their kind, each with the right size and checksum. */
static void heads_that_no_call_has_are_told(void **unused)
{
    (void)unused;
    enum { BARE = RECORD_HEAD + RECORD_SUM, N = 60 };
    const record_head heads[] = {
        /* Calls without samples. */
        {.kind = RECORD_RESET, .words = BARE, .n = 4000},
        {.kind = RECORD_RESET, .words = BARE, .n = UINT64_MAX / 5},
        {.kind = RECORD_RESET, .words = BARE, .far_n = 1},
        {.kind = RECORD_RESET, .words = BARE, .form = RECORD_INT16},
        {.kind = RECORD_RESET, .words = BARE, .status = UNECHO_ERROR_BACKEND},
        {.kind = RECORD_GAP, .words = BARE, .form = RECORD_PLANAR},
        {.kind = RECORD_GAP, .words = BARE, .extra = 1},
        {.kind = RECORD_GAP, .words = BARE, .n = 1, .coding = {RECORD_SILENT}},
        {.kind = RECORD_LOST, .words = BARE, .status = 1},
        /* Forms that the functions do not have. */
        {.kind = RECORD_WHOLE,
         .words = BARE + 3 * N / 2,
         .form = RECORD_INT16,
         .n = N,
         .far_n = N,
         .coding = {RECORD_AS_INT16, RECORD_AS_INT16, RECORD_AS_INT16}},
        {.kind = RECORD_MANY,
         .words = BARE + 3 * N,
         .form = RECORD_PLANAR,
         .n = N,
         .far_n = N,
         .coding = {RECORD_AS_FLOAT, RECORD_AS_FLOAT, RECORD_AS_FLOAT}},
        {.kind = RECORD_WHOLE, .words = BARE, .extra = 4},
        {.kind = RECORD_PROCESS, .words = BARE, .extra = 1},
        {.kind = RECORD_PROCESS, .words = BARE, .status = 1},
        {.kind = RECORD_PROCESS, .words = BARE, .form = RECORD_FORMS},
        /* Refused calls that are not recorded, or have samples. */
        {.kind = RECORD_MANY, .words = BARE, .n = N, .status = UNECHO_ERROR_ARGUMENT},
        {.kind = RECORD_WHOLE, .words = BARE, .n = N, .status = UNECHO_ERROR_ARGUMENT},
        {.kind = RECORD_PROCESS,
         .words = BARE,
         .n = N,
         .coding = {RECORD_SILENT, RECORD_NONE, RECORD_SILENT},
         .status = UNECHO_ERROR_CHUNK},
        /* Signals that are missing, too many or too long. */
        {.kind = RECORD_PROCESS, .words = BARE, .n = N, .coding = {RECORD_SILENT}},
        {.kind = RECORD_PROCESS,
         .words = BARE,
         .n = N,
         .far_n = N + 1,
         .coding = {RECORD_SILENT, RECORD_SILENT, RECORD_SILENT}},
        {.kind = RECORD_PUSH, .words = BARE, .n = N, .coding = {RECORD_SILENT}},
        {.kind = RECORD_PUSH,
         .words = BARE,
         .far_n = RECORD_SILENCE + 1,
         .coding = {RECORD_NONE, RECORD_SILENT}},
        {.kind = RECORD_HEADER, .words = BARE},
        {.kind = RECORD_KINDS, .words = BARE},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        file f = with_entry(&heads[i]);
        rerun r;
        char message[256];
        if (replay_file(&r, &f, message) != READER_BAD || !strstr(message, "entry 6 at offset "))
            fail_msg("head %zu: %s", i, message);
        assert_int_equal(r.calls, 5);
        free(f.bytes);
    }
}

/* A call that the library refuses although it was recorded as fine: it gives no output to compare,
 * and none of what was in memory is taken for it. */
static void a_call_that_is_refused_now_is_told(void **unused)
{
    (void)unused;
    const record_head heads[] = {
        {.kind = RECORD_PUSH,
         .words = RECORD_HEAD + RECORD_SUM,
         .far_n = 50,
         .coding = {RECORD_NONE, RECORD_SILENT}},
        {.kind = RECORD_MANY, /* which the linear engine does not have */
         .words = RECORD_HEAD + RECORD_SUM,
         .n = 50,
         .coding = {RECORD_SILENT, RECORD_NONE, RECORD_SILENT}},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        file f = with_entry(&heads[i]);
        rerun r;
        char message[256];
        assert_int_equal(replay_file(&r, &f, message), READER_END);
        assert_int_equal(r.first.call, 6);
        assert_int_equal(r.first.replayed_status, UNECHO_ERROR_ARGUMENT);
        assert_int_equal(r.different_samples, 0);
        assert_null(r.out);
        free(f.bytes);
    }
}

typedef struct reader {
    unecho *stream;
    file f;
    atomic_int over;
    int failed;
} reader;

static void *read_along(void *argument)
{
    reader *const r = argument;
    size_t got = 0;
    for (int over = 0; !over || got > 0;) {
        over = atomic_load(&r->over);
        r->f.bytes = realloc(r->f.bytes, r->f.size + 5001);
        r->failed |= !r->f.bytes ||
                     unecho_record_read(r->stream, r->f.bytes + r->f.size, 5001, &got) != UNECHO_OK;
        r->f.size += got;
    }
    return NULL;
}

/* In a ring that wraps many times; with a small one it may end early, but never wrong. */
static void another_thread_reads(void **unused)
{
    (void)unused;
    static const size_t rooms[] = {ROOM, 40000, 5000};
    unecho_config config;
    unecho_config_init(&config);
    config.align = UNECHO_ALIGN_OFF;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        reader r = {.stream = open_recorded(&config, rooms[i])};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, read_along, &r), 0);
        make_calls(r.stream, &config, 4, NULL);
        atomic_store(&r.over, 1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(r.failed, 0);
        unecho_close(&r.stream);
        const rerun seen = expect_same(&r.f);
        if (rooms[i] == ROOM)
            assert_int_equal(seen.lost.kind, 0);
        free(r.f.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_stream),
        cmocka_unit_test(each_engine),
        cmocka_unit_test(the_post_filter),
        cmocka_unit_test(devices),
        cmocka_unit_test(samples_that_are_no_numbers),
        cmocka_unit_test(whole_signals_and_calls_that_are_refused),
        cmocka_unit_test(streams_of_a_batch),
        cmocka_unit_test(a_record_changes_nothing),
        cmocka_unit_test(what_needs_no_room_takes_none),
        cmocka_unit_test(a_full_ring_ends_the_record),
        cmocka_unit_test(a_difference_is_found),
        cmocka_unit_test(every_cut_is_told),
        cmocka_unit_test(every_changed_byte_is_told),
        cmocka_unit_test(senseless_records_do_no_harm),
        cmocka_unit_test(heads_that_no_call_has_are_told),
        cmocka_unit_test(a_call_that_is_refused_now_is_told),
        cmocka_unit_test(another_thread_reads),
    };
    return cmocka_run_group_tests_name("record", tests, set_up, tear_down);
}
