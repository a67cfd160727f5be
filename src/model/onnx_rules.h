/* Shape rules: what they share, and those of the operators that move elements. */
#ifndef UNECHO_ONNX_RULES_H
#define UNECHO_ONNX_RULES_H

#include "onnx.h"

/* A parameter that is a list of integers: an input in later opsets, an attribute in earlier. */
typedef struct integers {
    int64_t at[ONNX_LIST_MAX];
    size_t count;
    bool given;
} integers;

/* input SIZE_MAX: an attribute in every opset */
int rule_integers(const onnx_graph *g, const onnx_node *n, size_t input, const char *attribute,
                  integers *list);
/* The parameter axes, for a tensor with rank dims; chosen: [ONNX_RANK_MAX]. */
int rule_axes(const onnx_graph *g, const onnx_node *n, size_t rank, integers *list, bool *chosen);
/* The attribute axis, into the node. */
int rule_axis_attribute(const onnx_graph *g, onnx_node *n, int64_t otherwise, size_t rank);
/* false: out of range */
bool rule_axis(int64_t axis, size_t rank, size_t *found);

const onnx_shape *rule_in(const onnx_graph *g, const onnx_node *n, size_t k);
int rule_set_output(onnx_graph *g, const onnx_node *n, size_t k, size_t rank, const size_t *dims);
int rule_same_shape(onnx_graph *g, const onnx_node *n);

/* The rule of LSTM and DynamicQuantizeLSTM. */
int rule_lstm(onnx_graph *g, const onnx_node *n);

/* The rule of an operator of which onnx_moves is true. */
int rule_move(onnx_graph *g, onnx_node *n);

#endif
