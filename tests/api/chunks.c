/*
 * The output depends on the samples alone, bit for bit: not on how they are split into calls, where
 * the output goes, what other streams and threads do, or the kernel set.
 */
#include "check.h"
#include "each_model.h"
#include "signals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 3 * 16000 + 77 };

static signal_ mic, far;
static float *expected; /* of a stream that takes any chunk, in one call */
static int latency;     /* of that */

static unecho *open_stream(int whole_hops, unsigned hops_at_once, uint32_t cpu)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = whole_hops;
    config.hops_at_once = hops_at_once;
    config.cpu = cpu;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static unecho *open_default(void)
{
    return open_stream(0, 16, UNECHO_CPU_ALL);
}

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    expected = malloc(LENGTH * sizeof *expected);
    unecho *stream = open_default();
    unecho_process(stream, mic.samples, far.samples, expected, LENGTH);
    latency = unecho_latency(stream);
    unecho_close(&stream);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(expected);
    return 0;
}

/* Processes samples from..from+n, with the output at their place in out. */
static void pass(unecho *stream, float *out, size_t from, size_t n)
{
    assert_int_equal(unecho_process(stream, mic.samples + from, far.samples + from, out + from, n),
                     UNECHO_OK);
}

static void pass_in_chunks(unecho *stream, float *out, size_t chunk, size_t length)
{
    for (size_t i = 0; i < length; i += chunk)
        pass(stream, out, i, length - i < chunk ? length - i : chunk);
}

static void assert_same(const float *out, const float *as, size_t n)
{
    assert_memory_equal(out, as, n * sizeof *out);
}

static void any_chunk(void **unused)
{
    (void)unused;
    static const size_t chunks[] = {1, 7, 127, 128, 129, 1024, 2048, 5000, LENGTH};
    float *const out = malloc(LENGTH * sizeof *out);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        unecho *stream = open_default();
        pass_in_chunks(stream, out, chunks[i], LENGTH);
        assert_same(out, expected, LENGTH);
        unecho_close(&stream);
    }
    free(out);
}

static void random_chunks(void **unused)
{
    (void)unused;
    float *const out = malloc(LENGTH * sizeof *out);
    uint32_t seed = 99;
    for (int round = 0; round < 5; round++) {
        unecho *stream = open_default();
        for (size_t i = 0, n; i < LENGTH; i += n) {
            n = random_bits(&seed) % 3000; /* 0 too */
            n = LENGTH - i < n ? LENGTH - i : n;
            pass(stream, out, i, n);
        }
        assert_same(out, expected, LENGTH);
        unecho_close(&stream);
    }
    free(out);
}

/* With whole_hops the same samples come 128 earlier. */
static void whole_hops(void **unused)
{
    (void)unused;
    static const size_t chunks[] = {128, 256, 1024, 2048, 2176};
    const size_t length = LENGTH / UNECHO_HOP * UNECHO_HOP;
    float *const out = malloc(LENGTH * sizeof *out);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        unecho *stream = open_stream(1, 16, UNECHO_CPU_ALL);
        assert_int_equal(unecho_latency(stream) + UNECHO_HOP, latency);
        pass_in_chunks(stream, out, chunks[i], length);
        assert_same(out, expected + UNECHO_HOP, length - UNECHO_HOP);
        unecho_close(&stream);
    }
    free(out);
}

static void any_number_of_hops_at_once(void **unused)
{
    (void)unused;
    static const unsigned hops[] = {1, 2, 3, 5, 64};
    float *const out = malloc(LENGTH * sizeof *out);
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++) {
        unecho *stream = open_stream(0, hops[i], UNECHO_CPU_ALL);
        pass_in_chunks(stream, out, 3333, LENGTH);
        assert_same(out, expected, LENGTH);
        unecho_close(&stream);
    }
    free(out);
}

static void any_kernels(void **unused)
{
    (void)unused;
    const size_t length = 16000;
    float *const out = malloc(length * sizeof *out);
    const uint32_t cpu = unecho_cpu_features();
    for (uint32_t set = 0; set <= cpu; set++) {
        if ((set & cpu) != set)
            continue;
        unecho *stream = open_stream(0, 16, set);
        print_message("kernels: %s\n", unecho_kernels(stream));
        pass_in_chunks(stream, out, 1024, length);
        assert_same(out, expected, length);
        unecho_close(&stream);
    }
    free(out);
}

static void in_place(void **unused)
{
    (void)unused;
    float *const buffer = malloc(LENGTH * sizeof *buffer);
    for (int over_far = 0; over_far <= 1; over_far++) {
        memcpy(buffer, over_far ? far.samples : mic.samples, LENGTH * sizeof *buffer);
        unecho *stream = open_default();
        for (size_t i = 0, n; i < LENGTH; i += n) {
            n = LENGTH - i < 900 ? LENGTH - i : 900;
            float *const at = buffer + i;
            assert_int_equal(unecho_process(stream, over_far ? mic.samples + i : at,
                                            over_far ? at : far.samples + i, at, n),
                             UNECHO_OK);
        }
        assert_same(buffer, expected, LENGTH);
        unecho_close(&stream);
    }
    free(buffer);
}

static void reset_equals_fresh(void **unused)
{
    (void)unused;
    float *const out = malloc(LENGTH * sizeof *out);
    unecho *stream = open_default();
    /* Stop in the middle of a hop. */
    pass_in_chunks(stream, out, 1000, 20001);
    assert_int_equal(unecho_reset(stream), UNECHO_OK);
    pass_in_chunks(stream, out, 777, LENGTH);
    assert_same(out, expected, LENGTH);
    unecho_close(&stream);
    free(out);
}

static void interleaved_streams(void **unused)
{
    (void)unused;
    const size_t length = 16000;
    float *const a = malloc(length * sizeof *a), *const b = malloc(length * sizeof *b);
    float *const alone = malloc(length * sizeof *alone);
    unecho *first = open_default(), *second = open_default(), *third = open_default();
    unecho_process(third, far.samples, mic.samples, alone, length);
    for (size_t i = 0; i < length; i += 500) {
        pass(first, a, i, 500);
        /* The other one hears something else: the two ends swapped. */
        unecho_process(second, far.samples + i, mic.samples + i, b + i, 500);
    }
    assert_same(a, expected, length);
    assert_same(b, alone, length);
    unecho_close(&first);
    unecho_close(&second);
    unecho_close(&third);
    free(a);
    free(b);
    free(alone);
}

typedef struct worker {
    pthread_t thread;
    float *out;
    int status;
} worker;

static void *work(void *argument)
{
    worker *const w = argument;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    unecho *stream = NULL;
    w->status = unecho_open(&stream, &config);
    for (size_t i = 0; w->status == UNECHO_OK && i < LENGTH; i += 480) {
        const size_t n = LENGTH - i < 480 ? LENGTH - i : 480;
        w->status = unecho_process(stream, mic.samples + i, far.samples + i, w->out + i, n);
    }
    unecho_close(&stream);
    return NULL;
}

static void threads_share_a_model(void **unused)
{
    (void)unused;
    enum { THREADS = 4 };
    worker workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].out = malloc(LENGTH * sizeof(float));
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].status, UNECHO_OK);
        assert_same(workers[i].out, expected, LENGTH);
        free(workers[i].out);
    }
}

/* int16 is float times 32768, rounded. */
static void int16_twin(void **unused)
{
    (void)unused;
    const size_t length = 16000;
    int16_t *const near = malloc(length * sizeof *near), *const loop =
                                                             malloc(length * sizeof *loop);
    float *const a = malloc(length * sizeof *a), *const b = malloc(length * sizeof *b);
    for (size_t i = 0; i < length; i++) {
        near[i] = (int16_t)(mic.samples[i] * 32767.0f);
        loop[i] = (int16_t)(far.samples[i] * 32767.0f);
        a[i] = (float)near[i] / 32768.0f;
        b[i] = (float)loop[i] / 32768.0f;
    }
    unecho *floats = open_default(), *integers = open_default();
    unecho_process(floats, a, b, a, length);
    for (size_t i = 0; i < length; i += 100) /* in place */
        unecho_process_int16(integers, near + i, loop + i, near + i, 100);
    for (size_t i = 0; i < length; i++)
        assert_true((float)near[i] - a[i] * 32768.0f <= 0.5f &&
                    (float)near[i] - a[i] * 32768.0f >= -0.5f);
    unecho_close(&floats);
    unecho_close(&integers);
    free(near);
    free(loop);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_chunk),
        cmocka_unit_test(random_chunks),
        cmocka_unit_test(whole_hops),
        cmocka_unit_test(any_number_of_hops_at_once),
        cmocka_unit_test(any_kernels),
        cmocka_unit_test(in_place),
        cmocka_unit_test(reset_equals_fresh),
        cmocka_unit_test(interleaved_streams),
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(int16_twin),
    };
    RUN_FOR_EACH_MODEL("chunks", tests, set_up, tear_down);
}
