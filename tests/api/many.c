/*
 * unecho_process_many: each stream gets the output that it gets alone, bit for bit, in any company,
 * precision and kernel set; the interface holds at its edges.
 */
#include "check.h"
#include "each_model.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 21, LENGTH = 2500 };

static signal_ mic, far;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    return 0;
}

static unecho *open_stream(unsigned hops_at_once, unecho_precision precision, uint32_t cpu)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.hops_at_once = hops_at_once;
    config.precision = precision;
    config.cpu = cpu;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

/* Every stream hears another part of the sample. */
static size_t start_of(size_t stream)
{
    return 5000 * stream;
}

typedef struct crowd {
    unecho *streams[STREAMS];
    const float *mics[STREAMS], *fars[STREAMS];
    float *outs[STREAMS];
    float *memory;
} crowd;

static crowd open_crowd(unsigned hops_at_once, unecho_precision precision, uint32_t cpu)
{
    crowd c;
    c.memory = malloc(STREAMS * LENGTH * sizeof *c.memory);
    for (size_t i = 0; i < STREAMS; i++) {
        c.streams[i] = open_stream(i == 7 ? hops_at_once : 1, precision, cpu);
        c.outs[i] = c.memory + i * LENGTH;
    }
    return c;
}

static void close_crowd(crowd *c)
{
    for (size_t i = 0; i < STREAMS; i++)
        unecho_close(&c->streams[i]);
    free(c->memory);
}

static void run_crowd(crowd *c, size_t chunk)
{
    for (size_t at = 0, n; at < LENGTH; at += n) {
        float *outs[STREAMS];
        n = LENGTH - at < chunk ? LENGTH - at : chunk;
        for (size_t i = 0; i < STREAMS; i++) {
            c->mics[i] = mic.samples + start_of(i) + at;
            c->fars[i] = far.samples + start_of(i) + at;
            outs[i] = c->outs[i] + at;
        }
        assert_int_equal(unecho_process_many(c->streams, c->mics, c->fars, outs, STREAMS, n),
                         UNECHO_OK);
    }
}

static void assert_as_alone(const crowd *c, unecho_precision precision)
{
    float alone[LENGTH];
    for (size_t i = 0; i < STREAMS; i++) {
        unecho *stream = open_stream(16, precision, UNECHO_CPU_ALL);
        unecho_process(stream, mic.samples + start_of(i), far.samples + start_of(i), alone, LENGTH);
        assert_memory_equal(c->outs[i], alone, sizeof alone);
        unecho_close(&stream);
    }
}

static void as_alone(void **unused)
{
    (void)unused;
    static const size_t chunks[] = {128, 160, 1000};
    for (int p = UNECHO_PRECISION_FP32; p <= UNECHO_PRECISION_INT8; p++)
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
            crowd c = open_crowd(16, (unecho_precision)p, UNECHO_CPU_ALL);
            run_crowd(&c, chunks[i]);
            assert_as_alone(&c, (unecho_precision)p);
            close_crowd(&c);
        }
}

/* Scratch for one stream, for a few, and for more than there are. */
static void any_room(void **unused)
{
    (void)unused;
    static const unsigned rooms[] = {1, 5, 64};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        crowd c = open_crowd(rooms[i], UNECHO_PRECISION_FP32, UNECHO_CPU_ALL);
        run_crowd(&c, 400);
        assert_as_alone(&c, UNECHO_PRECISION_FP32);
        close_crowd(&c);
    }
}

static void every_kernel_set(void **unused)
{
    (void)unused;
    const uint32_t cpu = unecho_cpu_features();
    for (uint32_t set = 1; set <= cpu; set++) {
        if ((set & cpu) != set)
            continue;
        crowd c = open_crowd(16, UNECHO_PRECISION_INT8, set);
        run_crowd(&c, 128);
        assert_as_alone(&c, UNECHO_PRECISION_INT8);
        close_crowd(&c);
    }
}

/* Streams whose hops complete at different times, some of which have run alone before. */
static void out_of_step(void **unused)
{
    (void)unused;
    float alone[LENGTH];
    crowd c = open_crowd(8, UNECHO_PRECISION_FP32, UNECHO_CPU_ALL);
    unecho *others[STREAMS];
    for (size_t i = 0; i < STREAMS; i++) {
        others[i] = open_stream(16, UNECHO_PRECISION_FP32, UNECHO_CPU_ALL);
        const size_t before = 37 * i; /* processed before the others joined */
        unecho_process(c.streams[i], mic.samples, far.samples, alone, before);
        unecho_process(others[i], mic.samples, far.samples, alone, before);
    }
    run_crowd(&c, 333);
    for (size_t i = 0; i < STREAMS; i++) {
        unecho_process(others[i], mic.samples + start_of(i), far.samples + start_of(i), alone,
                       LENGTH);
        assert_memory_equal(c.outs[i], alone, sizeof alone);
        unecho_close(&others[i]);
    }
    close_crowd(&c);
}

static void in_place_and_without_far_end(void **unused)
{
    (void)unused;
    float alone[LENGTH];
    crowd c = open_crowd(16, UNECHO_PRECISION_FP32, UNECHO_CPU_ALL);
    for (size_t i = 0; i < STREAMS; i++)
        memcpy(c.outs[i], mic.samples + start_of(i), LENGTH * sizeof(float));
    assert_int_equal(
        unecho_process_many(c.streams, (const float *const *)c.outs, NULL, c.outs, STREAMS, LENGTH),
        UNECHO_OK);
    for (size_t i = 0; i < STREAMS; i++) {
        unecho *stream = open_stream(16, UNECHO_PRECISION_FP32, UNECHO_CPU_ALL);
        unecho_process(stream, mic.samples + start_of(i), NULL, alone, LENGTH);
        assert_memory_equal(c.outs[i], alone, sizeof alone);
        unecho_close(&stream);
    }
    close_crowd(&c);
}

static void whole_hops_beside_others(unsigned late_ms)
{
    enum { N = 20 * UNECHO_HOP };
    float alone[N], memory[2][N];
    const float *const far_end = far.samples + start_of(1);
    const float *const mics[2] = {memory[0], memory[1]}, *const fars[2] = {far_end, far_end};
    float *const outs[2] = {memory[0], memory[1]};
    unecho *pair[2] = {NULL, open_stream(16, UNECHO_PRECISION_AUTO, UNECHO_CPU_ALL)}, *other = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = 1;
    config.reference_late_ms = late_ms;
    assert_int_equal(unecho_open(&pair[0], &config), UNECHO_OK);
    assert_int_equal(unecho_open(&other, &config), UNECHO_OK);
    unecho_process(pair[1], mic.samples, far.samples, memory[1], 37);
    for (size_t i = 0; i < 2; i++)
        memcpy(memory[i], mic.samples + start_of(1), sizeof memory[i]);
    assert_int_equal(unecho_process_many(pair, mics, fars, outs, 2, N), UNECHO_OK);
    unecho_process(other, mic.samples + start_of(1), far_end, alone, N);
    assert_memory_equal(memory[0], alone, sizeof alone);
    unecho_close(&pair[0]);
    unecho_close(&pair[1]);
    unecho_close(&other);
}

/* Beside a stream whose hops complete elsewhere, one that has promised whole ones; if the far end
 * may be late, it has no hop at first. */
static void whole_hops_out_of_step(void **unused)
{
    (void)unused;
    whole_hops_beside_others(0);
    whole_hops_beside_others(40);
}

static void wrong_company(void **unused)
{
    (void)unused;
    float x[256] = {0};
    const float *mics[2] = {x, x};
    float *outs[2] = {x, x};
    unecho *pair[2] = {open_stream(4, UNECHO_PRECISION_FP32, UNECHO_CPU_ALL),
                       open_stream(4, UNECHO_PRECISION_INT8, UNECHO_CPU_ALL)};
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 2, 256), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 1, 256), UNECHO_OK);
    assert_int_equal(unecho_process_many(NULL, NULL, NULL, NULL, 0, 256), UNECHO_OK);
    assert_int_equal(unecho_process_many(NULL, mics, mics, outs, 1, 256), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_many(pair, NULL, mics, outs, 1, 256), UNECHO_ERROR_ARGUMENT);
    /* One stream twice cannot be in two places; alone it is as it was. */
    unecho *twice[2] = {pair[0], pair[0]};
    for (size_t n = 1; n <= 256; n += 255)
        assert_int_equal(unecho_process_many(twice, mics, mics, outs, 2, n), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_many(twice, mics, mics, outs, 1, 256), UNECHO_OK);
    mics[0] = NULL;
    assert_int_equal(unecho_process_many(pair, mics, NULL, outs, 1, 256), UNECHO_ERROR_ARGUMENT);
    mics[0] = x;
    unecho_close(&pair[1]);
    assert_int_equal(unecho_process_many(pair, mics, NULL, outs, 2, 256), UNECHO_ERROR_ARGUMENT);
    unecho_close(&pair[0]);

    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = 1;
    assert_int_equal(unecho_open(&pair[0], &config), UNECHO_OK);
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 1, 100), UNECHO_ERROR_CHUNK);
    /* Another model, though the weights are the same. */
    config.whole_hops = 0;
    unecho_model_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    char path[256];
    snprintf(path, sizeof path, UNECHO_MODELS_DIR "/%s", info.name);
    assert_int_equal(unecho_model_load(&config.model, path, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_open(&pair[1], &config), UNECHO_OK);
    unecho_model_unref(&config.model);
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 2, 256), UNECHO_ERROR_ARGUMENT);
    unecho_close(&pair[0]);
    unecho_close(&pair[1]);
}

/* Streams without a model of their own share the built-in one. */
static void default_model(void **unused)
{
    (void)unused;
    float x[256] = {0};
    const float *mics[2] = {x, x};
    float *outs[2] = {x, x};
    unecho *pair[2] = {NULL, NULL};
    unecho_config config;
    unecho_config_init(&config);
    assert_int_equal(unecho_open(&pair[0], NULL), UNECHO_OK);
    assert_int_equal(unecho_open(&pair[1], &config), UNECHO_OK);
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 2, 256), UNECHO_OK);
    unecho_close(&pair[0]);
    assert_int_equal(unecho_model_builtin(&config.model, UNECHO_MODEL_POSTFILTER, NULL, 0),
                     UNECHO_OK);
    assert_int_equal(unecho_open(&pair[0], &config), UNECHO_OK);
    unecho_model_unref(&config.model);
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 2, 256), UNECHO_OK);
    unecho_close(&pair[0]);
    unecho_close(&pair[1]);
}

/* Kinds of models do not run together. */
static void two_kinds(void **unused)
{
    (void)unused;
    float x[256] = {0};
    const float *mics[2] = {x, x};
    float *outs[2] = {x, x};
    unecho *pair[2] = {NULL, NULL};
    unecho_config config;
    unecho_config_init(&config);
    for (size_t i = 0; i < 2; i++) {
        const unecho_model_kind kind = i == 0 ? UNECHO_MODEL_DTLN_AEC : UNECHO_MODEL_POSTFILTER;
        assert_int_equal(unecho_model_builtin(&config.model, kind, NULL, 0), UNECHO_OK);
        assert_int_equal(unecho_open(&pair[i], &config), UNECHO_OK);
        unecho_model_unref(&config.model);
    }
    assert_int_equal(unecho_process_many(pair, mics, mics, outs, 2, 256), UNECHO_ERROR_ARGUMENT);
    unecho_close(&pair[0]);
    unecho_close(&pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_alone),
        cmocka_unit_test(any_room),
        cmocka_unit_test(every_kernel_set),
        cmocka_unit_test(out_of_step),
        cmocka_unit_test(wrong_company),
        cmocka_unit_test(in_place_and_without_far_end),
        cmocka_unit_test(default_model),
        cmocka_unit_test(two_kinds),
        cmocka_unit_test(whole_hops_out_of_step),
    };
    RUN_FOR_EACH_MODEL("many", tests, set_up, tear_down);
}
