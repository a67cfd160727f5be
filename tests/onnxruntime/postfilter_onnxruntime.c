/*
 * ONNX Runtime computes the gains of the native network, and whether the near end talks, hop by hop
 * with the states handed on, from the post-filter's file and from those that unecho writes of it.
 */
#include "backends.h"

#include "check.h"
#include "model/stage_file.h"
#include "onnxruntime/library.h"
#include "suppress/postfilter/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS = 1000, UNITS = 160, STATES = 2 * UNITS };

/* Features that wander through their range as those of signals do. */
static float *features(void)
{
    float *const x = malloc(HOPS * POSTFILTER_FEATURES * sizeof *x);
    uint32_t seed = 9;
    for (size_t i = 0; i < HOPS * POSTFILTER_FEATURES; i++) {
        const float before = i < POSTFILTER_FEATURES ? 0.0f : x[i - POSTFILTER_FEATURES];
        x[i] = 0.95f * before + 0.5f * random_float(&seed);
    }
    return x;
}

static void run_native(float *gains, const unsigned char *bytes, size_t size, const float *x)
{
    postfilter_weights weights;
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    if (postfilter_file_read(&weights, bytes, size, "post-filter", &to) < 0)
        fail_msg("%s", text);
    postfilter *const net = postfilter_build(kernels_at(0), POSTFILTER_FP32, &weights);
    assert_non_null(net);
    _Alignas(ARENA_ALIGNMENT) float features[FEATURES_ROW], out[GAINS_ROW];
    const network_rows rows = {features, out};
    network_memory memory, *const one = &memory;
    arena a = {0};
    arena_take(&a, network_room(net, 1));
    network_memory_layout(&memory, &a, net);
    a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    void *const memory_of_all = a.memory;
    assert_non_null(memory_of_all);
    memset(a.memory, 0, a.used);
    a.used = 0;
    void *const room = arena_take(&a, network_room(net, 1));
    network_memory_layout(&memory, &a, net);
    for (size_t t = 0; t < HOPS; t++) {
        memcpy(features, x + t * POSTFILTER_FEATURES, POSTFILTER_FEATURES * sizeof *x);
        network_run(net, &rows, room, &one, 1, 1);
        memcpy(gains + t * POSTFILTER_OUTPUTS, out, POSTFILTER_OUTPUTS * sizeof *gains);
    }
    free(memory_of_all);
    free(net);
    free(weights.vectors);
}

/* ---- ONNX Runtime ----------------------------------------------------------------------- */

static const ort_api *api;

static void good(ort_status *status)
{
    if (status)
        fail_msg("ONNX Runtime: %s", api->get_error_message(status));
}

static ort_value *tensor(const ort_memory_info *info, float *data, size_t count,
                         const int64_t *dims, size_t rank)
{
    ort_value *value = NULL;
    good(api->create_tensor_with_data(info, data, count * sizeof *data, dims, rank, ORT_FLOAT,
                                      &value));
    return value;
}

static void run_theirs(float *gains, const unsigned char *bytes, size_t size, const float *x)
{
    static const char *const inputs[] = {"features", "states"};
    static const char *const outputs[] = {"gains", "near_end", "states_out"};
    static const int64_t row[] = {1, POSTFILTER_FEATURES}, band[] = {1, POSTFILTER_BANDS};
    static const int64_t single[] = {1, 1};
    static const int64_t states[] = {2, 1, UNITS};
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    ort_library library = {0};
    if (ort_library_open(&library, NULL, &to) < 0)
        fail_msg("%s", text);
    api = library.api;
    ort_env *env = NULL;
    ort_session_options *options = NULL;
    ort_session *session = NULL;
    ort_memory_info *info = NULL;
    good(api->create_env(ORT_LOG_FATAL, "test", &env));
    good(api->create_session_options(&options));
    good(api->set_intra_op_num_threads(options, 1));
    /* As the file says: its optimizer would round the inputs of products with int8 weights. */
    good(api->set_session_graph_optimization_level(options, 0));
    good(api->create_session_from_array(env, bytes, size, options, &session));
    good(api->create_cpu_memory_info(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &info));

    float in[POSTFILTER_FEATURES], before[STATES] = {0.0f}, after[STATES], out[POSTFILTER_OUTPUTS];
    const ort_value *const from[] = {tensor(info, in, POSTFILTER_FEATURES, row, 2),
                                     tensor(info, before, STATES, states, 3)};
    ort_value *into[] = {tensor(info, out, POSTFILTER_BANDS, band, 2),
                         tensor(info, out + POSTFILTER_NEAR_END, 1, single, 2),
                         tensor(info, after, STATES, states, 3)};
    for (size_t t = 0; t < HOPS; t++) {
        memcpy(in, x + t * POSTFILTER_FEATURES, sizeof in);
        good(api->run(session, NULL, inputs, from, 2, outputs, 3, into));
        memcpy(before, after, sizeof before);
        memcpy(gains + t * POSTFILTER_OUTPUTS, out, sizeof out);
    }
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        api->release_value((ort_value *)(uintptr_t)from[i]);
    for (size_t i = 0; i < sizeof into / sizeof *into; i++)
        api->release_value(into[i]);
    api->release_memory_info(info);
    api->release_session(session);
    api->release_session_options(options);
    api->release_env(env);
    ort_library_close(&library);
}

static void computes_the_same_gains(void **unused)
{
    (void)unused;
    need_onnxruntime();
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0), UNECHO_OK);
    float *const x = features();
    float *const ours = malloc(HOPS * POSTFILTER_OUTPUTS * sizeof *ours);
    float *const theirs = malloc(HOPS * POSTFILTER_OUTPUTS * sizeof *theirs);
    for (int storage = UNECHO_STORAGE_FP32; storage <= UNECHO_STORAGE_INT8; storage++) {
        size_t size = 0;
        assert_int_equal(
            unecho_model_write(model, 1, (unecho_storage)storage, NULL, 0, &size, NULL, 0),
            UNECHO_OK);
        unsigned char *const bytes = malloc(size);
        unecho_model_write(model, 1, (unecho_storage)storage, bytes, size, &size, NULL, 0);
        run_native(ours, bytes, size, x);
        run_theirs(theirs, bytes, size, x);
        const float apart = max_difference(ours, theirs, HOPS * POSTFILTER_OUTPUTS);
        print_message("storage %d: gains at most %.2g apart\n", storage, (double)apart);
        assert_true(apart <= 1e-5f);
        free(bytes);
    }
    /* Not because all gains are alike. */
    float least = 1.0f, most = 0.0f;
    for (size_t i = 0; i < HOPS * POSTFILTER_OUTPUTS; i++) {
        least = fminf(least, ours[i]);
        most = fmaxf(most, ours[i]);
    }
    assert_true(least < 0.1f && most > 0.9f);
    free(x);
    free(ours);
    free(theirs);
    unecho_model_unref(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(computes_the_same_gains)};
    return cmocka_run_group_tests_name("postfilter_onnxruntime", tests, NULL, NULL);
}
