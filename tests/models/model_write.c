/*
 * What unecho writes, unecho reads: fp32 bit for bit, fp16 and int8 as the header says; and a file
 * can be inspected without loading it.
 */
#include "check.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct written {
    unsigned char *at[2];
    size_t size[2];
} written;

static void write_stage(const unecho_model *model, int stage, unecho_storage storage, written *w)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    size_t size = 0, again = 0;
    if (unecho_model_write(model, stage, storage, NULL, 0, &size, message, sizeof message) < 0)
        fail_msg("%s", message);
    /* with a byte on either side that must not change */
    unsigned char *at = malloc(size + 1);
    at[size] = 77;
    assert_int_equal(unecho_model_write(model, stage, storage, at, size, &again, NULL, 0),
                     UNECHO_OK);
    assert_int_equal(again, size);
    assert_int_equal(at[size], 77);
    w->at[stage - 1] = at;
    w->size[stage - 1] = size;
}

static written write_model(const unecho_model *model, unecho_storage storage)
{
    written w;
    write_stage(model, 1, storage, &w);
    write_stage(model, 2, storage, &w);
    return w;
}

static void free_written(written *w)
{
    free(w->at[0]);
    free(w->at[1]);
}

static unecho_model *read_back(const written *w)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    if (unecho_model_load_memory(&model, w->at[0], w->size[0], w->at[1], w->size[1], message,
                                 sizeof message) < 0)
        fail_msg("%s", message);
    return model;
}

static float *run(unecho_model *model, unecho_backend backend, unecho_precision precision,
                  const ends *e, size_t n)
{
    unecho_config config = reference_config();
    char message[UNECHO_MESSAGE_SIZE];
    unecho *stream = NULL;
    config.model = model;
    config.backend = backend;
    config.precision = precision;
    config.whole_hops = 1;
    config.message = message;
    config.message_size = sizeof message;
    if (unecho_open(&stream, &config) < 0)
        fail_msg("%s", message);
    float *const out = calloc(n, sizeof *out);
    assert_int_equal(unecho_process(stream, e->mic.samples, e->far.samples, out, n), UNECHO_OK);
    unecho_close(&stream);
    return out;
}

enum { LENGTH = 12800 };

static void same_output(unecho_model *a, unecho_model *b, unecho_precision precision)
{
    ends e = double_talk(LENGTH);
    float *const x = run(a, UNECHO_BACKEND_NATIVE, precision, &e, LENGTH);
    float *const y = run(b, UNECHO_BACKEND_NATIVE, precision, &e, LENGTH);
    assert_memory_equal(x, y, LENGTH * sizeof *x);
    free(x);
    free(y);
    free_ends(&e);
}

/* fp32 equals the source. */
static void check_exact(unecho_model *source)
{
    written w = write_model(source, UNECHO_STORAGE_FP32);
    unecho_model *copy = read_back(&w);
    same_output(source, copy, UNECHO_PRECISION_FP32);
    same_output(source, copy, UNECHO_PRECISION_BF16);
    unecho_model_unref(&copy);
    free_written(&w);
}

/* To the int8 engine, int8 equals the source. */
static void check_int8(unecho_model *source)
{
    written w = write_model(source, UNECHO_STORAGE_INT8);
    unecho_model *copy = read_back(&w);
    same_output(source, copy, UNECHO_PRECISION_INT8);
    unecho_model_unref(&copy);
    free_written(&w);
}

static void keeps_the_built_in_model(void **state)
{
    (void)state;
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    check_exact(source);
    check_int8(source);
    unecho_model_unref(&source);
}

static unecho_model *reference(const char *name)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    if (unecho_model_load(&model, reference_path("models/%s", name), message, sizeof message) < 0)
        fail_msg("%s", message);
    return model;
}

/* Others' models in ONNX and in TFLite, fp32 and int8. */
static void keeps_other_models(void **state)
{
    (void)state;
    need_reference();
    static const char *const names[] = {"model_128", "dtln_aec_128_quant", "dtln_aec_256_quant"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unecho_model *source = reference(names[i]);
        check_exact(source);
        check_int8(source);
        unecho_model_unref(&source);
    }
}

static void is_as_small_as_promised(void **state)
{
    (void)state;
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    size_t size[3] = {0};
    for (int storage = 0; storage < 3; storage++)
        for (int stage = 1; stage <= 2; stage++) {
            size_t one = 0;
            unecho_model_write(source, stage, (unecho_storage)storage, NULL, 0, &one, NULL, 0);
            size[storage] += one;
        }
    assert_true(100 * size[1] < 51 * size[0]);
    assert_true(100 * size[2] < 34 * size[0]);
    unecho_model_unref(&source);
}

/* fp16 in the exact engine: no further from the source than float16's 11 bits allow. */
static void fp16_is_close(void **state)
{
    (void)state;
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    written w = write_model(source, UNECHO_STORAGE_FP16);
    unecho_model *copy = read_back(&w);
    ends e = double_talk(LENGTH);
    float *const x = run(source, UNECHO_BACKEND_NATIVE, UNECHO_PRECISION_FP32, &e, LENGTH);
    float *const y = run(copy, UNECHO_BACKEND_NATIVE, UNECHO_PRECISION_FP32, &e, LENGTH);
    print_message("fp16: %.1f dB from the source\n", snr_db(y, x, LENGTH));
    assert_true(snr_db(y, x, LENGTH) >= 60);
    free(x);
    free(y);
    free_ends(&e);
    unecho_model_unref(&copy);
    free_written(&w);
    unecho_model_unref(&source);
}

/* Our model with some weights of the second layer's dense matrix replaced. */
static unecho_model *with_weights(size_t first, size_t step, size_t count, float value)
{
    proto *trees[2] = {our_model(1), our_model(2)};
    bytes *const data = &proto_find(tensor_of(trees[1], "dense/W"), TENSOR_RAW, 0)->data;
    for (size_t i = 0; i < count; i++)
        memcpy(data->at + 4 * (first + i * step), &value, sizeof value);
    const bytes first_file = proto_write(trees[0]), second_file = proto_write(trees[1]);
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_load_memory(&model, first_file.at, first_file.size,
                                              second_file.at, second_file.size, NULL, 0),
                     UNECHO_OK);
    free(first_file.at);
    free(second_file.at);
    proto_free(trees[0]);
    proto_free(trees[1]);
    return model;
}

/* Element 3, 5 of [512, 128]; in the file the matrix is transposed. */
static void refuses_what_float16_does_not_hold(void **state)
{
    (void)state;
    unecho_model *source = with_weights(5 * 512 + 3, 1, 1, 65536.0f);
    char message[UNECHO_MESSAGE_SIZE] = "";
    size_t size = 4711;
    assert_int_equal(
        unecho_model_write(source, 2, UNECHO_STORAGE_FP16, NULL, 0, &size, message, sizeof message),
        UNECHO_ERROR_MODEL);
    assert_non_null(strstr(message, "element 3, 5 of dense/W is 65536"));
    assert_int_equal(size, 4711);
    written w;
    write_stage(source, 1, UNECHO_STORAGE_FP16, &w);
    free(w.at[0]);
    check_exact(source);
    unecho_model_unref(&source);
}

/* A row of zeros has no largest weight to scale by. */
static void rows_of_zeros_are_no_matter(void **state)
{
    (void)state;
    unecho_model *source = with_weights(7, 512, 128, 0.0f);
    check_int8(source);
    unecho_model_unref(&source);
}

/* Whatever the room: never a byte beyond it, always the whole size. */
static void any_room_will_do(void **state)
{
    (void)state;
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    written w = write_model(source, UNECHO_STORAGE_INT8);
    for (size_t room = 0; room < w.size[0]; room += 40009) {
        unsigned char *const at = malloc(room > 0 ? room : 1); /* exact, for AddressSanitizer */
        size_t size = 0;
        assert_int_equal(
            unecho_model_write(source, 1, UNECHO_STORAGE_INT8, at, room, &size, NULL, 0),
            UNECHO_OK);
        assert_int_equal(size, w.size[0]);
        free(at);
    }
    free_written(&w);
    unecho_model_unref(&source);
}

static void refuses_wrong_arguments(void **state)
{
    (void)state;
    unecho_model *source = NULL;
    size_t size = 4711;
    char message[UNECHO_MESSAGE_SIZE] = "";
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    const unecho_storage fp32 = UNECHO_STORAGE_FP32;
    assert_int_equal(unecho_model_write(NULL, 1, fp32, NULL, 0, &size, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_write(source, 0, fp32, NULL, 0, &size, message, sizeof message),
                     UNECHO_ERROR_ARGUMENT);
    assert_string_equal(message, "file (stage) is 0, expected 1 to 2");
    assert_int_equal(unecho_model_write(source, 3, fp32, NULL, 0, &size, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(
        unecho_model_write(source, 1, (unecho_storage)3, NULL, 0, &size, message, sizeof message),
        UNECHO_ERROR_ARGUMENT);
    assert_string_equal(message, "storage is 3, expected 0 to 2");
    assert_int_equal(unecho_model_write(source, 1, fp32, NULL, 10, &size, message, sizeof message),
                     UNECHO_ERROR_ARGUMENT);
    assert_non_null(strstr(message, "capacity"));
    assert_int_equal(unecho_model_write(source, 1, fp32, NULL, 0, NULL, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(size, 4711);
    unecho_model_unref(&source);
}

/* Where there is nothing to say, all of info but the size keeps its value. */
static void check_not_inspected(const char *path, size_t size, int status, const char *word)
{
    char message[UNECHO_MESSAGE_SIZE] = "old";
    unecho_model_file_info info;
    memset(&info, 0x5a, sizeof info);
    info.size = size;
    const unecho_model_file_info before = info;
    assert_int_equal(unecho_model_inspect_file(path, &info, message, sizeof message), status);
    assert_memory_equal(&info, &before, sizeof info);
    if (!strstr(message, word))
        fail_msg("'%s' is missing in: %s", word, message);
}

static void inspects_files(void **state)
{
    (void)state;
    unecho_model_file_info info = {.size = sizeof info};
    char message[UNECHO_MESSAGE_SIZE] = "old";
    for (int stage = 1; stage <= 2; stage++) {
        assert_int_equal(unecho_model_inspect_file(stage == 1
                                                       ? UNECHO_MODELS_DIR "/unecho-128_1.onnx"
                                                       : UNECHO_MODELS_DIR "/unecho-128_2.onnx",
                                                   &info, message, sizeof message),
                         UNECHO_OK);
        assert_string_equal(message, "");
        assert_int_equal(info.size, sizeof info);
        assert_int_equal(info.file, stage);
        assert_int_equal(info.units, 128);
        assert_int_equal(info.version, 13);
        assert_string_equal(info.format, "ONNX");
        assert_string_equal(info.storage, "fp32");
        assert_string_equal(info.producer, "unecho");
        assert_int_equal(info.parameters, stage == 1 ? 494981 : 1314304);
    }
    assert_int_equal(info.operators, 71);
    assert_non_null(strstr(info.operator_counts, "MatMul 8, "));
    check_not_inspected("none.onnx", sizeof info, UNECHO_ERROR_FILE, "none.onnx: cannot be opened");
    check_not_inspected("/dev/null", sizeof info, UNECHO_ERROR_FILE, "device");
    check_not_inspected(NULL, sizeof info, UNECHO_ERROR_ARGUMENT, "path");
    check_not_inspected("/dev/null", 0, UNECHO_ERROR_ARGUMENT, "size");
    assert_int_equal(unecho_model_inspect_file("x", NULL, NULL, 0), UNECHO_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_built_in_model),
        cmocka_unit_test(keeps_other_models),
        cmocka_unit_test(is_as_small_as_promised),
        cmocka_unit_test(fp16_is_close),
        cmocka_unit_test(inspects_files),
        cmocka_unit_test(any_room_will_do),
        cmocka_unit_test(refuses_what_float16_does_not_hold),
        cmocka_unit_test(rows_of_zeros_are_no_matter),
        cmocka_unit_test(refuses_wrong_arguments),
    };
    return cmocka_run_group_tests_name("model_write", tests, NULL, NULL);
}
