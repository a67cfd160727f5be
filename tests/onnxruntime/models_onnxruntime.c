/*
 * ONNX Runtime agrees about the files that other exporters and quantisers write, and about those
 * that unecho writes: it reads the bytes that the native engine reads, and gives the same output.
 */
#include "backends.h"

#include "check.h"
#include "onnx_spellings.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 12800, HOP = 128 };

/*
 * How close they must be, in dB. With int8 weights ONNX Runtime also rounds the inputs of products,
 * which the native engine does not: they differ by the precision of 8 bits.
 */
static double floor_for(const spelling *s)
{
    if (strcmp(s->name, "float16 throughout") == 0)
        return 55;
    return s->rounding >= ROUND_TO_INT8 ? 30 : 100;
}

static unecho_model *load(proto *stages[2])
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    const bytes first = proto_write(stages[0]), second = proto_write(stages[1]);
    if (unecho_model_load_memory(&model, first.at, first.size, second.at, second.size, message,
                                 sizeof message) < 0)
        fail_msg("%s", message);
    for (size_t i = 0; i < 2; i++)
        proto_free(stages[i]);
    free(first.at);
    free(second.at);
    return model;
}

static float *run(unecho_backend backend, unecho_model *model, const ends *e)
{
    const unecho_config config = config_for(backend, model);
    unecho *stream = open_stream(&config);
    const signal_ mic = {e->mic.samples, LENGTH}, far = {e->far.samples, LENGTH};
    float *const out = stream_signal(stream, &mic, &far, HOP);
    unecho_close(&stream);
    return out;
}

static void reads_what_we_read(void **state)
{
    (void)state;
    need_onnxruntime();
    ends e = double_talk(LENGTH);
    for (size_t i = 0; i < spellings_count; i++) {
        const spelling *const s = &spellings[i];
        proto *plain[2] = {rounded_model(1, s->rounding), rounded_model(2, s->rounding)};
        proto *spelled[2] = {spelled_model(1, s), spelled_model(2, s)};
        unecho_model *models[2] = {load(plain), load(spelled)};
        float *const expected = run(UNECHO_BACKEND_NATIVE, models[0], &e);
        float *const ours = run(UNECHO_BACKEND_NATIVE, models[1], &e);
        float *const theirs = run(UNECHO_BACKEND_ONNXRUNTIME, models[1], &e);
        print_message("%s: ONNX Runtime %.1f dB from the native engine, max %.2g\n", s->name,
                      snr_db(theirs, expected, LENGTH),
                      (double)max_difference(theirs, expected, LENGTH));
        assert_memory_equal(ours, expected, LENGTH * sizeof *ours);
        assert_true(snr_db(theirs, expected, LENGTH) >= floor_for(s));
        free(expected);
        free(ours);
        free(theirs);
        for (size_t k = 0; k < 2; k++)
            unecho_model_unref(&models[k]);
    }
    free_ends(&e);
}

static unecho_model *written(const unecho_model *source, unecho_storage storage)
{
    unecho_model *copy = NULL;
    bytes stages[2];
    for (int stage = 1; stage <= 2; stage++) {
        bytes *const b = &stages[stage - 1];
        assert_int_equal(unecho_model_write(source, stage, storage, NULL, 0, &b->size, NULL, 0),
                         UNECHO_OK);
        b->at = malloc(b->size);
        unecho_model_write(source, stage, storage, b->at, b->size, &b->size, NULL, 0);
    }
    assert_int_equal(unecho_model_load_memory(&copy, stages[0].at, stages[0].size, stages[1].at,
                                              stages[1].size, NULL, 0),
                     UNECHO_OK);
    free(stages[0].at);
    free(stages[1].at);
    return copy;
}

static void reads_what_we_write(void **state)
{
    (void)state;
    need_onnxruntime();
    static const double floors[3] = {100, 100, 30};
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    ends e = double_talk(LENGTH);
    for (int storage = 0; storage < 3; storage++) {
        unecho_model *copy = written(source, (unecho_storage)storage);
        float *const ours = run(UNECHO_BACKEND_NATIVE, copy, &e);
        float *const theirs = run(UNECHO_BACKEND_ONNXRUNTIME, copy, &e);
        print_message("storage %d: ONNX Runtime %.1f dB from the native engine\n", storage,
                      snr_db(theirs, ours, LENGTH));
        assert_true(snr_db(theirs, ours, LENGTH) >= floors[storage]);
        free(ours);
        free(theirs);
        unecho_model_unref(&copy);
    }
    free_ends(&e);
    unecho_model_unref(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_we_read),
        cmocka_unit_test(reads_what_we_write),
    };
    return cmocka_run_group_tests_name("models_onnxruntime", tests, NULL, NULL);
}
