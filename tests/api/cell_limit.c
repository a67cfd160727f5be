/*
 * A limit of the LSTM cells changes the output, belongs to one stream, and keeps every other
 * promise: the same bits for any chunking, in any company and on every kernel set. A limit that no
 * cell reaches changes nothing.
 */
#include "check.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 150 * UNECHO_HOP };

static const float limit = 0.5f; /* reached by cells within these 1.2 s */

static ends signals;
static unecho_model *model;

static int set_up(void **state)
{
    (void)state;
    signals = double_talk(SAMPLES);
    return unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0);
}

static int tear_down(void **state)
{
    (void)state;
    free_ends(&signals);
    unecho_model_unref(&model);
    return 0;
}

static unecho *open_with(float cell_limit, unsigned hops_at_once, uint32_t cpu)
{
    unecho *stream = NULL;
    unecho_config config = reference_config();
    config.model = model;
    config.cell_limit = cell_limit;
    config.hops_at_once = hops_at_once;
    config.cpu = cpu;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static void run(unecho *stream, float *out, size_t chunk)
{
    for (size_t at = 0; at < SAMPLES; at += chunk) {
        const size_t n = SAMPLES - at < chunk ? SAMPLES - at : chunk;
        assert_int_equal(
            unecho_process(stream, signals.mic.samples + at, signals.far.samples + at, out + at, n),
            UNECHO_OK);
    }
}

static void run_alone(float *out, float cell_limit, unsigned hops_at_once, uint32_t cpu,
                      size_t chunk)
{
    unecho *stream = open_with(cell_limit, hops_at_once, cpu);
    run(stream, out, chunk);
    unecho_close(&stream);
}

static void wrong_limits_are_refused(void **state)
{
    (void)state;
    static const float wrong[] = {-1.0f, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        unecho *stream = NULL;
        char text[UNECHO_MESSAGE_SIZE];
        unecho_config config;
        unecho_config_init(&config);
        config.cell_limit = wrong[i];
        config.message = text;
        config.message_size = sizeof text;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
        assert_non_null(strstr(text, "cell_limit"));
    }
}

static void only_a_limit_that_is_reached_matters(void **state)
{
    (void)state;
    static float none[SAMPLES], high[SAMPLES], low[SAMPLES];
    run_alone(none, 0.0f, 16, UNECHO_CPU_ALL, SAMPLES);
    run_alone(high, 1e30f, 16, UNECHO_CPU_ALL, SAMPLES);
    run_alone(low, limit, 16, UNECHO_CPU_ALL, SAMPLES);
    assert_memory_equal(none, high, sizeof none);
    assert_memory_not_equal(none, low, sizeof none);
}

static void chunks_and_kernels_do_not_matter(void **state)
{
    (void)state;
    static float right[SAMPLES], out[SAMPLES];
    run_alone(right, limit, 16, UNECHO_CPU_ALL, SAMPLES);
    run_alone(out, limit, 1, UNECHO_CPU_ALL, 100);
    assert_memory_equal(out, right, sizeof out);
    run_alone(out, limit, 5, 0, 1000);
    assert_memory_equal(out, right, sizeof out);
}

/* A reset keeps it. */
static void company_does_not_matter(void **state)
{
    (void)state;
    enum { STREAMS = 3 };
    static const float limits[STREAMS] = {0.0f, 0.5f, 3.0f};
    static float right[STREAMS][SAMPLES], out[STREAMS][SAMPLES];
    unecho *streams[STREAMS];
    const float *mic[STREAMS], *far[STREAMS];
    float *to[STREAMS];
    for (size_t i = 0; i < STREAMS; i++) {
        run_alone(right[i], limits[i], 16, UNECHO_CPU_ALL, SAMPLES);
        streams[i] = open_with(limits[i], 16, UNECHO_CPU_ALL);
        run(streams[i], out[i], 1000);
        assert_int_equal(unecho_reset(streams[i]), UNECHO_OK);
        mic[i] = signals.mic.samples;
        far[i] = signals.far.samples;
        to[i] = out[i];
    }
    assert_int_equal(unecho_process_many(streams, mic, far, to, STREAMS, SAMPLES), UNECHO_OK);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_memory_equal(out[i], right[i], sizeof out[i]);
        unecho_close(&streams[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_limits_are_refused),
        cmocka_unit_test(only_a_limit_that_is_reached_matters),
        cmocka_unit_test(chunks_and_kernels_do_not_matter),
        cmocka_unit_test(company_does_not_matter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
