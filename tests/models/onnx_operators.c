/*
 * The network in the operators of other exporters and quantisers: LSTM, LayerNormalization, Gemm in
 * every form, float16, int8. The weights are those that the file stands for, bit for bit; the error
 * for a file that is not this network names the node that does not fit.
 */
#include "check.h"
#include "model/stage_file.h"
#include "onnx_spellings.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"
#include "weights_equal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes ownership of the tree; the weights point into *file. */
static int read_tree(proto *model, int stage, bytes *file, stage_weights *weights, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    text[0] = 0;
    *file = proto_write(model);
    proto_free(model);
    return stage_file_read(weights, stage, file->at, file->size, "some.onnx", &to);
}

static void give_the_same_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < spellings_count; i++)
        for (int stage = 1; stage <= 2; stage++) {
            char text[UNECHO_MESSAGE_SIZE];
            bytes files[2];
            stage_weights weights[2];
            proto *plain = rounded_model(stage, spellings[i].rounding);
            proto *spelled = spelled_model(stage, &spellings[i]);
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

/* ---- What is refused --------------------------------------------------------------------- */

static const spelling *find(const char *called)
{
    for (size_t i = 0; i < spellings_count; i++)
        if (strcmp(spellings[i].name, called) == 0)
            return &spellings[i];
    fail_msg("no spelling '%s'", called);
    return NULL;
}

/* In this spelling, changed, rejected as MODEL with both words. */
static void refused(const char *called, void (*change)(proto *model), const char *first,
                    const char *second)
{
    char text[UNECHO_MESSAGE_SIZE];
    bytes file;
    stage_weights weights;
    proto *model = spelled_model(1, find(called));
    change(model);
    const int status = read_tree(model, 1, &file, &weights, text);
    if (status != UNECHO_ERROR_MODEL || !strstr(text, first) || !strstr(text, second))
        fail_msg("status %d, not '%s' and '%s' in: %s", status, first, second, text);
    free(file.at);
}

static void add_text_attribute(proto *node, const char *called, uint32_t field, const char *text)
{
    proto *attribute = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, called);
    proto_add_text(attribute, field, text);
}

static proto *first_lstm(const proto *m)
{
    return node_making(m, "lstm0/Y");
}

static void backwards(proto *m)
{
    add_text_attribute(first_lstm(m), "direction", 4, "reverse");
}

static void other_activations(proto *m)
{
    add_text_attribute(first_lstm(m), "activations", 9, "Relu");
}

static void clipped(proto *m)
{
    proto *attribute = proto_add(first_lstm(m), NODE_ATTRIBUTE);
    const float three = 3;
    proto_add_text(attribute, ATTRIBUTE_NAME, "clip");
    proto_add_bytes(attribute, ATTRIBUTE_F, &three, 4)->wire = 5;
}

static void coupled(proto *m)
{
    add_attribute_int(first_lstm(m), "input_forget", 1);
}

static void with_peepholes(proto *m)
{
    proto_add_text(first_lstm(m), NODE_INPUT, "lstm0/b/lstm");
}

static void without_state(proto *m)
{
    proto_set_text(proto_find(first_lstm(m), NODE_INPUT, 5), "");
}

static void states_swapped(proto *m)
{
    proto_set_text(proto_find(first_lstm(m), NODE_INPUT, 5), "lstm0/c");
    proto_set_text(proto_find(first_lstm(m), NODE_INPUT, 6), "lstm0/h");
}

static void two_steps(proto *m)
{
    const int32_t length = 2;
    const uint64_t one = 1;
    add_tensor(m, "length", &one, 1, 6, &length, sizeof length);
    proto_set_text(proto_find(first_lstm(m), NODE_INPUT, 4), "length");
}

static void narrow_weights(proto *m)
{
    proto_find(tensor_of(m, "lstm0/W/lstm"), TENSOR_DIMS, 1)->value = 514;
    proto_find(tensor_of(m, "lstm0/W/lstm"), TENSOR_DIMS, 2)->value = 512;
}

static void bias_computed(proto *m)
{
    proto_set_text(proto_find(first_lstm(m), NODE_INPUT, 3), "lstm0/b/sum");
    proto *sum = add_node(m, "Add", "lstm0/b/sum");
    proto_add_text(sum, NODE_INPUT, "lstm0/b/lstm");
    proto_add_text(sum, NODE_INPUT, "lstm0/b/lstm");
}

static void refuses_other_lstms(void **state)
{
    (void)state;
    refused("LSTM", backwards, "node that makes 'lstm0/Y' (LSTM)", "direction");
    refused("LSTM", other_activations, "'lstm0/Y' (LSTM)", "Sigmoid, Tanh, Tanh");
    refused("LSTM", clipped, "'lstm0/Y' (LSTM)", "clip");
    refused("LSTM", coupled, "'lstm0/Y' (LSTM)", "couples");
    refused("LSTM", with_peepholes, "'lstm0/Y' (LSTM)", "peepholes");
    refused("LSTM", without_state, "'lstm0/Y' (LSTM)", "initial_h");
    refused("LSTM", states_swapped, "'lstm0/Y' (LSTM)", "initial_h");
    refused("LSTM", two_steps, "'lstm0/Y' (LSTM)", "sequence length");
    refused("LSTM", narrow_weights, "'lstm0/Y' (LSTM)",
            "W is [1, 514, 512], expected [1, 512, 514]");
    refused("LSTM", bias_computed, "'lstm0/b/sum' (Add)", "constant bias");
}

static void set_scale(proto *m, const char *called, float value)
{
    memcpy(proto_find(tensor_of(m, called), TENSOR_RAW, 0)->data.at, &value, sizeof value);
}

static void scale_of_nothing(proto *m)
{
    set_scale(m, "lstm0/U/scale", 0);
}

static void fixed_scales(proto *m)
{
    /* the input of a layer through a DequantizeLinear */
    proto *node = add_node(m, "DequantizeLinear", "late");
    proto_add_text(node, NODE_INPUT, "features/row");
    proto_add_text(node, NODE_INPUT, "lstm0/U/scale");
    proto_set_text(proto_find(node_making(m, "lstm0/xW"), NODE_INPUT, 0), "late");
}

static void twice(proto *m)
{
    proto *node = add_node(m, "DequantizeLinear", "once more");
    proto_add_text(node, NODE_INPUT, "lstm0/U");
    proto_add_text(node, NODE_INPUT, "lstm1/U/scale");
    proto_set_text(proto_find(node_making(m, "lstm1/hU"), NODE_INPUT, 1), "once more");
}

static void by_blocks(proto *m)
{
    add_attribute_int(node_making(m, "lstm0/U/float"), "block_size", 16);
}

static void along_inputs(proto *m)
{
    proto *node = node_making(m, "lstm1/U/float");
    proto_find(attribute_of(node, "axis"), ATTRIBUTE_I, 0)->value = 0;
}

static void along_inputs_of_a_square(proto *m)
{
    proto *node = node_making(m, "lstm1/U/float");
    const uint64_t count = 128;
    float scales[128];
    for (size_t i = 0; i < 128; i++)
        scales[i] = 1;
    add_tensor(m, "other scales", &count, 1, 1, scales, sizeof scales);
    proto_set_text(proto_find(node, NODE_INPUT, 1), "other scales");
    proto_find(attribute_of(node, "axis"), ATTRIBUTE_I, 0)->value = 0;
}

static void uneven_zeros(proto *m)
{
    proto_find(tensor_of(m, "dense/W/zero"), TENSOR_RAW, 0)->data.at[3] = 5;
}

static void refuses_other_quantisation(void **state)
{
    (void)state;
    refused("DequantizeLinear of int8", scale_of_nothing, "'lstm0/U/scale'", "scale 0 is 0");
    refused("DequantizeLinear of int8", fixed_scales, "'late' (DequantizeLinear)", "constant");
    refused("DequantizeLinear of int8", twice, "'once more' (DequantizeLinear)", "scale already");
    refused("DequantizeLinear of int8", by_blocks, "(DequantizeLinear)", "for each block");
    refused("DequantizeLinear per output", along_inputs, "(DequantizeLinear)",
            "512 scales along axis 0 of [128, 512]");
    refused("DequantizeLinear per output", along_inputs_of_a_square, "tensor 'lstm1/U'",
            "along axis 0, expected one scale for each output");
    refused("DequantizeLinear per output", uneven_zeros, "'dense/W/zero'", "zero points 0 and 5");
}

static void another_quantiser(proto *m)
{
    proto_set_text(proto_find(node_making(m, "lstm1/xW/scales"), NODE_INPUT, 0),
                   "lstm1/hU/q/scale");
}

static void another_zero(proto *m)
{
    proto_set_text(proto_find(node_making(m, "lstm1/xW/sums"), NODE_INPUT, 2), "lstm1/hU/q/zero");
}

static void no_zero(proto *m)
{
    proto_set_text(proto_find(node_making(m, "lstm1/xW/sums"), NODE_INPUT, 2), "");
}

static void no_scale(proto *m)
{
    proto_set_text(proto_find(node_making(m, "lstm1/xW"), NODE_INPUT, 1), "lstm1/W/scale");
}

static void floats_for_integers(proto *m)
{
    proto_find(tensor_of(m, "lstm1/W"), TENSOR_TYPE, 0)->value = 1;
    proto_find(tensor_of(m, "lstm1/W"), TENSOR_DIMS, 0)->value = 128;
    bytes *data = &proto_find(tensor_of(m, "lstm1/W"), TENSOR_RAW, 0)->data;
    data->at = realloc(data->at, 4 * data->size);
    memset(data->at, 0, 4 * data->size);
    data->size *= 4;
}

static void refuses_other_products(void **state)
{
    (void)state;
    static const char called[] = "MatMulInteger of int8";
    refused(called, another_quantiser, "'lstm1/xW/sums' (MatMulInteger)", "DynamicQuantizeLinear");
    refused(called, another_zero, "'lstm1/xW/sums' (MatMulInteger)", "zero point");
    refused(called, no_zero, "'lstm1/xW/sums' (MatMulInteger)", "zero point");
    refused(called, no_scale, "'lstm1/xW' (Mul)", "second LSTM layer's cell");
    refused(called, floats_for_integers, "tensor 'lstm1/W'", "float32, expected int8 or uint8");
}

static void cast_to_integers(proto *m)
{
    proto_find(attribute_of(node_making(m, "lstm0/U/float"), "to"), ATTRIBUTE_I, 0)->value = 6;
}

static void infinite_half(proto *m)
{
    proto_find(tensor_of(m, "lstm0/U"), TENSOR_RAW, 0)->data.at[2 * 77 + 1] = 0x7c;
    proto_find(tensor_of(m, "lstm0/U"), TENSOR_RAW, 0)->data.at[2 * 77] = 0;
}

/* Two-byte numbers as onnx.helper writes them, one varint each: vectors, but not matrices. */
static void one_by_one(proto *m, const char *called)
{
    proto *tensor = tensor_of(m, called);
    proto_field *raw = proto_find(tensor, TENSOR_RAW, 0);
    unsigned char *packed = malloc(3 * raw->data.size);
    size_t n = 0;
    for (size_t i = 0; i < raw->data.size; i += 2) {
        unsigned value = raw->data.at[i] | (unsigned)raw->data.at[i + 1] << 8;
        for (; value >= 128; value >>= 7)
            packed[n++] = (unsigned char)(value | 128);
        packed[n++] = (unsigned char)value;
    }
    proto_remove(tensor, raw);
    proto_add_bytes(tensor, 5, packed, n);
    free(packed);
}

static void matrix_one_by_one(proto *m)
{
    one_by_one(m, "lstm0/U");
}

static void refuses_other_halves(void **state)
{
    (void)state;
    refused("float16 and Cast", cast_to_integers, "(Cast)", "a cast to int32");
    refused("float16 and Cast", infinite_half, "'lstm0/U'", "element 77 is inf");
    refused("float16 and Cast", matrix_one_by_one, "'lstm0/U'", "one by one, expected raw_data");
}

static void reads_short_vectors_one_by_one(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    bytes files[2];
    stage_weights weights[2];
    proto *model = spelled_model(1, find("float16 and Cast"));
    one_by_one(model, "lstm0/b");
    one_by_one(model, "norm_far/gamma");
    if (read_tree(model, 1, &files[0], &weights[0], text) != UNECHO_OK)
        fail_msg("%s", text);
    read_tree(spelled_model(1, find("float16 and Cast")), 1, &files[1], &weights[1], text);
    check_weights(&weights[0], &weights[1]);
    for (size_t k = 0; k < 2; k++) {
        free(weights[k].vectors);
        free(files[k].at);
    }
}

/* ---- Damage ----------------------------------------------------------------------------- */

/* Few units, so that most of a file is structure. */
static bytes small_file(const spelling *s, int stage)
{
    proto *model = small_spelled_model(stage, s);
    const bytes file = proto_write(model);
    proto_free(model);
    return file;
}

static int read_copy(const unsigned char *at, size_t size, int stage)
{
    char text[UNECHO_MESSAGE_SIZE] = "";
    const message to = {text, sizeof text};
    stage_weights weights;
    unsigned char *const exact =
        malloc(size > 0 ? size : 1); /* so that a read beyond it is detected */
    memcpy(exact, at, size);
    const int status = stage_file_read(&weights, stage, exact, size, "some.onnx", &to);
    if (status == UNECHO_OK)
        free(weights.vectors);
    else if (strncmp(text, "some.onnx: ", 11) != 0)
        fail_msg("status %d without a message: '%s'", status, text);
    free(exact);
    return status;
}

static void truncation_and_damage_do_no_harm(void **state)
{
    (void)state;
    enum { CUTS = 60, CHANGES = 150, LESS = 10 }; /* stage 2 is mostly its encoder */
    uint32_t seed = 5;
    for (size_t i = 0; i < spellings_count; i++)
        for (int stage = 1; stage <= 2; stage++) {
            const bytes file = small_file(&spellings[i], stage);
            assert_int_equal(read_copy(file.at, file.size, stage), UNECHO_OK);
            for (size_t k = 0; k < CUTS; k += stage == 1 ? 1 : LESS) {
                const size_t size = file.size * k / CUTS;
                assert_int_equal(read_copy(file.at, size, stage), UNECHO_ERROR_FORMAT);
            }
            for (size_t k = 0; k < CHANGES; k += stage == 1 ? 1 : LESS) {
                unsigned char *const at = &file.at[random_bits(&seed) % file.size];
                const unsigned char kept = *at;
                *at = (unsigned char)random_bits(&seed);
                read_copy(file.at, file.size, stage);
                if (k % 4 != 0) /* some changes stay */
                    *at = kept;
            }
            free(file.at);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(give_the_same_weights),
        cmocka_unit_test(refuses_other_lstms),
        cmocka_unit_test(refuses_other_quantisation),
        cmocka_unit_test(refuses_other_products),
        cmocka_unit_test(refuses_other_halves),
        cmocka_unit_test(reads_short_vectors_one_by_one),
        cmocka_unit_test(truncation_and_damage_do_no_harm),
    };
    return cmocka_run_group_tests_name("onnx_operators", tests, NULL, NULL);
}
