/*
 * Operators of a TFLite file on their way into the graph: what the translations share. op: what a
 * translation of several operators shall make.
 */
#ifndef UNECHO_MODEL_OPERATION_H
#define UNECHO_MODEL_OPERATION_H

#include "tflite_reader.h"

/* One operator on the way into the graph. */
typedef struct operation {
    tflite_reader *t;
    const char *name;
    graph_text label; /* its first output's name: operators have none of their own */
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
/* The option of that field, a byte, must be 0. */
int op_want_none(const operation *o, unsigned field, const char *what);
/* The constant integers of input k; list: [GRAPH_LIST_MAX]. */
int op_integers(const operation *o, size_t k, const char *what, int64_t *list, size_t *count);

/* Stands for the operator in messages of graph_fail_node. */
graph_node op_node(const operation *o);
int op_fail(const operation *o, int status, const char *what);

/* ---- Building: nodes, one at a time, each complete before the next ----------------------- */

graph_node *op_add_node(const operation *o, graph_op op);
void op_add_input(const operation *o, graph_node *n, size_t value);
/* One more value that the node makes, which is the last one added. */
size_t op_add_value(const operation *o, graph_node *n);
/* The same, and it is the operator's output k, of the shape that the file says. */
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
