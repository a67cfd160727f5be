/* One network written with other operators. Knows the names in our own models; trusts its input. */
#include "onnx_spellings.h"

#include "onnx_edit.h"
#include "onnx_integers.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Floats of half the size ------------------------------------------------------------- */

/* To nearest, ties to even. Small values become subnormal; values too large do not occur. */
static uint16_t half_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    if (fabsf(x) < 0x1p-14f)
        return (uint16_t)(sign | (uint16_t)rintf(fabsf(x) * 0x1p24f));
    bits &= 0x7fffffffu;
    return (uint16_t)(sign | ((bits + 0xfffu + (bits >> 13 & 1u) - (112u << 23)) >> 13));
}

static float float_of(uint16_t half)
{
    const float sign = half & 0x8000 ? -1.0f : 1.0f;
    const int exponent = half >> 10 & 31;
    const float mantissa = (float)(half & 0x3ff);
    return exponent == 0 ? sign * mantissa * 0x1p-24f
                         : sign * ldexpf(1024 + mantissa, exponent - 25);
}

static void each_float_tensor(proto *model, void (*change)(proto *model, proto *tensor, int type),
                              int type)
{
    const proto *graph = graph_of(model);
    const size_t count = proto_count(graph, GRAPH_TENSOR);
    for (size_t i = 0; i < count; i++) {
        proto *tensor = proto_find(graph, GRAPH_TENSOR, i)->child;
        if (proto_find(tensor, TENSOR_TYPE, 0)->value == FLOAT)
            change(model, tensor, type);
    }
}

static void round_tensor(proto *model, proto *tensor, int type)
{
    (void)model;
    (void)type;
    size_t count;
    float *x = floats_of(tensor, &count);
    if (proto_is(proto_find(tensor, TENSOR_NAME, 0), "epsilon"))
        return;
    for (size_t i = 0; i < count; i++)
        x[i] = float_of(half_of(x[i]));
}

static void round_to_half(proto *model)
{
    each_float_tensor(model, round_tensor, 0);
}

static void narrow(proto *model, proto *tensor, int type)
{
    (void)model;
    size_t count;
    const float *x = floats_of(tensor, &count);
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    uint16_t *narrowed = malloc(count * sizeof *narrowed);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        narrowed[i] = type == FLOAT16 ? half_of(x[i]) : (uint16_t)(bits >> 16);
    }
    memcpy(data->at, narrowed, count * sizeof *narrowed);
    data->size = count * sizeof *narrowed;
    free(narrowed);
    proto_find(tensor, TENSOR_TYPE, 0)->value = (uint64_t)type;
}

static void narrow_and_cast(proto *model, proto *tensor, int type)
{
    name stored, wide;
    text_of(proto_find(tensor, TENSOR_NAME, 0), stored);
    if (strcmp(stored, "epsilon") == 0)
        return;
    narrow(model, tensor, type);
    snprintf(wide, sizeof wide, "%.50s/float", stored);
    redirect(model, stored, wide);
    add_attribute_int(ADD(model, "Cast", wide, stored), "to", FLOAT);
}

static void spell_stored_as(proto *model, int type)
{
    each_float_tensor(model, narrow_and_cast, type);
    tidy(model);
}

static void spell_half(proto *model)
{
    each_float_tensor(model, narrow, FLOAT16);
    for (size_t i = 0; i < 3; i++) {
        name port, half;
        text_of(proto_find(port_of(model, GRAPH_INPUT, i), PORT_NAME, 0), port);
        snprintf(half, sizeof half, "%.50s/half", port);
        redirect(model, port, half);
        add_attribute_int(ADD(model, "Cast", half, port), "to", FLOAT16);
    }
    for (size_t i = 0; i < 2; i++) {
        name port, half;
        proto_field *made;
        text_of(proto_find(port_of(model, GRAPH_OUTPUT, i), PORT_NAME, 0), port);
        snprintf(half, sizeof half, "%.50s/half", port);
        made = proto_find(node_making(model, port), NODE_OUTPUT, 0);
        proto_set_text(made, half);
        add_attribute_int(ADD(model, "Cast", port, half), "to", FLOAT);
    }
    tidy(model);
}

/* ---- LSTM ------------------------------------------------------------------------------- */

/* [in, 4H] in the order i, f, g, o to [in, 4H] or [4H, in] in the order i, o, f, g. */
static float *reorder(const proto *tensor, bool turn)
{
    static const size_t from[GATES] = {0, 3, 1, 2};
    size_t count;
    const float *w = floats_of(tensor, &count);
    const size_t columns = dim_of(tensor, proto_count(tensor, TENSOR_DIMS) - 1);
    const size_t rows = count / columns, units = columns / GATES;
    float *to = malloc(count * sizeof *to);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            const size_t source = r * columns + from[c / units] * units + c % units;
            to[turn ? c * rows + r : r * columns + c] = w[source];
        }
    return to;
}

static void add_layer(proto *model, int layer)
{
    name n[12];
    static const char *const parts[] = {"W/lstm", "U/lstm", "b/lstm", "x",  "h",         "c",
                                        "Y",      "Y_h",    "Y_c",    "hn", "hidden/op", "cell/op"};
    name ours[3], input;
    static const char *const tensors[] = {"W", "U", "b"};
    for (size_t i = 0; i < 12; i++)
        snprintf(n[i], sizeof n[i], "lstm%d/%s", layer, parts[i]);
    for (size_t i = 0; i < 3; i++)
        snprintf(ours[i], sizeof ours[i], "lstm%d/%s", layer, tensors[i]);
    const size_t inputs = dim_of(tensor_of(model, ours[0]), 0);
    const size_t units = dim_of(tensor_of(model, ours[1]), 0), gates = GATES * units;
    for (size_t i = 0; i < 2; i++) {
        const size_t columns = i == 0 ? inputs : units;
        float *turned = reorder(tensor_of(model, ours[i]), true);
        const uint64_t dims[3] = {1, gates, columns};
        add_tensor(model, n[i], dims, 3, FLOAT, turned, gates * columns * sizeof *turned);
        free(turned);
    }
    float *bias = calloc(2 * gates, sizeof *bias);
    float *wb = reorder(tensor_of(model, ours[2]), false);
    memcpy(bias, wb, gates * sizeof *bias);
    const uint64_t bias_dims[2] = {1, 2 * gates};
    add_tensor(model, n[2], bias_dims, 2, FLOAT, bias, 2 * gates * sizeof *bias);
    free(wb);
    free(bias);

    const int64_t x_dims[3] = {1, 1, (int64_t)inputs}, h_dims[3] = {1, 1, (int64_t)units};
    const int64_t row[2] = {1, (int64_t)units};
    name h, c, hidden, cell;
    snprintf(h, sizeof h, "state/%d0/row", layer);
    snprintf(c, sizeof c, "state/%d1/row", layer);
    snprintf(hidden, sizeof hidden, "lstm%d/hidden", layer);
    snprintf(cell, sizeof cell, "lstm%d/cell", layer);
    snprintf(input, sizeof input, "%s", layer == 0 ? "features/row" : "lstm0/hidden/op");
    reshape(model, n[3], input, x_dims, 3);
    reshape(model, n[4], h, h_dims, 3);
    reshape(model, n[5], c, h_dims, 3);
    proto *node = ADD(model, "LSTM", n[6], n[3], n[0], n[1], n[2], "", n[4], n[5]);
    proto_add_text(node, NODE_OUTPUT, n[7]);
    proto_add_text(node, NODE_OUTPUT, n[8]);
    add_attribute_int(node, "hidden_size", units);
    redirect(model, hidden, n[10]);
    redirect(model, cell, n[11]);
    reshape(model, n[10], layer == 0 ? n[6] : n[7], row, 2);
    reshape(model, n[11], n[8], row, 2);
}

static void spell_lstm(proto *model)
{
    add_layer(model, 0);
    add_layer(model, 1);
    tidy(model);
}

/* ---- Layer norm ------------------------------------------------------------------------- */

static void set_opset(const proto *model, uint64_t version)
{
    proto_find(proto_find(model, MODEL_OPSET, 0)->child, 2, 0)->value = version;
}

static void spell_layer_norm(proto *model)
{
    static const char *const norms[][2] = {{"norm_mic", "mic/log"},
                                           {"norm_estimate", "estimate/encoded"},
                                           {"norm_far", "far/log"},
                                           {"norm_far", "far/encoded"}};
    for (size_t i = 0; i < 4; i++) {
        name out, made, gamma, beta;
        snprintf(out, sizeof out, "%s/out", norms[i][0]);
        snprintf(made, sizeof made, "%s/operator", norms[i][0]);
        snprintf(gamma, sizeof gamma, "%s/gamma", norms[i][0]);
        snprintf(beta, sizeof beta, "%s/beta", norms[i][0]);
        if (!node_making(model, out) || !node_making(model, norms[i][1]))
            continue;
        redirect(model, out, made);
        proto *node = ADD(model, "LayerNormalization", made, norms[i][1], gamma, beta);
        add_attribute_int(node, "axis", UINT64_MAX);
        add_float_attribute(node, "epsilon", 1e-7f);
    }
    set_opset(model, 17);
    tidy(model);
}

/* ---- Gemm ------------------------------------------------------------------------------- */

static void turn_tensor(const proto *tensor)
{
    size_t count;
    float *w = floats_of(tensor, &count);
    const size_t rows = dim_of(tensor, 0), columns = dim_of(tensor, 1);
    float *turned = malloc(count * sizeof *turned);
    for (size_t i = 0; i < count; i++)
        turned[i % columns * rows + i / columns] = w[i];
    memcpy(w, turned, count * sizeof *turned);
    free(turned);
    proto_find(tensor, TENSOR_DIMS, 0)->value = columns;
    proto_find(tensor, TENSOR_DIMS, 1)->value = rows;
}

static const struct {
    const char *made, *matrix;
} products[] = {{"lstm0/xW", "lstm0/W"},
                {"lstm0/hU", "lstm0/U"},
                {"lstm1/xW", "lstm1/W"},
                {"lstm1/hU", "lstm1/U"},
                {"dense/xW", "dense/W"}};
enum { PRODUCTS = sizeof products / sizeof products[0] };

/* x W = (W^T x^T)^T: on the left the matrix is [out, in], unless transposed. */
static void spell_gemm(proto *model, bool turned, bool left)
{
    for (size_t i = 0; i < PRODUCTS; i++) {
        const proto *tensor = tensor_of(model, products[i].matrix);
        proto *node = node_making(model, products[i].made);
        const size_t columns = dim_of(tensor, 1);
        proto_set_text(proto_find(node, NODE_OP, 0), "Gemm");
        if (left != turned)
            turn_tensor(tensor);
        if (!left) {
            add_attribute_int(node, "transA", 0);
            add_attribute_int(node, "transB", turned);
            continue;
        }
        name made;
        const int64_t row[2] = {1, (int64_t)columns};
        proto_field *a = proto_find(node, NODE_INPUT, 0), *b = proto_find(node, NODE_INPUT, 1);
        const bytes kept = a->data;
        a->data = b->data;
        b->data = kept;
        add_attribute_int(node, "transA", turned);
        add_attribute_int(node, "transB", 1);
        snprintf(made, sizeof made, "%s/row", products[i].made);
        redirect(model, products[i].made, made);
        reshape(model, made, products[i].made, row, 2);
    }
    tidy(model);
}

static void multiply_tensor(const proto *tensor, float factor)
{
    size_t count;
    float *w = floats_of(tensor, &count);
    for (size_t i = 0; i < count; i++)
        w[i] *= factor;
}

static void spell_factors(proto *model)
{
    proto *node = node_making(model, "dense/xW");
    proto_set_text(proto_find(node, NODE_OP, 0), "Gemm");
    proto_add_text(node, NODE_INPUT, "dense/b");
    add_float_attribute(node, "alpha", 0.5f);
    add_float_attribute(node, "beta", 0.25f);
    multiply_tensor(tensor_of(model, "dense/W"), 2);
    multiply_tensor(tensor_of(model, "dense/b"), 4);
    redirect(model, "dense/out", "dense/xW");
    tidy(model);
}

/* ---- All -------------------------------------------------------------------------------- */

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

const spelling spellings[] = {
    {"LSTM", lstm, ROUND_NOTHING},
    {"LayerNormalization", layer_norm, ROUND_NOTHING},
    {"LSTM and LayerNormalization", both, ROUND_NOTHING},
    {"Gemm", gemm_right, ROUND_NOTHING},
    {"Gemm, transB", gemm_right_turned, ROUND_NOTHING},
    {"Gemm, matrix on the left", gemm_left, ROUND_NOTHING},
    {"Gemm, matrix on the left, transA", gemm_left_turned, ROUND_NOTHING},
    {"Gemm, alpha and beta", factors, ROUND_NOTHING},
    {"float16 and Cast", half_cast, ROUND_TO_HALF},
    {"float16 LSTM", half_lstm, ROUND_TO_HALF},
    {"float16 throughout", half_throughout, ROUND_TO_HALF},
    {"DequantizeLinear of int8", dequantize_int8, ROUND_TO_INT8},
    {"DequantizeLinear of uint8", dequantize_uint8, ROUND_TO_INT8},
    {"DequantizeLinear per output", dequantize_per_output, ROUND_TO_INT8_PER_OUTPUT},
    {"MatMulInteger of int8", dynamic_int8, ROUND_TO_INT8},
    {"MatMulInteger of uint8", dynamic_uint8, ROUND_TO_INT8},
    {"MatMulInteger per output", dynamic_per_output, ROUND_TO_INT8_PER_OUTPUT},
    {"DynamicQuantizeLSTM", dynamic_lstm, ROUND_TO_INT8},
    {"DynamicQuantizeLSTM per output", dynamic_lstm_per_output, ROUND_TO_INT8_PER_OUTPUT},
};
const size_t spellings_count = sizeof spellings / sizeof spellings[0];

static void round_model(proto *model, rounding how)
{
    if (how == ROUND_TO_HALF)
        round_to_half(model);
    if (how >= ROUND_TO_INT8)
        round_matrices(model, how == ROUND_TO_INT8_PER_OUTPUT);
}

proto *rounded_model(int stage, rounding how)
{
    proto *model = our_model(stage);
    round_model(model, how);
    return model;
}

proto *spelled_model(int stage, const spelling *s)
{
    proto *model = rounded_model(stage, s->rounding);
    s->change(model);
    return model;
}

proto *small_spelled_model(int stage, const spelling *s)
{
    enum { UNITS = 4 };
    proto *model = our_model(stage);
    resize_units(model, UNITS);
    round_model(model, s->rounding);
    s->change(model);
    return model;
}
