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

static int want_float(const onnx_graph *g, size_t value)
{
    const onnx_tensor *t = &g->tensors[g->values[value].index];
    if (t->type == ONNX_FLOAT)
        return UNECHO_OK;
    return onnx_fail_value(g, value, MODEL, "its type is %s, expected float32",
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

int onnx_add_constant(const onnx_graph *g, const onnx_view *view, size_t count, float *to)
{
    int status = want_float(g, view->value);
    for (size_t i = 0; status == UNECHO_OK && i < count; i++) {
        float x = 0;
        status = element(g, view, i, &x);
        to[i] += x;
    }
    return status;
}

/* A constant with one value: of one element, or of several that agree. */
int onnx_want_scalar(const onnx_graph *g, const onnx_view *view, double value, double tolerance)
{
    int status = want_float(g, view->value);
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

/* A matrix whose element (r, c) is element r * row_step + c * column_step of a value. */
typedef struct layout {
    size_t value, rows, columns, row_step, column_step;
} layout;

static int not_a_matrix(const onnx_graph *g, size_t value)
{
    return onnx_fail_value(g, value, MODEL, "this was expected to be one tensor, or its transpose");
}

/* The same in the tensor that the value's elements come from. */
static int follow_matrix(onnx_graph *g, layout *l, size_t *base)
{
    const size_t value = l->value;
    size_t source = value, at = 0, down = 0, right = 0;
    int status = onnx_trace(g, &source, &at);
    *base = at;
    l->value = source;
    for (size_t r = 0; status == UNECHO_OK && r < l->rows; r++) {
        for (size_t c = 0; status == UNECHO_OK && c < l->columns; c++) {
            source = value;
            at = r * l->row_step + c * l->column_step;
            status = onnx_trace(g, &source, &at);
            if (r == 0 && c == 1)
                right = at - *base;
            if (r == 1 && c == 0)
                down = at - *base;
            if (source != l->value || at < *base || at != *base + r * down + c * right)
                return status == UNECHO_OK ? not_a_matrix(g, value) : status;
        }
    }
    l->row_step = down;
    l->column_step = right;
    return status;
}

/* In the order of the file, which is that of its memory. */
static int check_finite(const onnx_graph *g, const onnx_term *term)
{
    const matrix *m = &term->matrix;
    if (m->scale != 0)
        return UNECHO_OK; /* the scale is finite, and so is all that it multiplies */
    const bool by_rows = m->column_step <= m->row_step;
    const size_t lines = by_rows ? m->rows : m->columns;
    const size_t length = by_rows ? m->columns : m->rows;
    for (size_t line = 0; line < lines; line++)
        for (size_t i = 0; i < length; i++) {
            const size_t r = by_rows ? line : i, c = by_rows ? i : line;
            if (!isfinite(matrix_at(m, r, c)))
                return onnx_fail_value(
                    g, term->tensor, MODEL, "element %zu is %g, expected a finite number",
                    (size_t)(m->data - g->tensors[g->values[term->tensor].index].data) / 4 +
                        r * m->row_step + c * m->column_step,
                    (double)matrix_at(m, r, c));
        }
    return UNECHO_OK;
}

static int read_matrix(onnx_graph *g, const onnx_node *n, layout l, onnx_term *term)
{
    size_t base = 0;
    if (g->values[l.value].from != ONNX_FROM_TENSOR) {
        const int status = follow_matrix(g, &l, &base);
        if (status != UNECHO_OK)
            return status;
    }
    if (g->values[l.value].from != ONNX_FROM_TENSOR)
        return onnx_fail_node(g, n, MODEL, "one of its onnx_operands was expected to be constant");
    const onnx_tensor *t = &g->tensors[g->values[l.value].index];
    const bool scaled = t->type == ONNX_INT8 && t->scale != 0;
    const int status = scaled ? UNECHO_OK : want_float(g, l.value);
    if (status != UNECHO_OK)
        return status;
    term->matrix = (matrix){
        t->data + (scaled ? 1 : 4) * base, l.rows, l.columns, l.row_step, l.column_step, t->scale};
    term->tensor = l.value;
    term->node = (size_t)(n - g->nodes);
    return check_finite(g, term);
}

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

/* What a product node multiplies: which input is the vector, and how the matrix lies. */
static int read_product(onnx_graph *g, const onnx_node *n, size_t rows, onnx_term *term)
{
    const onnx_shape *a = &g->values[onnx_in(g, n, 0)].shape;
    const onnx_shape *b = &g->values[onnx_in(g, n, 1)].shape;
    const size_t k_of_b = b->rank > 1 ? b->rank - 2 : 0;
    bool constant_left = comes_from_tensor(g, onnx_in(g, n, 0));
    bool ta = false, tb = false;
    size_t columns;
    if (n->op == ONNX_CONV) {
        /* kernel [out, in, 1, ...] times the vector, as if it stood on the left */
        constant_left = false;
        tb = true;
        columns = b->dims[1];
    } else if (n->op == ONNX_GEMM) {
        ta = onnx_attribute_int(g, n, "transA", 0) != 0;
        tb = onnx_attribute_int(g, n, "transB", 0) != 0;
        columns = a->dims[!ta];
    } else {
        columns = b->dims[k_of_b];
    }
    const size_t constant = constant_left ? 0 : 1;
    const onnx_shape *shape = constant_left ? a : b;
    layout l = {onnx_in(g, n, constant), rows, columns, 1, 1};
    /* left: [out, in], right: [in, out], unless transposed */
    if (constant_left != (constant_left ? ta : tb))
        l.row_step = columns;
    else
        l.column_step = rows;
    if (shape->elements != rows * columns)
        return onnx_fail_node(g, n, MODEL, "the matrix %s was expected to be %zu by %zu",
                              onnx_shape_label(shape).text, rows, columns);
    term->input = onnx_in(g, n, 1 - constant);
    const size_t count = g->values[term->input].shape.elements;
    if (count != columns)
        return onnx_fail_node(g, n, MODEL, "widths do not match: a vector of %zu, expected %zu",
                              count, columns);
    return read_matrix(g, n, l, term);
}

static int check_gemm(const onnx_graph *g, const onnx_node *n)
{
    const onnx_attribute *alpha = onnx_attribute_of(g, n, "alpha");
    const onnx_attribute *beta = onnx_attribute_of(g, n, "beta");
    if ((alpha && alpha->f != 1) || (beta && beta->f != 1))
        return onnx_fail_node(g, n, MODEL, "alpha %g and beta %g, expected 1 and 1",
                              alpha ? (double)alpha->f : 1.0, beta ? (double)beta->f : 1.0);
    return UNECHO_OK;
}

int onnx_match_affine(onnx_graph *graph, const onnx_view *view, const char *what, float *bias,
                      onnx_affine *affine)
{
    enum { PENDING_MAX = 16 };
    onnx_view pending[PENDING_MAX] = {*view};
    size_t left = 1;
    memset(bias, 0, view->count * sizeof *bias);
    affine->count = 0;
    while (left > 0) {
        const onnx_view part = pending[--left];
        const onnx_value *v = &graph->values[part.value];
        int status = UNECHO_OK;
        if (onnx_is_constant(graph, &part) && (part.count == view->count || part.count == 1)) {
            status = onnx_add_constant(graph, &part, view->count, bias);
            if (status != UNECHO_OK)
                return status;
            continue;
        }
        if (v->from != ONNX_FROM_NODE || part.count != view->count ||
            !onnx_view_is_whole(graph, &part))
            return onnx_unexpected(graph, &part, what);
        const onnx_node *n = &graph->nodes[v->index];
        if (n->op == ONNX_GEMM)
            status = check_gemm(graph, n);
        if (n->op == ONNX_GEMM || n->op == ONNX_MATMUL || n->op == ONNX_CONV) {
            if (affine->count == ONNX_TERMS_MAX)
                return onnx_fail_node(graph, n, MODEL, "%s: more products than expected", what);
            if (status == UNECHO_OK)
                status = read_product(graph, n, view->count, &affine->terms[affine->count++]);
        } else if (n->op != ONNX_ADD) {
            return onnx_unexpected(graph, &part, what);
        }
        if (left + 2 > PENDING_MAX)
            return onnx_fail_node(graph, n, MODEL, "%s: more terms than expected", what);
        /* What is added: both sides of an Add, the third input of the others. */
        for (size_t k = n->op == ONNX_ADD ? 0 : 2; status == UNECHO_OK && k < n->inputs; k++)
            if (onnx_in(graph, n, k) != ONNX_NONE)
                status = onnx_operand(graph, n, k, &pending[left++]);
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
