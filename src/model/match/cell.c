/*
 * The LSTM cell, recognised from its hidden output backwards. What happens to the rows of the sum
 * tells which gate they are.
 */
#include "match.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* Where the pre-activations of the four gates come from. */
typedef struct gates {
    graph_view from[GATES];
} gates;

/* A product of a sigmoid and something else: the input of the sigmoid, and the other operand. */
static int match_gated(graph *g, const graph_view *view, const char *what, graph_view *gate,
                       graph_view *other)
{
    graph_view two[2];
    const graph_node *n = view_node(g, view, OP_MUL);
    if (!n)
        return match_unexpected(g, view, what);
    const int status = match_operands(g, n, two);
    if (status != UNECHO_OK)
        return status;
    const size_t k = view_node(g, &two[0], OP_SIGMOID) ? 0 : 1;
    const graph_node *sigmoid = view_node(g, &two[k], OP_SIGMOID);
    if (!sigmoid || two[0].count != view->count || two[1].count != view->count)
        return match_unexpected(g, view, what);
    *other = two[1 - k];
    return match_operand(g, sigmoid, 0, gate);
}

/* c' = sigmoid(f) * c + sigmoid(i) * tanh(g) */
static int match_memory(graph *g, const graph_view *view, const graph_view *c, const char *what,
                        gates *z)
{
    bool kept = false, written = false;
    const graph_node *sum = view_node(g, view, OP_ADD);
    if (!sum)
        return match_unexpected(g, view, what);
    for (size_t k = 0; k < 2; k++) {
        graph_view part, gate, other;
        int status = match_operand(g, sum, k, &part);
        if (status == UNECHO_OK)
            status = match_gated(g, &part, what, &gate, &other);
        if (status != UNECHO_OK)
            return status;
        const graph_node *tanh = view_node(g, &other, OP_TANH);
        if (tanh && !written) {
            written = true;
            z->from[GATE_INPUT] = gate;
            status = match_operand(g, tanh, 0, &z->from[GATE_CELL]);
        } else if (views_equal(&other, c) && !kept) {
            kept = true;
            z->from[GATE_FORGET] = gate;
        } else {
            return graph_fail_value(g, part.value, MODEL,
                                    "%s: expected forget gate times c of this layer's states, "
                                    "plus input gate times tanh",
                                    what);
        }
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}

/* The four gates must be the four quarters of one sum. */
static int match_rows(const graph *g, const gates *z, size_t units, const char *what,
                      lstm_cell *cell)
{
    static const char *const names[GATES] = {"input", "forget", "cell", "output"};
    const size_t sum = z->from[GATE_INPUT].value;
    bool taken[GATES] = {false};
    for (size_t i = 0; i < GATES; i++) {
        const graph_view *v = &z->from[i];
        const size_t quarter = v->offset / units;
        if (v->value != sum || v->step != 1 || v->count != units || v->offset % units != 0 ||
            quarter >= GATES || taken[quarter] || g->values[sum].shape.elements != GATES * units)
            return graph_fail_value(g, v->value, MODEL,
                                    "%s: its %s gate must be a quarter of the sum that "
                                    "makes the others",
                                    what, names[i]);
        taken[quarter] = true;
        cell->gate_row[i] = v->offset;
    }
    return UNECHO_OK;
}

/* Two products: one of h from this layer's states, the other of anything else. */
static int match_terms(graph *g, const graph_view *sum, const affine_sum *affine,
                       const graph_view *h, const char *what, size_t *recurrent)
{
    bool takes_states[TERMS_MAX] = {false};
    graph_view found = *sum;
    for (size_t i = 0; i < affine->count; i++) {
        size_t value = affine->terms[i].input, at = 0;
        const int status = graph_trace(g, &value, &at);
        if (status != UNECHO_OK)
            return status;
        takes_states[i] = value == h->value;
    }
    *recurrent = takes_states[0] ? 0 : 1;
    if (affine->count == 2 && takes_states[0] != takes_states[1]) {
        const int status = match_whole(g, affine->terms[*recurrent].input, &found);
        if (status != UNECHO_OK)
            return status;
    }
    if (views_equal(&found, h))
        return UNECHO_OK;
    return graph_fail_value(g, sum->value, MODEL,
                            "%s: its gates must be one matrix times the layer's input "
                            "plus one times h of this layer's states",
                            what);
}

int match_cell(graph *g, const graph_view *view, size_t states, size_t h_at, const char *what,
               float *bias, float *scratch, lstm_cell *cell)
{
    const size_t units = view->count;
    const graph_view h = {states, h_at, 2, units};
    const graph_view c = {states, h_at + 1, 2, units};
    graph_view squashed, memory;
    affine_sum affine;
    gates z = {0};
    const graph_node *whole = view_lstm(g, view);
    if (whole)
        return match_lstm(g, whole, &h, &c, what, bias, cell);
    int status = match_gated(g, view, what, &z.from[GATE_OUTPUT], &squashed);
    if (status != UNECHO_OK)
        return status;
    const graph_node *tanh = view_node(g, &squashed, OP_TANH);
    if (!tanh)
        return match_unexpected(g, &squashed, what);
    status = match_operand(g, tanh, 0, &memory);
    if (status == UNECHO_OK)
        status = match_memory(g, &memory, &c, what, &z);
    if (status == UNECHO_OK)
        status = match_rows(g, &z, units, what, cell);
    if (status != UNECHO_OK)
        return status;
    const graph_view sum = {z.from[GATE_INPUT].value, 0, 1, GATES * units};
    status = match_affine(g, &sum, what, scratch, &affine);
    if (status != UNECHO_OK)
        return status;
    size_t recurrent = 0;
    status = match_terms(g, &sum, &affine, &h, what, &recurrent);
    if (status != UNECHO_OK)
        return status;
    cell->input = affine.terms[1 - recurrent];
    cell->recurrent = affine.terms[recurrent];
    cell->hidden = view->value;
    cell->cell = memory.value;
    for (size_t i = 0; i < GATES; i++)
        memcpy(bias + i * units, scratch + cell->gate_row[i], units * sizeof *bias);
    return UNECHO_OK;
}
