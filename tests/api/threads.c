/*
 * One model, shared by many threads that load, open, process and close at the same time, and by a
 * process that forks: everyone gets the same output. Run it with ./run-tests --threads as well,
 * under ThreadSanitizer.
 */
#define _XOPEN_SOURCE 700 /* barriers */
#include "check.h"
#include "signals.h"
#include "unecho_model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 64, ROUNDS = 3, SAMPLES = 10 * UNECHO_HOP, PRECISIONS = 3 };

static signal_ mic, far;
static float right[PRECISIONS][SAMPLES];

static int process(unecho_model *model, unecho_precision precision, float *out)
{
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.precision = precision;
    config.hops_at_once = 4;
    int status = unecho_open(&stream, &config);
    if (status == UNECHO_OK)
        status = unecho_process(stream, mic.samples, far.samples, out, SAMPLES);
    unecho_close(&stream);
    return status;
}

static int set_up(void **state)
{
    (void)state;
    mic = noise_signal(SAMPLES, 0.5f, 1);
    far = noise_signal(SAMPLES, 0.5f, 2);
    for (int i = 0; i < PRECISIONS; i++)
        if (process(NULL, (unecho_precision)i, right[i]) < 0)
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(mic.samples);
    free(far.samples);
    return 0;
}

typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    unecho_model *model; /* a reference of its own; NULL: the built-in one */
    unsigned number;
    int wrong;
} worker;

static void *work(void *argument)
{
    worker *const w = argument;
    float out[SAMPLES];
    pthread_barrier_wait(w->start);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned precision = (w->number + round) % PRECISIONS;
        unecho_model *mine = unecho_model_ref(w->model);
        w->wrong += process(mine, (unecho_precision)precision, out) < 0 ||
                    memcmp(out, right[precision], sizeof out) != 0;
        unecho_model_unref(&mine);
    }
    /* The last one frees it. */
    unecho_model_unref(&w->model);
    return NULL;
}

static void threads_share_a_model(void **state)
{
    (void)state;
    static worker workers[THREADS];
    pthread_barrier_t start;
    unecho_model *model = NULL;
    /* New: the threads also race to pack its network. */
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0), UNECHO_OK);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker){.start = &start, .model = unecho_model_ref(model), .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    unecho_model_unref(&model);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    pthread_barrier_destroy(&start);
}

/*
 * Threads open and close streams with the built-in model at the same time: the first one loads
 * it and the last one frees it, while others may open it again.
 */
static void threads_open_the_built_in_model(void **state)
{
    (void)state;
    static worker workers[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker){.start = &start, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    pthread_barrier_destroy(&start);
}

/* A stream opened before a fork continues in both processes, independently. */
static void fork_copies_streams(void **state)
{
    (void)state;
    float out[SAMPLES];
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, NULL), UNECHO_OK);
    const size_t half = SAMPLES / 2;
    assert_int_equal(unecho_process(stream, mic.samples, far.samples, out, half), UNECHO_OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    const int status =
        unecho_process(stream, mic.samples + half, far.samples + half, out + half, SAMPLES - half);
    unecho_close(&stream);
    const int good = status == UNECHO_OK &&
                     memcmp(out, right[UNECHO_PRECISION_INT8], sizeof out) == 0 &&
                     process(NULL, UNECHO_PRECISION_FP32, out) == UNECHO_OK;
    if (child == 0)
        _exit(good ? 0 : 1);
    int child_status = -1;
    assert_int_equal(waitpid(child, &child_status, 0), child);
    assert_int_equal(child_status, 0);
    assert_true(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(threads_open_the_built_in_model),
        cmocka_unit_test(fork_copies_streams),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
