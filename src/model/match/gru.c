/* The weights of a GRU that is one operator. */
#include "match.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* The gates in B: those of W, then those of R. */
enum { GATE_Z, GATE_R, GATE_N };

const graph_node *view_gru(const graph *g, const graph_view *view)
{
    return view_node(g, view, OP_GRU);
}

static int check_state(graph *g, const graph_node *n, const graph_view *h, const char *what)
{
    graph_view found = {GRAPH_NONE, 0, 0, 0};
    int status = UNECHO_OK;
    if (graph_in(g, n, LSTM_H) != GRAPH_NONE)
        status = match_operand(g, n, LSTM_H, &found);
    if (status != UNECHO_OK || views_equal(&found, h))
        return status;
    return graph_fail_node(g, n, MODEL, "%s: its initial_h must be that of this layer's states",
                           what);
}

static int read_matrix(graph *g, const graph_node *n, size_t input, size_t rows, size_t columns,
                       matrix *m)
{
    const matrix_layout l = {graph_in(g, n, input), rows, columns, columns, 1};
    affine_term term;
    const int status = match_matrix(g, n, l, &term);
    if (status == UNECHO_OK)
        *m = term.matrix;
    return status;
}

/* The biases of z and r simply add up; that of n counts before its product with r. */
static int read_bias(graph *g, const graph_node *n, size_t units, gru_weights *w)
{
    graph_view whole;
    memset(w->bias, 0, GRU_GATES * units * sizeof *w->bias);
    memset(w->recurrent_bias, 0, GRU_GATES * units * sizeof *w->recurrent_bias);
    if (graph_in(g, n, LSTM_B) == GRAPH_NONE)
        return UNECHO_OK;
    int status = match_operand(g, n, LSTM_B, &whole);
    if (status != UNECHO_OK)
        return status;
    if (!view_is_constant(g, &whole))
        return match_unexpected(g, &whole, "a constant bias");
    for (size_t i = 0; i < 2 * GRU_GATES && status == UNECHO_OK; i++) {
        const size_t gate = i % GRU_GATES;
        float *const to = i == GRU_GATES + GATE_N ? w->recurrent_bias : w->bias;
        const graph_view part = {whole.value, whole.offset + i * units * whole.step, whole.step,
                                 units};
        status = add_constant(g, &part, units, 1, to + gate * units);
    }
    return status;
}

int match_gru(graph *g, const graph_node *node, const graph_view *h, const char *what,
              gru_weights *w, size_t *input)
{
    const size_t units = h->count, rows = GRU_GATES * units;
    *input = graph_in(g, node, LSTM_X);
    int status = check_state(g, node, h, what);
    if (status == UNECHO_OK)
        status = read_matrix(g, node, LSTM_W, rows, g->values[*input].shape.elements, &w->input);
    if (status == UNECHO_OK)
        status = read_matrix(g, node, LSTM_R, rows, units, &w->recurrent);
    if (status == UNECHO_OK)
        status = read_bias(g, node, units, w);
    return status;
}
