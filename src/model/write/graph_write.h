/*
 * An ONNX file of opset 13 from tables of nodes, stored matrices and ports. Knows no network.
 */
#ifndef UNECHO_MODEL_GRAPH_WRITE_H
#define UNECHO_MODEL_GRAPH_WRITE_H

#include "protobuf_write.h"
#include "tensor_write.h"

enum { NODE_INPUTS_MAX = 6, NODE_OUTPUTS_MAX = 4, NODE_ATTRIBUTES_MAX = 2 };

/* In names % is the part of the network, @ its input. An input "" is left out. */
typedef struct node_spec {
    const char *op;
    const char *outputs[NODE_OUTPUTS_MAX];
    const char *inputs[NODE_INPUTS_MAX];
    struct {
        const char *name; /* NULL: no more */
        int64_t value;
    } attributes[NODE_ATTRIBUTES_MAX];
} node_spec;

void graph_put_nodes(pb_out *out, const node_spec *specs, size_t count, const char *part,
                     const char *input);

#define PUT_NODES(out, specs, part, input)                                                         \
    graph_put_nodes(out, specs, sizeof(specs) / sizeof((specs)[0]), part, input)

/* The nodes that make floats of matrices that are stored as something else. */
void graph_put_widening(pb_out *out, const stored *matrices, size_t count);
/* The matrices, and the scales of integers. */
void graph_put_matrices(pb_out *out, const stored *matrices, size_t count);

typedef struct port {
    const char *name;
    size_t rank, dims[4];
} port;

void graph_put_name(pb_out *out);
void graph_put_input(pb_out *out, const port *p);
void graph_put_output(pb_out *out, const port *p);

/* What a file is made of. */
typedef struct graph_file {
    const char *name, *producer; /* of the model whose weights they are */
    stored *matrices;
    size_t count;
    pb_body *put_graph;
    const void *what; /* for put_graph */
} graph_file;

/*
 * At most room bytes; *size receives how many the file has. Returns UNECHO_OK, UNECHO_ERROR_MEMORY,
 * or UNECHO_ERROR_MODEL where a weight does not fit the storage.
 */
int graph_write(const graph_file *f, unsigned char *bytes, size_t room, size_t *size,
                const message *to);

#endif
