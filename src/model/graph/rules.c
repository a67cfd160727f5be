/* What the shape rules of operators share: parameters, axes, outputs. */
#include "rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

const graph_shape *rule_in(const graph *g, const graph_node *n, size_t k)
{
    return &g->values[graph_in(g, n, k)].shape;
}

int rule_set_output(graph *g, const graph_node *n, size_t k, size_t rank, const size_t *dims)
{
    if (k >= n->outputs)
        return graph_fail_node(g, n, UNECHO_ERROR_FORMAT, "no output %zu", k);
    graph_value *v = &g->values[n->first_output + k];
    const graph_shape declared = v->shape;
    if (rank > GRAPH_RANK_MAX)
        return graph_fail_node(g, n, MODEL, "its output has more than 8 dims");
    if (!graph_shape_set(&v->shape, rank, dims))
        return graph_fail_node(g, n, MODEL, "its output %s is larger than any model needs",
                               graph_shape_label(&v->shape).text);
    if (v->shape.elements == 0)
        return graph_fail_node(g, n, MODEL, "its output %s has no elements",
                               graph_shape_label(&v->shape).text);
    if (v->shaped && (declared.rank != rank ||
                      memcmp(declared.dims, v->shape.dims, rank * sizeof *declared.dims) != 0))
        return graph_fail_node(g, n, MODEL, "its output is declared as %s, but its inputs make %s",
                               graph_shape_label(&declared).text,
                               graph_shape_label(&v->shape).text);
    v->shaped = true;
    return UNECHO_OK;
}

int rule_same_shape(graph *g, const graph_node *n)
{
    const graph_shape *in = rule_in(g, n, 0);
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

int rule_axis_attribute(const graph *g, graph_node *n, int64_t otherwise, size_t rank)
{
    const int64_t axis = graph_attribute_int(g, n, "axis", otherwise);
    if (rule_axis(axis, rank, &n->axis))
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims", (long long)axis,
                           rank);
}

int rule_integers(const graph *g, const graph_node *n, size_t input, const char *attribute,
                  integers *list)
{
    const size_t value = graph_in(g, n, input);
    list->count = 0;
    list->given = value != GRAPH_NONE;
    if (list->given) {
        const graph_value *v = &g->values[value];
        if (v->from != FROM_TENSOR)
            return graph_fail_node(g, n, MODEL, "its %s '%s' must be constant", attribute,
                                   graph_label_of(v->name).text);
        if (!graph_tensor_ints(&g->tensors[v->index], list->at, &list->count))
            return graph_fail_node(g, n, MODEL, "its %s '%s' must be a few integers", attribute,
                                   graph_label_of(v->name).text);
        return UNECHO_OK;
    }
    const graph_attribute *a = graph_attribute_of(g, n, attribute);
    list->given = a != NULL;
    if (!a || a->listed == 0)
        return UNECHO_OK;
    if (a->listed > GRAPH_LIST_MAX)
        return graph_fail_node(g, n, MODEL, "more %s than dims", attribute);
    memcpy(list->at, a->list, a->listed * sizeof *a->list);
    list->count = a->listed;
    return UNECHO_OK;
}

/* The same for axes of a tensor with rank dims. */
int rule_axes(const graph *g, const graph_node *n, size_t rank, integers *list, bool *chosen)
{
    const int status = rule_integers(g, n, 1, "axes", list);
    memset(chosen, 0, GRAPH_RANK_MAX * sizeof *chosen);
    for (size_t i = 0; status == UNECHO_OK && i < list->count; i++) {
        size_t axis = 0;
        if (!rule_axis(list->at[i], rank, &axis))
            return graph_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims",
                                   (long long)list->at[i], rank);
        if (chosen[axis])
            return graph_fail_node(g, n, MODEL, "axis %zu twice", axis);
        chosen[axis] = true;
    }
    return status;
}
