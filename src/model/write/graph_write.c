#include "graph_write.h"

#include "model/graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13 };

/* ---- Nodes ------------------------------------------------------------------------------ */

enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_I = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { KIND_INT = 2, KIND_INTS = 7 };

typedef struct node {
    const node_spec *spec;
    const char *part, *input;
} node;

static void put_name(pb_out *out, unsigned number, const char *pattern, const node *n)
{
    char name[64];
    if (*pattern == '%')
        snprintf(name, sizeof name, "%s%s", n->part, pattern + 1);
    else
        snprintf(name, sizeof name, "%s", *pattern == '@' ? n->input : pattern);
    pb_put_text(out, number, name);
}

typedef struct attribute {
    const char *name;
    int64_t value;
    bool is_list;
} attribute;

static void put_attribute(pb_out *out, const void *what)
{
    const attribute *const a = what;
    pb_put_text(out, ATTRIBUTE_NAME, a->name);
    pb_put_int(out, a->is_list ? ATTRIBUTE_INTS : ATTRIBUTE_I, (uint64_t)a->value);
    pb_put_int(out, ATTRIBUTE_TYPE, a->is_list ? KIND_INTS : KIND_INT);
}

static void put_node(pb_out *out, const void *what)
{
    const node *const n = what;
    for (size_t k = 0; k < NODE_INPUTS_MAX && n->spec->inputs[k]; k++)
        put_name(out, NODE_INPUT, n->spec->inputs[k], n);
    for (size_t k = 0; k < NODE_OUTPUTS_MAX && n->spec->outputs[k]; k++) {
        if (k == 0)
            put_name(out, NODE_NAME, n->spec->outputs[0], n);
        put_name(out, NODE_OUTPUT, n->spec->outputs[k], n);
    }
    pb_put_text(out, NODE_OP, n->spec->op);
    for (size_t k = 0; k < NODE_ATTRIBUTES_MAX && n->spec->attributes[k].name; k++)
        pb_put_message(
            out, NODE_ATTRIBUTE, put_attribute,
            &(attribute){n->spec->attributes[k].name, n->spec->attributes[k].value, false});
    /* the last axis is kept, with one element */
    if (strcmp(n->spec->op, "ReduceMean") == 0)
        pb_put_message(out, NODE_ATTRIBUTE, put_attribute, &(attribute){"axes", -1, true});
}

void graph_put_nodes(pb_out *out, const node_spec *specs, size_t count, const char *part,
                     const char *input)
{
    for (size_t i = 0; i < count; i++)
        pb_put_message(out, GRAPH_NODE, put_node, &(node){&specs[i], part, input});
}

/* ---- Matrices --------------------------------------------------------------------------- */

static const node_spec widen[] = {{"Cast", {"%"}, {"%/stored"}, {{"to", TYPE_FLOAT}}}};
static const node_spec dequantize[] = {
    {"DequantizeLinear", {"%"}, {"%/stored", "%/scale"}, {{"axis", 1}}}};

void graph_put_widening(pb_out *out, const stored *matrices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (matrices[i].type == MATRIX_INT8)
            PUT_NODES(out, dequantize, matrices[i].name, NULL);
        else if (matrices[i].type != MATRIX_FLOAT32)
            PUT_NODES(out, widen, matrices[i].name, NULL);
    }
}

void graph_put_matrices(pb_out *out, const stored *matrices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stored_put(out, &matrices[i]);
        if (matrices[i].type == MATRIX_INT8)
            stored_put_scales(out, &matrices[i]);
    }
}

/* ---- Inputs and outputs ----------------------------------------------------------------- */

enum { PORT_NAME = 1, PORT_TYPE = 2 };

static void put_dim(pb_out *out, const void *what)
{
    pb_put_int(out, 1, *(const size_t *)what);
}

static void put_shape(pb_out *out, const void *what)
{
    const port *const p = what;
    for (size_t d = 0; d < p->rank; d++)
        pb_put_message(out, 1, put_dim, &p->dims[d]);
}

static void put_tensor_type(pb_out *out, const void *what)
{
    pb_put_int(out, 1, TYPE_FLOAT);
    pb_put_message(out, 2, put_shape, what);
}

static void put_type(pb_out *out, const void *what)
{
    pb_put_message(out, 1, put_tensor_type, what);
}

static void put_port(pb_out *out, const void *what)
{
    pb_put_text(out, PORT_NAME, ((const port *)what)->name);
    pb_put_message(out, PORT_TYPE, put_type, what);
}

void graph_put_name(pb_out *out)
{
    pb_put_text(out, GRAPH_NAME, "unecho");
}

void graph_put_input(pb_out *out, const port *p)
{
    pb_put_message(out, GRAPH_INPUT, put_port, p);
}

void graph_put_output(pb_out *out, const port *p)
{
    pb_put_message(out, GRAPH_OUTPUT, put_port, p);
}

/* ---- File ------------------------------------------------------------------------------- */

static void put_opset(pb_out *out, const void *what)
{
    (void)what;
    pb_put_text(out, 1, "");
    pb_put_int(out, 2, OPSET);
}

static void put_model(pb_out *out, const graph_file *f)
{
    enum {
        VERSION = 1,
        PRODUCER = 2,
        PRODUCER_VERSION = 3,
        DOCUMENTATION = 6,
        GRAPH = 7,
        SETS = 8
    };
    char from[160];
    snprintf(from, sizeof from, "Weights of %.63s%s%.63s%s", f->name, f->producer[0] ? " (" : "",
             f->producer, f->producer[0] ? ")" : "");
    pb_put_int(out, VERSION, IR_VERSION);
    pb_put_text(out, PRODUCER, "unecho");
    pb_put_text(out, PRODUCER_VERSION, unecho_version());
    pb_put_text(out, DOCUMENTATION, from);
    pb_put_message(out, GRAPH, f->put_graph, f->what);
    pb_put_message(out, SETS, put_opset, NULL);
}

int graph_write(const graph_file *f, unsigned char *bytes, size_t room, size_t *size,
                const message *to)
{
    pb_out out = {bytes, bytes ? room : 0, 0};
    size_t rows = 0;
    int status = UNECHO_OK;
    for (size_t i = 0; i < f->count; i++)
        rows += f->matrices[i].m->rows;
    float *const scales = malloc((2 * rows + 1) * sizeof *scales);
    if (!scales)
        return message_fail(to, UNECHO_ERROR_MEMORY, "%s: out of memory", f->name);
    for (size_t i = 0, at = 0; i < f->count && status == UNECHO_OK; i++) {
        f->matrices[i].scales = scales + at;
        f->matrices[i].inverses = scales + rows + at;
        at += f->matrices[i].m->rows;
        status = stored_prepare(&f->matrices[i], f->name, to);
    }
    if (status == UNECHO_OK)
        put_model(&out, f);
    free(scales);
    if (status == UNECHO_OK)
        *size = out.used;
    return status;
}
