/*
 * The ONNX Runtime backend with the real library: every model file runs on it and gives what the
 * native engine gives, however the samples are split, whatever a profile says, on any thread.
 */
#include "backends.h"
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = UNECHO_SAMPLE_RATE };

/*
 * Both engines on the same model and samples. They differ by rounding: two float32 implementations
 * in free running were measured to differ by 2.1e-6. Noise never leaves a channel silent.
 */
static void assert_same_as_native(const char *name, unecho_model *model)
{
    const signal_ mic = noise_signal(SECOND, 0.3f, 11);
    const signal_ far = noise_signal(SECOND, 0.3f, 12);
    const unecho_config native = config_for(UNECHO_BACKEND_NATIVE, model);
    const unecho_config onnxruntime = config_for(UNECHO_BACKEND_ONNXRUNTIME, model);
    unecho *a = open_stream(&native);
    unecho *b = open_stream(&onnxruntime);
    assert_string_equal(unecho_kernels(b), "onnxruntime");
    float *const expected = stream_signal(a, &mic, &far, 4096);
    float *const found = stream_signal(b, &mic, &far, 4096);
    const float difference = max_difference(found, expected, mic.count);
    print_message("%s: max difference %.2g, power %.1f dB\n", name, (double)difference,
                  power_db(expected, mic.count));
    assert_true(power_db(expected, mic.count) > -80.0);
    assert_true(difference <= 1e-5f);
    free(expected);
    free(found);
    free(mic.samples);
    free(far.samples);
    unecho_close(&a);
    unecho_close(&b);
}

static void built_in_model(void **unused)
{
    (void)unused;
    need_onnxruntime();
    assert_same_as_native("unecho-128", NULL);
}

static void every_model_file(void **unused)
{
    (void)unused;
    static const char *const pairs[][2] = {
        {"model_128_1", "model_128_2"},
        {"model_128_1", "model_128_2_matmul"},
        {"model_128_1", "model_128_2_transpose_nobias"},
        {"model_128_1_opset13", "model_128_2"},
        {"model_256_1", "model_256_2"},
    };
    need_onnxruntime();
    need_reference();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        unecho_model *model = NULL;
        char message[UNECHO_MESSAGE_SIZE];
        if (unecho_model_load_files(&model, reference_path("models/%s.onnx", pairs[i][0]),
                                    reference_path("models/%s.onnx", pairs[i][1]), message,
                                    sizeof message) < 0)
            fail_msg("%s", message);
        char name[80];
        snprintf(name, sizeof name, "%s + %s", pairs[i][0], pairs[i][1]);
        assert_same_as_native(name, model);
        unecho_model_unref(&model);
    }
}

/* Like the native engine: the output depends on the samples alone. */
static void same_bits_however_cut(void **unused)
{
    (void)unused;
    need_onnxruntime();
    static const struct {
        unsigned hops_at_once;
        size_t chunk;
    } ways[] = {{16, 4096}, {1, 128}, {16, 128}, {3, 1000}, {64, SECOND}};
    const signal_ mic = noise_signal(SECOND, 0.3f, 21);
    const signal_ far = noise_signal(SECOND, 0.3f, 22);
    float *first = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        unecho_config config = config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL);
        config.hops_at_once = ways[i].hops_at_once;
        unecho *stream = open_stream(&config);
        float *const out = stream_signal(stream, &mic, &far, ways[i].chunk);
        /* A reset stream is like a new one. */
        unecho_reset(stream);
        float *const again = stream_signal(stream, &mic, &far, ways[i].chunk);
        unecho_close(&stream);
        assert_memory_equal(again, out, mic.count * sizeof *out);
        free(again);
        if (!first) {
            first = out;
            continue;
        }
        assert_memory_equal(out, first, mic.count * sizeof *out);
        free(out);
    }
    free(first);
    free(mic.samples);
    free(far.samples);
}

/* A profile's settings override the config's, and change no bit. */
static void profile_is_used(void **unused)
{
    (void)unused;
    need_onnxruntime();
    char path[] = "profile-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    static const char text[] = "unecho-profile 1\n# what tune found\nstage1_threads 2\n"
                               "stage2_threads 2\nspinning 0\nexecution_mode parallel\n"
                               "memory_pattern 0\narena 0\nmodel unecho-128\npurpose latency\n";
    FILE *const writer = fdopen(file, "w");
    assert_int_equal(fwrite(text, 1, sizeof text - 1, writer), sizeof text - 1);
    fclose(writer);

    const signal_ mic = noise_signal(SECOND / 4, 0.3f, 31);
    unecho_config config = config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL);
    unecho *plain = open_stream(&config);
    const unecho_onnxruntime settings = {.size = sizeof settings, .profile = path};
    config.onnxruntime = &settings;
    unecho *tuned = open_stream(&config);
    remove(path);
    float *const a = stream_signal(plain, &mic, &mic, 2048);
    float *const b = stream_signal(tuned, &mic, &mic, 2048);
    assert_memory_equal(a, b, mic.count * sizeof *a);
    unecho_close(&plain);
    unecho_close(&tuned);
    free(a);
    free(b);
    free(mic.samples);
}

typedef struct job {
    unecho_config config;
    signal_ mic;
    float *out;
} job;

static void *open_process_close(void *argument)
{
    job *const j = argument;
    for (int round = 0; round < 3; round++) {
        unecho *stream = open_stream(&j->config);
        free(j->out);
        j->out = stream_signal(stream, &j->mic, &j->mic, 1024);
        unecho_close(&stream);
    }
    return NULL;
}

/* Streams of all kinds open and close on several threads at once: each gets the same samples. */
static void streams_side_by_side(void **unused)
{
    (void)unused;
    need_onnxruntime();
    enum { JOBS = 4 };
    job jobs[JOBS];
    const unecho_onnxruntime untuned = {.size = sizeof untuned, .profile = UNECHO_UNTUNED_PROFILE};
    const unecho_onnxruntime threads_2 = {.size = sizeof threads_2, .stage_threads = {1, 2}};
    pthread_t threads[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = (job){config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL),
                        noise_signal(SECOND / 4, 0.3f, 41), NULL};
        jobs[i].config.onnxruntime = i == 1 ? &untuned : i == 2 ? &threads_2 : NULL;
    }
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_process_close, &jobs[i]), 0);
    for (size_t i = 0; i < JOBS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < JOBS; i++) {
        assert_memory_equal(jobs[i].out, jobs[0].out, jobs[0].mic.count * sizeof(float));
        free(jobs[i].mic.samples);
    }
    for (size_t i = 0; i < JOBS; i++)
        free(jobs[i].out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_model),        cmocka_unit_test(every_model_file),
        cmocka_unit_test(same_bits_however_cut), cmocka_unit_test(profile_is_used),
        cmocka_unit_test(streams_side_by_side),
    };
    return cmocka_run_group_tests_name("onnxruntime", tests, NULL, NULL);
}
