/*
 * The post-filter's network in a graph, from the gains back to the features: which input and output
 * is which follows from their shapes, what stands between them from the data flow.
 */
#include "postfilter.h"

#include "match.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

enum { LAYERS = POSTFILTER_LAYERS, UNITS_MIN = 4, UNITS_MAX = 1024, UNITS_STEP = 4 };

typedef struct reader {
    graph *graph;
    size_t features, states;  /* values: the inputs */
    size_t gains, states_out; /* values: the outputs */
    size_t near_end;          /* the third, if there is one */
    graph_view hidden[LAYERS];
    postfilter_weights weights;
} reader;

/* [layers, 1, units] */
static bool is_states(const graph_shape *shape)
{
    return shape->rank == 3 && shape->dims[0] == LAYERS && shape->dims[1] == 1;
}

bool postfilter_is(const graph *g)
{
    for (size_t i = 0; i < g->input_count; i++)
        if (g->inputs[i].shaped && match_vector_size(&g->inputs[i].shape) == POSTFILTER_FEATURES)
            return true;
    return false;
}

static int check_units(const reader *r, const graph_port *states)
{
    const size_t units = states->shape.dims[2];
    if (states->open >> 2 & 1)
        return graph_fail_value(r->graph, states->value, MODEL,
                                "its number of units is left open, expected a number");
    if (units >= UNITS_MIN && units <= UNITS_MAX && units % UNITS_STEP == 0)
        return UNECHO_OK;
    return graph_fail_value(r->graph, states->value, MODEL,
                            "%zu GRU units, expected a multiple of %d from %d to %d", units,
                            UNITS_STEP, UNITS_MIN, UNITS_MAX);
}

static int read_inputs(reader *r)
{
    const graph *g = r->graph;
    r->features = r->states = GRAPH_NONE;
    if (g->input_count != 2)
        return match_count_error(g, "inputs", g->input_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const graph_port *port = &g->inputs[i];
        if (port->type != TYPE_FLOAT)
            return graph_fail_value(g, port->value, MODEL, "its type is %s, expected float32",
                                    graph_type_name(port->type));
        if (!port->shaped)
            return graph_fail_value(g, port->value, MODEL, "it has no shape");
        if (is_states(&port->shape) && r->states == GRAPH_NONE) {
            const int status = check_units(r, port);
            if (status != UNECHO_OK)
                return status;
            r->states = port->value;
            r->weights.units = port->shape.dims[2];
        } else if (match_vector_size(&port->shape) == POSTFILTER_FEATURES &&
                   r->features == GRAPH_NONE) {
            r->features = port->value;
        } else {
            return graph_fail_value(g, port->value, MODEL,
                                    "its shape is %s, expected a vector of %d and states [%d, 1, "
                                    "units]",
                                    graph_shape_label(&port->shape).text, POSTFILTER_FEATURES,
                                    LAYERS);
        }
    }
    return UNECHO_OK;
}

static int read_outputs(reader *r)
{
    const graph *g = r->graph;
    const size_t units = r->weights.units;
    r->gains = r->states_out = r->near_end = GRAPH_NONE;
    if (g->output_count < 2 || g->output_count > 3)
        return message_fail(g->file.message, MODEL, "%s: %zu graph outputs, expected 2 or 3",
                            g->file.name, g->output_count);
    for (size_t i = 0; i < g->output_count; i++) {
        const graph_port *port = &g->outputs[i];
        const int status = match_declared(g, port);
        if (status != UNECHO_OK)
            return status;
        const graph_shape *shape = &g->values[port->value].shape;
        if (is_states(shape) && shape->dims[2] == units && r->states_out == GRAPH_NONE)
            r->states_out = port->value;
        else if (match_vector_size(shape) == POSTFILTER_BANDS && r->gains == GRAPH_NONE)
            r->gains = port->value;
        else if (match_vector_size(shape) == 1 && r->near_end == GRAPH_NONE)
            r->near_end = port->value;
        else
            return message_fail(g->file.message, MODEL,
                                "%s: graph output '%s' is %s, expected a vector of %d, states "
                                "[%d, 1, %zu] and at most a single number",
                                g->file.name, graph_label_of(port->name).text,
                                graph_shape_label(shape).text, POSTFILTER_BANDS, LAYERS, units);
    }
    if (r->gains != GRAPH_NONE && r->states_out != GRAPH_NONE)
        return UNECHO_OK;
    return message_fail(g->file.message, MODEL, "%s: no graph output has the %s", g->file.name,
                        r->gains == GRAPH_NONE ? "gains" : "states");
}

static int allocate(reader *r)
{
    postfilter_weights *const w = &r->weights;
    const size_t units = w->units, gates = GRU_GATES * units;
    float *next = calloc(units + 2 * LAYERS * gates + POSTFILTER_OUTPUTS, sizeof *next);
    if (!next)
        return message_fail(r->graph->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory",
                            r->graph->file.name);
    w->vectors = next;
    w->input_bias = next;
    next += units;
    for (size_t i = 0; i < LAYERS; i++) {
        w->gru[i].bias = next;
        w->gru[i].recurrent_bias = next + gates;
        next += 2 * gates;
    }
    w->output_bias = next;
    return UNECHO_OK;
}

/* Extend the gains by the probability, which follows them in the same value. */
static int add_near_end(reader *r, graph_view *gains)
{
    graph_view last = {0};
    const int status = match_whole(r->graph, r->near_end, &last);
    if (status != UNECHO_OK)
        return status;
    if (last.value != gains->value || last.offset != gains->offset + gains->count ||
        gains->step != 1)
        return match_unexpected(r->graph, &last, "what follows the gains in one sigmoid");
    gains->count++;
    return UNECHO_OK;
}

/* gains = sigmoid(W hidden + b), hidden being the states of both layers, one after the other; the
 * last of them may be the probability that the near end talks. */
static int read_gains(reader *r)
{
    graph *g = r->graph;
    graph_view gains = {0}, sum = {0};
    affine_term term;
    int status = match_whole(g, r->gains, &gains);
    if (status == UNECHO_OK && r->near_end != GRAPH_NONE)
        status = add_near_end(r, &gains);
    if (status != UNECHO_OK)
        return status;
    const graph_node *sigmoid = view_node(g, &gains, OP_SIGMOID);
    if (!sigmoid)
        return match_unexpected(g, &gains, "the sigmoid that makes the gains");
    status = match_operand(g, sigmoid, 0, &sum);
    if (status == UNECHO_OK)
        status = match_product(g, &sum, LAYERS * r->weights.units, "the dense layer of the gains",
                               r->weights.output_bias, &term);
    for (size_t i = 0; status == UNECHO_OK && i < LAYERS; i++)
        status =
            graph_view_of(g, term.input, i * r->weights.units, r->weights.units, &r->hidden[i]);
    if (status == UNECHO_OK)
        r->weights.output = term.matrix;
    return status;
}

/* The layer whose output is hidden[layer]; input receives what goes into it. */
static int read_layer(reader *r, size_t layer, graph_view *input)
{
    static const char *const names[LAYERS] = {"the first GRU layer", "the second GRU layer"};
    graph *g = r->graph;
    const size_t units = r->weights.units;
    const graph_view h = {r->states, layer * units, 1, units};
    const graph_node *node = view_gru(g, &r->hidden[layer]);
    size_t value = 0;
    if (!node)
        return match_unexpected(g, &r->hidden[layer], names[layer]);
    const int status = match_gru(g, node, &h, names[layer], &r->weights.gru[layer], &value);
    if (status != UNECHO_OK)
        return status;
    if (g->values[value].shape.elements != units)
        return graph_fail_node(g, node, MODEL, "%s: it takes %zu values, expected %zu",
                               names[layer], g->values[value].shape.elements, units);
    return match_whole(g, value, input);
}

/* input = tanh(W features + b) */
static int read_input(reader *r, const graph_view *input)
{
    graph *g = r->graph;
    graph_view sum = {0}, features = {0};
    affine_term term;
    const graph_node *tanh = view_node(g, input, OP_TANH);
    if (!tanh)
        return match_unexpected(g, input, "the tanh of the dense layer of the features");
    int status = match_operand(g, tanh, 0, &sum);
    if (status == UNECHO_OK)
        status = match_product(g, &sum, POSTFILTER_FEATURES, "the dense layer of the features",
                               r->weights.input_bias, &term);
    if (status == UNECHO_OK)
        status = match_whole(g, term.input, &features);
    if (status != UNECHO_OK)
        return status;
    if (features.value != r->features || !view_is_whole(g, &features))
        return match_unexpected(g, &features, "the graph input with the features");
    r->weights.input = term.matrix;
    return UNECHO_OK;
}

static int read_network(reader *r)
{
    graph_view input = {0};
    int status = read_gains(r);
    if (status == UNECHO_OK)
        status = read_layer(r, 1, &input);
    if (status != UNECHO_OK)
        return status;
    if (!views_equal(&input, &r->hidden[0]))
        return match_unexpected(r->graph, &input, "the output of the first GRU layer");
    status = read_layer(r, 0, &input);
    return status == UNECHO_OK ? read_input(r, &input) : status;
}

/* The states that it makes are those that the next call reads in their place. */
static int check_states(reader *r)
{
    graph *g = r->graph;
    const size_t units = r->weights.units;
    for (size_t i = 0; i < LAYERS; i++) {
        graph_view part;
        const int status = graph_view_of(g, r->states_out, i * units, units, &part);
        if (status != UNECHO_OK)
            return status;
        if (!views_equal(&part, &r->hidden[i]))
            return graph_fail_value(g, r->states_out, MODEL,
                                    "part %zu of the states that it makes must be the "
                                    "output of GRU layer %zu",
                                    i, i);
    }
    return UNECHO_OK;
}

int postfilter_match(postfilter_weights *weights, graph *g)
{
    reader r;
    memset(&r, 0, sizeof r);
    r.graph = g;
    int status = read_inputs(&r);
    if (status == UNECHO_OK)
        status = graph_infer_shapes(g);
    if (status == UNECHO_OK)
        status = read_outputs(&r);
    if (status == UNECHO_OK)
        status = allocate(&r);
    if (status == UNECHO_OK)
        status = read_network(&r);
    if (status == UNECHO_OK)
        status = check_states(&r);
    if (status != UNECHO_OK) {
        free(r.weights.vectors);
        return status;
    }
    match_producer(g, r.weights.producer, sizeof r.weights.producer);
    *weights = r.weights;
    return UNECHO_OK;
}
