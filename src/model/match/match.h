/*
 * The parts of the network, recognised in a graph by what they compute: sums of matrix products,
 * layer norms, LSTM cells. Ignores names.
 */
#ifndef UNECHO_MODEL_MATCH_H
#define UNECHO_MODEL_MATCH_H

#include "model/graph/graph.h"
#include "network/weights.h"

enum { TERMS_MAX = 4 };

/* One matrix product of a sum: the matrix times all elements of a value. */
typedef struct affine_term {
    size_t input;
    matrix matrix;
    size_t tensor; /* that holds the matrix */
    size_t node;
} affine_term;

typedef struct affine_sum {
    affine_term terms[TERMS_MAX];
    size_t count;
} affine_sum;

/* An LSTM cell. */
typedef struct lstm_cell {
    size_t hidden, cell; /* values: h' and c' */
    affine_term input, recurrent;
    size_t gate_row[GATES];
} lstm_cell;

/* ---- Inputs and outputs ----------------------------------------------------------------- */

/* The elements of a vector, of which at most one size is not 1; 0: it is none. */
size_t match_vector_size(const graph_shape *shape);

/* "FILE: FOUND graph WHAT, expected EXPECTED". */
int match_count_error(const graph *g, const char *what, size_t found, size_t expected);

/* The declared shape of an output against the one that follows from the nodes. */
int match_declared(const graph *g, const graph_port *port);

/* What wrote the file, as it says itself. */
void match_producer(const graph *g, char *text, size_t size);

/* ---- Matrices --------------------------------------------------------------------------- */

/* A matrix whose element (r, c) is element r * row_step + c * column_step of a value. */
typedef struct matrix_layout {
    size_t value, rows, columns, row_step, column_step;
} matrix_layout;

/* Set the matrix of a term, from the tensor that the value comes from: floats, or integers with
 * a DequantizeLinear. */
int match_matrix(graph *g, const graph_node *node, matrix_layout layout, affine_term *term);

/* The scale of integers, as in matrix; zero: the value that holds the zero point. */
typedef struct integer_scale {
    float scale;
    const unsigned char *scales;
    size_t zero; /* GRAPH_NONE: 0 */
} integer_scale;

/* The same for integers that only get a scale after the product. */
int match_integers(graph *g, const graph_node *node, matrix_layout layout,
                   const integer_scale *scale, affine_term *term);

/* Multiply a scale by a constant of one element, or of `count`, one for each output. */
int match_scale(const graph *g, const graph_view *view, size_t count, integer_scale *scale);

/* The product of a matrix of integers and an input that DynamicQuantizeLinear quantises, times
 * both scales. */
typedef struct scaled_product {
    const graph_node *product; /* MatMulInteger or ConvInteger */
    size_t input;
    integer_scale weights;
} scaled_product;
int match_scaled(graph *g, const graph_view *view, const char *what, scaled_product *scaled);

/* ---- Views and constants ---------------------------------------------------------------- */

bool view_is_whole(const graph *g, const graph_view *view);
bool views_equal(const graph_view *a, const graph_view *b);

/* The node with this operator that computes all of a view; NULL: none. */
const graph_node *view_node(const graph *g, const graph_view *view, graph_op op);

/* All elements of the k-th input of a node; of its first two inputs; of a value. */
int match_operand(graph *g, const graph_node *node, size_t k, graph_view *view);
int match_operands(graph *g, const graph_node *node, graph_view *two);
int match_whole(graph *g, size_t value, graph_view *view);

/* "...: expected WHAT here", naming what is there instead. */
int match_unexpected(const graph *g, const graph_view *view, const char *what);

bool view_is_constant(const graph *g, const graph_view *view);

/* Refuse a tensor that is not float32, float16 or bfloat16. */
int want_float(const graph *g, size_t value);

/* Whether element `at` of a tensor, x, can be a weight. A trained one is below 100; with some that
 * are huge, if finite, a network computes what is not. */
int match_weight(const graph *g, size_t value, size_t at, float x);

/* Add factor times a view of a tensor to count floats; a view of one element to each of them. */
int add_constant(const graph *g, const graph_view *view, size_t count, float factor, float *to);

/* Refuse a view with an element that is not this value. */
int want_scalar(const graph *g, const graph_view *view, double value, double tolerance);

/* ---- Parts of the network --------------------------------------------------------------- */

/* view = sum of terms + bias; bias, as many floats as the view has, receives the sum of biases. */
int match_affine(graph *g, const graph_view *view, const char *what, float *bias,
                 affine_sum *affine);

/* The same for a single term of a given width: out[rows] = matrix[rows, columns] * in. */
int match_product(graph *g, const graph_view *view, size_t columns, const char *what, float *bias,
                  affine_term *term);

/* view = gamma * (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-7) + beta */
int match_norm(graph *g, const graph_view *view, const char *what, float *gamma, float *beta,
               graph_view *x);

/* view = log(x * x + 1e-7) */
int match_log_power(graph *g, const graph_view *view, graph_view *x);

/*
 * view = h' of an LSTM cell with that many units whose h and c are elements h_at, h_at + 2, ... and
 * h_at + 1, h_at + 3, ... of the value states. bias: [4 * units], in the order of GATE_*; scratch:
 * of the same size.
 */
int match_cell(graph *g, const graph_view *view, size_t states, size_t h_at, const char *what,
               float *bias, float *scratch, lstm_cell *cell);

/* The same for a cell that is one operator, LSTM or DynamicQuantizeLSTM; NULL: it is not. */
const graph_node *view_lstm(const graph *g, const graph_view *view);
int match_lstm(graph *g, const graph_node *node, const graph_view *h, const graph_view *c,
               const char *what, float *bias, lstm_cell *cell);

/*
 * view = h' of a GRU that is one operator, of that many units, whose state before is h; NULL: it is
 * not. match_gru fills in w, whose biases are there, and *input, the value that goes into it.
 */
const graph_node *view_gru(const graph *g, const graph_view *view);
int match_gru(graph *g, const graph_node *node, const graph_view *h, const char *what,
              gru_weights *w, size_t *input);

#endif
