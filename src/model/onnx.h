/*
 * A model as a graph of ONNX's nodes and tensors, all of them views into the file's bytes, and the
 * reader of ONNX files; tflite.h has another. Knows the shapes of the operators that occur; knows
 * nothing of the network.
 */
#ifndef UNECHO_ONNX_H
#define UNECHO_ONNX_H

#include "protobuf.h"

#include <stdbool.h>

enum {
    ONNX_RANK_MAX = 8,
    ONNX_LIST_MAX = 16, /* of integer lists that are parameters of a node */
};

#define ONNX_NONE SIZE_MAX

typedef enum onnx_op {
    ONNX_UNKNOWN,
    ONNX_CONSTANT,
    /* element by element */
    ONNX_ADD,
    ONNX_SUB,
    ONNX_MUL,
    ONNX_DIV,
    ONNX_POW,
    ONNX_LOG,
    ONNX_SQRT,
    ONNX_RECIPROCAL,
    ONNX_SIGMOID,
    ONNX_TANH,
    /* sums */
    ONNX_MATMUL,
    ONNX_GEMM,
    ONNX_CONV,
    ONNX_REDUCE_MEAN,
    ONNX_GLOBAL_AVERAGE_POOL,
    ONNX_LAYER_NORMALIZATION,
    ONNX_LSTM,
    /* of integers */
    ONNX_DYNAMIC_QUANTIZE,
    ONNX_MATMUL_INTEGER,
    ONNX_CONV_INTEGER,
    ONNX_DYNAMIC_QUANTIZE_LSTM,
    /* movement: each element of an output is one element of one input */
    ONNX_IDENTITY,
    ONNX_CAST,
    ONNX_DROPOUT,
    ONNX_DEQUANTIZE, /* of a tensor, which knows its scale */
    ONNX_RESHAPE,
    ONNX_SQUEEZE,
    ONNX_UNSQUEEZE,
    ONNX_FLATTEN,
    ONNX_TRANSPOSE,
    ONNX_CONCAT,
    ONNX_SPLIT,
    ONNX_SLICE,
    ONNX_GATHER
} onnx_op;

enum {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_FLOAT16 = 10,
    ONNX_BFLOAT16 = 16
};
enum { ONNX_RAW_DATA = 9 };

/* A string of the file: not terminated, any bytes. */
typedef struct onnx_text {
    const char *at;
    size_t size;
} onnx_text;

/* A string made fit for a message: printable, cut in the middle when long. */
typedef struct onnx_label {
    char text[168];
} onnx_label;

typedef struct onnx_shape {
    size_t rank;
    size_t dims[ONNX_RANK_MAX];
    size_t elements;
} onnx_shape;

typedef struct onnx_tensor {
    onnx_text name;
    uint64_t type;
    onnx_shape shape;
    unsigned field; /* that holds the data: 4 float_data, 5 int32_data, 7 int64_data, 9 raw_data */
    const unsigned char *data;
    size_t size;
    /* Of integers that stand for floats, scale * scales[index along axis] * (element - zero). */
    float scale;                 /* 0: they stand for nothing */
    const unsigned char *scales; /* float32; NULL: none */
    size_t axis;
    int zero;
} onnx_tensor;

typedef struct onnx_attribute {
    onnx_text name;
    int64_t i;
    float f;
    pb_cursor ints;   /* the whole attribute: its integer list is read where it is wanted */
    pb_cursor tensor; /* at NULL: none */
    const int64_t
        *list; /* instead of ints, where another format spells them: at most ONNX_LIST_MAX */
    size_t listed;
} onnx_attribute;

typedef struct onnx_node {
    onnx_text name, op_type, domain;
    onnx_op op;
    size_t first_input, inputs;   /* in names and links of the graph */
    size_t first_output, outputs; /* in values of the graph */
    size_t first_attribute, attributes;
    /* What moves where, set together with the shapes: permutation, or begin and step per axis. */
    size_t axis;
    size_t begin[ONNX_RANK_MAX], step[ONNX_RANK_MAX];
} onnx_node;

typedef enum onnx_from { ONNX_FROM_TENSOR, ONNX_FROM_INPUT, ONNX_FROM_NODE } onnx_from;

typedef struct onnx_value {
    onnx_text name;
    onnx_from from;
    size_t index;  /* of the tensor or node */
    size_t output; /* which one of the node's */
    bool shaped;
    onnx_shape shape;
} onnx_value;

/* One of the graph's own inputs or outputs. */
typedef struct onnx_port {
    onnx_text name;
    size_t value;
    uint64_t type;
    bool shaped;
    onnx_shape shape; /* as declared; sizes left open are 1 */
    unsigned open;    /* bit d: size d was left open */
} onnx_port;

typedef struct onnx_graph {
    pb_file file;
    onnx_text producer_name, producer_version;
    uint64_t opset;
    onnx_node *nodes;
    onnx_attribute *attributes;
    onnx_tensor *tensors; /* initialisers, then the tensors of Constant nodes */
    onnx_text *names;     /* of node inputs, as written; NULL where a format links by number */
    int64_t *lists;       /* what attributes' lists point into, or NULL */
    size_t *links;        /* the same as indices of values; ONNX_NONE: left out */
    onnx_value *values;
    onnx_port *inputs, *outputs;
    size_t node_count, attribute_count, tensor_count, name_count, value_count;
    size_t input_count, output_count;
    size_t initialiser_count;
    size_t *order; /* nodes that the outputs depend on, each after what it reads */
    size_t order_count;
    uint64_t steps_left; /* of onnx_trace, so that no file keeps the reader busy for long */
} onnx_graph;

/*
 * Bytes to graph: nodes, tensors, names resolved, nodes in an order in which they can be computed.
 * Everything points into bytes. On failure the graph is freed. The graph must stay where it is.
 */
int onnx_read(onnx_graph *graph, const unsigned char *bytes, size_t size, const char *name,
              const message *to);
void onnx_free(onnx_graph *graph);

/* Set `shaped` and `shape` of every value that the outputs depend on. */
int onnx_infer_shapes(onnx_graph *graph);

/* ---- Parts of onnx_read ---------------------------------------------------------------- */

int onnx_read_tensor(onnx_tensor *tensor, pb_cursor body);
int onnx_link(onnx_graph *graph);
/* Of a graph whose links are set: the nodes that the outputs depend on, and whether all of them are
 * nodes that can be read. */
int onnx_order(onnx_graph *graph);
onnx_text onnx_text_of(pb_cursor body);

/* The tensors that a DequantizeLinear node reads learn their scales. */
int onnx_dequantize(onnx_graph *graph);

/* ---- Access ---------------------------------------------------------------------------- */

bool onnx_text_is(onnx_text text, const char *word);
onnx_op onnx_op_of(onnx_text domain, onnx_text op_type, size_t *least_inputs, size_t *most_inputs);

const onnx_attribute *onnx_attribute_of(const onnx_graph *graph, const onnx_node *node,
                                        const char *name);
int64_t onnx_attribute_int(const onnx_graph *graph, const onnx_node *node, const char *name,
                           int64_t otherwise);
/* false: longer than ONNX_LIST_MAX */
bool onnx_attribute_ints(const onnx_attribute *attribute, int64_t *list, size_t *count);
/* false: no integers, or longer than ONNX_LIST_MAX */
bool onnx_tensor_ints(const onnx_tensor *tensor, int64_t *list, size_t *count);
/* Of a tensor of which onnx_tensor_is_float is true. */
float onnx_tensor_float(const onnx_tensor *tensor, size_t index);
bool onnx_tensor_is_float(const onnx_tensor *tensor);
const char *onnx_type_name(uint64_t type);

/* The value that a node reads or writes; ONNX_NONE where it has none there. */
size_t onnx_in(const onnx_graph *graph, const onnx_node *node, size_t k);

/* false: more elements than the reader deals with */
bool onnx_shape_set(onnx_shape *shape, size_t rank, const size_t *dims);

/* ---- Following elements backwards through movement -------------------------------------- */

/* count elements, the first at offset, one every step, of a value that movement does not make. */
typedef struct onnx_view {
    size_t value, offset, step, count;
} onnx_view;

/* Which element of which value the element `index` of *value is; *value is replaced. */
int onnx_trace(onnx_graph *graph, size_t *value, size_t *index);

/* What the elements first..first+count-1 of value are; an error if no single view is. */
int onnx_view_of(onnx_graph *graph, size_t value, size_t first, size_t count, onnx_view *view);

bool onnx_moves(onnx_op op);
/* Is each element of the value one of another value? */
bool onnx_is_moved(const onnx_graph *graph, size_t value);

/* ---- Messages -------------------------------------------------------------------------- */

onnx_label onnx_label_of(onnx_text text);
onnx_label onnx_shape_label(const onnx_shape *shape);

/* "FILE: node 'NAME' (OP): ...". A node without a name is called by its first output. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int onnx_fail_node(const onnx_graph *graph, const onnx_node *node, int status, const char *format,
                   ...);

/* "FILE: tensor 'NAME': ...", or the node or graph input that the value comes from. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int onnx_fail_value(const onnx_graph *graph, size_t value, int status, const char *format, ...);

#endif
