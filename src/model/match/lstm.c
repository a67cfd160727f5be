/* The weights of an LSTM that is one operator: that of ONNX, or ONNX Runtime's quantised one. */
#include "match.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

static bool is_quantised(const graph_node *n)
{
    return n->op == OP_DYNAMIC_QUANTIZE_LSTM;
}

const graph_node *view_lstm(const graph *g, const graph_view *view)
{
    const graph_node *n = view_node(g, view, OP_LSTM);
    return n ? n : view_node(g, view, OP_DYNAMIC_QUANTIZE_LSTM);
}

static int check_state(graph *g, const graph_node *n, size_t input, const char *name,
                       const graph_view *expected, const char *what)
{
    graph_view found = {GRAPH_NONE, 0, 0, 0};
    int status = UNECHO_OK;
    if (graph_in(g, n, input) != GRAPH_NONE)
        status = match_operand(g, n, input, &found);
    if (status != UNECHO_OK || views_equal(&found, expected))
        return status;
    return graph_fail_node(g, n, MODEL, "%s: its %s must be that of this layer's states", what,
                           name);
}

static int read_scale(graph *g, const graph_node *n, size_t input, size_t count,
                      integer_scale *scale)
{
    graph_view view;
    *scale = (integer_scale){1, NULL, graph_in(g, n, input + 1)};
    if (graph_in(g, n, input) == GRAPH_NONE)
        return graph_fail_node(g, n, MODEL, "its input %zu, a scale, is left out", input);
    const int status = match_operand(g, n, input, &view);
    if (status != UNECHO_OK)
        return status;
    if (!view_is_constant(g, &view))
        return match_unexpected(g, &view, "a constant scale");
    return match_scale(g, &view, count, scale);
}

static int read_weights(graph *g, const graph_node *n, size_t input, size_t units,
                        affine_term *term)
{
    const size_t rows = GATES * units, columns = g->values[term->input].shape.elements;
    matrix_layout l = {graph_in(g, n, input), rows, columns, columns, 1};
    if (!is_quantised(n))
        return match_matrix(g, n, l, term);
    integer_scale scale;
    l.row_step = 1;
    l.column_step = rows;
    const int status =
        read_scale(g, n, input == LSTM_W ? LSTM_W_SCALE : LSTM_R_SCALE, rows, &scale);
    return status == UNECHO_OK ? match_integers(g, n, l, &scale, term) : status;
}

/* B is Wb followed by Rb; both are added to the same gates. */
static int read_bias(graph *g, const graph_node *n, const lstm_cell *cell, size_t units,
                     float *bias)
{
    graph_view whole;
    memset(bias, 0, GATES * units * sizeof *bias);
    if (graph_in(g, n, LSTM_B) == GRAPH_NONE)
        return UNECHO_OK;
    int status = match_operand(g, n, LSTM_B, &whole);
    if (status != UNECHO_OK)
        return status;
    if (!view_is_constant(g, &whole))
        return match_unexpected(g, &whole, "a constant bias");
    for (size_t i = 0; i < 2 * GATES && status == UNECHO_OK; i++) {
        const size_t first = (i >= GATES ? GATES * units : 0) + cell->gate_row[i % GATES];
        const graph_view part = {whole.value, whole.offset + first * whole.step, whole.step, units};
        status = add_constant(g, &part, units, 1, bias + i % GATES * units);
    }
    return status;
}

int match_lstm(graph *g, const graph_node *node, const graph_view *h, const graph_view *c,
               const char *what, float *bias, lstm_cell *cell)
{
    /* ONNX's order: i, o, f, c */
    static const size_t quarters[GATES] = {
        [GATE_INPUT] = 0, [GATE_OUTPUT] = 1, [GATE_FORGET] = 2, [GATE_CELL] = 3};
    const size_t units = h->count;
    for (size_t i = 0; i < GATES; i++)
        cell->gate_row[i] = quarters[i] * units;
    cell->hidden = node->first_output + LSTM_HIDDEN;
    cell->cell = node->outputs > LSTM_LAST_CELL ? node->first_output + LSTM_LAST_CELL : GRAPH_NONE;
    cell->input.input = graph_in(g, node, LSTM_X);
    cell->recurrent.input = graph_in(g, node, LSTM_H);
    int status = check_state(g, node, LSTM_H, "initial_h", h, what);
    if (status == UNECHO_OK)
        status = check_state(g, node, LSTM_C, "initial_c", c, what);
    if (status == UNECHO_OK)
        status = read_weights(g, node, LSTM_W, units, &cell->input);
    if (status == UNECHO_OK)
        status = read_weights(g, node, LSTM_R, units, &cell->recurrent);
    if (status == UNECHO_OK)
        status = read_bias(g, node, cell, units, bias);
    return status;
}
