/*
 * Sums of matrix products, recognised from their output backwards, and what all matching shares:
 * views of operands, constants. What does not fit is named. Knows no stage.
 */
#include "onnx_match.h"

#include "unecho.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* What a Gemm may multiply by: anything that leaves float32 its precision. */
#define FACTOR_MIN 1e-6f
#define FACTOR_MAX 1e6f

bool onnx_view_is_whole(const onnx_graph *graph, const onnx_view *view)
{
    return view->offset == 0 && view->step == 1 &&
           view->count == graph->values[view->value].shape.elements;
}

bool onnx_views_equal(const onnx_view *a, const onnx_view *b)
{
    return a->value == b->value && a->offset == b->offset && a->step == b->step &&
           a->count == b->count;
}

const onnx_node *onnx_node_of(const onnx_graph *graph, const onnx_view *view, onnx_op op)
{
    const onnx_value *v = &graph->values[view->value];
    if (v->from != ONNX_FROM_NODE || v->output != 0 || !onnx_view_is_whole(graph, view))
        return NULL;
    const onnx_node *node = &graph->nodes[v->index];
    return node->op == op ? node : NULL;
}

int onnx_whole(onnx_graph *graph, size_t value, onnx_view *view)
{
    return onnx_view_of(graph, value, 0, graph->values[value].shape.elements, view);
}

int onnx_operand(onnx_graph *graph, const onnx_node *node, size_t k, onnx_view *view)
{
    return onnx_whole(graph, onnx_in(graph, node, k), view);
}

int onnx_unexpected(const onnx_graph *graph, const onnx_view *view, const char *what)
{
    return onnx_fail_value(graph, view->value, MODEL, "%s was expected here", what);
}

int onnx_operands(onnx_graph *g, const onnx_node *n, onnx_view *two)
{
    const int status = onnx_operand(g, n, 0, &two[0]);
    return status == UNECHO_OK ? onnx_operand(g, n, 1, &two[1]) : status;
}

bool onnx_is_constant(const onnx_graph *g, const onnx_view *view)
{
    return g->values[view->value].from == ONNX_FROM_TENSOR;
}

/* ---- Constants -------------------------------------------------------------------------- */

int onnx_want_float(const onnx_graph *g, size_t value)
{
    const onnx_tensor *t = &g->tensors[g->values[value].index];
    if (onnx_tensor_is_float(t))
        return UNECHO_OK;
    if (t->type == ONNX_FLOAT16 || t->type == ONNX_BFLOAT16)
        return onnx_fail_value(g, value, MODEL,
                               "its %s numbers are stored one by one, expected raw_data",
                               onnx_type_name(t->type));
    return onnx_fail_value(g, value, MODEL, "its type is %s, expected float32, float16 or bfloat16",
                           onnx_type_name(t->type));
}

/* Element i of a view of a float tensor; a view of one element stands for any number of them. */
static int element(const onnx_graph *g, const onnx_view *view, size_t i, float *x)
{
    const onnx_tensor *t = &g->tensors[g->values[view->value].index];
    const size_t at = view->offset + (view->count == 1 ? 0 : i) * view->step;
    *x = onnx_tensor_float(t, at);
    if (isfinite(*x))
        return UNECHO_OK;
    return onnx_fail_value(g, view->value, MODEL, "element %zu is %g, expected a finite number", at,
                           (double)*x);
}

int onnx_add_constant(const onnx_graph *g, const onnx_view *view, size_t count, float factor,
                      float *to)
{
    int status = onnx_want_float(g, view->value);
    for (size_t i = 0; status == UNECHO_OK && i < count; i++) {
        float x = 0;
        status = element(g, view, i, &x);
        to[i] += factor * x;
    }
    return status;
}

/* A constant with one value: of one element, or of several that agree. */
int onnx_want_scalar(const onnx_graph *g, const onnx_view *view, double value, double tolerance)
{
    int status = onnx_want_float(g, view->value);
    for (size_t i = 0; status == UNECHO_OK && i < view->count; i++) {
        float x = 0;
        status = element(g, view, i, &x);
        if (status == UNECHO_OK && !(fabs((double)x - value) <= tolerance))
            return onnx_fail_value(g, view->value, MODEL, "its value is %.9g, expected %g",
                                   (double)x, value);
    }
    return status;
}

/* ---- Sums of matrix products ------------------------------------------------------------ */

/* Does the value come from a tensor? Elements of a Concat may come from several; one will do. */
static bool comes_from_tensor(onnx_graph *g, size_t value)
{
    while (g->values[value].from == ONNX_FROM_NODE) {
        const onnx_node *n = &g->nodes[g->values[value].index];
        if (!onnx_moves(n->op))
            return false;
        value = onnx_in(g, n, 0);
    }
    return g->values[value].from == ONNX_FROM_TENSOR;
}

/* How the matrix of a product node lies: as its operand `constant`, [out, in] or [in, out]. */
static int read_layout(const onnx_graph *g, const onnx_node *n, size_t constant, size_t rows,
                       onnx_layout *l)
{
    const onnx_shape *shape = &g->values[onnx_in(g, n, constant)].shape;
    const bool on_left = constant == 0;
    const bool kernel = n->op == ONNX_CONV || n->op == ONNX_CONV_INTEGER; /* [out, in, 1, ...] */
    const bool turned =
        n->op == ONNX_GEMM && onnx_attribute_int(g, n, on_left ? "transA" : "transB", 0) != 0;
    size_t columns_at = shape->rank > 1 ? shape->rank - 2 : 0;
    if (kernel)
        columns_at = 1;
    else if (n->op == ONNX_GEMM)
        columns_at = on_left != turned;
    else if (on_left)
        columns_at = shape->rank - 1;
    const size_t columns = shape->dims[columns_at];
    *l = (onnx_layout){onnx_in(g, n, constant), rows, columns, 1, 1};
    if (kernel || on_left != turned)
        l->row_step = columns;
    else
        l->column_step = rows;
    if (shape->elements == rows * columns)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "the matrix %s was expected to be %zu by %zu",
                          onnx_shape_label(shape).text, rows, columns);
}

static int check_width(const onnx_graph *g, const onnx_node *n, const onnx_term *term,
                       const onnx_layout *l)
{
    const size_t count = g->values[term->input].shape.elements;
    if (count == l->columns)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "widths do not match: a vector of %zu, expected %zu", count,
                          l->columns);
}

/* What a product node multiplies: which input is the vector, and how the matrix lies. */
static int read_product(onnx_graph *g, const onnx_node *n, size_t rows, onnx_term *term)
{
    const bool on_left = n->op != ONNX_CONV && comes_from_tensor(g, onnx_in(g, n, 0));
    onnx_layout l;
    int status = read_layout(g, n, on_left ? 0 : 1, rows, &l);
    if (status != UNECHO_OK)
        return status;
    term->input = onnx_in(g, n, on_left ? 1 : 0);
    status = check_width(g, n, term, &l);
    return status == UNECHO_OK ? onnx_read_matrix(g, n, l, term) : status;
}

/* A product of integers that an activation, quantised as it came, and a tensor make. */
static int read_quantised(onnx_graph *g, const onnx_view *view, const char *what, onnx_term *term)
{
    onnx_scaled scaled;
    onnx_layout l;
    int status = onnx_match_scaled(g, view, what, &scaled);
    if (status == UNECHO_OK)
        status = read_layout(g, scaled.product, 1, view->count, &l);
    if (status != UNECHO_OK)
        return status;
    term->input = scaled.input;
    status = check_width(g, scaled.product, term, &l);
    if (status == UNECHO_OK)
        status = onnx_read_integers(g, scaled.product, l, &scaled.weights, term);
    return status;
}

/* alpha and beta of a Gemm; 1 of everything else. */
static int read_factors(const onnx_graph *g, const onnx_node *n, float *alpha, float *beta)
{
    const onnx_attribute *a = n->op == ONNX_GEMM ? onnx_attribute_of(g, n, "alpha") : NULL;
    const onnx_attribute *b = n->op == ONNX_GEMM ? onnx_attribute_of(g, n, "beta") : NULL;
    *alpha = a ? a->f : 1;
    *beta = b ? b->f : 1;
    if (fabsf(*alpha) >= FACTOR_MIN && fabsf(*alpha) <= FACTOR_MAX && fabsf(*beta) <= FACTOR_MAX)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "alpha %g and beta %g, expected numbers near 1",
                          (double)*alpha, (double)*beta);
}

/* A part of a sum that is left to be looked at, and what it is multiplied by. */
typedef struct part {
    onnx_view view;
    float factor;
} part;

/* One product of the sum, and what it adds to it. */
static int add_term(onnx_graph *g, const onnx_node *n, const part *p, const char *what,
                    onnx_affine *affine, float *beta)
{
    float alpha = 1;
    if (affine->count == ONNX_TERMS_MAX)
        return onnx_fail_node(g, n, MODEL, "%s: more products than expected", what);
    onnx_term *const term = &affine->terms[affine->count++];
    int status = read_factors(g, n, &alpha, beta);
    if (status == UNECHO_OK)
        status = n->op == ONNX_MUL ? read_quantised(g, &p->view, what, term)
                                   : read_product(g, n, p->view.count, term);
    term->matrix.scale *= alpha * p->factor;
    return status;
}

int onnx_match_affine(onnx_graph *graph, const onnx_view *view, const char *what, float *bias,
                      onnx_affine *affine)
{
    enum { PENDING_MAX = 16 };
    part pending[PENDING_MAX] = {{*view, 1}};
    size_t left = 1;
    memset(bias, 0, view->count * sizeof *bias);
    affine->count = 0;
    while (left > 0) {
        const part p = pending[--left];
        const onnx_value *v = &graph->values[p.view.value];
        float factor = p.factor;
        int status = UNECHO_OK;
        if (onnx_is_constant(graph, &p.view) &&
            (p.view.count == view->count || p.view.count == 1)) {
            status = onnx_add_constant(graph, &p.view, view->count, p.factor, bias);
            if (status != UNECHO_OK)
                return status;
            continue;
        }
        if (v->from != ONNX_FROM_NODE || p.view.count != view->count ||
            !onnx_view_is_whole(graph, &p.view))
            return onnx_unexpected(graph, &p.view, what);
        const onnx_node *n = &graph->nodes[v->index];
        if (n->op == ONNX_GEMM || n->op == ONNX_MATMUL || n->op == ONNX_CONV || n->op == ONNX_MUL) {
            float beta = 1;
            status = add_term(graph, n, &p, what, affine, &beta);
            factor *= beta;
        } else if (n->op != ONNX_ADD) {
            return onnx_unexpected(graph, &p.view, what);
        }
        if (left + 2 > PENDING_MAX)
            return onnx_fail_node(graph, n, MODEL, "%s: more terms than expected", what);
        /* What is added: both sides of an Add, the third input of the others. */
        for (size_t k = n->op == ONNX_ADD ? 0 : 2; status == UNECHO_OK && k < n->inputs; k++)
            if (onnx_in(graph, n, k) != ONNX_NONE) {
                pending[left].factor = factor;
                status = onnx_operand(graph, n, k, &pending[left++].view);
            }
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}

int onnx_match_product(onnx_graph *graph, const onnx_view *view, size_t columns, const char *what,
                       float *bias, onnx_term *term)
{
    onnx_affine affine;
    const int status = onnx_match_affine(graph, view, what, bias, &affine);
    if (status != UNECHO_OK)
        return status;
    if (affine.count != 1)
        return onnx_fail_value(graph, view->value, MODEL, "%s: %zu matrix products, expected one",
                               what, affine.count);
    *term = affine.terms[0];
    if (term->matrix.columns != columns)
        return onnx_fail_node(graph, &graph->nodes[term->node], MODEL,
                              "%s: widths do not match: its matrix takes %zu values, expected %zu",
                              what, term->matrix.columns, columns);
    return UNECHO_OK;
}
