/* Matrices: from an operand of a product to the elements of the tensor that it is made of. */
#include "match.h"

#include "unecho.h"

#define MODEL UNECHO_ERROR_MODEL

static int not_a_matrix(const graph *g, size_t value)
{
    return graph_fail_value(g, value, MODEL, "this must be one tensor, or its transpose");
}

/* The same layout in the tensor that the elements of the value come from. */
static int follow_matrix(graph *g, matrix_layout *l, size_t *base)
{
    const size_t value = l->value;
    size_t from = value, at = 0, down = 0, right = 0;
    int status = graph_trace(g, &from, &at);
    *base = at;
    l->value = from;
    for (size_t r = 0; status == UNECHO_OK && r < l->rows; r++) {
        for (size_t c = 0; status == UNECHO_OK && c < l->columns; c++) {
            from = value;
            at = r * l->row_step + c * l->column_step;
            status = graph_trace(g, &from, &at);
            if (r == 0 && c == 1)
                right = at - *base;
            if (r == 1 && c == 0)
                down = at - *base;
            if (from != l->value || at < *base || at != *base + r * down + c * right)
                return status == UNECHO_OK ? not_a_matrix(g, value) : status;
        }
    }
    l->row_step = down;
    l->column_step = right;
    return status;
}

/* The largest elements that integers can stand for; `at`: the first of the row. */
static int check_integers(const graph *g, const affine_term *term, size_t base)
{
    const matrix *m = &term->matrix;
    int status = UNECHO_OK;
    for (size_t r = 0; status == UNECHO_OK && r < m->rows; r++)
        status = match_weight(g, term->tensor, base + r * m->row_step, 255.0f * matrix_scale(m, r));
    return status;
}

/* In the order of memory. */
static int check_weights(const graph *g, const affine_term *term, size_t base)
{
    const matrix *m = &term->matrix;
    if (m->type >= MATRIX_INT8)
        return check_integers(g, term, base);
    const bool by_rows = m->column_step <= m->row_step;
    const size_t lines = by_rows ? m->rows : m->columns;
    const size_t length = by_rows ? m->columns : m->rows;
    for (size_t line = 0; line < lines; line++)
        for (size_t i = 0; i < length; i++) {
            const size_t r = by_rows ? line : i, c = by_rows ? i : line;
            const int status = match_weight(
                g, term->tensor, base + r * m->row_step + c * m->column_step, matrix_at(m, r, c));
            if (status != UNECHO_OK)
                return status;
        }
    return UNECHO_OK;
}

/* The tensor that the value of the layout is made of, and the first element of the matrix. */
static int find_tensor(graph *g, const graph_node *n, matrix_layout *l, size_t *base)
{
    *base = 0;
    if (g->values[l->value].from != FROM_TENSOR) {
        const int status = follow_matrix(g, l, base);
        if (status != UNECHO_OK)
            return status;
    }
    if (g->values[l->value].from == FROM_TENSOR)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "one of its operands must be constant");
}

static matrix_type type_of(const graph_tensor *t)
{
    switch (t->type) {
    case TYPE_FLOAT16:
        return MATRIX_FLOAT16;
    case TYPE_BFLOAT16:
        return MATRIX_BFLOAT16;
    case TYPE_INT8:
        return MATRIX_INT8;
    case TYPE_UINT8:
        return MATRIX_UINT8;
    default:
        return MATRIX_FLOAT32;
    }
}

static void set_matrix(affine_term *term, const graph *g, const graph_node *n,
                       const matrix_layout *l, size_t base)
{
    const graph_tensor *t = &g->tensors[g->values[l->value].index];
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
static int set_scales(const graph *g, const graph_tensor *t, size_t base, affine_term *term)
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
                return graph_fail_value(g, term->tensor, MODEL,
                                        "its scales go along axis %zu, expected one scale for each "
                                        "output",
                                        t->axis);
    m->scales = t->scales + 4 * first;
    return UNECHO_OK;
}

int match_matrix(graph *g, const graph_node *n, matrix_layout l, affine_term *term)
{
    size_t base = 0;
    int status = find_tensor(g, n, &l, &base);
    if (status != UNECHO_OK)
        return status;
    const graph_tensor *t = &g->tensors[g->values[l.value].index];
    if (t->scale == 0) {
        status = want_float(g, l.value);
        if (status == UNECHO_OK && t->encoding != ENCODED_PLAIN)
            status = graph_fail_value(g, l.value, MODEL,
                                      "its %s numbers are stored one by one, expected raw_data",
                                      graph_type_name(t->type));
        if (status != UNECHO_OK)
            return status;
    }
    set_matrix(term, g, n, &l, base);
    if (t->scale != 0)
        status = set_scales(g, t, base, term);
    return status == UNECHO_OK ? check_weights(g, term, base) : status;
}

int match_integers(graph *g, const graph_node *n, matrix_layout l, const integer_scale *scale,
                   affine_term *term)
{
    size_t base = 0;
    const int status = find_tensor(g, n, &l, &base);
    if (status != UNECHO_OK)
        return status;
    const graph_tensor *t = &g->tensors[g->values[l.value].index];
    if ((t->type != TYPE_INT8 && t->type != TYPE_UINT8) || t->scale != 0)
        return graph_fail_value(g, l.value, MODEL, "its type is %s, expected int8 or uint8",
                                t->scale != 0 ? "float32" : graph_type_name(t->type));
    if (t->encoding != ENCODED_PLAIN)
        return graph_fail_value(g, l.value, MODEL,
                                "its numbers are stored one by one, expected raw_data");
    set_matrix(term, g, n, &l, base);
    term->matrix.scale = scale->scale;
    term->matrix.scales = scale->scales;
    const int zero = graph_zero_of(g, scale->zero, t->type, &term->matrix.zero);
    return zero == UNECHO_OK ? check_weights(g, term, base) : zero;
}
