/*
 * LSTM and GRU as one operator, those of ONNX and the quantised LSTM of ONNX Runtime: the shapes,
 * and the attributes with which they are the networks' cells.
 */
#include "rules.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

enum { GATES = 4, GRU_GATES = 3 };

static bool is_quantised(const graph_node *n)
{
    return n->op == OP_DYNAMIC_QUANTIZE_LSTM;
}

static bool texts_are(const graph_attribute *a, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count && i < a->text_count; i++)
        if (!graph_text_is(a->texts[i], words[i]))
            return false;
    return a->text_count == count;
}

/* Sigmoid and one or two Tanh. */
static int check_shared_attributes(const graph *g, const graph_node *n, size_t functions)
{
    static const char *const forward[] = {"forward"};
    static const char *const names[] = {"Sigmoid", "Tanh", "Tanh"};
    const graph_attribute *direction = graph_attribute_of(g, n, "direction");
    const graph_attribute *activations = graph_attribute_of(g, n, "activations");
    if (direction && !texts_are(direction, forward, 1))
        return graph_fail_node(g, n, MODEL, "its direction must be forward");
    if (activations && !texts_are(activations, names, functions))
        return graph_fail_node(g, n, MODEL, "its activations must be Sigmoid, Tanh%s",
                               functions == GRAPH_TEXTS_MAX ? ", Tanh" : "");
    if (graph_attribute_of(g, n, "clip"))
        return graph_fail_node(g, n, MODEL, "it clips, expected no clip");
    return UNECHO_OK;
}

static int check_attributes(const graph *g, const graph_node *n)
{
    const int status = check_shared_attributes(g, n, GRAPH_TEXTS_MAX);
    if (status != UNECHO_OK)
        return status;
    if (graph_attribute_int(g, n, "input_forget", 0) != 0)
        return graph_fail_node(g, n, MODEL, "it couples input and forget gate");
    if (graph_in(g, n, LSTM_PEEPHOLES) != GRAPH_NONE)
        return graph_fail_node(g, n, MODEL, "it has peepholes");
    return UNECHO_OK;
}

/* One step of one sequence; the sequence length, if given, must agree. */
static int check_sequence(const graph *g, const graph_node *n)
{
    const graph_shape *x = rule_in(g, n, LSTM_X);
    if (x->rank != 3 || x->dims[0] != 1 || x->dims[1] != 1)
        return graph_fail_node(g, n, MODEL, "its input is %s, expected one step, [1, 1, values]",
                               graph_shape_label(x).text);
    if (graph_in(g, n, LSTM_LENGTHS) == GRAPH_NONE)
        return UNECHO_OK;
    const graph_value *v = &g->values[graph_in(g, n, LSTM_LENGTHS)];
    int64_t length[GRAPH_LIST_MAX] = {0};
    size_t count = 0;
    if (v->from == FROM_TENSOR && graph_tensor_ints(&g->tensors[v->index], length, &count) &&
        count == 1 && length[0] == 1)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "its sequence length must be 1");
}

/* [1, a, b], transposed for DynamicQuantizeLSTM. */
static int check_shape(const graph *g, const graph_node *n, size_t input, const char *name,
                       size_t a, size_t b)
{
    const graph_shape *s = rule_in(g, n, input);
    const size_t dims[3] = {1, is_quantised(n) ? b : a, is_quantised(n) ? a : b};
    if (s->rank == 3 && memcmp(s->dims, dims, sizeof dims) == 0)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "widths do not match: %s is %s, expected [1, %zu, %zu]",
                           name, graph_shape_label(s).text, dims[1], dims[2]);
}

static int check_vector(const graph *g, const graph_node *n, size_t input, const char *name,
                        size_t elements)
{
    if (graph_in(g, n, input) == GRAPH_NONE || rule_in(g, n, input)->elements == elements)
        return UNECHO_OK;
    return graph_fail_node(g, n, MODEL, "widths do not match: %s is %s, expected %zu values", name,
                           graph_shape_label(rule_in(g, n, input)).text, elements);
}

int rule_lstm(graph *g, const graph_node *n)
{
    int status = check_attributes(g, n);
    if (status == UNECHO_OK)
        status = check_sequence(g, n);
    if (status != UNECHO_OK)
        return status;
    const graph_shape *r = rule_in(g, n, LSTM_R);
    if (r->rank != 3)
        return graph_fail_node(g, n, MODEL, "R is %s, expected 3 dims", graph_shape_label(r).text);
    const size_t units = r->dims[is_quantised(n) ? 1 : 2], inputs = rule_in(g, n, LSTM_X)->elements;
    const size_t y[4] = {1, 1, 1, units};
    status = check_shape(g, n, LSTM_R, "R", GATES * units, units);
    if (status == UNECHO_OK)
        status = check_shape(g, n, LSTM_W, "W", GATES * units, inputs);
    if (status == UNECHO_OK)
        status = check_vector(g, n, LSTM_B, "B", 2 * GATES * units);
    if (status == UNECHO_OK)
        status = check_vector(g, n, LSTM_H, "initial_h", units);
    if (status == UNECHO_OK)
        status = check_vector(g, n, LSTM_C, "initial_c", units);
    if (status == UNECHO_OK)
        status = rule_set_output(g, n, LSTM_HIDDEN, 4, y);
    for (size_t k = LSTM_LAST_HIDDEN; status == UNECHO_OK && k < n->outputs; k++)
        status = rule_set_output(g, n, k, 3, y + 1);
    return status;
}

int rule_gru(graph *g, const graph_node *n)
{
    int status = check_shared_attributes(g, n, 2);
    if (status == UNECHO_OK && graph_attribute_int(g, n, "linear_before_reset", 0) == 0)
        status = graph_fail_node(g, n, MODEL,
                                 "its reset gate acts before the product, expected "
                                 "linear_before_reset 1");
    if (status == UNECHO_OK)
        status = check_sequence(g, n);
    if (status != UNECHO_OK)
        return status;
    const graph_shape *r = rule_in(g, n, LSTM_R);
    if (r->rank != 3)
        return graph_fail_node(g, n, MODEL, "R is %s, expected 3 dims", graph_shape_label(r).text);
    const size_t units = r->dims[2], inputs = rule_in(g, n, LSTM_X)->elements;
    const size_t y[4] = {1, 1, 1, units};
    status = check_shape(g, n, LSTM_R, "R", GRU_GATES * units, units);
    if (status == UNECHO_OK)
        status = check_shape(g, n, LSTM_W, "W", GRU_GATES * units, inputs);
    if (status == UNECHO_OK)
        status = check_vector(g, n, LSTM_B, "B", 2 * GRU_GATES * units);
    if (status == UNECHO_OK)
        status = check_vector(g, n, LSTM_H, "initial_h", units);
    if (status == UNECHO_OK)
        status = rule_set_output(g, n, LSTM_HIDDEN, 4, y);
    if (status == UNECHO_OK && n->outputs > LSTM_LAST_HIDDEN)
        status = rule_set_output(g, n, LSTM_LAST_HIDDEN, 3, y + 1);
    return status;
}
