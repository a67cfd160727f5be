/*
 * Shape rules of the operators that only move elements, and where they move them: the permutation,
 * or begin and step of each axis, for graph_trace.
 */
#include "rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

static int infer_cast(graph *g, const graph_node *n)
{
    const int64_t to = graph_attribute_int(g, n, "to", 0);
    if (to != TYPE_FLOAT && to != TYPE_FLOAT16 && to != TYPE_BFLOAT16)
        return graph_fail_node(g, n, MODEL, "a cast to %s, expected float32, float16 or bfloat16",
                               graph_type_name((uint64_t)to));
    return rule_same_shape(g, n);
}

static int infer_reshape(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers to;
    const int status = rule_integers(g, n, 1, "shape", &to);
    if (status != UNECHO_OK)
        return status;
    size_t dims[GRAPH_RANK_MAX] = {0};
    size_t known = 1, open = GRAPH_NONE;
    const bool by_input = graph_in(g, n, 1) != GRAPH_NONE;
    bool fits = to.count <= GRAPH_RANK_MAX;
    for (size_t d = 0; fits && d < to.count; d++) {
        if (to.at[d] == -1 && open == GRAPH_NONE) {
            open = d;
            dims[d] = 1;
        } else if (to.at[d] == 0 && graph_attribute_int(g, n, "allowzero", 0) == 0) {
            dims[d] = d < in->rank ? in->dims[d] : 0;
        } else {
            dims[d] = to.at[d] > 0 && to.at[d] <= INT32_MAX ? (size_t)to.at[d] : 0;
        }
        fits = dims[d] > 0 && dims[d] <= in->elements / known;
        known *= fits ? dims[d] : 1;
    }
    if (fits && open != GRAPH_NONE) {
        dims[open] = in->elements / known;
        known *= dims[open];
    }
    if (!fits || known != in->elements)
        return graph_fail_node(g, n, MODEL, "widths do not match: %s cannot take the shape of '%s'",
                               graph_shape_label(in).text,
                               by_input ? graph_label_of(g->values[graph_in(g, n, 1)].name).text
                                        : "its options");
    return rule_set_output(g, n, 0, to.count, dims);
}

static int infer_squeeze(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers axes;
    bool chosen[GRAPH_RANK_MAX];
    const int status = rule_axes(g, n, in->rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    size_t dims[GRAPH_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (axes.given ? !chosen[d] : in->dims[d] != 1)
            dims[rank++] = in->dims[d];
        else if (in->dims[d] != 1)
            return graph_fail_node(g, n, MODEL, "it squeezes axis %zu of %s", d,
                                   graph_shape_label(in).text);
    }
    return rule_set_output(g, n, 0, rank, dims);
}

static int infer_unsqueeze(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers axes;
    bool chosen[GRAPH_RANK_MAX];
    int status = rule_integers(g, n, 1, "axes", &axes);
    if (status != UNECHO_OK)
        return status;
    const size_t rank = in->rank + axes.count;
    if (!axes.given || rank > GRAPH_RANK_MAX)
        return graph_fail_node(g, n, MODEL, "%zu axes inserted into %s", axes.count,
                               graph_shape_label(in).text);
    status = rule_axes(g, n, rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    size_t dims[GRAPH_RANK_MAX] = {0};
    for (size_t d = 0, from = 0; d < rank; d++)
        dims[d] = chosen[d] ? 1 : in->dims[from++];
    return rule_set_output(g, n, 0, rank, dims);
}

static int infer_flatten(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    int64_t axis = graph_attribute_int(g, n, "axis", 1);
    if (axis < 0)
        axis += (int64_t)in->rank;
    if (axis < 0 || axis > (int64_t)in->rank)
        return graph_fail_node(g, n, MODEL, "axis %lld of %s", (long long)axis,
                               graph_shape_label(in).text);
    size_t dims[2] = {1, 1};
    for (size_t d = 0; d < in->rank; d++)
        dims[d >= (size_t)axis] *= in->dims[d];
    return rule_set_output(g, n, 0, 2, dims);
}

static int infer_transpose(graph *g, graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers perm;
    bool seen[GRAPH_RANK_MAX] = {false};
    size_t dims[GRAPH_RANK_MAX] = {0};
    const int status = rule_integers(g, n, SIZE_MAX, "perm", &perm);
    if (status != UNECHO_OK)
        return status;
    bool fits = !perm.given || perm.count == in->rank;
    for (size_t d = 0; fits && d < in->rank; d++) {
        const int64_t from = perm.given ? perm.at[d] : (int64_t)(in->rank - 1 - d);
        fits = from >= 0 && (size_t)from < in->rank && !seen[from];
        if (fits) {
            seen[from] = true;
            n->begin[d] = (size_t)from;
            dims[d] = in->dims[from];
        }
    }
    if (!fits)
        return graph_fail_node(g, n, MODEL, "its perm does not fit %s", graph_shape_label(in).text);
    return rule_set_output(g, n, 0, in->rank, dims);
}

static int infer_concat(graph *g, graph_node *n)
{
    const graph_shape *first = rule_in(g, n, 0);
    size_t dims[GRAPH_RANK_MAX];
    const int status = rule_axis_attribute(g, n, INT64_MIN / 2, first->rank);
    if (status != UNECHO_OK)
        return status;
    memcpy(dims, first->dims, sizeof dims);
    for (size_t k = 1; k < n->inputs; k++) {
        const graph_shape *in = rule_in(g, n, k);
        for (size_t d = 0; d < first->rank; d++)
            if (in->rank != first->rank || (d != n->axis && in->dims[d] != first->dims[d]))
                return graph_fail_node(g, n, MODEL, "widths do not match: %s beside %s",
                                       graph_shape_label(in).text, graph_shape_label(first).text);
        dims[n->axis] += in->dims[n->axis];
    }
    return rule_set_output(g, n, 0, first->rank, dims);
}

static int infer_split(graph *g, graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers sizes;
    int status = rule_axis_attribute(g, n, 0, in->rank);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, 1, "split", &sizes);
    if (status != UNECHO_OK)
        return status;
    const size_t whole = in->dims[n->axis];
    const size_t even = n->outputs > 0 ? (whole + n->outputs - 1) / n->outputs : 0;
    size_t left = whole;
    bool fits = n->outputs > 0 && (!sizes.given || sizes.count == n->outputs);
    fits =
        fits && (size_t)graph_attribute_int(g, n, "num_outputs", (int64_t)n->outputs) == n->outputs;
    size_t dims[GRAPH_RANK_MAX];
    memcpy(dims, in->dims, sizeof dims);
    for (size_t k = 0; fits && k < n->outputs; k++) {
        const int64_t size = sizes.given ? sizes.at[k] : (int64_t)(even < left ? even : left);
        fits = size > 0 && (uint64_t)size <= left;
        if (fits) {
            dims[n->axis] = (size_t)size;
            left -= (size_t)size;
            status = rule_set_output(g, n, k, in->rank, dims);
            if (status != UNECHO_OK)
                return status;
        }
    }
    if (!fits || left != 0)
        return graph_fail_node(g, n, MODEL, "widths do not match: %zu outputs from axis %zu of %s",
                               n->outputs, n->axis, graph_shape_label(in).text);
    return UNECHO_OK;
}

static size_t clamp(int64_t index, size_t size)
{
    if (index < 0)
        index = index < -(int64_t)size ? 0 : index + (int64_t)size;
    return index > (int64_t)size ? size : (size_t)index;
}

static int infer_slice(graph *g, graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers begins, ends, axes, steps;
    int status = rule_integers(g, n, 1, "starts", &begins);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, 2, "ends", &ends);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, 3, "axes", &axes);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, 4, "steps", &steps);
    if (status != UNECHO_OK)
        return status;
    const size_t count = begins.count;
    if (count > in->rank || ends.count != count || (axes.given && axes.count != count) ||
        (steps.given && steps.count != count))
        return graph_fail_node(g, n, MODEL, "its starts, ends, axes and steps do not fit %s",
                               graph_shape_label(in).text);
    size_t dims[GRAPH_RANK_MAX];
    memcpy(dims, in->dims, sizeof dims);
    for (size_t d = 0; d < in->rank; d++) {
        n->begin[d] = 0;
        n->step[d] = 1;
    }
    for (size_t i = 0; i < count; i++) {
        size_t d = 0;
        if (!rule_axis(axes.given ? axes.at[i] : (int64_t)i, in->rank, &d))
            return graph_fail_node(g, n, MODEL, "its axes do not fit %s",
                                   graph_shape_label(in).text);
        const int64_t step = steps.given ? steps.at[i] : 1;
        const size_t begin = clamp(begins.at[i], in->dims[d]);
        const size_t end = clamp(ends.at[i], in->dims[d]);
        if (step < 1 || step > INT32_MAX)
            return graph_fail_node(g, n, MODEL, "steps of %lld, expected 1 or more",
                                   (long long)step);
        n->begin[d] = begin;
        n->step[d] = (size_t)step;
        dims[d] = end > begin ? (end - begin + (size_t)step - 1) / (size_t)step : 0;
    }
    return rule_set_output(g, n, 0, in->rank, dims);
}

/* A single index: a slice without its axis. */
static int infer_gather(graph *g, graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
    integers at;
    int status = rule_axis_attribute(g, n, 0, in->rank);
    if (status == UNECHO_OK)
        status = rule_integers(g, n, 1, "indices", &at);
    if (status != UNECHO_OK)
        return status;
    const size_t kept = rule_in(g, n, 1)->rank;
    if (at.count != 1 || kept > 1 || !rule_axis(at.at[0], in->dims[n->axis], &n->begin[0]))
        return graph_fail_node(g, n, MODEL, "its indices must be one index into %s",
                               graph_shape_label(in).text);
    size_t dims[GRAPH_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (d != n->axis)
            dims[rank++] = in->dims[d];
        else if (kept == 1)
            dims[rank++] = 1;
    }
    return rule_set_output(g, n, 0, rank, dims);
}

int rule_move(graph *g, graph_node *n)
{
    switch (n->op) {
    case OP_CAST:
        return infer_cast(g, n);
    case OP_RESHAPE:
        return infer_reshape(g, n);
    case OP_SQUEEZE:
        return infer_squeeze(g, n);
    case OP_UNSQUEEZE:
        return infer_unsqueeze(g, n);
    case OP_FLATTEN:
        return infer_flatten(g, n);
    case OP_TRANSPOSE:
        return infer_transpose(g, n);
    case OP_CONCAT:
        return infer_concat(g, n);
    case OP_SPLIT:
        return infer_split(g, n);
    case OP_SLICE:
        return infer_slice(g, n);
    case OP_GATHER:
        return infer_gather(g, n);
    default:
        return rule_same_shape(g, n);
    }
}
