/*
 * A recorded stream can be replayed bit for bit, whatever was called; the record changes nothing; a
 * full ring is reported, and what came before is good.
 */
#include "recorded.h"

#include "check.h"
#include "seal.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static file record(const unecho_config *config, uint32_t seed)
{
    file f = {0};
    unecho *stream = open_recorded(config, ROOM);
    make_calls(stream, config, seed, &f);
    unecho_close(&stream);
    return f;
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
    };
    return cmocka_run_group_tests_name("record", tests, set_up, tear_down);
}
