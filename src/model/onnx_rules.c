/* What the shape rules of operators share: parameters, axes, outputs. Knows no operator. */
#include "onnx_rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

const onnx_shape *rule_in(const onnx_graph *g, const onnx_node *n, size_t k)
{
    return &g->values[onnx_in(g, n, k)].shape;
}

int rule_set_output(onnx_graph *g, const onnx_node *n, size_t k, size_t rank, const size_t *dims)
{
    if (k >= n->outputs)
        return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT, "no output %zu", k);
    onnx_value *v = &g->values[n->first_output + k];
    const onnx_shape declared = v->shape;
    if (rank > ONNX_RANK_MAX)
        return onnx_fail_node(g, n, MODEL, "its output has more than 8 dims");
    if (!onnx_shape_set(&v->shape, rank, dims))
        return onnx_fail_node(g, n, MODEL, "its output %s is larger than any model needs",
                              onnx_shape_label(&v->shape).text);
    if (v->shape.elements == 0)
        return onnx_fail_node(g, n, MODEL, "its output %s has no elements",
                              onnx_shape_label(&v->shape).text);
    if (v->shaped && (declared.rank != rank ||
                      memcmp(declared.dims, v->shape.dims, rank * sizeof *declared.dims) != 0))
        return onnx_fail_node(g, n, MODEL, "its output is declared as %s, but its inputs make %s",
                              onnx_shape_label(&declared).text, onnx_shape_label(&v->shape).text);
    v->shaped = true;
    return UNECHO_OK;
}

int rule_same_shape(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = rule_in(g, n, 0);
    return rule_set_output(g, n, 0, in->rank, in->dims);
}

bool rule_axis(int64_t axis, size_t rank, size_t *found)
{
    if (axis < 0)
        axis += (int64_t)rank;
    if (axis < 0 || (size_t)axis >= rank)
        return false;
    *found = (size_t)axis;
    return true;
}

int rule_axis_attribute(const onnx_graph *g, onnx_node *n, int64_t otherwise, size_t rank)
{
    const int64_t axis = onnx_attribute_int(g, n, "axis", otherwise);
    if (rule_axis(axis, rank, &n->axis))
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims", (long long)axis,
                          rank);
}

int rule_integers(const onnx_graph *g, const onnx_node *n, size_t input, const char *attribute,
                  integers *list)
{
    const size_t value = onnx_in(g, n, input);
    list->count = 0;
    list->given = value != ONNX_NONE;
    if (list->given) {
        const onnx_value *v = &g->values[value];
        if (v->from != ONNX_FROM_TENSOR)
            return onnx_fail_node(g, n, MODEL, "its %s '%s' was expected to be constant", attribute,
                                  onnx_label_of(v->name).text);
        if (!onnx_tensor_ints(&g->tensors[v->index], list->at, &list->count))
            return onnx_fail_node(g, n, MODEL, "its %s '%s' was expected to be a few integers",
                                  attribute, onnx_label_of(v->name).text);
        return UNECHO_OK;
    }
    const onnx_attribute *a = onnx_attribute_of(g, n, attribute);
    list->given = a != NULL;
    if (a && !onnx_attribute_ints(a, list->at, &list->count))
        return onnx_fail_node(g, n, MODEL, "more %s than dims", attribute);
    return UNECHO_OK;
}

/* The same, each one an axis of a tensor with rank dims. */
int rule_axes(const onnx_graph *g, const onnx_node *n, size_t rank, integers *list, bool *chosen)
{
    const int status = rule_integers(g, n, 1, "axes", list);
    memset(chosen, 0, ONNX_RANK_MAX * sizeof *chosen);
    for (size_t i = 0; status == UNECHO_OK && i < list->count; i++) {
        size_t axis = 0;
        if (!rule_axis(list->at[i], rank, &axis))
            return onnx_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims",
                                  (long long)list->at[i], rank);
        if (chosen[axis])
            return onnx_fail_node(g, n, MODEL, "axis %zu twice", axis);
        chosen[axis] = true;
    }
    return status;
}
