#define _XOPEN_SOURCE 700 /* fmemopen */
#include "recorded.h"

#include "check.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000 };

unecho_model *model;
float mic[LENGTH], far[LENGTH];
int16_t mic16[LENGTH], far16[LENGTH];

int set_up(void **unused)
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

int tear_down(void **unused)
{
    (void)unused;
    unecho_model_unref(&model);
    return 0;
}

void drain(unecho *stream, file *f)
{
    size_t got = 1;
    while (got > 0) {
        f->bytes = realloc(f->bytes, f->size + 777);
        assert_non_null(f->bytes);
        assert_int_equal(unecho_record_read(stream, f->bytes + f->size, 777, &got), UNECHO_OK);
        f->size += got;
    }
}

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

uint64_t make_calls(unecho *stream, const unecho_config *config, uint32_t seed, file *f)
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
        if (random_bits(&c.seed) % 40 == 0)
            assert_int_equal(unecho_next_call(stream), UNECHO_OK);
        if (random_bits(&c.seed) % 16 == 0)
            set_some(&c);
        if (f)
            drain(stream, f);
        at += n;
    }
    return c.hash;
}

unecho *open_recorded(const unecho_config *given, size_t room)
{
    unecho_config config = *given;
    unecho *stream = NULL;
    config.model = model;
    config.record_capacity = room;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

reader_result replay_file(rerun *r, const file *f, char *message)
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

rerun expect_same(const file *f)
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
