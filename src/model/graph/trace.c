/*
 * Where the elements of a value come from: back through the operators that only move them. This
 * identifies a row of gates, a slice of the states or a packed output, however the exporter writes
 * it.
 */
#include "graph.h"

#include "unecho.h"

bool graph_moves(graph_op op)
{
    return op >= OP_IDENTITY;
}

/* The last hidden state of an LSTM or GRU (its second output) is the only step of its first. */
static bool is_last_state(const graph *g, const graph_value *v)
{
    const graph_op op = g->nodes[v->index].op;
    return (op == OP_LSTM || op == OP_DYNAMIC_QUANTIZE_LSTM || op == OP_GRU) && v->output == 1;
}

bool graph_is_moved(const graph *g, size_t value)
{
    const graph_value *v = &g->values[value];
    return v->from == FROM_NODE && (graph_moves(g->nodes[v->index].op) || is_last_state(g, v));
}

static size_t inner_of(const graph_shape *shape, size_t axis)
{
    size_t inner = 1;
    for (size_t d = axis + 1; d < shape->rank; d++)
        inner *= shape->dims[d];
    return inner;
}

static void unravel(const graph_shape *shape, size_t index, size_t *at)
{
    for (size_t d = shape->rank; d-- > 0;) {
        at[d] = index % shape->dims[d];
        index /= shape->dims[d];
    }
}

static size_t ravel(const graph_shape *shape, const size_t *at)
{
    size_t index = 0;
    for (size_t d = 0; d < shape->rank; d++)
        index = index * shape->dims[d] + at[d];
    return index;
}

static size_t through_transpose(const graph_node *n, const graph_shape *in, const graph_shape *out,
                                size_t index)
{
    size_t at[GRAPH_RANK_MAX] = {0}, from[GRAPH_RANK_MAX] = {0};
    unravel(out, index, at);
    for (size_t d = 0; d < out->rank; d++)
        from[n->begin[d]] = at[d];
    return ravel(in, from);
}

static size_t through_slice(const graph_node *n, const graph_shape *in, const graph_shape *out,
                            size_t index)
{
    size_t at[GRAPH_RANK_MAX] = {0};
    unravel(out, index, at);
    for (size_t d = 0; d < out->rank; d++)
        at[d] = n->begin[d] + at[d] * n->step[d];
    return ravel(in, at);
}

/* From an element of a piece along an axis to the element of the whole. */
static size_t into(size_t index, size_t inner, size_t piece, size_t whole, size_t begin)
{
    const size_t outer = index / (inner * piece);
    const size_t along = index / inner % piece;
    return (outer * whole + begin + along) * inner + index % inner;
}

static void through_concat(const graph *g, const graph_node *n, const graph_shape *out,
                           size_t *value, size_t *index)
{
    const size_t inner = inner_of(out, n->axis);
    const size_t whole = out->dims[n->axis];
    const size_t outer = *index / (inner * whole);
    size_t along = *index / inner % whole;
    for (size_t k = 0; k < n->inputs; k++) {
        const size_t input = graph_in(g, n, k);
        const size_t piece = g->values[input].shape.dims[n->axis];
        if (along < piece) {
            *value = input;
            *index = (outer * piece + along) * inner + *index % inner;
            return;
        }
        along -= piece;
    }
}

static size_t through_split(const graph *g, const graph_node *n, const graph_value *v,
                            const graph_shape *in, size_t index)
{
    size_t begin = 0;
    for (size_t k = 0; k < v->output; k++)
        begin += g->values[n->first_output + k].shape.dims[n->axis];
    return into(index, inner_of(in, n->axis), v->shape.dims[n->axis], in->dims[n->axis], begin);
}

int graph_trace(graph *g, size_t *value, size_t *index)
{
    for (;;) {
        const graph_value *v = &g->values[*value];
        if (!graph_is_moved(g, *value))
            return UNECHO_OK;
        const graph_node *n = &g->nodes[v->index];
        if (!graph_moves(n->op)) {
            *value = n->first_output;
            continue;
        }
        if (g->steps_left-- == 0)
            return graph_fail_node(g, n, UNECHO_ERROR_MODEL,
                                   "the graph moves its data around more than any export does");
        const size_t input = graph_in(g, n, 0);
        const graph_shape *in = &g->values[input].shape;
        *value = input;
        switch (n->op) {
        case OP_TRANSPOSE:
            *index = through_transpose(n, in, &v->shape, *index);
            break;
        case OP_SLICE:
            *index = through_slice(n, in, &v->shape, *index);
            break;
        case OP_CONCAT:
            through_concat(g, n, &v->shape, value, index);
            break;
        case OP_SPLIT:
            *index = through_split(g, n, v, in, *index);
            break;
        case OP_GATHER:
            *index = into(*index, inner_of(in, n->axis), 1, in->dims[n->axis], n->begin[0]);
            break;
        default: /* the others only change the shape */
            break;
        }
    }
}

int graph_view_of(graph *g, size_t value, size_t first, size_t count, graph_view *view)
{
    graph_view found = {value, first, 1, count};
    if (!graph_is_moved(g, value)) {
        *view = found;
        return UNECHO_OK;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = value;
        size_t at = first + i;
        const int status = graph_trace(g, &from, &at);
        if (status != UNECHO_OK)
            return status;
        if (i == 0) {
            found.value = from;
            found.offset = at;
        } else if (i == 1 && at > found.offset) {
            found.step = at - found.offset;
        }
        if (from != found.value || at != found.offset + i * found.step)
            return graph_fail_value(g, value, UNECHO_ERROR_MODEL,
                                    "its elements must be those of one tensor, in "
                                    "order");
    }
    *view = found;
    return UNECHO_OK;
}
