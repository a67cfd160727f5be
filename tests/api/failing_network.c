/*
 * A network whose output is no signal: the filter's output takes its place, or the microphone
 * without a filter; the stream recovers, counts it, and gives the same bits for any chunks.
 */
#include "check.h"
#include "onnx_edit.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 24000 };

static ends given;

static int set_up(void **unused)
{
    (void)unused;
    given = double_talk(LENGTH);
    /* Beyond full scale, which streams take: the network must reach 1e4. */
    for (size_t t = 0; t < LENGTH; t++)
        given.mic.samples[t] *= 8.0f;
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free_ends(&given);
    return 0;
}

/* The built-in network with an output `gain` times as loud. */
static unecho_model *loud_model(float gain)
{
    unecho_model *model = NULL;
    char why[UNECHO_MESSAGE_SIZE];
    bytes files[2];
    for (int stage = 1; stage <= 2; stage++) {
        proto *const tree = our_model(stage);
        if (stage == 2) {
            proto_field *const raw = proto_find(tensor_of(tree, "decoder/W"), TENSOR_RAW, 0);
            for (size_t at = 0; at < raw->data.size; at += sizeof(float)) {
                float x;
                memcpy(&x, raw->data.at + at, sizeof x);
                x *= gain;
                memcpy(raw->data.at + at, &x, sizeof x);
            }
        }
        files[stage - 1] = proto_write(tree);
        proto_free(tree);
    }
    if (unecho_model_load_memory(&model, files[0].at, files[0].size, files[1].at, files[1].size,
                                 why, sizeof why) < 0)
        fail_msg("%s", why);
    free(files[0].at);
    free(files[1].at);
    return model;
}

static unecho *open_with(unecho_model *model, unecho_engine engine)
{
    unecho_config config;
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.model = model;
    config.engine = engine;
    config.align = UNECHO_ALIGN_OFF;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static uint64_t failed_hops(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats.failed_hops;
}

static void run(unecho *stream, float *out, size_t chunk)
{
    for (size_t at = 0; at < LENGTH; at += chunk) {
        const size_t n = LENGTH - at < chunk ? LENGTH - at : chunk;
        assert_int_equal(
            unecho_process(stream, given.mic.samples + at, given.far.samples + at, out + at, n),
            UNECHO_OK);
    }
}

static void the_microphone_or_the_filter_takes_its_place(void **unused)
{
    (void)unused;
    static const unecho_engine engines[] = {UNECHO_ENGINE_NEURAL, UNECHO_ENGINE_LINEAR_NEURAL};
    static float out[LENGTH], again[LENGTH];
    unecho_model *model = loud_model(6e4f);
    for (size_t i = 0; i < 2; i++) {
        unecho *stream = open_with(model, engines[i]);
        run(stream, out, LENGTH);
        const uint64_t failed = failed_hops(stream);
        print_message("engine %d: %llu of %d hops\n", (int)engines[i], (unsigned long long)failed,
                      LENGTH / UNECHO_HOP);
        /* Now and then, so that good hops follow. */
        assert_true(failed > 5 && failed < LENGTH / UNECHO_HOP);
        for (size_t t = 0; t < LENGTH; t++)
            assert_true(fabsf(out[t]) <= 1e4f);
        static const size_t chunks[] = {UNECHO_HOP, 1000};
        for (size_t c = 0; c < 2; c++) {
            assert_int_equal(unecho_reset(stream), UNECHO_OK);
            assert_int_equal(failed_hops(stream), 0);
            run(stream, again, chunks[c]);
            assert_memory_equal(again, out, sizeof out);
            assert_int_equal(failed_hops(stream), failed);
        }
        unecho_close(&stream);
    }
    unecho_model_unref(&model);
}

/* Beside one whose input makes it fail, a stream that does not gives its own bits. */
static void others_in_the_call_are_not_affected(void **unused)
{
    (void)unused;
    static float quiet[LENGTH], alone[LENGTH], outs[2][LENGTH];
    unecho_model *model = loud_model(6e4f);
    for (size_t t = 0; t < LENGTH; t++)
        quiet[t] = given.far.samples[t] * 1e-4f;
    unecho *pair[2] = {open_with(model, UNECHO_ENGINE_NEURAL),
                       open_with(model, UNECHO_ENGINE_NEURAL)};
    assert_int_equal(unecho_process(pair[1], quiet, given.far.samples, alone, LENGTH), UNECHO_OK);
    assert_int_equal(failed_hops(pair[1]), 0);
    assert_int_equal(unecho_reset(pair[1]), UNECHO_OK);
    const float *const mics[2] = {given.mic.samples, quiet};
    const float *const fars[2] = {given.far.samples, given.far.samples};
    float *const to[2] = {outs[0], outs[1]};
    assert_int_equal(unecho_process_many(pair, mics, fars, to, 2, LENGTH), UNECHO_OK);
    assert_true(failed_hops(pair[0]) > 5);
    assert_memory_equal(outs[1], alone, sizeof alone);
    unecho_close(&pair[0]);
    unecho_close(&pair[1]);
    unecho_model_unref(&model);
}

/* Without a filter, and with a network that fails in each hop, the output is the microphone. */
static void a_network_that_always_fails_leaves_the_microphone(void **unused)
{
    (void)unused;
    static float mic[LENGTH], out[LENGTH];
    unecho_model *model = loud_model(9e4f);
    unecho *stream = open_with(model, UNECHO_ENGINE_NEURAL);
    for (size_t t = 0; t < LENGTH; t++)
        mic[t] = 11.0f * given.mic.samples[t] + (t % 2 ? 30.0f : -30.0f);
    assert_int_equal(unecho_process(stream, mic, NULL, out, LENGTH), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream);
    size_t same = 0;
    for (size_t t = latency; t < LENGTH; t++)
        same += out[t] == fmaxf(fminf(mic[t - latency], 100.0f), -100.0f);
    assert_true(failed_hops(stream) > 0 && same > 0);
    assert_true(same >= (failed_hops(stream) - 4) * UNECHO_HOP);
    unecho_close(&stream);
    unecho_model_unref(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_microphone_or_the_filter_takes_its_place),
        cmocka_unit_test(others_in_the_call_are_not_affected),
        cmocka_unit_test(a_network_that_always_fails_leaves_the_microphone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
