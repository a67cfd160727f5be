/*
 * The parts that the network is made of, recognised in a graph by what they compute: sums of matrix
 * products, layer norm, LSTM cell. Knows no stage, and no name.
 */
#ifndef UNECHO_ONNX_MATCH_H
#define UNECHO_ONNX_MATCH_H

#include "onnx.h"
#include "weights.h"

enum { ONNX_TERMS_MAX = 4 };

/* One matrix product of a sum: matrix times all elements of a value. */
typedef struct onnx_term {
    size_t input;
    matrix matrix;
    size_t tensor; /* that the matrix is in */
    size_t node;
} onnx_term;

typedef struct onnx_affine {
    onnx_term terms[ONNX_TERMS_MAX];
    size_t count;
} onnx_affine;

/* An LSTM cell with the states it reads and the values it makes. */
typedef struct onnx_cell {
    size_t hidden, cell; /* values: h' and c' */
    onnx_term input, recurrent;
    size_t gate_row[GATES];
} onnx_cell;

/* ---- Matrices --------------------------------------------------------------------------- */

/* A matrix whose element (r, c) is element r * row_step + c * column_step of a value. */
typedef struct onnx_layout {
    size_t value, rows, columns, row_step, column_step;
} onnx_layout;

/* The tensor that the value comes from as the matrix of a term: floats, or integers that a
 * DequantizeLinear gave a meaning. */
int onnx_read_matrix(onnx_graph *graph, const onnx_node *node, onnx_layout layout, onnx_term *term);

/* What integers of a tensor stand for: as in matrix, zero as the value that holds it. */
typedef struct onnx_scale {
    float scale;
    const unsigned char *scales;
    size_t zero; /* ONNX_NONE: 0 */
} onnx_scale;

/* The same of integers that only the node that multiplies them gives a meaning. */
int onnx_read_integers(onnx_graph *graph, const onnx_node *node, onnx_layout layout,
                       const onnx_scale *scale, onnx_term *term);

/* The integer that stands for 0 in tensors of that type, out of a constant value. */
int onnx_zero_of(const onnx_graph *graph, size_t value, uint64_t type, int *zero);

/* One more factor of a scale: a constant with one element, or with `count`, one for each output. */
int onnx_take_scale(const onnx_graph *graph, const onnx_view *view, size_t count,
                    onnx_scale *scale);

/* The product of an input, quantised by DynamicQuantizeLinear, and a matrix of integers, made float
 * again by both scales. */
typedef struct onnx_scaled {
    const onnx_node *product; /* MatMulInteger or ConvInteger */
    size_t input;
    onnx_scale weights;
} onnx_scaled;
int onnx_match_scaled(onnx_graph *graph, const onnx_view *view, const char *what,
                      onnx_scaled *scaled);

/* ---- Views and constants ---------------------------------------------------------------- */

bool onnx_view_is_whole(const onnx_graph *graph, const onnx_view *view);
bool onnx_views_equal(const onnx_view *a, const onnx_view *b);

/* The node that computes all of a view with this operator; NULL: it is something else. */
const onnx_node *onnx_node_of(const onnx_graph *graph, const onnx_view *view, onnx_op op);

/* All elements of the k-th input of a node; of its first two; of a value. */
int onnx_operand(onnx_graph *graph, const onnx_node *node, size_t k, onnx_view *view);
int onnx_operands(onnx_graph *graph, const onnx_node *node, onnx_view *two);
int onnx_whole(onnx_graph *graph, size_t value, onnx_view *view);

/* "...: WHAT was expected here", naming what stands there instead. */
int onnx_unexpected(const onnx_graph *graph, const onnx_view *view, const char *what);

bool onnx_is_constant(const onnx_graph *graph, const onnx_view *view);

/* Refuse a tensor that is not of floats of any size. */
int onnx_want_float(const onnx_graph *graph, size_t value);

/* Add factor times a view of a tensor to count floats; a view of one element is added to each. */
int onnx_add_constant(const onnx_graph *graph, const onnx_view *view, size_t count, float factor,
                      float *to);

/* Refuse a tensor that has not this value in each element of the view. */
int onnx_want_scalar(const onnx_graph *graph, const onnx_view *view, double value,
                     double tolerance);

/* ---- Parts of the network --------------------------------------------------------------- */

/* view = sum of terms + bias; bias, as many floats as the view has, receives the sum of biases. */
int onnx_match_affine(onnx_graph *graph, const onnx_view *view, const char *what, float *bias,
                      onnx_affine *affine);

/* The same where one term of a given width is expected: out[rows] = matrix[rows, columns] * in. */
int onnx_match_product(onnx_graph *graph, const onnx_view *view, size_t columns, const char *what,
                       float *bias, onnx_term *term);

/* view = gamma * (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-7) + beta */
int onnx_match_norm(onnx_graph *graph, const onnx_view *view, const char *what, float *gamma,
                    float *beta, onnx_view *x);

/* view = log(x * x + 1e-7) */
int onnx_match_log_power(onnx_graph *graph, const onnx_view *view, onnx_view *x);

/*
 * view = h' of an LSTM cell with that many units whose h and c are elements h_at, h_at + 2, ... and
 * h_at + 1, h_at + 3, ... of the value states. bias: [4 * units], in the order of GATE_*; scratch:
 * as large.
 */
int onnx_match_cell(onnx_graph *graph, const onnx_view *view, size_t states, size_t h_at,
                    const char *what, float *bias, float *scratch, onnx_cell *cell);

/* The same where the cell is one operator, LSTM or DynamicQuantizeLSTM; NULL: it is not. */
const onnx_node *onnx_lstm_of(const onnx_graph *graph, const onnx_view *view);
int onnx_match_lstm(onnx_graph *graph, const onnx_node *node, const onnx_view *h,
                    const onnx_view *c, const char *what, float *bias, onnx_cell *cell);

#endif
