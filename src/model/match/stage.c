/*
 * One stage of the network in a graph: identifies the inputs and outputs by shape and data flow,
 * and follows the two topologies from the outputs to the inputs.
 */
#include "stage.h"

#include "match.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

enum {
    FEATURES_1 = 257,
    FEATURES_2 = 512,
    UNITS_MIN = 4,
    UNITS_MAX = 2048,
    UNITS_STEP = 4,
};

typedef struct reader {
    graph *graph;
    size_t features, units;
    size_t states;       /* value: the states input */
    graph_view main_out; /* mask or block */
    size_t states_out;   /* value */
    lstm_cell cells[2];
    graph_view norms[2];  /* outputs of the layer norms: main, far */
    graph_view inputs[2]; /* of the layer norms */
    size_t ports[PORTS];  /* values, by role */
    stage_weights weights;
    float *scratch; /* as long as the longest vector */
} reader;

/* ---- What goes in and comes out --------------------------------------------------------- */

/* [1, layers, units, h and c] */
static bool is_states(const graph_shape *shape)
{
    return shape->rank == 4 && shape->dims[0] == 1 && shape->dims[1] == 2 && shape->dims[3] == 2;
}

static int check_units(const reader *r)
{
    if (r->units >= UNITS_MIN && r->units <= UNITS_MAX && r->units % UNITS_STEP == 0)
        return UNECHO_OK;
    return graph_fail_value(r->graph, r->states, MODEL,
                            "%zu LSTM units, expected a multiple of %d from %d to %d", r->units,
                            UNITS_STEP, UNITS_MIN, UNITS_MAX);
}

/* Sort the inputs into states and features, whose size tells the stage. */
static int read_inputs(reader *r, int stage)
{
    const graph *g = r->graph;
    size_t found_features = 0, sizes[2] = {0, 0};
    r->states = GRAPH_NONE;
    if (g->input_count != 3)
        return match_count_error(g, "inputs", g->input_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const graph_port *port = &g->inputs[i];
        const size_t size = port->shaped ? match_vector_size(&port->shape) : 0;
        if (port->type != TYPE_FLOAT)
            return graph_fail_value(g, port->value, MODEL, "its type is %s, expected float32",
                                    graph_type_name(port->type));
        if (!port->shaped)
            return graph_fail_value(g, port->value, MODEL, "it has no shape");
        if (is_states(&port->shape) && r->states == GRAPH_NONE) {
            if (port->open >> 2 & 1)
                return graph_fail_value(g, port->value, MODEL,
                                        "its number of units is left open, expected a number");
            r->states = port->value;
            r->units = port->shape.dims[2];
        } else if ((size == FEATURES_1 || size == FEATURES_2) && found_features < 2) {
            sizes[found_features++] = size;
        } else {
            return graph_fail_value(g, port->value, MODEL,
                                    "its shape is %s, expected two vectors of %d or %d and states "
                                    "[1, 2, units, 2]",
                                    graph_shape_label(&port->shape).text, FEATURES_1, FEATURES_2);
        }
    }
    if (sizes[0] != sizes[1])
        return message_fail(g->file.message, MODEL,
                            "%s: graph inputs of %zu and %zu values, expected two of the same size",
                            g->file.name, sizes[0], sizes[1]);
    const int found = sizes[0] == FEATURES_1 ? 1 : 2;
    if (stage != 0 && found != stage)
        return message_fail(g->file.message, MODEL,
                            "%s: this is stage %d of the network, expected stage %d", g->file.name,
                            found, stage);
    r->features = sizes[0];
    return check_units(r);
}

static int read_outputs(reader *r)
{
    graph *g = r->graph;
    size_t main_out = GRAPH_NONE;
    r->states_out = GRAPH_NONE;
    if (g->output_count != 2)
        return match_count_error(g, "outputs", g->output_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const graph_port *port = &g->outputs[i];
        const int status = match_declared(g, port);
        if (status != UNECHO_OK)
            return status;
        const graph_shape *shape = &g->values[port->value].shape;
        if (is_states(shape) && shape->dims[2] == r->units)
            r->states_out = port->value;
        else if (match_vector_size(shape) == r->features)
            main_out = port->value;
        else
            return message_fail(g->file.message, MODEL,
                                "%s: graph output '%s' is %s, expected a vector of %zu and states "
                                "[1, 2, %zu, 2]",
                                g->file.name, graph_label_of(port->name).text,
                                graph_shape_label(shape).text, r->features, r->units);
    }
    if (main_out == GRAPH_NONE || r->states_out == GRAPH_NONE)
        return message_fail(g->file.message, MODEL,
                            "%s: both graph outputs are alike, expected a vector of %zu and states "
                            "[1, 2, %zu, 2]",
                            g->file.name, r->features, r->units);
    r->ports[PORT_MAIN_OUT] = main_out;
    r->ports[PORT_STATES_OUT] = r->states_out;
    return match_whole(g, main_out, &r->main_out);
}

/* ---- Memory ----------------------------------------------------------------------------- */

static int allocate(reader *r)
{
    stage_weights *w = &r->weights;
    const size_t n = r->features, gates = GATES * r->units;
    const size_t longest = gates > n ? gates : n;
    float *next = calloc(5 * n + 2 * gates + longest + 1, sizeof *next); /* never none */
    if (!next)
        return message_fail(r->graph->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory",
                            r->graph->file.name);
    w->units = r->units;
    w->features = n;
    w->vectors = next;
    float **const lists[] = {&w->norm_main.gamma, &w->norm_main.beta, &w->norm_far.gamma,
                             &w->norm_far.beta, &w->dense_bias};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        *lists[i] = next;
        next += n;
    }
    for (size_t i = 0; i < 2; i++) {
        w->lstm[i].bias = next;
        next += gates;
    }
    r->scratch = next;
    return UNECHO_OK;
}

/* ---- The network ------------------------------------------------------------------------ */

/* mask = sigmoid(dense_W h1 + dense_b); *h1: the view of h1. */
static int read_dense(reader *r, const graph_view *mask, graph_view *h1)
{
    graph *g = r->graph;
    graph_view sum;
    affine_term term;
    const graph_node *sigmoid = view_node(g, mask, OP_SIGMOID);
    if (!sigmoid || mask->count != r->features)
        return match_unexpected(g, mask, "the sigmoid that makes the mask");
    int status = match_operand(g, sigmoid, 0, &sum);
    if (status == UNECHO_OK)
        status = match_product(g, &sum, r->units, "the mask's dense layer", r->weights.dense_bias,
                               &term);
    if (status != UNECHO_OK)
        return status;
    r->weights.dense = term.matrix;
    return match_whole(g, term.input, h1);
}

static int read_lstm(reader *r, size_t layer, const graph_view *hidden, size_t inputs)
{
    static const char *const names[2] = {"the first LSTM layer's cell",
                                         "the second LSTM layer's cell"};
    lstm_weights *to = &r->weights.lstm[layer];
    lstm_cell *cell = &r->cells[layer];
    if (hidden->count != r->units)
        return match_unexpected(r->graph, hidden, names[layer]);
    const int status = match_cell(r->graph, hidden, r->states, 2 * r->units * layer, names[layer],
                                  to->bias, r->scratch, cell);
    if (status != UNECHO_OK)
        return status;
    if (cell->input.matrix.columns != inputs)
        return graph_fail_node(r->graph, &r->graph->nodes[cell->input.node], MODEL,
                               "%s: widths do not match: its matrix takes %zu values, expected %zu",
                               names[layer], cell->input.matrix.columns, inputs);
    to->input = cell->input.matrix;
    to->recurrent = cell->recurrent.matrix;
    memcpy(to->gate_row, cell->gate_row, sizeof to->gate_row);
    return UNECHO_OK;
}

/* The input of the first layer is both normalised features, main first. */
static int read_features(reader *r)
{
    graph *g = r->graph;
    const size_t x = r->cells[0].input.input;
    norm_weights *const norms[2] = {&r->weights.norm_main, &r->weights.norm_far};
    static const char *const names[2] = {"the layer norm of the main features",
                                         "the layer norm of the far end's features"};
    for (size_t i = 0; i < 2; i++) {
        int status = graph_view_of(g, x, i * r->features, r->features, &r->norms[i]);
        if (status == UNECHO_OK)
            status = match_norm(g, &r->norms[i], names[i], norms[i]->gamma, norms[i]->beta,
                                &r->inputs[i]);
        if (status != UNECHO_OK)
            return status;
        if (r->inputs[i].count != r->features)
            return match_unexpected(g, &r->inputs[i], names[i]);
    }
    return UNECHO_OK;
}

/* From the mask back to the features. */
static int read_network(reader *r, const graph_view *mask)
{
    graph_view h1 = {0}, h0 = {0};
    int status = read_dense(r, mask, &h1);
    if (status == UNECHO_OK)
        status = read_lstm(r, 1, &h1, r->units);
    if (status == UNECHO_OK)
        status = match_whole(r->graph, r->cells[1].input.input, &h0);
    if (status == UNECHO_OK)
        status = read_lstm(r, 0, &h0, 2 * r->features);
    if (status == UNECHO_OK)
        status = read_features(r);
    return status;
}

/* Each element of the states output must be the h or c that the next call reads there. */
static int check_states(reader *r)
{
    graph *g = r->graph;
    for (size_t i = 0; i < 4 * r->units; i++) {
        const lstm_cell *cell = &r->cells[i / (2 * r->units)];
        const size_t expected = i % 2 == 0 ? cell->hidden : cell->cell;
        size_t value = r->states_out, at = i;
        const int status = graph_trace(g, &value, &at);
        if (status != UNECHO_OK)
            return status;
        if (value != expected || at != i / 2 % r->units)
            return graph_fail_value(g, r->states_out, MODEL,
                                    "element %zu of the states that it makes must be %s "
                                    "of unit %zu of layer %zu",
                                    i, i % 2 == 0 ? "h" : "c", i / 2 % r->units,
                                    i / (2 * r->units));
    }
    return UNECHO_OK;
}

/* The view must be all of a graph input that is not the states. */
static int want_input(const reader *r, const graph_view *view, const char *what)
{
    if (r->graph->values[view->value].from == FROM_INPUT && view->value != r->states &&
        view->count == r->features && view_is_whole(r->graph, view))
        return UNECHO_OK;
    return match_unexpected(r->graph, view, what);
}

/* The graph inputs of the main features and of the far end's: two different ones. */
static int set_inputs(reader *r, const graph_view *main, const graph_view *far)
{
    if (main->value == far->value)
        return graph_fail_value(r->graph, main->value, MODEL,
                                "it feeds both layer norms, expected one input for each");
    r->ports[PORT_MAIN] = main->value;
    r->ports[PORT_FAR] = far->value;
    r->ports[PORT_STATES] = r->states;
    return UNECHO_OK;
}

static int read_stage_1(reader *r)
{
    graph_view ports[2];
    int status = read_network(r, &r->main_out);
    for (size_t i = 0; i < 2 && status == UNECHO_OK; i++) {
        status = match_log_power(r->graph, &r->inputs[i], &ports[i]);
        if (status == UNECHO_OK)
            status = want_input(r, &ports[i], "a graph input with a magnitude spectrum");
    }
    return status == UNECHO_OK ? set_inputs(r, &ports[0], &ports[1]) : status;
}

/* view = matrix * input, [512, 512] and without bias. */
static int read_basis(reader *r, const graph_view *view, const char *what, affine_term *term,
                      graph_view *input)
{
    if (view->count != r->features)
        return match_unexpected(r->graph, view, what);
    const int status = match_product(r->graph, view, r->features, what, r->scratch, term);
    if (status != UNECHO_OK)
        return status;
    for (size_t i = 0; i < r->features; i++)
        if (r->scratch[i] != 0)
            return graph_fail_node(r->graph, &r->graph->nodes[term->node], MODEL,
                                   "%s: its bias %zu is %g, expected none", what, i,
                                   (double)r->scratch[i]);
    return match_whole(r->graph, term->input, input);
}

static bool matrices_equal(const matrix *a, const matrix *b)
{
    if (a->data == b->data && a->row_step == b->row_step && a->column_step == b->column_step)
        return true;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t k = 0; k < a->columns; k++)
            if (matrix_at(a, i, k) != matrix_at(b, i, k))
                return false;
    return true;
}

/* masked = encoding of the estimate times mask */
static int read_masked(reader *r, const graph_view *masked, graph_view *encoding, graph_view *mask)
{
    graph *g = r->graph;
    graph_view two[2];
    const graph_node *n = view_node(g, masked, OP_MUL);
    if (!n)
        return match_unexpected(g, masked, "the product of encoding and mask");
    const int status = match_operands(g, n, two);
    if (status != UNECHO_OK)
        return status;
    const size_t k = view_node(g, &two[0], OP_SIGMOID) ? 0 : 1;
    *mask = two[k];
    *encoding = two[1 - k];
    return UNECHO_OK;
}

static int read_stage_2(reader *r)
{
    const graph *g = r->graph;
    graph_view masked = {0}, encoding = {0}, mask = {0}, estimate = {0}, ports[2] = {{0}};
    affine_term decoder, masked_encoder, encoders[2];
    int status = read_basis(r, &r->main_out, "the decoder", &decoder, &masked);
    if (status == UNECHO_OK)
        status = read_masked(r, &masked, &encoding, &mask);
    if (status == UNECHO_OK)
        status = read_network(r, &mask);
    if (status == UNECHO_OK)
        status =
            read_basis(r, &encoding, "the encoder of the estimate", &masked_encoder, &estimate);
    for (size_t i = 0; i < 2 && status == UNECHO_OK; i++) {
        status = read_basis(r, &r->inputs[i], "an encoder", &encoders[i], &ports[i]);
        if (status == UNECHO_OK)
            status = want_input(r, &ports[i], "a graph input with a block of samples");
    }
    if (status == UNECHO_OK)
        status = set_inputs(r, &ports[0], &ports[1]);
    if (status != UNECHO_OK)
        return status;
    if (!views_equal(&estimate, &ports[0]))
        return graph_fail_node(
            g, &g->nodes[masked_encoder.node], MODEL,
            "the mask applies to the encoding of '%s', expected '%s', whose features come first",
            graph_label_of(g->values[estimate.value].name).text,
            graph_label_of(g->values[ports[0].value].name).text);
    if (!matrices_equal(&encoders[0].matrix, &encoders[1].matrix) ||
        !matrices_equal(&encoders[0].matrix, &masked_encoder.matrix))
        return graph_fail_node(g, &g->nodes[encoders[1].node], MODEL,
                               "estimate and far end must have the same encoder");
    r->weights.encoder = encoders[0].matrix;
    r->weights.decoder = decoder.matrix;
    return UNECHO_OK;
}

_Static_assert((int)PORT_RANK_MAX >= (int)GRAPH_RANK_MAX, "every shape fits");

static void set_ports(reader *r)
{
    for (size_t i = 0; i < PORTS; i++) {
        const graph_value *const v = &r->graph->values[r->ports[i]];
        stage_port *const port = &r->weights.ports[i];
        *port = (stage_port){v->name.at, v->name.size, v->shape.rank, {0}};
        memcpy(port->dims, v->shape.dims, v->shape.rank * sizeof *v->shape.dims);
    }
}

int stage_match(stage_weights *weights, int stage, graph *g)
{
    reader r;
    memset(&r, 0, sizeof r);
    r.graph = g;
    int status = read_inputs(&r, stage);
    if (status == UNECHO_OK)
        status = graph_infer_shapes(g);
    if (status == UNECHO_OK)
        status = read_outputs(&r);
    if (status == UNECHO_OK)
        status = allocate(&r);
    if (status == UNECHO_OK)
        status = r.features == FEATURES_1 ? read_stage_1(&r) : read_stage_2(&r);
    if (status == UNECHO_OK)
        status = check_states(&r);
    if (status != UNECHO_OK) {
        free(r.weights.vectors);
        return status;
    }
    match_producer(g, r.weights.producer, sizeof r.weights.producer);
    set_ports(&r);
    *weights = r.weights;
    return UNECHO_OK;
}
