/*
 * LSTM as one operator, that of ONNX and the quantised one of ONNX Runtime: shapes, what its
 * attributes may say, and which weights are which. Knows no stage.
 */
#include "onnx_match.h"
#include "onnx_rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

enum { X, W, R, B, SEQUENCE, INITIAL_H, INITIAL_C, PEEPHOLES };
enum { W_SCALE = 8, W_ZERO, R_SCALE, R_ZERO }; /* of DynamicQuantizeLSTM */
enum { HIDDEN, LAST_HIDDEN, LAST_CELL };

static bool is_quantised(const onnx_node *n)
{
    return n->op == ONNX_DYNAMIC_QUANTIZE_LSTM;
}

/* ---- Shapes and attributes -------------------------------------------------------------- */

/* Are the strings of an attribute (field 4: one, field 9: a list) these words? */
static bool texts_are(const onnx_attribute *a, unsigned field_number, const char *const *words,
                      size_t count)
{
    pb_cursor body = a->ints; /* all of the attribute */
    pb_field field;
    size_t n = 0;
    while (pb_next(&body, &field) > 0) {
        if (field.number != field_number)
            continue;
        if (n == count || !onnx_text_is(onnx_text_of(field.body), words[n]))
            return false;
        n++;
    }
    return n == count;
}

static int check_attributes(const onnx_graph *g, const onnx_node *n)
{
    static const char *const forward[] = {"forward"};
    static const char *const functions[] = {"Sigmoid", "Tanh", "Tanh"};
    const onnx_attribute *direction = onnx_attribute_of(g, n, "direction");
    const onnx_attribute *activations = onnx_attribute_of(g, n, "activations");
    if (direction && !texts_are(direction, 4, forward, 1))
        return onnx_fail_node(g, n, MODEL, "its direction was expected to be forward");
    if (activations && !texts_are(activations, 9, functions, 3))
        return onnx_fail_node(g, n, MODEL,
                              "its activations were expected to be Sigmoid, Tanh, Tanh");
    if (onnx_attribute_of(g, n, "clip"))
        return onnx_fail_node(g, n, MODEL, "it clips, expected no clip");
    if (onnx_attribute_int(g, n, "input_forget", 0) != 0)
        return onnx_fail_node(g, n, MODEL, "it couples input and forget gate");
    if (onnx_in(g, n, PEEPHOLES) != ONNX_NONE)
        return onnx_fail_node(g, n, MODEL, "it has peepholes");
    return UNECHO_OK;
}

/* One step of one sequence; a length, where it is told, says the same. */
static int check_sequence(const onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *x = rule_in(g, n, X);
    if (x->rank != 3 || x->dims[0] != 1 || x->dims[1] != 1)
        return onnx_fail_node(g, n, MODEL, "its input is %s, expected one step, [1, 1, values]",
                              onnx_shape_label(x).text);
    if (onnx_in(g, n, SEQUENCE) == ONNX_NONE)
        return UNECHO_OK;
    const onnx_value *v = &g->values[onnx_in(g, n, SEQUENCE)];
    int64_t length[ONNX_LIST_MAX] = {0};
    size_t count = 0;
    if (v->from == ONNX_FROM_TENSOR && onnx_tensor_ints(&g->tensors[v->index], length, &count) &&
        count == 1 && length[0] == 1)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "its sequence length was expected to be 1");
}

/* [1, a, b], or turned as DynamicQuantizeLSTM has it. */
static int check_shape(const onnx_graph *g, const onnx_node *n, size_t input, const char *name,
                       size_t a, size_t b)
{
    const onnx_shape *s = rule_in(g, n, input);
    const size_t dims[3] = {1, is_quantised(n) ? b : a, is_quantised(n) ? a : b};
    if (s->rank == 3 && memcmp(s->dims, dims, sizeof dims) == 0)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "widths do not match: %s is %s, expected [1, %zu, %zu]",
                          name, onnx_shape_label(s).text, dims[1], dims[2]);
}

static int check_vector(const onnx_graph *g, const onnx_node *n, size_t input, const char *name,
                        size_t elements)
{
    if (onnx_in(g, n, input) == ONNX_NONE || rule_in(g, n, input)->elements == elements)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "widths do not match: %s is %s, expected %zu values", name,
                          onnx_shape_label(rule_in(g, n, input)).text, elements);
}

int rule_lstm(onnx_graph *g, const onnx_node *n)
{
    int status = check_attributes(g, n);
    if (status == UNECHO_OK)
        status = check_sequence(g, n);
    if (status != UNECHO_OK)
        return status;
    const onnx_shape *r = rule_in(g, n, R);
    if (r->rank != 3)
        return onnx_fail_node(g, n, MODEL, "R is %s, expected 3 dims", onnx_shape_label(r).text);
    const size_t units = r->dims[is_quantised(n) ? 1 : 2], inputs = rule_in(g, n, X)->elements;
    const size_t y[4] = {1, 1, 1, units};
    status = check_shape(g, n, R, "R", GATES * units, units);
    if (status == UNECHO_OK)
        status = check_shape(g, n, W, "W", GATES * units, inputs);
    if (status == UNECHO_OK)
        status = check_vector(g, n, B, "B", 2 * GATES * units);
    if (status == UNECHO_OK)
        status = check_vector(g, n, INITIAL_H, "initial_h", units);
    if (status == UNECHO_OK)
        status = check_vector(g, n, INITIAL_C, "initial_c", units);
    if (status == UNECHO_OK)
        status = rule_set_output(g, n, HIDDEN, 4, y);
    for (size_t k = LAST_HIDDEN; status == UNECHO_OK && k < n->outputs; k++)
        status = rule_set_output(g, n, k, 3, y + 1);
    return status;
}

/* ---- Weights ---------------------------------------------------------------------------- */

const onnx_node *onnx_lstm_of(const onnx_graph *graph, const onnx_view *view)
{
    const onnx_node *n = onnx_node_of(graph, view, ONNX_LSTM);
    return n ? n : onnx_node_of(graph, view, ONNX_DYNAMIC_QUANTIZE_LSTM);
}

static int check_state(onnx_graph *g, const onnx_node *n, size_t input, const char *name,
                       const onnx_view *expected, const char *what)
{
    onnx_view found = {ONNX_NONE, 0, 0, 0};
    int status = UNECHO_OK;
    if (onnx_in(g, n, input) != ONNX_NONE)
        status = onnx_operand(g, n, input, &found);
    if (status != UNECHO_OK || onnx_views_equal(&found, expected))
        return status;
    return onnx_fail_node(g, n, MODEL, "%s: its %s was expected to be that of this layer's states",
                          what, name);
}

static int read_scale(onnx_graph *g, const onnx_node *n, size_t input, size_t count,
                      onnx_scale *scale)
{
    onnx_view view;
    *scale = (onnx_scale){1, NULL, onnx_in(g, n, input + 1)};
    if (onnx_in(g, n, input) == ONNX_NONE)
        return onnx_fail_node(g, n, MODEL, "its input %zu, a scale, is left out", input);
    const int status = onnx_operand(g, n, input, &view);
    if (status != UNECHO_OK)
        return status;
    if (!onnx_is_constant(g, &view))
        return onnx_unexpected(g, &view, "a constant scale");
    return onnx_take_scale(g, &view, count, scale);
}

static int read_weights(onnx_graph *g, const onnx_node *n, size_t input, size_t units,
                        onnx_term *term)
{
    const size_t rows = GATES * units, columns = g->values[term->input].shape.elements;
    onnx_layout l = {onnx_in(g, n, input), rows, columns, columns, 1};
    if (!is_quantised(n))
        return onnx_read_matrix(g, n, l, term);
    onnx_scale scale;
    l.row_step = 1;
    l.column_step = rows;
    const int status = read_scale(g, n, input == W ? W_SCALE : R_SCALE, rows, &scale);
    return status == UNECHO_OK ? onnx_read_integers(g, n, l, &scale, term) : status;
}

/* B is Wb and Rb, one after the other; both are added to the same gates. */
static int read_bias(onnx_graph *g, const onnx_node *n, const onnx_cell *cell, size_t units,
                     float *bias)
{
    onnx_view whole;
    memset(bias, 0, GATES * units * sizeof *bias);
    if (onnx_in(g, n, B) == ONNX_NONE)
        return UNECHO_OK;
    int status = onnx_operand(g, n, B, &whole);
    if (status != UNECHO_OK)
        return status;
    if (!onnx_is_constant(g, &whole))
        return onnx_unexpected(g, &whole, "a constant bias");
    for (size_t i = 0; i < 2 * GATES && status == UNECHO_OK; i++) {
        const size_t first = (i >= GATES ? GATES * units : 0) + cell->gate_row[i % GATES];
        const onnx_view part = {whole.value, whole.offset + first * whole.step, whole.step, units};
        status = onnx_add_constant(g, &part, units, 1, bias + i % GATES * units);
    }
    return status;
}

int onnx_match_lstm(onnx_graph *graph, const onnx_node *node, const onnx_view *h,
                    const onnx_view *c, const char *what, float *bias, onnx_cell *cell)
{
    /* ONNX's order: i, o, f, c */
    static const size_t quarters[GATES] = {
        [GATE_INPUT] = 0, [GATE_OUTPUT] = 1, [GATE_FORGET] = 2, [GATE_CELL] = 3};
    const size_t units = h->count;
    for (size_t i = 0; i < GATES; i++)
        cell->gate_row[i] = quarters[i] * units;
    cell->hidden = node->first_output + HIDDEN;
    cell->cell = node->outputs > LAST_CELL ? node->first_output + LAST_CELL : ONNX_NONE;
    cell->input.input = onnx_in(graph, node, X);
    cell->recurrent.input = onnx_in(graph, node, INITIAL_H);
    int status = check_state(graph, node, INITIAL_H, "initial_h", h, what);
    if (status == UNECHO_OK)
        status = check_state(graph, node, INITIAL_C, "initial_c", c, what);
    if (status == UNECHO_OK)
        status = read_weights(graph, node, W, units, &cell->input);
    if (status == UNECHO_OK)
        status = read_weights(graph, node, R, units, &cell->recurrent);
    if (status == UNECHO_OK)
        status = read_bias(graph, node, cell, units, bias);
    return status;
}
