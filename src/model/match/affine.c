/*
 * Sums of matrix products, recognised from their output backwards, and what all matching shares:
 * views of operands, constants.
 */
#include "match.h"

#include "unecho.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* Factors of a Gemm with which float32 keeps its precision. */
#define FACTOR_MIN 1e-6f
#define FACTOR_MAX 1e6f

bool view_is_whole(const graph *g, const graph_view *view)
{
    return view->offset == 0 && view->step == 1 &&
           view->count == g->values[view->value].shape.elements;
}

bool views_equal(const graph_view *a, const graph_view *b)
{
    return a->value == b->value && a->offset == b->offset && a->step == b->step &&
           a->count == b->count;
}

const graph_node *view_node(const graph *g, const graph_view *view, graph_op op)
{
    const graph_value *v = &g->values[view->value];
    if (v->from != FROM_NODE || v->output != 0 || !view_is_whole(g, view))
        return NULL;
    const graph_node *node = &g->nodes[v->index];
    return node->op == op ? node : NULL;
}

int match_whole(graph *g, size_t value, graph_view *view)
{
    return graph_view_of(g, value, 0, g->values[value].shape.elements, view);
}

int match_operand(graph *g, const graph_node *node, size_t k, graph_view *view)
{
    return match_whole(g, graph_in(g, node, k), view);
}

int match_unexpected(const graph *g, const graph_view *view, const char *what)
{
    return graph_fail_value(g, view->value, MODEL, "expected %s here", what);
}

int match_operands(graph *g, const graph_node *n, graph_view *two)
{
    const int status = match_operand(g, n, 0, &two[0]);
    return status == UNECHO_OK ? match_operand(g, n, 1, &two[1]) : status;
}

bool view_is_constant(const graph *g, const graph_view *view)
{
    return g->values[view->value].from == FROM_TENSOR;
}

/* ---- Constants -------------------------------------------------------------------------- */

int want_float(const graph *g, size_t value)
{
    const graph_tensor *t = &g->tensors[g->values[value].index];
    if (graph_tensor_is_float(t))
        return UNECHO_OK;
    if (t->type == TYPE_FLOAT16 || t->type == TYPE_BFLOAT16)
        return graph_fail_value(g, value, MODEL,
                                "its %s numbers are stored one by one, expected raw_data",
                                graph_type_name(t->type));
    return graph_fail_value(g, value, MODEL,
                            "its type is %s, expected float32, float16 or bfloat16",
                            graph_type_name(t->type));
}

int match_weight(const graph *g, size_t value, size_t at, float x)
{
    static const float most = 1e5f;
    if (fabsf(x) <= most)
        return UNECHO_OK;
    if (!isfinite(x))
        return graph_fail_value(g, value, MODEL, "element %zu is %g, expected a finite number", at,
                                (double)x);
    return graph_fail_value(g, value, MODEL,
                            "element %zu is %g, expected a weight of at most %g in magnitude", at,
                            (double)x, (double)most);
}

/* Element i of a view of a float tensor; a view of one element repeats it. */
static int element(const graph *g, const graph_view *view, size_t i, float *x)
{
    const graph_tensor *t = &g->tensors[g->values[view->value].index];
    const size_t at = view->offset + (view->count == 1 ? 0 : i) * view->step;
    *x = graph_tensor_float(t, at);
    return match_weight(g, view->value, at, *x);
}

int add_constant(const graph *g, const graph_view *view, size_t count, float factor, float *to)
{
    int status = want_float(g, view->value);
    for (size_t i = 0; status == UNECHO_OK && i < count; i++) {
        float x = 0;
        status = element(g, view, i, &x);
        to[i] += factor * x;
    }
    return status;
}

/* A constant with a single value, in one element or in several. */
int want_scalar(const graph *g, const graph_view *view, double value, double tolerance)
{
    int status = want_float(g, view->value);
    for (size_t i = 0; status == UNECHO_OK && i < view->count; i++) {
        float x = 0;
        status = element(g, view, i, &x);
        if (status == UNECHO_OK && !(fabs((double)x - value) <= tolerance))
            return graph_fail_value(g, view->value, MODEL, "its value is %.9g, expected %g",
                                    (double)x, value);
    }
    return status;
}

/* ---- Sums of matrix products ------------------------------------------------------------ */

/* Does the value come from a tensor? For a Concat, the first input decides. */
static bool comes_from_tensor(graph *g, size_t value)
{
    while (g->values[value].from == FROM_NODE) {
        const graph_node *n = &g->nodes[g->values[value].index];
        if (!graph_moves(n->op))
            return false;
        value = graph_in(g, n, 0);
    }
    return g->values[value].from == FROM_TENSOR;
}

/* The layout of the matrix, operand `constant` of a product node: [out, in] or [in, out]. */
static int read_layout(const graph *g, const graph_node *n, size_t constant, size_t rows,
                       matrix_layout *l)
{
    const graph_shape *shape = &g->values[graph_in(g, n, constant)].shape;
    const bool on_left = constant == 0;
    const bool kernel = n->op == OP_CONV || n->op == OP_CONV_INTEGER; /* [out, in, 1, ...] */
    const bool turned =
        n->op == OP_GEMM && graph_attribute_int(g, n, on_left ? "transA" : "transB", 0) != 0;
    size_t columns_at = shape->rank > 1 ? shape->rank - 2 : 0;
    if (kernel)
        columns_at = 1;
    else if (n->op == OP_GEMM)
        columns_at = on_left != turned;
    else if (on_left)
        columns_at = shape->rank - 1;
    const size_t columns = shape->dims[columns_at];
    *l = (matrix_layout){graph_in(g, n, constant), rows, columns, 1, 1};
    if (kernel || on_left != turned)
        l->row_step = columns;
    else
        l->column_step = rows;
    if (shape->elements == rows * columns)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "the matrix %s must be %zu by %zu",
                           graph_shape_label(shape).text, rows, columns);
}

static int check_width(const graph *g, const graph_node *n, const affine_term *term,
                       const matrix_layout *l)
{
    const size_t count = g->values[term->input].shape.elements;
    if (count == l->columns)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "widths do not match: a vector of %zu, expected %zu", count,
                           l->columns);
}

/* The operands of a product node: which one is the vector, and the layout of the matrix. */
static int read_product(graph *g, const graph_node *n, size_t rows, affine_term *term)
{
    const bool on_left = n->op != OP_CONV && comes_from_tensor(g, graph_in(g, n, 0));
    matrix_layout l;
    int status = read_layout(g, n, on_left ? 0 : 1, rows, &l);
    if (status != UNECHO_OK)
        return status;
    term->input = graph_in(g, n, on_left ? 1 : 0);
    status = check_width(g, n, term, &l);
    return status == UNECHO_OK ? match_matrix(g, n, l, term) : status;
}

/* A product of a dynamically quantised activation and a tensor of integers. */
static int read_quantised(graph *g, const graph_view *view, const char *what, affine_term *term)
{
    scaled_product scaled;
    matrix_layout l;
    int status = match_scaled(g, view, what, &scaled);
    if (status == UNECHO_OK)
        status = read_layout(g, scaled.product, 1, view->count, &l);
    if (status != UNECHO_OK)
        return status;
    term->input = scaled.input;
    status = check_width(g, scaled.product, term, &l);
    if (status == UNECHO_OK)
        status = match_integers(g, scaled.product, l, &scaled.weights, term);
    return status;
}

/* alpha and beta of a Gemm; 1 for other operators. */
static int read_factors(const graph *g, const graph_node *n, float *alpha, float *beta)
{
    const graph_attribute *a = n->op == OP_GEMM ? graph_attribute_of(g, n, "alpha") : NULL;
    const graph_attribute *b = n->op == OP_GEMM ? graph_attribute_of(g, n, "beta") : NULL;
    *alpha = a ? a->f : 1;
    *beta = b ? b->f : 1;
    if (fabsf(*alpha) >= FACTOR_MIN && fabsf(*alpha) <= FACTOR_MAX && fabsf(*beta) <= FACTOR_MAX)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "alpha %g and beta %g, expected numbers near 1",
                           (double)*alpha, (double)*beta);
}

/* A part of a sum that is still to be examined, and its factor. */
typedef struct part {
    graph_view view;
    float factor;
} part;

/* One product of the sum; beta: the factor of what a Gemm adds. */
static int add_term(graph *g, const graph_node *n, const part *p, const char *what,
                    affine_sum *affine, float *beta)
{
    float alpha = 1;
    if (affine->count == TERMS_MAX)
        return graph_fail_node(g, n, MODEL, "%s: more products than expected", what);
    affine_term *const term = &affine->terms[affine->count++];
    int status = read_factors(g, n, &alpha, beta);
    if (status == UNECHO_OK)
        status = n->op == OP_MUL ? read_quantised(g, &p->view, what, term)
                                 : read_product(g, n, p->view.count, term);
    term->matrix.scale *= alpha * p->factor;
    return status;
}

int match_affine(graph *g, const graph_view *view, const char *what, float *bias,
                 affine_sum *affine)
{
    enum { PENDING_MAX = 16 };
    part pending[PENDING_MAX] = {{*view, 1}};
    size_t left = 1;
    memset(bias, 0, view->count * sizeof *bias);
    affine->count = 0;
    while (left > 0) {
        const part p = pending[--left];
        const graph_value *v = &g->values[p.view.value];
        float factor = p.factor;
        int status = UNECHO_OK;
        if (view_is_constant(g, &p.view) && (p.view.count == view->count || p.view.count == 1)) {
            status = add_constant(g, &p.view, view->count, p.factor, bias);
            if (status != UNECHO_OK)
                return status;
            continue;
        }
        if (v->from != FROM_NODE || p.view.count != view->count || !view_is_whole(g, &p.view))
            return match_unexpected(g, &p.view, what);
        const graph_node *n = &g->nodes[v->index];
        if (n->op == OP_GEMM || n->op == OP_MATMUL || n->op == OP_CONV || n->op == OP_MUL) {
            float beta = 1;
            status = add_term(g, n, &p, what, affine, &beta);
            factor *= beta;
        } else if (n->op != OP_ADD) {
            return match_unexpected(g, &p.view, what);
        }
        if (left + 2 > PENDING_MAX)
            return graph_fail_node(g, n, MODEL, "%s: more terms than expected", what);
        /* The summands: both inputs of an Add, the third input of the others. */
        for (size_t k = n->op == OP_ADD ? 0 : 2; status == UNECHO_OK && k < n->inputs; k++)
            if (graph_in(g, n, k) != GRAPH_NONE) {
                pending[left].factor = factor;
                status = match_operand(g, n, k, &pending[left++].view);
            }
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}

int match_product(graph *g, const graph_view *view, size_t columns, const char *what, float *bias,
                  affine_term *term)
{
    affine_sum affine;
    const int status = match_affine(g, view, what, bias, &affine);
    if (status != UNECHO_OK)
        return status;
    if (affine.count != 1)
        return graph_fail_value(g, view->value, MODEL, "%s: %zu matrix products, expected one",
                                what, affine.count);
    *term = affine.terms[0];
    if (term->matrix.columns != columns)
        return graph_fail_node(g, &g->nodes[term->node], MODEL,
                               "%s: widths do not match: its matrix takes %zu values, expected %zu",
                               what, term->matrix.columns, columns);
    return UNECHO_OK;
}
