/*
 * Products of integers whose input DynamicQuantizeLinear makes, and the scales that turn them into
 * floats again.
 */
#include "match.h"

#include "unecho.h"

#define MODEL UNECHO_ERROR_MODEL

int match_scale(const graph *g, const graph_view *view, size_t count, integer_scale *scale)
{
    const graph_tensor *t = &g->tensors[g->values[view->value].index];
    const int status = graph_check_scales(g, view->value);
    if (status != UNECHO_OK)
        return status;
    if (view->count == 1)
        scale->scale *= graph_tensor_float(t, view->offset);
    else if (view->count == count && view->step == 1 && !scale->scales)
        scale->scales = t->data + 4 * view->offset;
    else
        return graph_fail_value(g, view->value, MODEL, "%zu scales, expected 1 or %zu", view->count,
                                count);
    if (graph_scale_fits(scale->scale))
        return UNECHO_OK;
    return graph_fail_value(g, view->value, MODEL,
                            "the product of the scales is %g, expected a positive number",
                            (double)scale->scale);
}

/* The DynamicQuantizeLinear whose output is all of a view; NULL: none. */
static const graph_node *quantiser_of(const graph *g, const graph_view *view, size_t output)
{
    const graph_value *v = &g->values[view->value];
    if (v->from != FROM_NODE || v->output != output || !view_is_whole(g, view))
        return NULL;
    const graph_node *n = &g->nodes[v->index];
    return n->op == OP_DYNAMIC_QUANTIZE ? n : NULL;
}

/* The input of the product must be the output of that quantiser, minus its zero point. */
static int check_input(graph *g, const graph_node *product, const graph_node *quantiser,
                       const char *what)
{
    graph_view x, zero;
    int status = match_operand(g, product, 0, &x);
    if (status != UNECHO_OK)
        return status;
    if (quantiser_of(g, &x, 0) != quantiser)
        return graph_fail_node(g, product, MODEL,
                               "%s: the output of the DynamicQuantizeLinear that makes its scale "
                               "must be its first input",
                               what);
    if (graph_in(g, product, 2) == GRAPH_NONE)
        return graph_fail_node(g, product, MODEL, "%s: it omits the zero point of its input", what);
    status = match_operand(g, product, 2, &zero);
    if (status == UNECHO_OK && quantiser_of(g, &zero, 2) != quantiser)
        return graph_fail_node(g, product, MODEL,
                               "%s: its zero point is not that of its input's quantiser", what);
    return status;
}

int match_scaled(graph *g, const graph_view *view, const char *what, scaled_product *scaled)
{
    enum { PENDING_MAX = 8 };
    graph_view pending[PENDING_MAX] = {*view};
    size_t left = 1;
    const graph_node *quantiser = NULL, *product = NULL;
    *scaled = (scaled_product){.weights = {1, NULL, GRAPH_NONE}};
    while (left > 0) {
        const graph_view part = pending[--left];
        const graph_node *times = view_node(g, &part, OP_MUL);
        const graph_node *sums = view_node(g, &part, OP_MATMUL_INTEGER);
        const graph_node *found = quantiser_of(g, &part, 1);
        int status = UNECHO_OK;
        if (!sums)
            sums = view_node(g, &part, OP_CONV_INTEGER);
        if (times && left + 2 <= PENDING_MAX) {
            status = match_operands(g, times, pending + left);
            left += 2;
        } else if (sums && !product) {
            product = sums;
        } else if (found && !quantiser) {
            quantiser = found;
        } else if (view_is_constant(g, &part)) {
            status = match_scale(g, &part, view->count, &scaled->weights);
        } else {
            /* without any part of such a product, report the whole */
            return match_unexpected(g, product || quantiser ? &part : view, what);
        }
        if (status != UNECHO_OK)
            return status;
    }
    if (!product || !quantiser)
        return match_unexpected(g, view, what);
    scaled->product = product;
    scaled->input = graph_in(g, quantiser, 0);
    scaled->weights.zero = graph_in(g, product, 3);
    return check_input(g, product, quantiser, what);
}
