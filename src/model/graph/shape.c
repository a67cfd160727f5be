/*
 * The static shape of every value that the outputs depend on, by the rules of ONNX; checks that
 * widths match.
 */
#include "rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* ---- Arithmetic ------------------------------------------------------------------------- */

static bool broadcast(const graph_shape *a, const graph_shape *b, graph_shape *to)
{
    const size_t rank = a->rank > b->rank ? a->rank : b->rank;
    size_t dims[GRAPH_RANK_MAX] = {0};
    for (size_t d = 0; d < rank; d++) {
        const size_t x = d + a->rank >= rank ? a->dims[d + a->rank - rank] : 1;
        const size_t y = d + b->rank >= rank ? b->dims[d + b->rank - rank] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        dims[d] = x == 1 ? y : x;
    }
    return graph_shape_set(to, rank, dims);
}

static int mismatch(const graph *g, const graph_node *n)
{
    return graph_fail_node(g, n, MODEL, "widths do not match: %s and %s",
                           graph_shape_label(rule_in(g, n, 0)).text,
                           graph_shape_label(rule_in(g, n, 1)).text);
}

static int infer_pair(graph *g, const graph_node *n)
{
    graph_shape to;
    if (!broadcast(rule_in(g, n, 0), rule_in(g, n, 1), &to))
        return mismatch(g, n);
    return rule_set_output(g, n, 0, to.rank, to.dims);
}

static int infer_matmul(graph *g, const graph_node *n)
{
    const graph_shape *a = rule_in(g, n, 0);
    const graph_shape *b = rule_in(g, n, 1);
    if (a->rank == 0 || b->rank == 0)
        return mismatch(g, n);
    const size_t inner = a->dims[a->rank - 1];
    if (inner != b->dims[b->rank > 1 ? b->rank - 2 : 0])
        return mismatch(g, n);
    graph_shape outer_a, outer_b, to;
    graph_shape_set(&outer_a, a->rank > 2 ? a->rank - 2 : 0, a->dims);
    graph_shape_set(&outer_b, b->rank > 2 ? b->rank - 2 : 0, b->dims);
    if (!broadcast(&outer_a, &outer_b, &to))
        return mismatch(g, n);
    if (a->rank > 1)
        to.dims[to.rank++] = a->dims[a->rank - 2];
    if (b->rank > 1)
        to.dims[to.rank++] = b->dims[b->rank - 1];
    return rule_set_output(g, n, 0, to.rank, to.dims);
}

static int infer_gemm(graph *g, const graph_node *n)
{
    const graph_shape *a = rule_in(g, n, 0);
    const graph_shape *b = rule_in(g, n, 1);
    const bool ta = graph_attribute_int(g, n, "transA", 0) != 0;
    const bool tb = graph_attribute_int(g, n, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2 || a->dims[!ta] != b->dims[tb])
        return mismatch(g, n);
    const size_t dims[2] = {a->dims[ta], b->dims[!tb]};
    const int status = rule_set_output(g, n, 0, 2, dims);
    if (status != UNECHO_OK || graph_in(g, n, 2) == GRAPH_NONE)
        return status;
    const graph_shape *to = &g->values[n->first_output].shape;
    graph_shape sum;
    if (broadcast(rule_in(g, n, 2), to, &sum) && sum.elements == to->elements && sum.rank == 2)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "widths do not match: %s is added to %s",
                           graph_shape_label(rule_in(g, n, 2)).text, graph_shape_label(to).text);
}

static bool all_are(const integers *list, int64_t value)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] != value)
            return false;
    return true;
}

/* Only a convolution that is a matrix product at each position. */
static int infer_conv(graph *g, const graph_node *n)
{
    const graph_shape *x = rule_in(g, n, 0);
    const graph_shape *w = rule_in(g, n, 1);
    integers strides, pads;
    int status = rule_integers(g, n, SIZE_MAX, "strides", &strides);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, SIZE_MAX, "pads", &pads);
    if (status != UNECHO_OK)
        return status;
    if (x->rank < 3 || x->rank != w->rank || x->dims[1] != w->dims[1])
        return mismatch(g, n);
    size_t kernel = 1;
    for (size_t d = 2; d < w->rank; d++)
        kernel *= w->dims[d];
    if (kernel != 1 || graph_attribute_int(g, n, "group", 1) != 1 || !all_are(&strides, 1) ||
        !all_are(&pads, 0))
        return graph_fail_node(g, n, MODEL,
                               "kernel of %s, expected a convolution of size 1 with group 1, "
                               "strides 1 and no padding",
                               graph_shape_label(w).text);
    size_t dims[GRAPH_RANK_MAX];
    memcpy(dims, x->dims, sizeof dims);
    dims[1] = w->dims[0];
    status = rule_set_output(g, n, 0, x->rank, dims);
    /* the third input of ConvInteger is not a bias */
    if (status != UNECHO_OK || n->op != OP_CONV || graph_in(g, n, 2) == GRAPH_NONE)
        return status;
    const graph_shape *bias = rule_in(g, n, 2);
    if (bias->rank == 1 && bias->dims[0] == w->dims[0])
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "widths do not match: bias %s of kernel %s",
                           graph_shape_label(bias).text, graph_shape_label(w).text);
}

static int infer_reduce(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers axes;
    bool chosen[GRAPH_RANK_MAX];
    const int status = rule_axes(g, n, in->rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    if (axes.count == 0 && graph_attribute_int(g, n, "noop_with_empty_axes", 0) != 0)
        return rule_same_shape(g, n);
    const bool keep = graph_attribute_int(g, n, "keepdims", 1) != 0;
    size_t dims[GRAPH_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (axes.count > 0 && !chosen[d])
            dims[rank++] = in->dims[d];
        else if (keep)
            dims[rank++] = 1;
    }
    return rule_set_output(g, n, 0, rank, dims);
}

static int infer_pool(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    size_t dims[GRAPH_RANK_MAX];
    if (in->rank < 3)
        return graph_fail_node(g, n, MODEL, "input %s, expected 3 dims or more",
                               graph_shape_label(in).text);
    for (size_t d = 0; d < in->rank; d++)
        dims[d] = d < 2 ? in->dims[d] : 1;
    return rule_set_output(g, n, 0, in->rank, dims);
}

static int infer_layer_normalization(graph *g, graph_node *n)
{
    const int status = rule_axis_attribute(g, n, -1, rule_in(g, n, 0)->rank);
    return status == UNECHO_OK ? rule_same_shape(g, n) : status;
}

/* The integers, their scale and their zero point. */
static int infer_quantise(graph *g, const graph_node *n)
{
    int status = rule_same_shape(g, n);
    for (size_t k = 1; status == UNECHO_OK && k < n->outputs; k++)
        status = rule_set_output(g, n, k, 0, NULL);
    return status;
}

/* ---- All -------------------------------------------------------------------------------- */

static int infer(graph *g, graph_node *n)
{
    switch (n->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_DIV:
    case OP_POW:
        return infer_pair(g, n);
    case OP_MATMUL:
    case OP_MATMUL_INTEGER:
        return infer_matmul(g, n);
    case OP_GEMM:
        return infer_gemm(g, n);
    case OP_CONV:
    case OP_CONV_INTEGER:
        return infer_conv(g, n);
    case OP_REDUCE_MEAN:
        return infer_reduce(g, n);
    case OP_GLOBAL_AVERAGE_POOL:
        return infer_pool(g, n);
    case OP_LAYER_NORMALIZATION:
        return infer_layer_normalization(g, n);
    case OP_LSTM:
    case OP_DYNAMIC_QUANTIZE_LSTM:
        return rule_lstm(g, n);
    case OP_GRU:
        return rule_gru(g, n);
    case OP_DYNAMIC_QUANTIZE:
        return infer_quantise(g, n);
    default:
        return graph_moves(n->op) ? rule_move(g, n) : rule_same_shape(g, n);
    }
}

int graph_infer_shapes(graph *g)
{
    for (size_t i = 0; i < g->order_count; i++) {
        graph_node *n = &g->nodes[g->order[i]];
        for (size_t k = 0; k < n->inputs; k++) {
            const size_t value = graph_in(g, n, k);
            if (value != GRAPH_NONE && !g->values[value].shaped)
                return graph_fail_node(g, n, MODEL, "the shape of its input '%s' is not known",
                                       graph_label_of(g->values[value].name).text);
        }
        const int status = infer(g, n);
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}
