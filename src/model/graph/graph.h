/*
 * A model file as a graph of nodes, values and tensors, which point into the file's bytes.
 * Operators and types are those of ONNX; a reader of another format translates. Knows the shapes of
 * the operators; knows neither file formats nor the network.
 */
#ifndef UNECHO_MODEL_GRAPH_H
#define UNECHO_MODEL_GRAPH_H

#include "source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GRAPH_RANK_MAX = 8,
    GRAPH_LIST_MAX = 16, /* elements of a list that is a parameter of a node */
    GRAPH_TEXTS_MAX = 3,
};

#define GRAPH_NONE SIZE_MAX

typedef enum graph_op {
    OP_UNKNOWN,
    OP_CONSTANT,
    /* element by element */
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_POW,
    OP_LOG,
    OP_SQRT,
    OP_RECIPROCAL,
    OP_SIGMOID,
    OP_TANH,
    /* sums */
    OP_MATMUL,
    OP_GEMM,
    OP_CONV,
    OP_REDUCE_MEAN,
    OP_GLOBAL_AVERAGE_POOL,
    OP_LAYER_NORMALIZATION,
    OP_LSTM,
    OP_GRU,
    /* of integers */
    OP_DYNAMIC_QUANTIZE,
    OP_MATMUL_INTEGER,
    OP_CONV_INTEGER,
    OP_DYNAMIC_QUANTIZE_LSTM,
    /* movement: each element of an output is an element of an input */
    OP_IDENTITY,
    OP_CAST,
    OP_DROPOUT,
    OP_DEQUANTIZE, /* of a tensor, which has its own scale */
    OP_RESHAPE,
    OP_SQUEEZE,
    OP_UNSQUEEZE,
    OP_FLATTEN,
    OP_TRANSPOSE,
    OP_CONCAT,
    OP_SPLIT,
    OP_SLICE,
    OP_GATHER
} graph_op;

/* As TensorProto.DataType of ONNX numbers them. */
enum {
    TYPE_FLOAT = 1,
    TYPE_UINT8 = 2,
    TYPE_INT8 = 3,
    TYPE_INT32 = 6,
    TYPE_INT64 = 7,
    TYPE_FLOAT16 = 10,
    TYPE_BFLOAT16 = 16
};

/* A string of the file: not terminated, any bytes. */
typedef struct graph_text {
    const char *at;
    size_t size;
} graph_text;

/* A string for a message: printable, shortened in the middle if it is long. */
typedef struct graph_label {
    char text[168];
} graph_label;

typedef struct graph_shape {
    size_t rank;
    size_t dims[GRAPH_RANK_MAX];
    size_t elements;
} graph_shape;

typedef enum graph_encoding {
    ENCODED_PLAIN,   /* little-endian elements of the type */
    ENCODED_VARINTS, /* one varint per element */
    ENCODED_OTHERWISE
} graph_encoding;

typedef struct graph_tensor {
    graph_text name;
    uint64_t type;
    graph_shape shape;
    graph_encoding encoding;
    const unsigned char *data;
    size_t size;
    /* Integers that represent floats: scale * scales[index along axis] * (element - zero). */
    float scale;                 /* 0: plain integers */
    const unsigned char *scales; /* float32; NULL: one scale for all */
    size_t axis;
    int zero;
} graph_tensor;

typedef struct graph_attribute {
    graph_text name;
    int64_t i;
    float f;
    const int64_t *list; /* the first GRAPH_LIST_MAX of `listed` integers */
    size_t listed;
    graph_text texts[GRAPH_TEXTS_MAX]; /* the first of `text_count` strings */
    size_t text_count;
} graph_attribute;

typedef struct graph_node {
    graph_text name, op_type, domain;
    graph_op op;
    size_t first_input, inputs;   /* in links of the graph */
    size_t first_output, outputs; /* in values of the graph */
    size_t first_attribute, attributes;
    /* What moves where, set with the shapes: the permutation, or begin and step of each axis. */
    size_t axis;
    size_t begin[GRAPH_RANK_MAX], step[GRAPH_RANK_MAX];
} graph_node;

typedef enum graph_from { FROM_TENSOR, FROM_INPUT, FROM_NODE } graph_from;

typedef struct graph_value {
    graph_text name;
    graph_from from;
    size_t index;  /* of the tensor or node */
    size_t output; /* of the node */
    bool shaped;
    graph_shape shape;
} graph_value;

/* An input or output of the graph itself. */
typedef struct graph_port {
    graph_text name;
    size_t value;
    uint64_t type;
    bool shaped;
    graph_shape shape; /* as declared, open sizes as 1 */
    unsigned open;     /* bit d: size d is left open */
} graph_port;

typedef struct graph {
    source file;
    graph_text producer_name, producer_version;
    uint64_t version; /* ONNX: opset; TFLite: schema */
    graph_node *nodes;
    graph_attribute *attributes;
    graph_tensor *tensors;
    int64_t *lists; /* of the attributes */
    size_t *links;  /* inputs of nodes as indices of values; GRAPH_NONE: left out */
    graph_value *values;
    graph_port *inputs, *outputs;
    size_t node_count, attribute_count, tensor_count, list_count, link_count, value_count;
    size_t input_count, output_count;
    size_t *order; /* the nodes that the outputs depend on, each after its inputs */
    size_t order_count;
    uint64_t steps_left; /* of graph_trace: no file keeps the reader busy for long */
} graph;

void graph_free(graph *g);

/* ---- Completing what a reader has filled in --------------------------------------------- */

/* Sort the nodes that the outputs depend on; needs the links. */
int graph_sort(graph *g);
/* Hand the scales of DequantizeLinear nodes to the tensors that they read. */
int graph_dequantize(graph *g);
/* Set `shaped` and `shape` of every value that the outputs depend on. */
int graph_infer_shapes(graph *g);

/* ---- Access ----------------------------------------------------------------------------- */

bool graph_text_is(graph_text text, const char *word);

const graph_attribute *graph_attribute_of(const graph *g, const graph_node *node, const char *name);
int64_t graph_attribute_int(const graph *g, const graph_node *node, const char *name,
                            int64_t otherwise);

/* The value that a node has as its k-th input; GRAPH_NONE: left out. */
size_t graph_in(const graph *g, const graph_node *node, size_t k);

/* Inputs and outputs of OP_LSTM and OP_DYNAMIC_QUANTIZE_LSTM; the scales: of the latter only. Those
 * of OP_GRU are the same up to LSTM_H, and two outputs. */
enum { LSTM_X, LSTM_W, LSTM_R, LSTM_B, LSTM_LENGTHS, LSTM_H, LSTM_C, LSTM_PEEPHOLES };
enum { LSTM_W_SCALE = 8, LSTM_W_ZERO, LSTM_R_SCALE, LSTM_R_ZERO };
enum { LSTM_HIDDEN, LSTM_LAST_HIDDEN, LSTM_LAST_CELL };

/* false: more elements than any model needs */
bool graph_shape_set(graph_shape *shape, size_t rank, const size_t *dims);

const char *graph_type_name(uint64_t type);
/* Bytes of an element; 0: it has no whole number of them, or the type is unknown. */
size_t graph_type_bytes(uint64_t type);

bool graph_tensor_is_float(const graph_tensor *tensor);
/* Element `index` of a tensor for which graph_tensor_is_float is true. */
float graph_tensor_float(const graph_tensor *tensor, size_t index);
/* false: not integers, or more than GRAPH_LIST_MAX */
bool graph_tensor_ints(const graph_tensor *tensor, int64_t *list, size_t *count);

/* Integers that represent floats: whether the tensor has bytes; whether all its elements are usable
 * as scales; the integer that represents 0 for tensors of `type`, from a constant value. */
bool graph_tensor_is_bytes(const graph_tensor *tensor);
bool graph_scale_fits(float scale);
int graph_check_scales(const graph *g, size_t value);
int graph_zero_of(const graph *g, size_t value, uint64_t type, int *zero);

/* ---- Following elements back through movement ------------------------------------------- */

/* `count` elements of a value that no movement makes: the first at offset, then every step. */
typedef struct graph_view {
    size_t value, offset, step, count;
} graph_view;

/* Replace element *index of *value by the element that it is a copy of. */
int graph_trace(graph *g, size_t *value, size_t *index);

/* The elements first..first+count-1 of a value as a view; an error if they are not one. */
int graph_view_of(graph *g, size_t value, size_t first, size_t count, graph_view *view);

bool graph_moves(graph_op op);
/* Is each element of the value a copy of an element of another value? */
bool graph_is_moved(const graph *g, size_t value);

/* ---- Messages --------------------------------------------------------------------------- */

graph_label graph_label_of(graph_text text);
graph_label graph_shape_label(const graph_shape *shape);

/* "FILE: node 'NAME' (OP): ...". The first output stands for the name of a node without one. */
MESSAGE_FORMAT(4, 5)
int graph_fail_node(const graph *g, const graph_node *node, int status, const char *format, ...);

/* "FILE: tensor 'NAME': ...", or the node or graph input that the value comes from. */
MESSAGE_FORMAT(4, 5)
int graph_fail_value(const graph *g, size_t value, int status, const char *format, ...);

#endif
