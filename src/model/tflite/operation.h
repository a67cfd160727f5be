/*
 * Translation of TFLite operators to nodes of the graph: what all translations share. op: the
 * node's operator, where several TFLite operators share a translation.
 */
#ifndef UNECHO_MODEL_OPERATION_H
#define UNECHO_MODEL_OPERATION_H

#include "tflite_reader.h"

/* One operator being translated. */
typedef struct operation {
    tflite_reader *t;
    const char *name;
    graph_text label; /* the name of its first output: operators have no names */
    fb_vector inputs, outputs;
    fb_table options;
} operation;

/* ---- Reading: inputs and options of the operator ---------------------------------------- */

/* The value of input k; GRAPH_NONE: left out. */
size_t op_input(const operation *o, size_t k);
const graph_shape *op_shape(const operation *o, size_t value);
tflite_tensor *op_output_tensor(const operation *o, size_t k);

/* A number among the options, of one or four bytes. */
int op_option(const operation *o, unsigned field, size_t bytes, int32_t otherwise, int32_t *value);
/* Refuse an option, a byte, that is not 0. */
int op_want_none(const operation *o, unsigned field, const char *what);
/* The constant integers of input k; list: [GRAPH_LIST_MAX]. */
int op_integers(const operation *o, size_t k, const char *what, int64_t *list, size_t *count);

/* Stands for the operator in messages of graph_fail_node. */
graph_node op_node(const operation *o);
int op_fail(const operation *o, int status, const char *what);

/* ---- Building: nodes, one at a time, each complete before the next ----------------------- */

graph_node *op_add_node(const operation *o, graph_op op);
void op_add_input(const operation *o, graph_node *n, size_t value);
/* Add an output to the node, which must be the last one added. */
size_t op_add_value(const operation *o, graph_node *n);
/* The same, as output k of the operator, with the shape from the file. */
void op_add_output(const operation *o, graph_node *n, size_t k);
void op_add_int(const operation *o, graph_node *n, const char *name, int64_t value);
void op_add_list(const operation *o, graph_node *n, const char *name, const int64_t *list,
                 size_t count);

/* One node with the operator's own inputs and its first output. */
int op_simple(operation *o, graph_op op);

/* ---- Translations of operators that only move elements ----------------------------------- */

int move_reshape(operation *o, graph_op op);
int move_squeeze(operation *o, graph_op op);
int move_transpose(operation *o, graph_op op);
int move_concatenation(operation *o, graph_op op);
int move_pack(operation *o, graph_op op);
int move_unpack(operation *o, graph_op op);
int move_split(operation *o, graph_op op);
int move_strided_slice(operation *o, graph_op op);

#endif
