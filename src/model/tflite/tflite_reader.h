/* What the parts of the TFLite reader share. */
#ifndef UNECHO_MODEL_TFLITE_READER_H
#define UNECHO_MODEL_TFLITE_READER_H

#include "flatbuffer.h"
#include "model/graph/graph.h"

/* One of the subgraph's tensors, constant if it has data. */
typedef struct tflite_tensor {
    graph_text name;
    uint64_t type; /* numbered as in ONNX */
    bool shaped;
    graph_shape shape;
    unsigned open; /* bit d: size d was left open */
    fb_vector data;
    float scale;                 /* of int8; 0: not quantised */
    const unsigned char *scales; /* float32, along axis, times scale; NULL: one for all */
    size_t axis;
    size_t value; /* of the graph; GRAPH_NONE: no operator before makes it */
} tflite_tensor;

typedef struct tflite_reader {
    graph *graph;
    fb_vector codes, buffers, operators; /* of tables */
    tflite_tensor *tensors;
    size_t tensor_count;
} tflite_reader;

/* Tensor `index` of the subgraph from its table. */
int tflite_read_tensor(tflite_reader *t, size_t index, const fb_table *table);

/* Add a tensor with data to the graph; returns its value. */
size_t tflite_add_constant(tflite_reader *t, const tflite_tensor *tensor);

/* What an operator may add to the graph at most, by its number of inputs and outputs. */
typedef struct tflite_room {
    size_t nodes, links, values, attributes, lists, tensors;
} tflite_room;
void tflite_add_room(tflite_room *room, size_t inputs, size_t outputs);

/* One operator as nodes of the graph. */
int tflite_read_operator(tflite_reader *t, const fb_table *table);

#endif
