/*
 * The network by the operators of other exporters and quantisers: LSTM, LayerNormalization, Gemm in
 * every form, float16, int8. The weights are those that the file stands for, bit for bit; what is
 * not this network is refused by the node that does not fit.
 */
#include "check.h"
#include "model/onnx_stage.h"
#include "onnx_spellings.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"
#include "weights_equal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UINT8 = 2, INT8 = 3, FLOAT16 = 10, BFLOAT16 = 16 };

static void lstm(proto *m)
{
    spell_lstm(m);
}

static void layer_norm(proto *m)
{
    spell_layer_norm(m);
}

static void both(proto *m)
{
    spell_lstm(m);
    spell_layer_norm(m);
}

static void gemm_right(proto *m)
{
    spell_gemm(m, false, false);
}

static void gemm_right_turned(proto *m)
{
    spell_gemm(m, true, false);
}

static void gemm_left(proto *m)
{
    spell_gemm(m, false, true);
}

static void gemm_left_turned(proto *m)
{
    spell_gemm(m, true, true);
}

static void factors(proto *m)
{
    spell_factors(m);
}

static void half_cast(proto *m)
{
    spell_stored_as(m, FLOAT16);
}

static void half_lstm(proto *m)
{
    spell_lstm(m);
    spell_stored_as(m, FLOAT16);
}

static void half_throughout(proto *m)
{
    spell_half(m);
}

static void dequantize_int8(proto *m)
{
    spell_dequantize(m, INT8, false);
}

static void dequantize_uint8(proto *m)
{
    spell_dequantize(m, UINT8, false);
}

static void dequantize_per_output(proto *m)
{
    spell_dequantize(m, INT8, true);
}

static void dynamic_int8(proto *m)
{
    spell_dynamic(m, INT8, false);
}

static void dynamic_uint8(proto *m)
{
    spell_dynamic(m, UINT8, false);
}

static void dynamic_per_output(proto *m)
{
    spell_dynamic(m, INT8, true);
}

static void dynamic_lstm(proto *m)
{
    spell_lstm(m);
    spell_dynamic_lstm(m, INT8, false);
    spell_dynamic(m, INT8, false);
}

static void dynamic_lstm_per_output(proto *m)
{
    spell_lstm(m);
    spell_dynamic_lstm(m, UINT8, true);
    spell_dynamic(m, UINT8, true);
}

enum rounding { EXACT, TO_HALF, TO_INT8, TO_INT8_PER_OUTPUT };

static const struct spelling {
    const char *name;
    void (*change)(proto *model);
    enum rounding rounding;
} spellings[] = {
    {"LSTM", lstm, EXACT},
    {"LayerNormalization", layer_norm, EXACT},
    {"LSTM and LayerNormalization", both, EXACT},
    {"Gemm", gemm_right, EXACT},
    {"Gemm, transB", gemm_right_turned, EXACT},
    {"Gemm, matrix on the left", gemm_left, EXACT},
    {"Gemm, matrix on the left, transA", gemm_left_turned, EXACT},
    {"Gemm, alpha and beta", factors, EXACT},
    {"float16 and Cast", half_cast, TO_HALF},
    {"float16 LSTM", half_lstm, TO_HALF},
    {"float16 throughout", half_throughout, TO_HALF},
    {"DequantizeLinear of int8", dequantize_int8, TO_INT8},
    {"DequantizeLinear of uint8", dequantize_uint8, TO_INT8},
    {"DequantizeLinear per output", dequantize_per_output, TO_INT8_PER_OUTPUT},
    {"MatMulInteger of int8", dynamic_int8, TO_INT8},
    {"MatMulInteger of uint8", dynamic_uint8, TO_INT8},
    {"MatMulInteger per output", dynamic_per_output, TO_INT8_PER_OUTPUT},
    {"DynamicQuantizeLSTM", dynamic_lstm, TO_INT8},
    {"DynamicQuantizeLSTM per output", dynamic_lstm_per_output, TO_INT8_PER_OUTPUT},
};
enum { SPELLINGS = sizeof spellings / sizeof spellings[0] };

static proto *rounded_model(int stage, enum rounding rounding)
{
    proto *model = our_model(stage);
    if (rounding == TO_HALF)
        round_to_half(model);
    if (rounding >= TO_INT8)
        round_matrices(model, rounding == TO_INT8_PER_OUTPUT);
    return model;
}

/* Takes the tree; the weights point into *file. */
static int read_tree(proto *model, int stage, bytes *file, stage_weights *weights, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    text[0] = 0;
    *file = proto_write(model);
    proto_free(model);
    return onnx_stage_read(weights, stage, file->at, file->size, "some.onnx", &to);
}

static void give_the_same_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPELLINGS; i++)
        for (int stage = 1; stage <= 2; stage++) {
            char text[UNECHO_MESSAGE_SIZE];
            bytes files[2];
            stage_weights weights[2];
            proto *plain = rounded_model(stage, spellings[i].rounding);
            proto *spelled = rounded_model(stage, spellings[i].rounding);
            spellings[i].change(spelled);
            assert_int_equal(read_tree(plain, stage, &files[0], &weights[0], text), UNECHO_OK);
            if (read_tree(spelled, stage, &files[1], &weights[1], text) != UNECHO_OK)
                fail_msg("%s: %s", spellings[i].name, text);
            check_weights(&weights[0], &weights[1]);
            for (size_t k = 0; k < 2; k++) {
                free(weights[k].vectors);
                free(files[k].at);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(give_the_same_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
