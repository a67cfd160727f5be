/* TFLite operators that only move elements, as the ONNX nodes that do the same. */
#include "operation.h"

#include "unecho.h"

#define MODEL UNECHO_ERROR_MODEL

int move_reshape(operation *o, graph_op op)
{
    fb_vector shape = {NULL, 0};
    int64_t list[GRAPH_LIST_MAX];
    if (op_input(o, 1) != GRAPH_NONE)
        return op_simple(o, op);
    const int status = fb_vector_of(&o->options, 0, 4, &shape);
    if (status != UNECHO_OK)
        return status;
    if (shape.count > GRAPH_RANK_MAX)
        return op_fail(o, MODEL, "more than 8 dims");
    for (size_t i = 0; i < shape.count; i++)
        list[i] = fb_int_at(&shape, i);
    graph_node *const n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 0));
    op_add_list(o, n, "shape", list, shape.count);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

int move_squeeze(operation *o, graph_op op)
{
    fb_vector axes = {NULL, 0};
    int64_t list[GRAPH_LIST_MAX];
    const int status = fb_vector_of(&o->options, 0, 4, &axes);
    if (status != UNECHO_OK)
        return status;
    if (axes.count > GRAPH_RANK_MAX)
        return op_fail(o, MODEL, "more than 8 axes");
    for (size_t i = 0; i < axes.count; i++)
        list[i] = fb_int_at(&axes, i);
    graph_node *const n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 0));
    if (axes.count > 0) /* none: all of size 1, as in ONNX */
        op_add_list(o, n, "axes", list, axes.count);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

int move_transpose(operation *o, graph_op op)
{
    int64_t list[GRAPH_LIST_MAX] = {0};
    size_t count = 0;
    const int status = op_integers(o, 1, "permutation", list, &count);
    if (status != UNECHO_OK)
        return status;
    graph_node *const n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 0));
    op_add_list(o, n, "perm", list, count);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

int move_concatenation(operation *o, graph_op op)
{
    int32_t axis = 0;
    int status = op_option(o, 0, 4, 0, &axis);
    if (status == UNECHO_OK)
        status = op_want_none(o, 1, "a fused activation");
    if (status != UNECHO_OK)
        return status;
    op_simple(o, op);
    op_add_int(o, &o->t->graph->nodes[o->t->graph->node_count - 1], "axis", axis);
    return UNECHO_OK;
}

/* A new axis in each input, along which they are concatenated. */
int move_pack(operation *o, graph_op op)
{
    int32_t axis = 0;
    const int status = op_option(o, 1, 4, 0, &axis);
    if (status != UNECHO_OK)
        return status;
    const int64_t list = axis;
    const size_t first = o->t->graph->value_count;
    for (size_t k = 0; k < o->inputs.count; k++) {
        graph_node *const n = op_add_node(o, OP_UNSQUEEZE);
        op_add_input(o, n, op_input(o, k));
        op_add_list(o, n, "axes", &list, 1);
        op_add_value(o, n);
    }
    graph_node *const n = op_add_node(o, op);
    for (size_t k = 0; k < o->inputs.count; k++)
        op_add_input(o, n, first + k);
    op_add_int(o, n, "axis", axis);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

/* Pieces of size 1 along an axis, without the axis. */
int move_unpack(operation *o, graph_op op)
{
    int32_t axis = 0;
    const int status = op_option(o, 1, 4, 0, &axis);
    if (status != UNECHO_OK)
        return status;
    const int64_t list = axis;
    graph_node *const split = op_add_node(o, op);
    op_add_input(o, split, op_input(o, 0));
    op_add_int(o, split, "axis", axis);
    const size_t first = o->t->graph->value_count;
    for (size_t k = 0; k < o->outputs.count; k++)
        op_add_value(o, split);
    for (size_t k = 0; k < o->outputs.count; k++) {
        graph_node *const n = op_add_node(o, OP_SQUEEZE);
        op_add_input(o, n, first + k);
        op_add_list(o, n, "axes", &list, 1);
        op_add_output(o, n, k);
    }
    return UNECHO_OK;
}

int move_split(operation *o, graph_op op)
{
    int64_t axis[GRAPH_LIST_MAX] = {0};
    size_t count = 0;
    const int status = op_integers(o, 0, "axis", axis, &count);
    if (status != UNECHO_OK)
        return status;
    if (count != 1)
        return op_fail(o, MODEL, "its axis must be one number");
    graph_node *const n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 1));
    op_add_int(o, n, "axis", axis[0]);
    for (size_t k = 0; k < o->outputs.count; k++)
        op_add_output(o, n, k);
    return UNECHO_OK;
}

/* Begins, ends and steps, of which masks may replace some, and the axes that are dropped. */
typedef struct slices {
    int64_t begin[GRAPH_LIST_MAX], end[GRAPH_LIST_MAX], step[GRAPH_LIST_MAX],
        dropped[GRAPH_LIST_MAX];
    size_t count, drops;
} slices;

static int apply_masks(const operation *o, slices *s)
{
    int32_t masks[6] = {0};
    for (unsigned i = 0; i < 6; i++) {
        const int status = op_option(o, i, i < 5 ? 4 : 1, 0, &masks[i]);
        if (status != UNECHO_OK)
            return status;
    }
    const uint32_t begin = (uint32_t)masks[0], end = (uint32_t)masks[1], drop = (uint32_t)masks[4];
    if (masks[2] != 0 || masks[3] != 0 || masks[5] != 0)
        return op_fail(o, MODEL, "an ellipsis, a new axis or ends that are offsets, expected none");
    for (size_t d = 0; d < s->count; d++) {
        if (begin >> d & 1)
            s->begin[d] = 0;
        if (end >> d & 1)
            s->end[d] = INT64_MAX;
        if (drop >> d & 1) {
            s->end[d] = s->begin[d] == -1 ? INT64_MAX : s->begin[d] + 1;
            s->step[d] = 1;
            s->dropped[s->drops++] = (int64_t)d;
        }
    }
    return UNECHO_OK;
}

int move_strided_slice(operation *o, graph_op op)
{
    slices s = {.count = 0};
    size_t ends = 0, steps = 0;
    int status = op_integers(o, 1, "begin", s.begin, &s.count);
    if (status == UNECHO_OK)
        status = op_integers(o, 2, "end", s.end, &ends);
    if (status == UNECHO_OK)
        status = op_integers(o, 3, "strides", s.step, &steps);
    if (status != UNECHO_OK)
        return status;
    if (ends != s.count || steps != s.count || s.count > GRAPH_RANK_MAX)
        return op_fail(o, MODEL, "its begin, end and strides do not fit together");
    status = apply_masks(o, &s);
    if (status != UNECHO_OK)
        return status;
    graph_node *n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 0));
    op_add_list(o, n, "starts", s.begin, s.count);
    op_add_list(o, n, "ends", s.end, s.count);
    op_add_list(o, n, "steps", s.step, s.count);
    if (s.drops > 0) {
        const size_t value = op_add_value(o, n);
        n = op_add_node(o, OP_SQUEEZE);
        op_add_input(o, n, value);
        op_add_list(o, n, "axes", s.dropped, s.drops);
    }
    op_add_output(o, n, 0);
    return UNECHO_OK;
}
