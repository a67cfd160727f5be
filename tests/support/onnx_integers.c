/*
 * Matrices as integers, the way quantisers write them. Knows the names in our own models; trusts
 * its input.
 */
#include "onnx_integers.h"

#include "onnx_edit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const matrices[] = {"lstm0/W", "lstm0/U",   "lstm1/W",  "lstm1/U",
                                       "dense/W", "encoder/W", "decoder/W"};
enum { MATRICES = sizeof matrices / sizeof matrices[0] };

/* ---- Rounding --------------------------------------------------------------------------- */

/* A power of two for which every weight of the column (all: of the matrix) is at most 127. */
static float scale_of(const float *weights, size_t rows, size_t columns, size_t column, bool all)
{
    float most = 1e-6f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = all ? 0 : column; c < (all ? columns : column + 1); c++)
            most = fabsf(weights[r * columns + c]) > most ? fabsf(weights[r * columns + c]) : most;
    return exp2f(ceilf(log2f(most / 127)));
}

static float *scales_of(const proto *tensor, bool per_output)
{
    size_t count;
    const float *weights = floats_of(tensor, &count);
    const size_t columns = dim_of(tensor, 1), rows = count / columns;
    float *scales = malloc(columns * sizeof *scales);
    for (size_t c = 0; c < columns; c++)
        scales[c] =
            c > 0 && !per_output ? scales[0] : scale_of(weights, rows, columns, c, !per_output);
    return scales;
}

void round_matrices(proto *model, bool per_output)
{
    for (size_t i = 0; i < MATRICES; i++) {
        const proto *tensor = tensor_of(model, matrices[i]);
        if (!tensor)
            continue;
        size_t count;
        float *weights = floats_of(tensor, &count);
        float *scales = scales_of(tensor, per_output);
        for (size_t k = 0; k < count; k++) {
            const float scale = scales[k % dim_of(tensor, 1)];
            weights[k] = scale * rintf(weights[k] / scale) + 0.0f; /* integers have no -0 */
        }
        free(scales);
    }
}

static void import_microsoft(proto *model)
{
    proto *opset = proto_add(model, MODEL_OPSET);
    proto_add_text(opset, 1, "com.microsoft");
    proto_add_int(opset, 2, 1);
}

/* ---- Integers --------------------------------------------------------------------------- */

enum { MIDDLE = 128 }; /* the uint8 value that represents 0 */

static void add_scale(proto *model, const char *called, const float *scales, size_t count,
                      size_t rank)
{
    const uint64_t dims[2] = {rank == 2 ? 1 : count, count};
    add_tensor(model, called, dims, rank, FLOAT, scales, count * sizeof *scales);
}

static void add_zero(proto *model, const char *called, int type, size_t count, size_t rank)
{
    const uint64_t dims[2] = {rank == 2 ? 1 : count, count};
    unsigned char *zeros = malloc(count);
    memset(zeros, type == UINT8 ? MIDDLE : 0, count);
    add_tensor(model, called, dims, rank, type, zeros, count);
    free(zeros);
}

/* Replaces the tensor by its scales and zero points, by name. Takes ownership of scales. */
static void quantise(proto *model, const char *called, int type, float *scales, size_t repeat,
                     name scale, name zero)
{
    const proto *tensor = tensor_of(model, called);
    size_t count;
    const float *w = floats_of(tensor, &count);
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    unsigned char *q = malloc(count);
    for (size_t i = 0; i < count; i++)
        q[i] =
            (unsigned char)((int)rintf(w[i] / scales[i % repeat]) + (type == UINT8 ? MIDDLE : 0));
    memcpy(data->at, q, count);
    data->size = count;
    free(q);
    proto_find(tensor, TENSOR_TYPE, 0)->value = (uint64_t)type;
    snprintf(scale, sizeof(name), "%.40s/scale", called);
    snprintf(zero, sizeof(name), "%.40s/zero", called);
}

void spell_dequantize(proto *model, int type, bool per_output)
{
    for (size_t i = 0; i < MATRICES; i++) {
        const proto *tensor = tensor_of(model, matrices[i]);
        if (!tensor)
            continue;
        name scale, zero, made;
        const size_t columns = dim_of(tensor, 1), count = per_output ? columns : 1;
        float *scales = scales_of(tensor, per_output);
        quantise(model, matrices[i], type, scales, columns, scale, zero);
        add_scale(model, scale, scales, count, per_output);
        add_zero(model, zero, type, count, per_output);
        snprintf(made, sizeof made, "%s/float", matrices[i]);
        redirect(model, matrices[i], made);
        proto *node = ADD(model, "DequantizeLinear", made, matrices[i], scale, zero);
        if (per_output)
            add_attribute_int(node, "axis", 1);
        free(scales);
    }
    tidy(model);
}

static void use_integers(proto *model, proto *node, int type, bool per_output)
{
    name x, w, made, scale, zero, n[6];
    static const char *const parts[] = {"q", "q/scale", "q/zero", "sums", "sums/float", "scales"};
    text_of(proto_find(node, NODE_INPUT, 0), x);
    text_of(proto_find(node, NODE_INPUT, 1), w);
    text_of(proto_find(node, NODE_OUTPUT, 0), made);
    for (size_t i = 0; i < 6; i++)
        snprintf(n[i], sizeof n[i], "%.40s/%s", made, parts[i]);
    const proto *tensor = tensor_of(model, w);
    snprintf(scale, sizeof scale, "%.40s/scale", w);
    snprintf(zero, sizeof zero, "%.40s/zero", w);
    if (!tensor_of(model, scale)) { /* the encoder appears twice */
        const size_t columns = dim_of(tensor, 1), count = per_output ? columns : 1;
        float *scales = scales_of(tensor, per_output);
        quantise(model, w, type, scales, columns, scale, zero);
        add_scale(model, scale, scales, count, per_output);
        add_zero(model, zero, type, count, per_output);
        free(scales);
    }
    drop(graph_of(model), node);
    proto *quantiser = ADD(model, "DynamicQuantizeLinear", n[0], x);
    proto_add_text(quantiser, NODE_OUTPUT, n[1]);
    proto_add_text(quantiser, NODE_OUTPUT, n[2]);
    ADD(model, "MatMulInteger", n[3], n[0], w, n[2], zero);
    add_attribute_int(ADD(model, "Cast", n[4], n[3]), "to", FLOAT);
    ADD(model, "Mul", n[5], n[1], scale);
    ADD(model, "Mul", made, n[4], n[5]);
}

void spell_dynamic(proto *model, int type, bool per_output)
{
    proto *node;
    while ((node = node_of_op(model, "MatMul", 0)) != NULL)
        use_integers(model, node, type, per_output);
    tidy(model);
}

void spell_dynamic_lstm(proto *model, int type, bool per_output)
{
    import_microsoft(model);
    for (int layer = 0; layer < 2; layer++) {
        name n[2][3], made;
        snprintf(made, sizeof made, "lstm%d/Y", layer);
        proto *node = node_making(model, made);
        proto_set_text(proto_find(node, NODE_OP, 0), "DynamicQuantizeLSTM");
        proto_add_text(node, NODE_DOMAIN, "com.microsoft");
        for (size_t i = 0; i < 2; i++) {
            /* one for the whole matrix, so the order of its rows does not matter */
            const proto *tensor;
            size_t count;
            snprintf(n[i][0], sizeof n[i][0], "lstm%d/%s/lstm", layer, i == 0 ? "W" : "U");
            tensor = tensor_of(model, n[i][0]);
            const size_t gates = dim_of(tensor, 1), inputs = dim_of(tensor, 2);
            float *w = floats_of(tensor, &count), *turned = malloc(count * sizeof *w);
            for (size_t k = 0; k < count; k++)
                turned[k % inputs * gates + k / inputs] = w[k];
            memcpy(w, turned, count * sizeof *w);
            free(turned);
            proto_find(tensor, TENSOR_DIMS, 1)->value = inputs;
            proto_find(tensor, TENSOR_DIMS, 2)->value = gates;
            float *scales = malloc(gates * sizeof *scales);
            for (size_t c = 0; c < gates; c++)
                scales[c] =
                    c > 0 && !per_output ? scales[0] : scale_of(w, inputs, gates, c, !per_output);
            quantise(model, n[i][0], type, scales, gates, n[i][1], n[i][2]);
            add_scale(model, n[i][1], scales, per_output ? gates : 1, per_output ? 2 : 1);
            add_zero(model, n[i][2], type, per_output ? gates : 1, per_output ? 2 : 1);
            free(scales);
        }
        proto_add_text(node, NODE_INPUT, ""); /* no peepholes */
        for (size_t i = 0; i < 2; i++)
            for (size_t k = 1; k < 3; k++)
                proto_add_text(node, NODE_INPUT, n[i][k]);
    }
    tidy(model);
}
