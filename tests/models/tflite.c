/*
 * TFLite files give the weights of the network, bit for bit those of the ONNX files where these
 * hold the same, however the graph is spelled; errors name what is wrong.
 */
#include "check.h"
#include "model/stage_file.h"
#include "signals.h"
#include "tflite_spellings.h"
#include "unecho.h"
#include "weights_equal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_UNITS = 4 };

static int read_stage(stage_weights *weights, bytes file, int stage, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    text[0] = 0;
    const int status = stage_file_read(weights, stage, file.at, file.size, "some.tflite", &to);
    if (status != UNECHO_OK && strncmp(text, "some.tflite: ", 13) != 0)
        fail_msg("status %d without a message: '%s'", status, text);
    return status;
}

static int read_quietly(bytes file, int stage, char *text)
{
    stage_weights weights;
    const int status = read_stage(&weights, file, stage, text);
    if (status == UNECHO_OK)
        free(weights.vectors);
    return status;
}

static stage_weights read_good(bytes file, int stage)
{
    char text[UNECHO_MESSAGE_SIZE];
    stage_weights weights;
    if (read_stage(&weights, file, stage, text) != UNECHO_OK)
        fail_msg("%s", text);
    return weights;
}

/* ---- Files of our own ------------------------------------------------------------------- */

/* A matrix of the model as it is in the file: [out, in]. */
static void check_matrix(tflite_model *m, const char *name, const matrix *read)
{
    const tflite_spec *const t = tflite_find(m, name);
    const matrix written = {t->data,
                            (size_t)t->dims[0],
                            (size_t)t->dims[t->rank - 1],
                            (size_t)t->dims[t->rank - 1],
                            1,
                            t->scales > 0 ? MATRIX_INT8 : MATRIX_FLOAT32,
                            t->scales > 0 ? t->scale : 1,
                            NULL,
                            0};
    assert_int_equal(read->rows, written.rows);
    check_matrix_rows(name, read, 0, &written, 0, written.rows);
}

static void check_vector(tflite_model *m, const char *name, const float *read, size_t n)
{
    const tflite_spec *const t = tflite_find(m, name);
    assert_int_equal(t->size, n * sizeof *read);
    assert_memory_equal(t->data, read, t->size);
}

static void check_model(int stage, unsigned units, int int8)
{
    tflite_model *const m = tflite_new(stage, units, int8, 9);
    const bytes file = tflite_write(m);
    const stage_weights w = read_good(file, stage);
    const size_t n = m->features;
    assert_int_equal(w.units, units);
    assert_int_equal(w.features, n);
    assert_string_equal(w.producer, "test");
    assert_null(w.ports[PORT_MAIN].name);
    check_vector(m, "main/gamma", w.norm_main.gamma, n);
    check_vector(m, "main/beta", w.norm_main.beta, n);
    check_vector(m, "far/gamma", w.norm_far.gamma, n);
    check_vector(m, "far/beta", w.norm_far.beta, n);
    check_matrix(m, "lstm0/W", &w.lstm[0].input);
    check_matrix(m, "lstm0/U", &w.lstm[0].recurrent);
    check_vector(m, "lstm0/b", w.lstm[0].bias, 4 * (size_t)units);
    check_matrix(m, "lstm1/W", &w.lstm[1].input);
    check_matrix(m, "lstm1/U", &w.lstm[1].recurrent);
    check_vector(m, "lstm1/b", w.lstm[1].bias, 4 * (size_t)units);
    check_matrix(m, "dense/W", &w.dense);
    check_vector(m, "dense/b", w.dense_bias, n);
    if (stage == 2) {
        check_matrix(m, "encoder", &w.encoder);
        check_matrix(m, "decoder", &w.decoder);
    }
    free(w.vectors);
    free(file.at);
    tflite_free(m);
}

static void gives_the_weights(void **state)
{
    (void)state;
    static const unsigned units[] = {SMALL_UNITS, 12, 128};
    for (int stage = 1; stage <= 2; stage++)
        for (int int8 = 0; int8 <= 1; int8++)
            for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
                check_model(stage, units[i], int8);
}

/* One scale for each output, where the file has them. */
static void takes_a_scale_for_each_output(void **state)
{
    (void)state;
    tflite_model *const m = tflite_new(1, SMALL_UNITS, 1, 9);
    use_scale_per_output(m);
    const tflite_spec *const t = tflite_find(m, "lstm0/W");
    const bytes file = tflite_write(m);
    const stage_weights w = read_good(file, 1);
    const matrix *const read = &w.lstm[0].input;
    for (size_t r = 0; r < read->rows; r++)
        for (size_t c = 0; c < read->columns; c++) {
            const int8_t q = (int8_t)t->data[r * read->columns + c];
            assert_true(matrix_at(read, r, c) == t->scale * (float)(r + 1) * (float)q);
        }
    free(w.vectors);
    free(file.at);
    tflite_free(m);
}

/* ---- Other spellings of one graph -------------------------------------------------------- */

/* Half the size, as the converter's float16 quantisation writes it. */
static void takes_float16(void **state)
{
    (void)state;
    tflite_model *const m = tflite_new(1, SMALL_UNITS, 0, 9);
    use_float16(m);
    const bytes file = tflite_write(m);
    const stage_weights w = read_good(file, 1);
    const matrix *const read = &w.lstm[1].recurrent;
    const unsigned char *const data = tflite_find(m, "lstm1/U")->data;
    assert_int_equal(read->type, MATRIX_FLOAT16);
    for (size_t r = 0; r < read->rows; r++)
        for (size_t c = 0; c < read->columns; c++)
            assert_true(matrix_at(read, r, c) == float16_of(data + 2 * (r * read->columns + c)));
    free(w.vectors);
    free(file.at);
    tflite_free(m);
}

static void other_spellings_are_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < tflite_spellings_count; i++) {
        const tflite_spelling *const s = &tflite_spellings[i];
        if (s->other_weights)
            continue;
        tflite_model *const m = tflite_new(1, SMALL_UNITS, s->int8, 7);
        const bytes plain = tflite_write(m);
        s->change(m);
        const bytes other = tflite_write(m);
        const stage_weights a = read_good(plain, 1), b = read_good(other, 1);
        check_weights(&a, &b);
        free(a.vectors);
        free(b.vectors);
        free(plain.at);
        free(other.at);
        tflite_free(m);
    }
}

/* ---- What does not fit ------------------------------------------------------------------ */

static void another_version(tflite_model *m)
{
    m->version = 2;
}

static void fused(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->options[0] = 1;
}

static void shuffled(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->options[1] = 1;
}

static void strided(tflite_model *m)
{
    tflite_find_op(m, TFLITE_CONV, 0)->options[1] = 2;
}

static void wide_kernel(tflite_model *m)
{
    tflite_spec *const t = tflite_find(m, "encoder");
    t->dims[0] = 256;
    t->dims[1] = 2;
}

static void per_channel(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->scales = 15;
}

static void zero_point(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->zero_point = 1;
}

static void no_scale(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->scale = 0;
}

static void infinite_scale(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->scale = INFINITY;
}

static void huge_scale(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->scale = 1e30f;
}

static void infinite_weight(tflite_model *m)
{
    const float x = INFINITY;
    memcpy(tflite_find(m, "dense/b")->data + 8, &x, sizeof x);
}

static void unknown_operator(tflite_model *m)
{
    tflite_find_op(m, 76, 0)->code = 77;
}

static void late_operator(tflite_model *m)
{
    tflite_find_op(m, 76, 0)->code = 150;
}

static void other_epsilon(tflite_model *m)
{
    const float x = 1e-5f;
    memcpy(tflite_find(m, "epsilon")->data, &x, sizeof x);
}

static void short_buffer(tflite_model *m)
{
    tflite_find(m, "lstm1/U")->size -= 4;
}

static void other_shape(tflite_model *m)
{
    m->tensors[tflite_find_op(m, TFLITE_SLICE, 0)->outputs[0]].dims[1] = 8;
}

static void wrong_input(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 1)->inputs[1] = 1000;
}

static void input_of_later(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->inputs[0] = m->outputs[0];
}

static void made_twice(tflite_model *m)
{
    tflite_op *const second = tflite_find_op(m, TFLITE_FULLY_CONNECTED, 1);
    second->outputs[0] = tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->outputs[0];
}

static void wrong_options(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->options_type = 9;
}

static void missing_input(tflite_model *m)
{
    tflite_find_op(m, TFLITE_FULLY_CONNECTED, 0)->input_count = 1;
}

static void new_axis(tflite_model *m)
{
    tflite_find_op(m, TFLITE_SLICE, 0)->options[3] = 1;
}

static void wrong_state(tflite_model *m)
{
    tflite_op *const slice = tflite_find_op(m, TFLITE_SLICE, 0);
    m->tensors[slice->inputs[1]].data[4] = 1; /* layer 1 instead of 0 */
}

static void output_of_none(tflite_model *m)
{
    m->outputs[0] = (int32_t)m->tensor_count;
}

static void constant_input(tflite_model *m)
{
    m->inputs[0] = m->inputs[1];
}

static void negative_dim(tflite_model *m)
{
    tflite_find(m, "main")->dims[2] = -1;
}

static void refuses_by_name(void **state)
{
    (void)state;
    static const struct {
        void (*change)(tflite_model *m);
        int stage, int8, status;
        const char *words[3];
    } cases[] = {
        {another_version, 1, 0, UNECHO_ERROR_MODEL, {"version 2", "expected 3"}},
        {fused, 1, 0, UNECHO_ERROR_MODEL, {"(FULLY_CONNECTED)", "fused activation 1"}},
        {shuffled, 1, 0, UNECHO_ERROR_MODEL, {"(FULLY_CONNECTED)", "format of weights 1"}},
        {strided, 2, 0, UNECHO_ERROR_MODEL, {"'convolved' (CONV_2D)", "strides 1"}},
        {wide_kernel, 2, 0, UNECHO_ERROR_MODEL, {"(CONV_2D)", "size 1"}},
        {per_channel, 1, 1, UNECHO_ERROR_MODEL, {"'lstm0/W'", "15 scales along dim 0"}},
        {zero_point, 1, 1, UNECHO_ERROR_MODEL, {"'lstm0/W'", "zero point"}},
        {no_scale, 1, 1, UNECHO_ERROR_MODEL, {"'lstm0/W'", "scale is 0"}},
        {huge_scale, 1, 1, UNECHO_ERROR_MODEL, {"'lstm0/W'", "at most 100000"}},
        {infinite_scale, 1, 1, UNECHO_ERROR_MODEL, {"'lstm0/W'", "scale is inf"}},
        {infinite_weight, 1, 0, UNECHO_ERROR_MODEL, {"'dense/b'", "element 2 is inf"}},
        {unknown_operator, 1, 0, UNECHO_ERROR_MODEL, {"(operator 77)", "does not read"}},
        {late_operator, 1, 0, UNECHO_ERROR_MODEL, {"(operator 150)", "does not read"}},
        {other_epsilon, 1, 0, UNECHO_ERROR_MODEL, {"'epsilon'", "expected 1e-07"}},
        {short_buffer, 1, 0, UNECHO_ERROR_FORMAT, {"'lstm1/U'", "need 256 bytes, found 252"}},
        {other_shape, 1, 0, UNECHO_ERROR_MODEL, {"'state' (STRIDED_SLICE)", "[1, 8]", "[1, 4]"}},
        {wrong_input, 1, 0, UNECHO_ERROR_FORMAT, {"(FULLY_CONNECTED)", "input 1 is tensor 1000"}},
        {input_of_later, 1, 0, UNECHO_ERROR_FORMAT, {"(FULLY_CONNECTED)", "is missing"}},
        {made_twice, 1, 0, UNECHO_ERROR_FORMAT, {"'product' (FULLY_CONNECTED)", "made before"}},
        {wrong_options, 1, 0, UNECHO_ERROR_FORMAT, {"(FULLY_CONNECTED)", "of type 9, expected 8"}},
        {missing_input, 1, 0, UNECHO_ERROR_FORMAT, {"1 inputs, expected 2 to 3"}},
        {new_axis, 1, 0, UNECHO_ERROR_MODEL, {"(STRIDED_SLICE)", "new axis"}},
        {wrong_state, 1, 0, UNECHO_ERROR_MODEL, {"(ADD)", "first LSTM layer", "h of this layer"}},
        {output_of_none, 1, 0, UNECHO_ERROR_FORMAT, {"graph output 0 is tensor"}},
        {constant_input, 1, 0, UNECHO_ERROR_FORMAT, {"graph input 'states'", "twice"}},
        {negative_dim, 1, 0, UNECHO_ERROR_FORMAT, {"'main'", "dim 2 is -1"}},
    };
    char text[UNECHO_MESSAGE_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tflite_model *const m = tflite_new(cases[i].stage, SMALL_UNITS, cases[i].int8, 5);
        cases[i].change(m);
        const bytes file = tflite_write(m);
        const int status = read_quietly(file, cases[i].stage, text);
        if (status != cases[i].status)
            fail_msg("case %zu: status %d, expected %d: %s", i, status, cases[i].status, text);
        for (size_t k = 0; k < 3 && cases[i].words[k]; k++)
            if (!strstr(text, cases[i].words[k]))
                fail_msg("case %zu: no %s in: %s", i, cases[i].words[k], text);
        free(file.at);
        tflite_free(m);
    }
}

static void refuses_the_other_stage(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    for (int stage = 1; stage <= 2; stage++) {
        tflite_model *const m = tflite_new(stage, SMALL_UNITS, 0, 5);
        const bytes file = tflite_write(m);
        assert_int_equal(read_quietly(file, 3 - stage, text), UNECHO_ERROR_MODEL);
        assert_non_null(strstr(text, stage == 1 ? "this is stage 1" : "this is stage 2"));
        free(file.at);
        tflite_free(m);
    }
}

/* ---- The published files ---------------------------------------------------------------- */

static void published_files_equal_onnx(void **state)
{
    (void)state;
    need_reference();
    static const struct {
        const char *tflite, *onnx;
        int stage;
    } files[] = {
        {"dtln_aec_128_1", "model_128_1", 1},
        {"dtln_aec_128_quant_2", "model_128_2", 2},
        {"dtln_aec_256_quant_1", "model_256_1", 1},
        {"dtln_aec_256_quant_2", "model_256_2", 2},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const bytes a = read_bytes(reference_path("models/%s.tflite", files[i].tflite));
        const bytes b = read_bytes(reference_path("models/%s.onnx", files[i].onnx));
        const stage_weights left = read_good(a, files[i].stage);
        const stage_weights right = read_good(b, files[i].stage);
        check_weights(&left, &right);
        free(left.vectors);
        free(right.vectors);
        free(a.at);
        free(b.at);
    }
}

/* Half a quantum at most, and exact vectors. */
static void int8_is_the_rounded_network(void **state)
{
    (void)state;
    need_reference();
    const bytes a = read_bytes(reference_path("models/dtln_aec_128_quant_1.tflite"));
    const bytes b = read_bytes(reference_path("models/model_128_1.onnx"));
    const stage_weights x = read_good(a, 1), y = read_good(b, 1);
    assert_memory_equal(x.dense_bias, y.dense_bias, 257 * sizeof(float));
    assert_memory_equal(x.lstm[1].bias, y.lstm[1].bias, 512 * sizeof(float));
    for (size_t r = 0; r < 257; r++)
        for (size_t c = 0; c < 128; c++)
            assert_true(fabsf(matrix_at(&x.dense, r, c) - matrix_at(&y.dense, r, c)) <=
                        0.5001f * x.dense.scale);
    free(x.vectors);
    free(y.vectors);
    free(a.at);
    free(b.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_weights),
        cmocka_unit_test(takes_a_scale_for_each_output),
        cmocka_unit_test(takes_float16),
        cmocka_unit_test(other_spellings_are_equal),
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(refuses_the_other_stage),
        cmocka_unit_test(published_files_equal_onnx),
        cmocka_unit_test(int8_is_the_rounded_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
