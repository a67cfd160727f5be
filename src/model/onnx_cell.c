/*
 * The LSTM cell, recognised from its hidden output backwards: which rows of the gates' sum are
 * which gate is told by what is done with them. Knows no stage.
 */
#include "onnx_match.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* Where the pre-activations of the four gates come from. */
typedef struct gates {
    onnx_view from[GATES];
} gates;

/* The two operands of a product of which exactly one is a sigmoid: its input, and the other. */
static int match_gated(onnx_graph *g, const onnx_view *view, const char *what, onnx_view *gate,
                       onnx_view *other)
{
    onnx_view two[2];
    const onnx_node *n = onnx_node_of(g, view, ONNX_MUL);
    if (!n)
        return onnx_unexpected(g, view, what);
    const int status = onnx_operands(g, n, two);
    if (status != UNECHO_OK)
        return status;
    const size_t k = onnx_node_of(g, &two[0], ONNX_SIGMOID) ? 0 : 1;
    const onnx_node *sigmoid = onnx_node_of(g, &two[k], ONNX_SIGMOID);
    if (!sigmoid || two[0].count != view->count || two[1].count != view->count)
        return onnx_unexpected(g, view, what);
    *other = two[1 - k];
    return onnx_operand(g, sigmoid, 0, gate);
}

/* c' = sigmoid(f) * c + sigmoid(i) * tanh(g) */
static int match_memory(onnx_graph *g, const onnx_view *view, const onnx_view *c, const char *what,
                        gates *z)
{
    bool kept = false, written = false;
    const onnx_node *sum = onnx_node_of(g, view, ONNX_ADD);
    if (!sum)
        return onnx_unexpected(g, view, what);
    for (size_t k = 0; k < 2; k++) {
        onnx_view part, gate, other;
        int status = onnx_operand(g, sum, k, &part);
        if (status == UNECHO_OK)
            status = match_gated(g, &part, what, &gate, &other);
        if (status != UNECHO_OK)
            return status;
        const onnx_node *tanh = onnx_node_of(g, &other, ONNX_TANH);
        if (tanh && !written) {
            written = true;
            z->from[GATE_INPUT] = gate;
            status = onnx_operand(g, tanh, 0, &z->from[GATE_CELL]);
        } else if (onnx_views_equal(&other, c) && !kept) {
            kept = true;
            z->from[GATE_FORGET] = gate;
        } else {
            return onnx_fail_value(g, part.value, MODEL,
                                   "%s: forget gate times c of this layer's states, plus input "
                                   "gate times tanh, were expected",
                                   what);
        }
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}

/* The four gates must be the four quarters of one sum. */
static int match_rows(const onnx_graph *g, const gates *z, size_t units, const char *what,
                      onnx_cell *cell)
{
    static const char *const names[GATES] = {"input", "forget", "cell", "output"};
    const size_t sum = z->from[GATE_INPUT].value;
    bool taken[GATES] = {false};
    for (size_t i = 0; i < GATES; i++) {
        const onnx_view *v = &z->from[i];
        const size_t quarter = v->offset / units;
        if (v->value != sum || v->step != 1 || v->count != units || v->offset % units != 0 ||
            quarter >= GATES || taken[quarter] || g->values[sum].shape.elements != GATES * units)
            return onnx_fail_value(g, v->value, MODEL,
                                   "%s: its %s gate was expected to be a quarter of the sum that "
                                   "makes the others",
                                   what, names[i]);
        taken[quarter] = true;
        cell->gate_row[i] = v->offset;
    }
    return UNECHO_OK;
}

/* Two products: one takes h of this layer's states, the other anything else. */
static int match_terms(onnx_graph *g, const onnx_view *sum, const onnx_affine *affine,
                       const onnx_view *h, const char *what, size_t *recurrent)
{
    bool takes_states[ONNX_TERMS_MAX] = {false};
    onnx_view found = *sum;
    for (size_t i = 0; i < affine->count; i++) {
        size_t value = affine->terms[i].input, at = 0;
        const int status = onnx_trace(g, &value, &at);
        if (status != UNECHO_OK)
            return status;
        takes_states[i] = value == h->value;
    }
    *recurrent = takes_states[0] ? 0 : 1;
    if (affine->count == 2 && takes_states[0] != takes_states[1]) {
        const int status = onnx_whole(g, affine->terms[*recurrent].input, &found);
        if (status != UNECHO_OK)
            return status;
    }
    if (onnx_views_equal(&found, h))
        return UNECHO_OK;
    return onnx_fail_value(g, sum->value, MODEL,
                           "%s: its gates were expected to be one matrix times the layer's input "
                           "plus one times h of this layer's states",
                           what);
}

int onnx_match_cell(onnx_graph *graph, const onnx_view *view, size_t states, size_t h_at,
                    const char *what, float *bias, float *scratch, onnx_cell *cell)
{
    const size_t units = view->count;
    const onnx_view h = {states, h_at, 2, units};
    const onnx_view c = {states, h_at + 1, 2, units};
    onnx_view squashed, memory;
    onnx_affine affine;
    gates z = {0};
    const onnx_node *whole = onnx_lstm_of(graph, view);
    if (whole)
        return onnx_match_lstm(graph, whole, &h, &c, what, bias, cell);
    int status = match_gated(graph, view, what, &z.from[GATE_OUTPUT], &squashed);
    if (status != UNECHO_OK)
        return status;
    const onnx_node *tanh = onnx_node_of(graph, &squashed, ONNX_TANH);
    if (!tanh)
        return onnx_unexpected(graph, &squashed, what);
    status = onnx_operand(graph, tanh, 0, &memory);
    if (status == UNECHO_OK)
        status = match_memory(graph, &memory, &c, what, &z);
    if (status == UNECHO_OK)
        status = match_rows(graph, &z, units, what, cell);
    if (status != UNECHO_OK)
        return status;
    const onnx_view sum = {z.from[GATE_INPUT].value, 0, 1, GATES * units};
    status = onnx_match_affine(graph, &sum, what, scratch, &affine);
    if (status != UNECHO_OK)
        return status;
    size_t recurrent = 0;
    status = match_terms(graph, &sum, &affine, &h, what, &recurrent);
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
