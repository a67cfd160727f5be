/* What the parts of the ONNX reader share. */
#ifndef UNECHO_MODEL_ONNX_READER_H
#define UNECHO_MODEL_ONNX_READER_H

#include "model/graph/graph.h"
#include "protobuf.h"

typedef struct onnx_reader {
    graph *graph;
    graph_text *names;    /* of the nodes' inputs: link i of the graph is to the value of name i */
    pb_cursor *constants; /* attribute `value` of each node, a TensorProto; at NULL: none */
    size_t initialisers;  /* the first tensors of the graph; those of Constant nodes follow */
} onnx_reader;

graph_text onnx_text_of(pb_cursor body);
int onnx_want_text(const pb_field *field, graph_text *text);

enum { ONNX_ATTRIBUTE_INTS = 8 }; /* field of AttributeProto */

/* NodeProto, ValueInfoProto and TensorProto */
int onnx_read_node(onnx_reader *r, pb_cursor body);
int onnx_read_port(graph_port *port, const pb_field *whole);
int onnx_read_tensor(graph_tensor *tensor, pb_cursor body);

/* Set each node's operator. */
void onnx_name_operators(graph *g);
/* Refuse unknown operators and wrong numbers of inputs, among the nodes that are sorted. */
int onnx_check_operators(const graph *g);

/* Constants to tensors, names to links. */
int onnx_link(onnx_reader *r);

#endif
