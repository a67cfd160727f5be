/*
 * Where the elements of a value come from: back through the operators that only move them. What a
 * row of gates, a slice of the states or a packed output *is* follows from this, however the
 * exporter spells it. Knows movement, no arithmetic.
 */
#include "onnx.h"

#include "unecho.h"

bool onnx_moves(onnx_op op)
{
    return op >= ONNX_IDENTITY;
}

/* An LSTM's last hidden state (its second output) is the first output's only step. */
static bool is_last_state(const onnx_graph *g, const onnx_value *v)
{
    const onnx_op op = g->nodes[v->index].op;
    return (op == ONNX_LSTM || op == ONNX_DYNAMIC_QUANTIZE_LSTM) && v->output == 1;
}

bool onnx_is_moved(const onnx_graph *graph, size_t value)
{
    const onnx_value *v = &graph->values[value];
    return v->from == ONNX_FROM_NODE &&
           (onnx_moves(graph->nodes[v->index].op) || is_last_state(graph, v));
}

static size_t inner_of(const onnx_shape *shape, size_t axis)
{
    size_t inner = 1;
    for (size_t d = axis + 1; d < shape->rank; d++)
        inner *= shape->dims[d];
    return inner;
}

static void unravel(const onnx_shape *shape, size_t index, size_t *at)
{
    for (size_t d = shape->rank; d-- > 0;) {
        at[d] = index % shape->dims[d];
        index /= shape->dims[d];
    }
}

static size_t ravel(const onnx_shape *shape, const size_t *at)
{
    size_t index = 0;
    for (size_t d = 0; d < shape->rank; d++)
        index = index * shape->dims[d] + at[d];
    return index;
}

static size_t through_transpose(const onnx_node *n, const onnx_shape *in, const onnx_shape *out,
                                size_t index)
{
    size_t at[ONNX_RANK_MAX] = {0}, from[ONNX_RANK_MAX] = {0};
    unravel(out, index, at);
    for (size_t d = 0; d < out->rank; d++)
        from[n->begin[d]] = at[d];
    return ravel(in, from);
}

static size_t through_slice(const onnx_node *n, const onnx_shape *in, const onnx_shape *out,
                            size_t index)
{
    size_t at[ONNX_RANK_MAX] = {0};
    unravel(out, index, at);
    for (size_t d = 0; d < out->rank; d++)
        at[d] = n->begin[d] + at[d] * n->step[d];
    return ravel(in, at);
}

/* The element of a list of pieces along an axis, from its place in the piece. */
static size_t into(size_t index, size_t inner, size_t piece, size_t whole, size_t begin)
{
    const size_t outer = index / (inner * piece);
    const size_t along = index / inner % piece;
    return (outer * whole + begin + along) * inner + index % inner;
}

static void through_concat(const onnx_graph *g, const onnx_node *n, const onnx_shape *out,
                           size_t *value, size_t *index)
{
    const size_t inner = inner_of(out, n->axis);
    const size_t whole = out->dims[n->axis];
    const size_t outer = *index / (inner * whole);
    size_t along = *index / inner % whole;
    for (size_t k = 0; k < n->inputs; k++) {
        const size_t input = onnx_in(g, n, k);
        const size_t piece = g->values[input].shape.dims[n->axis];
        if (along < piece) {
            *value = input;
            *index = (outer * piece + along) * inner + *index % inner;
            return;
        }
        along -= piece;
    }
}

static size_t through_split(const onnx_graph *g, const onnx_node *n, const onnx_value *v,
                            const onnx_shape *in, size_t index)
{
    size_t begin = 0;
    for (size_t k = 0; k < v->output; k++)
        begin += g->values[n->first_output + k].shape.dims[n->axis];
    return into(index, inner_of(in, n->axis), v->shape.dims[n->axis], in->dims[n->axis], begin);
}

int onnx_trace(onnx_graph *graph, size_t *value, size_t *index)
{
    for (;;) {
        const onnx_value *v = &graph->values[*value];
        if (!onnx_is_moved(graph, *value))
            return UNECHO_OK;
        const onnx_node *n = &graph->nodes[v->index];
        if (!onnx_moves(n->op)) {
            *value = n->first_output;
            continue;
        }
        if (graph->steps_left-- == 0)
            return onnx_fail_node(graph, n, UNECHO_ERROR_MODEL,
                                  "the graph moves its data about more than any export does");
        const size_t input = onnx_in(graph, n, 0);
        const onnx_shape *in = &graph->values[input].shape;
        *value = input;
        switch (n->op) {
        case ONNX_TRANSPOSE:
            *index = through_transpose(n, in, &v->shape, *index);
            break;
        case ONNX_SLICE:
            *index = through_slice(n, in, &v->shape, *index);
            break;
        case ONNX_CONCAT:
            through_concat(graph, n, &v->shape, value, index);
            break;
        case ONNX_SPLIT:
            *index = through_split(graph, n, v, in, *index);
            break;
        case ONNX_GATHER:
            *index = into(*index, inner_of(in, n->axis), 1, in->dims[n->axis], n->begin[0]);
            break;
        default: /* the others give the same elements another shape */
            break;
        }
    }
}

int onnx_view_of(onnx_graph *graph, size_t value, size_t first, size_t count, onnx_view *view)
{
    onnx_view found = {value, first, 1, count};
    if (!onnx_is_moved(graph, value)) {
        *view = found;
        return UNECHO_OK;
    }
    for (size_t i = 0; i < count; i++) {
        size_t source = value;
        size_t at = first + i;
        const int status = onnx_trace(graph, &source, &at);
        if (status != UNECHO_OK)
            return status;
        if (i == 0) {
            found.value = source;
            found.offset = at;
        } else if (i == 1 && at > found.offset) {
            found.step = at - found.offset;
        }
        if (source != found.value || at != found.offset + i * found.step)
            return onnx_fail_value(graph, value, UNECHO_ERROR_MODEL,
                                   "its elements were expected to be those of one tensor, in "
                                   "order");
    }
    *view = found;
    return UNECHO_OK;
}
