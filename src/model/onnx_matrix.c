/*
 * Matrices: which tensor's elements a product's operand is made of, and how they lie there. Knows
 * tensors and movement, no sums.
 */
#include "onnx_match.h"

#include "unecho.h"

#include <math.h>

#define MODEL UNECHO_ERROR_MODEL

static int not_a_matrix(const onnx_graph *g, size_t value)
{
    return onnx_fail_value(g, value, MODEL, "this was expected to be one tensor, or its transpose");
}

/* The same in the tensor that the value's elements come from. */
static int follow_matrix(onnx_graph *g, onnx_layout *l, size_t *base)
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
static int check_finite(const onnx_graph *g, const onnx_term *term, size_t base)
{
    const matrix *m = &term->matrix;
    if (m->type >= MATRIX_INT8)
        return UNECHO_OK; /* the scales are finite, and so is all that they multiply */
    const bool by_rows = m->column_step <= m->row_step;
    const size_t lines = by_rows ? m->rows : m->columns;
    const size_t length = by_rows ? m->columns : m->rows;
    for (size_t line = 0; line < lines; line++)
        for (size_t i = 0; i < length; i++) {
            const size_t r = by_rows ? line : i, c = by_rows ? i : line;
            if (!isfinite(matrix_at(m, r, c)))
                return onnx_fail_value(
                    g, term->tensor, MODEL, "element %zu is %g, expected a finite number",
                    base + r * m->row_step + c * m->column_step, (double)matrix_at(m, r, c));
        }
    return UNECHO_OK;
}

/* The tensor that the layout's value is made of, and the element with which the matrix begins. */
static int find_tensor(onnx_graph *g, const onnx_node *n, onnx_layout *l, size_t *base)
{
    *base = 0;
    if (g->values[l->value].from != ONNX_FROM_TENSOR) {
        const int status = follow_matrix(g, l, base);
        if (status != UNECHO_OK)
            return status;
    }
    if (g->values[l->value].from == ONNX_FROM_TENSOR)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "one of its operands was expected to be constant");
}

static matrix_type type_of(const onnx_tensor *t)
{
    switch (t->type) {
    case ONNX_FLOAT16:
        return MATRIX_FLOAT16;
    case ONNX_BFLOAT16:
        return MATRIX_BFLOAT16;
    case ONNX_INT8:
        return MATRIX_INT8;
    case ONNX_UINT8:
        return MATRIX_UINT8;
    default:
        return MATRIX_FLOAT32;
    }
}

static void set_matrix(onnx_term *term, const onnx_graph *g, const onnx_node *n,
                       const onnx_layout *l, size_t base)
{
    const onnx_tensor *t = &g->tensors[g->values[l->value].index];
    const matrix_type type = type_of(t);
    term->matrix = (matrix){.data = t->data + matrix_bytes(type) * base,
                            .rows = l->rows,
                            .columns = l->columns,
                            .row_step = l->row_step,
                            .column_step = l->column_step,
                            .type = type,
                            .scale = 1};
    term->tensor = l->value;
    term->node = (size_t)(n - g->nodes);
}

/* Scales along an axis of the tensor must be one for each row of the matrix, in order. */
static int set_scales(const onnx_graph *g, const onnx_tensor *t, size_t base, onnx_term *term)
{
    matrix *const m = &term->matrix;
    m->scale = t->scale;
    m->zero = t->zero;
    if (!t->scales)
        return UNECHO_OK;
    size_t inner = 1;
    for (size_t d = t->axis + 1; d < t->shape.rank; d++)
        inner *= t->shape.dims[d];
    const size_t count = t->shape.dims[t->axis], first = base / inner % count;
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->columns; c++)
            if ((base + r * m->row_step + c * m->column_step) / inner % count != first + r)
                return onnx_fail_value(g, term->tensor, MODEL,
                                       "its scales go along axis %zu, expected one scale for each "
                                       "output",
                                       t->axis);
    m->scales = t->scales + 4 * first;
    return UNECHO_OK;
}

int onnx_read_matrix(onnx_graph *g, const onnx_node *n, onnx_layout l, onnx_term *term)
{
    size_t base = 0;
    int status = find_tensor(g, n, &l, &base);
    if (status != UNECHO_OK)
        return status;
    const onnx_tensor *t = &g->tensors[g->values[l.value].index];
    if (t->scale == 0) {
        status = onnx_want_float(g, l.value);
        if (status == UNECHO_OK && t->type != ONNX_FLOAT && t->field != ONNX_RAW_DATA)
            status = onnx_fail_value(g, l.value, MODEL,
                                     "its %s numbers are stored one by one, expected raw_data",
                                     onnx_type_name(t->type));
        if (status != UNECHO_OK)
            return status;
    }
    set_matrix(term, g, n, &l, base);
    if (t->scale != 0)
        status = set_scales(g, t, base, term);
    return status == UNECHO_OK ? check_finite(g, term, base) : status;
}

int onnx_read_integers(onnx_graph *g, const onnx_node *n, onnx_layout l, const onnx_scale *scale,
                       onnx_term *term)
{
    size_t base = 0;
    const int status = find_tensor(g, n, &l, &base);
    if (status != UNECHO_OK)
        return status;
    const onnx_tensor *t = &g->tensors[g->values[l.value].index];
    if ((t->type != ONNX_INT8 && t->type != ONNX_UINT8) || t->scale != 0)
        return onnx_fail_value(g, l.value, MODEL, "its type is %s, expected int8 or uint8",
                               t->scale != 0 ? "float32" : onnx_type_name(t->type));
    if (t->field != ONNX_RAW_DATA)
        return onnx_fail_value(g, l.value, MODEL,
                               "its numbers are stored one by one, expected raw_data");
    set_matrix(term, g, n, &l, base);
    term->matrix.scale = scale->scale;
    term->matrix.scales = scale->scales;
    return onnx_zero_of(g, scale->zero, t->type, &term->matrix.zero);
}
