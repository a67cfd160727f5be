/*
 * Integers that stand for floats: by DequantizeLinear, or by what follows a product of integers
 * whose input DynamicQuantizeLinear made. Knows the quantisers' spellings, no layer.
 */
#include "onnx_match.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* Smaller or larger ones would leave the range of float32 or its full precision. */
static bool scale_fits(float scale)
{
    return scale >= 1e-30f && scale <= 1e30f;
}

static int integer_at(const onnx_tensor *t, size_t i)
{
    return t->type == ONNX_INT8 ? (t->data[i] ^ 128) - 128 : t->data[i];
}

static bool holds_bytes(const onnx_tensor *t)
{
    return (t->type == ONNX_INT8 || t->type == ONNX_UINT8) &&
           (t->field == ONNX_RAW_DATA || t->shape.elements == 0);
}

int onnx_zero_of(const onnx_graph *graph, size_t value, uint64_t type, int *zero)
{
    *zero = 0;
    if (value == ONNX_NONE)
        return UNECHO_OK;
    if (graph->values[value].from != ONNX_FROM_TENSOR)
        return onnx_fail_value(graph, value, MODEL, "this zero point was expected to be constant");
    const onnx_tensor *t = &graph->tensors[graph->values[value].index];
    if (t->type != type || !holds_bytes(t) || t->shape.elements == 0)
        return onnx_fail_value(graph, value, MODEL, "this zero point of %s is %s%s",
                               onnx_type_name(type), onnx_type_name(t->type),
                               t->type == type ? ", expected raw_data" : "");
    *zero = integer_at(t, 0);
    for (size_t i = 1; i < t->shape.elements; i++)
        if (integer_at(t, i) != *zero)
            return onnx_fail_value(graph, value, MODEL,
                                   "zero points %d and %d, expected one for all of a matrix", *zero,
                                   integer_at(t, i));
    return UNECHO_OK;
}

static int check_scales(const onnx_graph *g, size_t value)
{
    const onnx_tensor *t = &g->tensors[g->values[value].index];
    if (t->type != ONNX_FLOAT)
        return onnx_fail_value(g, value, MODEL, "its type is %s, expected float32",
                               onnx_type_name(t->type));
    for (size_t i = 0; i < t->shape.elements; i++)
        if (!scale_fits(onnx_tensor_float(t, i)))
            return onnx_fail_value(g, value, MODEL, "scale %zu is %g, expected a positive number",
                                   i, (double)onnx_tensor_float(t, i));
    return UNECHO_OK;
}

/* ---- DequantizeLinear ------------------------------------------------------------------- */

static int read_axis(const onnx_graph *g, const onnx_node *n, onnx_tensor *t, size_t scales)
{
    int64_t axis = onnx_attribute_int(g, n, "axis", 1);
    if (axis < 0)
        axis += (int64_t)t->shape.rank;
    if (axis < 0 || (size_t)axis >= t->shape.rank || t->shape.dims[axis] != scales)
        return onnx_fail_node(g, n, MODEL, "%zu scales along axis %lld of %s", scales,
                              (long long)axis, onnx_shape_label(&t->shape).text);
    t->axis = (size_t)axis;
    return UNECHO_OK;
}

static int dequantize(onnx_graph *g, const onnx_node *n)
{
    const onnx_value *x = &g->values[onnx_in(g, n, 0)];
    const size_t scale = onnx_in(g, n, 1);
    if (x->from != ONNX_FROM_TENSOR || g->values[scale].from != ONNX_FROM_TENSOR)
        return onnx_fail_node(g, n, MODEL,
                              "its input and scale were expected to be constant: activations that "
                              "are quantised with fixed scales are not what unecho computes");
    onnx_tensor *const t = &g->tensors[x->index];
    const onnx_tensor *s = &g->tensors[g->values[scale].index];
    if (!holds_bytes(t))
        return onnx_fail_node(g, n, MODEL, "it reads %s%s, expected int8 or uint8 as raw_data",
                              onnx_type_name(t->type),
                              t->type == ONNX_INT8 || t->type == ONNX_UINT8 ? ", one by one" : "");
    if (t->scale != 0)
        return onnx_fail_node(g, n, MODEL, "'%s' has a scale already", onnx_label_of(t->name).text);
    if (onnx_attribute_int(g, n, "block_size", 0) != 0)
        return onnx_fail_node(g, n, MODEL, "a scale for each block, expected one for each output");
    int status = check_scales(g, scale);
    if (status == UNECHO_OK)
        status = onnx_zero_of(g, onnx_in(g, n, 2), t->type, &t->zero);
    if (status == UNECHO_OK && s->shape.elements != 1)
        status = read_axis(g, n, t, s->shape.elements);
    if (status != UNECHO_OK)
        return status;
    t->scale = s->shape.elements == 1 ? onnx_tensor_float(s, 0) : 1;
    t->scales = s->shape.elements == 1 ? NULL : s->data;
    return UNECHO_OK;
}

int onnx_dequantize(onnx_graph *graph)
{
    int status = UNECHO_OK;
    for (size_t i = 0; i < graph->order_count && status == UNECHO_OK; i++) {
        const onnx_node *n = &graph->nodes[graph->order[i]];
        if (n->op == ONNX_DEQUANTIZE)
            status = dequantize(graph, n);
    }
    return status;
}

/* ---- Products of integers --------------------------------------------------------------- */

int onnx_take_scale(const onnx_graph *graph, const onnx_view *view, size_t count, onnx_scale *scale)
{
    const onnx_tensor *t = &graph->tensors[graph->values[view->value].index];
    const int status = check_scales(graph, view->value);
    if (status != UNECHO_OK)
        return status;
    if (view->count == 1)
        scale->scale *= onnx_tensor_float(t, view->offset);
    else if (view->count == count && view->step == 1 && !scale->scales)
        scale->scales = t->data + 4 * view->offset;
    else
        return onnx_fail_value(graph, view->value, MODEL, "%zu scales, expected 1 or %zu",
                               view->count, count);
    if (scale_fits(scale->scale))
        return UNECHO_OK;
    return onnx_fail_value(graph, view->value, MODEL,
                           "the product of the scales is %g, expected a positive number",
                           (double)scale->scale);
}

/* The DynamicQuantizeLinear that makes all of a view with that output; NULL: something else. */
static const onnx_node *quantiser_of(const onnx_graph *g, const onnx_view *view, size_t output)
{
    const onnx_value *v = &g->values[view->value];
    if (v->from != ONNX_FROM_NODE || v->output != output || !onnx_view_is_whole(g, view))
        return NULL;
    const onnx_node *n = &g->nodes[v->index];
    return n->op == ONNX_DYNAMIC_QUANTIZE ? n : NULL;
}

/* What the product multiplies must be what that quantiser made, less its zero point. */
static int check_input(onnx_graph *g, const onnx_node *product, const onnx_node *quantiser,
                       const char *what)
{
    onnx_view x, zero;
    int status = onnx_operand(g, product, 0, &x);
    if (status != UNECHO_OK)
        return status;
    if (quantiser_of(g, &x, 0) != quantiser)
        return onnx_fail_node(g, product, MODEL,
                              "%s: the output of the DynamicQuantizeLinear that makes its scale "
                              "was expected as its first input",
                              what);
    if (onnx_in(g, product, 2) == ONNX_NONE)
        return onnx_fail_node(g, product, MODEL, "%s: it leaves its input's zero point out", what);
    status = onnx_operand(g, product, 2, &zero);
    if (status == UNECHO_OK && quantiser_of(g, &zero, 2) != quantiser)
        return onnx_fail_node(g, product, MODEL,
                              "%s: its zero point is not that of its input's quantiser", what);
    return status;
}

int onnx_match_scaled(onnx_graph *graph, const onnx_view *view, const char *what,
                      onnx_scaled *scaled)
{
    enum { PENDING_MAX = 8 };
    onnx_view pending[PENDING_MAX] = {*view};
    size_t left = 1;
    const onnx_node *quantiser = NULL, *product = NULL;
    *scaled = (onnx_scaled){.weights = {1, NULL, ONNX_NONE}};
    while (left > 0) {
        const onnx_view part = pending[--left];
        const onnx_node *times = onnx_node_of(graph, &part, ONNX_MUL);
        const onnx_node *sums = onnx_node_of(graph, &part, ONNX_MATMUL_INTEGER);
        const onnx_node *found = quantiser_of(graph, &part, 1);
        int status = UNECHO_OK;
        if (!sums)
            sums = onnx_node_of(graph, &part, ONNX_CONV_INTEGER);
        if (times && left + 2 <= PENDING_MAX) {
            status = onnx_operands(graph, times, pending + left);
            left += 2;
        } else if (sums && !product) {
            product = sums;
        } else if (found && !quantiser) {
            quantiser = found;
        } else if (onnx_is_constant(graph, &part)) {
            status = onnx_take_scale(graph, &part, view->count, &scaled->weights);
        } else {
            /* without any part of such a product, the whole is what does not fit */
            return onnx_unexpected(graph, product || quantiser ? &part : view, what);
        }
        if (status != UNECHO_OK)
            return status;
    }
    if (!product || !quantiser)
        return onnx_unexpected(graph, view, what);
    scaled->product = product;
    scaled->input = onnx_in(graph, quantiser, 0);
    scaled->weights.zero = onnx_in(graph, product, 3);
    return check_input(graph, product, quantiser, what);
}
