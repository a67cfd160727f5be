/* Integers that represent floats, and DequantizeLinear, which says how. */
#include "graph.h"

#include "unecho.h"

#define MODEL UNECHO_ERROR_MODEL

/* Products with scales beyond these would leave the range or the precision of float32. */
bool graph_scale_fits(float scale)
{
    return scale >= 1e-30f && scale <= 1e30f;
}

static int integer_at(const graph_tensor *t, size_t i)
{
    return t->type == TYPE_INT8 ? (t->data[i] ^ 128) - 128 : t->data[i];
}

bool graph_tensor_is_bytes(const graph_tensor *t)
{
    return (t->type == TYPE_INT8 || t->type == TYPE_UINT8) &&
           (t->encoding == ENCODED_PLAIN || t->shape.elements == 0);
}

int graph_zero_of(const graph *g, size_t value, uint64_t type, int *zero)
{
    *zero = 0;
    if (value == GRAPH_NONE)
        return UNECHO_OK;
    if (g->values[value].from != FROM_TENSOR)
        return graph_fail_value(g, value, MODEL, "this zero point must be constant");
    const graph_tensor *t = &g->tensors[g->values[value].index];
    if (t->type != type || !graph_tensor_is_bytes(t) || t->shape.elements == 0)
        return graph_fail_value(g, value, MODEL, "this zero point of %s is %s%s",
                                graph_type_name(type), graph_type_name(t->type),
                                t->type == type ? ", expected raw_data" : "");
    *zero = integer_at(t, 0);
    for (size_t i = 1; i < t->shape.elements; i++)
        if (integer_at(t, i) != *zero)
            return graph_fail_value(g, value, MODEL,
                                    "zero points %d and %d, expected one for all of a matrix",
                                    *zero, integer_at(t, i));
    return UNECHO_OK;
}

int graph_check_scales(const graph *g, size_t value)
{
    const graph_tensor *t = &g->tensors[g->values[value].index];
    if (t->type != TYPE_FLOAT)
        return graph_fail_value(g, value, MODEL, "its type is %s, expected float32",
                                graph_type_name(t->type));
    for (size_t i = 0; i < t->shape.elements; i++)
        if (!graph_scale_fits(graph_tensor_float(t, i)))
            return graph_fail_value(g, value, MODEL, "scale %zu is %g, expected a positive number",
                                    i, (double)graph_tensor_float(t, i));
    return UNECHO_OK;
}

static int read_axis(const graph *g, const graph_node *n, graph_tensor *t, size_t scales)
{
    int64_t axis = graph_attribute_int(g, n, "axis", 1);
    if (axis < 0)
        axis += (int64_t)t->shape.rank;
    if (axis < 0 || (size_t)axis >= t->shape.rank || t->shape.dims[axis] != scales)
        return graph_fail_node(g, n, MODEL, "%zu scales along axis %lld of %s", scales,
                               (long long)axis, graph_shape_label(&t->shape).text);
    t->axis = (size_t)axis;
    return UNECHO_OK;
}

static int dequantize(graph *g, const graph_node *n)
{
    const graph_value *x = &g->values[graph_in(g, n, 0)];
    const size_t scale = graph_in(g, n, 1);
    if (x->from != FROM_TENSOR || g->values[scale].from != FROM_TENSOR)
        return graph_fail_node(g, n, MODEL,
                               "its input and scale must be constant: unecho does not compute "
                               "activations with fixed scales");
    graph_tensor *const t = &g->tensors[x->index];
    const graph_tensor *s = &g->tensors[g->values[scale].index];
    if (!graph_tensor_is_bytes(t))
        return graph_fail_node(g, n, MODEL, "it reads %s%s, expected int8 or uint8 as raw_data",
                               graph_type_name(t->type),
                               t->type == TYPE_INT8 || t->type == TYPE_UINT8 ? ", one by one" : "");
    if (t->scale != 0)
        return graph_fail_node(g, n, MODEL, "'%s' has a scale already",
                               graph_label_of(t->name).text);
    if (graph_attribute_int(g, n, "block_size", 0) != 0)
        return graph_fail_node(g, n, MODEL, "a scale for each block, expected one for each output");
    int status = graph_check_scales(g, scale);
    if (status == UNECHO_OK)
        status = graph_zero_of(g, graph_in(g, n, 2), t->type, &t->zero);
    if (status == UNECHO_OK && s->shape.elements != 1)
        status = read_axis(g, n, t, s->shape.elements);
    if (status != UNECHO_OK)
        return status;
    t->scale = s->shape.elements == 1 ? graph_tensor_float(s, 0) : 1;
    t->scales = s->shape.elements == 1 ? NULL : s->data;
    return UNECHO_OK;
}

int graph_dequantize(graph *g)
{
    int status = UNECHO_OK;
    for (size_t i = 0; i < g->order_count && status == UNECHO_OK; i++) {
        const graph_node *n = &g->nodes[g->order[i]];
        if (n->op == OP_DEQUANTIZE)
            status = dequantize(g, n);
    }
    return status;
}
