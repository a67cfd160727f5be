/*
 * An ONNX file as a tree that tests edit and write again: parsed as protobuf with no schema beyond
 * which fields are messages. Trusts its input: only for our own files.
 */
#ifndef UNECHO_TEST_ONNX_WRITER_H
#define UNECHO_TEST_ONNX_WRITER_H

#include <stddef.h>
#include <stdint.h>

typedef struct bytes {
    unsigned char *at; /* freed by the caller */
    size_t size;
} bytes;

typedef enum proto_kind {
    PROTO_PLAIN,
    PROTO_MODEL,
    PROTO_OPSET,
    PROTO_GRAPH,
    PROTO_NODE,
    PROTO_ATTRIBUTE,
    PROTO_TENSOR,
    PROTO_PORT,
    PROTO_TYPE,
    PROTO_TENSOR_TYPE,
    PROTO_SHAPE,
    PROTO_DIM
} proto_kind;

/* Field numbers that tests use. */
enum { MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { GRAPH_NODE = 1, GRAPH_TENSOR = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { NODE_DOMAIN = 7 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_TENSOR = 5 };
enum { ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_FLOATS = 4, TENSOR_INT64S = 7, TENSOR_NAME = 8 };
enum { TENSOR_RAW = 9, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14 };
enum { PORT_NAME = 1, PORT_TYPE = 2 };

typedef struct proto proto;

typedef struct proto_field {
    uint32_t number;
    unsigned wire;
    uint64_t value; /* varint */
    bytes data;     /* other wire types */
    proto *child;   /* a message, instead of data */
} proto_field;

struct proto {
    proto_kind kind;
    proto_field *fields;
    size_t count;
};

proto *proto_parse(const unsigned char *at, size_t size, proto_kind kind);
bytes proto_write(const proto *p);
void proto_free(proto *p);

/* The k-th field with that number; NULL: there is none. */
proto_field *proto_find(const proto *p, uint32_t number, size_t k);
size_t proto_count(const proto *p, uint32_t number);

void proto_remove(proto *p, proto_field *field);
proto_field *proto_add_int(proto *p, uint32_t number, uint64_t value);
proto_field *proto_add_bytes(proto *p, uint32_t number, const void *data, size_t size);
proto_field *proto_add_text(proto *p, uint32_t number, const char *text);
proto *proto_add(proto *p, uint32_t number); /* a message */
void proto_set_text(proto_field *field, const char *text);
int proto_is(const proto_field *field, const char *text);
/* A deep copy of a message, appended to `to` as a field with that number. */
proto *proto_copy(proto *to, uint32_t number, const proto *from);

/* ---- Graphs ----------------------------------------------------------------------------- */

proto *graph_of(const proto *model);
/* NULL: there is none. */
proto *tensor_of(const proto *model, const char *name);
proto *node_making(const proto *model, const char *output);
proto *node_of_op(const proto *model, const char *op, size_t k);
proto *attribute_of(const proto *node, const char *name);
proto *port_of(const proto *model, uint32_t number, size_t k);
proto *shape_of_port(const proto *port);
void drop(proto *parent, const proto *child);

proto *add_node(proto *model, const char *op, const char *output);
proto *add_attribute_int(proto *node, const char *name, uint64_t value);
proto *add_tensor(proto *model, const char *name, const uint64_t *dims, size_t rank, int type,
                  const void *data, size_t size);
/* Redirect every reader of one value to another. */
void redirect(const proto *model, const char *from, const char *to);

/* Replace every meaningless name in a file by a random one. */
void rename_all(const proto *model, uint32_t *seed);
/* Shuffle nodes, tensors, graph inputs and outputs. */
void shuffle_all(const proto *model, uint32_t *seed);

/* Change the number of LSTM units of one of our own models; its weights are repeated. */
void resize_units(const proto *model, unsigned units);

/* ---- Files ------------------------------------------------------------------------------ */

/* Fails the test if the file cannot be read. */
bytes read_bytes(const char *path);
/* One of our own models, stage 1 or 2, as a tree. */
bytes our_bytes(int stage);
proto *our_model(int stage);
/* The same with the smallest number of LSTM units allowed, for tests that open it very often. */
enum { FEWEST_UNITS = 4 };
bytes small_bytes(int stage);

#endif
