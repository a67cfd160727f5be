/* Shape rules: what they share, and those of the operators that move elements. */
#ifndef UNECHO_MODEL_RULES_H
#define UNECHO_MODEL_RULES_H

#include "graph.h"

/* A list of integers as a parameter: an input in later opsets, an attribute in earlier ones. */
typedef struct integers {
    int64_t at[GRAPH_LIST_MAX];
    size_t count;
    bool given;
} integers;

/* input SIZE_MAX: always an attribute */
int rule_integers(const graph *g, const graph_node *n, size_t input, const char *attribute,
                  integers *list);
/* The parameter axes, for a tensor with rank dims; chosen: [GRAPH_RANK_MAX]. */
int rule_axes(const graph *g, const graph_node *n, size_t rank, integers *list, bool *chosen);
/* The attribute axis, into the node. */
int rule_axis_attribute(const graph *g, graph_node *n, int64_t otherwise, size_t rank);
/* false: out of range */
bool rule_axis(int64_t axis, size_t rank, size_t *found);

const graph_shape *rule_in(const graph *g, const graph_node *n, size_t k);
int rule_set_output(graph *g, const graph_node *n, size_t k, size_t rank, const size_t *dims);
int rule_same_shape(graph *g, const graph_node *n);

/* The rules of LSTM and DynamicQuantizeLSTM, and of GRU. */
int rule_lstm(graph *g, const graph_node *n);
int rule_gru(graph *g, const graph_node *n);

/* The rule of an operator for which graph_moves is true. */
int rule_move(graph *g, graph_node *n);

#endif
