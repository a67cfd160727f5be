/*
 * ModelProto, GraphProto, NodeProto, AttributeProto and ValueInfoProto: bytes to the lists of
 * onnx_graph, counted first, then filled. Knows which field is which; links nothing.
 */
#include "onnx.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

/* Far above any export of the network (84 nodes), far below what would cost memory that hurts. */
enum { NODES_MAX = 16384, LISTED_MAX = 65536 };

/* What a field of ModelProto must look like; 0: no such field. */
static int model_wire(uint32_t number)
{
    switch (number) {
    case 1:
    case 5:
        return PB_VARINT + 1;
    case 2:
    case 3:
    case 4:
    case 6:
    case 7:
    case 8:
    case 14:
    case 20:
    case 25:
    case 26:
        return PB_BYTES + 1;
    default:
        return 0;
    }
}

/* ONNX files have no magic number: one begins with fields of ModelProto up to the graph. */
static int check_kind(const pb_file *file)
{
    const message silent = {NULL, 0};
    pb_file quiet = *file;
    quiet.message = &silent;
    if (file->size == 0)
        return message_fail(file->message, UNECHO_ERROR_FORMAT,
                            "%s: not an ONNX model: the file is empty", file->name);
    pb_cursor cursor = pb_open(&quiet);
    while (cursor.at < cursor.end) {
        pb_cursor tag = cursor;
        uint64_t key = 0;
        pb_field field;
        if (pb_varint(&tag, &key) < 0 || key >> 3 > UINT32_MAX ||
            model_wire((uint32_t)(key >> 3)) != (int)(key & 7) + 1)
            return message_fail(file->message, UNECHO_ERROR_FORMAT,
                                "%s: not an ONNX model: no field of one at byte %zu", file->name,
                                (size_t)(cursor.at - file->bytes));
        if (key >> 3 == 7)
            return UNECHO_OK;
        if (pb_next(&cursor, &field) < 0)
            break;
    }
    return message_fail(file->message, UNECHO_ERROR_FORMAT,
                        "%s: not an ONNX model, or truncated: no graph in its %zu bytes",
                        file->name, file->size);
}

static int want_text(const pb_field *field, onnx_text *text)
{
    *text = onnx_text_of(field->body);
    return pb_want(field, PB_BYTES);
}

/* ---- Model ------------------------------------------------------------------------------ */

static int read_opset(onnx_graph *g, pb_cursor body)
{
    onnx_text domain = {NULL, 0};
    uint64_t version = 0;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number == 1)
            status = want_text(&field, &domain);
        else if (field.number == 2) {
            status = pb_want(&field, PB_VARINT);
            version = field.value;
        }
        if (status < 0)
            return status;
    }
    if (status == 0 && (domain.size == 0 || onnx_text_is(domain, "ai.onnx")))
        g->opset = version;
    return status;
}

static int read_model(onnx_graph *g, pb_cursor *graph_body)
{
    pb_cursor body = pb_open(&g->file);
    pb_field field;
    int status;
    graph_body->at = NULL;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 2:
            status = want_text(&field, &g->producer_name);
            break;
        case 3:
            status = want_text(&field, &g->producer_version);
            break;
        case 7:
            if (graph_body->at)
                return pb_fail(&g->file, field.body.at, "a second graph");
            *graph_body = field.body;
            status = pb_want(&field, PB_BYTES);
            break;
        case 8:
            status = pb_want(&field, PB_BYTES);
            if (status == UNECHO_OK)
                status = read_opset(g, field.body);
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}

/* Operators before opset 7 broadcast by other rules. */
static int check_opset(const onnx_graph *g)
{
    if (g->opset == 0)
        return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                            "%s: no opset of ai.onnx; the file may be truncated", g->file.name);
    if (g->opset < 7)
        return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                            "%s: opset %llu of ai.onnx, expected 7 or later", g->file.name,
                            (unsigned long long)g->opset);
    return UNECHO_OK;
}

/* ---- Counting --------------------------------------------------------------------------- */

typedef struct counts {
    size_t nodes, names, outputs, attributes, tensors, graph_inputs, graph_outputs;
} counts;

static int count_node(counts *c, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        c->names += field.number == 1;
        c->outputs += field.number == 2;
        c->attributes += field.number == 5;
    }
    return status;
}

static int count_graph(counts *c, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            c->nodes++;
            status = pb_want(&field, PB_BYTES);
            if (status == UNECHO_OK)
                status = count_node(c, field.body);
            break;
        case 5:
            c->tensors++;
            break;
        case 11:
            c->graph_inputs++;
            break;
        case 12:
            c->graph_outputs++;
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}

static int check_counts(const onnx_graph *g, const counts *c)
{
    const struct {
        const char *what;
        size_t found, most;
    } limits[] = {
        {"nodes", c->nodes, NODES_MAX},
        {"initialisers", c->tensors, NODES_MAX},
        {"inputs of nodes", c->names, LISTED_MAX},
        {"outputs of nodes", c->outputs, LISTED_MAX},
        {"attributes", c->attributes, LISTED_MAX},
        {"graph inputs", c->graph_inputs, NODES_MAX},
        {"graph outputs", c->graph_outputs, NODES_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].found > limits[i].most)
            return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                                "%s: %zu %s, expected at most %zu", g->file.name, limits[i].found,
                                limits[i].what, limits[i].most);
    return UNECHO_OK;
}

static void *list(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size);
}

static int allocate(onnx_graph *g, const counts *c)
{
    g->nodes = list(c->nodes, sizeof *g->nodes);
    g->attributes = list(c->attributes, sizeof *g->attributes);
    g->tensors = list(c->tensors + c->nodes, sizeof *g->tensors); /* any node may be a Constant */
    g->names = list(c->names, sizeof *g->names);
    g->links = list(c->names, sizeof *g->links);
    g->values = list(c->tensors + c->graph_inputs + c->outputs, sizeof *g->values);
    g->inputs = list(c->graph_inputs, sizeof *g->inputs);
    g->outputs = list(c->graph_outputs, sizeof *g->outputs);
    g->order = list(c->nodes, sizeof *g->order);
    if (g->nodes && g->attributes && g->tensors && g->names && g->links && g->values && g->inputs &&
        g->outputs && g->order)
        return UNECHO_OK;
    return message_fail(g->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory", g->file.name);
}

/* ---- Filling ---------------------------------------------------------------------------- */

static int check_ints(const pb_field *field)
{
    pb_cursor packed = field->body;
    uint64_t value = 0;
    int status = pb_want_list(field, PB_VARINT);
    while (status == UNECHO_OK && packed.at < packed.end)
        status = pb_varint(&packed, &value);
    return status;
}

static int read_attribute(onnx_attribute *a, pb_cursor body)
{
    pb_field field;
    int status;
    a->ints = body;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            status = want_text(&field, &a->name);
            break;
        case 2:
            status = pb_want(&field, PB_FIXED32);
            if (status == UNECHO_OK) {
                const onnx_tensor scalar = {.data = field.body.at};
                a->f = onnx_tensor_float(&scalar, 0);
            }
            break;
        case 3:
            status = pb_want(&field, PB_VARINT);
            a->i = (int64_t)field.value;
            break;
        case 5:
            status = pb_want(&field, PB_BYTES);
            a->tensor = field.body;
            break;
        case 8:
            status = check_ints(&field);
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}

static int read_node(onnx_graph *g, pb_cursor body)
{
    onnx_node *n = &g->nodes[g->node_count++];
    pb_field field;
    int status;
    n->first_input = g->name_count;
    n->first_output = g->value_count;
    n->first_attribute = g->attribute_count;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            n->inputs++;
            status = want_text(&field, &g->names[g->name_count++]);
            break;
        case 2: {
            onnx_value *v = &g->values[g->value_count++];
            v->from = ONNX_FROM_NODE;
            v->index = g->node_count - 1;
            v->output = n->outputs++;
            status = want_text(&field, &v->name);
            break;
        }
        case 3:
            status = want_text(&field, &n->name);
            break;
        case 4:
            status = want_text(&field, &n->op_type);
            break;
        case 5:
            n->attributes++;
            status = pb_want(&field, PB_BYTES);
            if (status == UNECHO_OK)
                status = read_attribute(&g->attributes[g->attribute_count++], field.body);
            break;
        case 7:
            status = want_text(&field, &n->domain);
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}

/* TensorShapeProto */
static int read_shape(onnx_port *port, pb_cursor body)
{
    size_t dims[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number != 1)
            continue;
        status = pb_want(&field, PB_BYTES);
        if (status < 0)
            return status;
        if (rank == ONNX_RANK_MAX)
            return pb_fail(body.file, field.body.at, "'%s' has more than 8 dims",
                           onnx_label_of(port->name).text);
        pb_cursor dim = field.body;
        int64_t size = 0;
        while ((status = pb_next(&dim, &field)) > 0)
            if (field.number == 1)
                size = (int64_t)field.value;
        if (status < 0)
            return status;
        if (size > INT32_MAX)
            return pb_fail(body.file, dim.end, "'%s': dim %zu is %lld",
                           onnx_label_of(port->name).text, rank, (long long)size);
        if (size <= 0)
            port->open |= 1u << rank;
        dims[rank++] = size <= 0 ? 1 : (size_t)size;
    }
    if (status < 0)
        return status;
    port->shaped = onnx_shape_set(&port->shape, rank, dims);
    return UNECHO_OK;
}

/* TypeProto { tensor_type: { elem_type, shape } } */
static int read_type(onnx_port *port, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number != 1)
            continue;
        status = pb_want(&field, PB_BYTES);
        if (status < 0)
            return status;
        pb_cursor tensor = field.body;
        while ((status = pb_next(&tensor, &field)) > 0) {
            if (field.number == 1)
                port->type = field.value;
            if (field.number == 2) {
                status = pb_want(&field, PB_BYTES);
                if (status == UNECHO_OK)
                    status = read_shape(port, field.body);
                if (status < 0)
                    return status;
            }
        }
        if (status < 0)
            return status;
    }
    return status;
}

static int read_port(onnx_port *port, const pb_field *whole)
{
    pb_cursor body = whole->body;
    pb_field field;
    int status = pb_want(whole, PB_BYTES);
    if (status < 0)
        return status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number == 1)
            status = want_text(&field, &port->name);
        if (field.number == 2) {
            status = pb_want(&field, PB_BYTES);
            if (status == UNECHO_OK)
                status = read_type(port, field.body);
        }
        if (status < 0)
            return status;
    }
    return status;
}

static int read_initialiser(onnx_graph *g, const pb_field *field)
{
    int status = pb_want(field, PB_BYTES);
    if (status == UNECHO_OK)
        status = onnx_read_tensor(&g->tensors[g->tensor_count], field->body);
    if (status == UNECHO_OK)
        g->tensor_count++;
    return status;
}

static int read_graph(onnx_graph *g, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            status = read_node(g, field.body);
            break;
        case 5:
            status = read_initialiser(g, &field);
            break;
        case 11:
            status = read_port(&g->inputs[g->input_count++], &field);
            break;
        case 12:
            status = read_port(&g->outputs[g->output_count++], &field);
            break;
        case 15:
            return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                                "%s: sparse initialisers, expected dense ones", g->file.name);
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    g->initialiser_count = g->tensor_count;
    return status;
}

static int read_all(onnx_graph *g)
{
    pb_cursor body;
    counts c = {0};
    int status = check_kind(&g->file);
    if (status == UNECHO_OK)
        status = read_model(g, &body);
    if (status == UNECHO_OK)
        status = count_graph(&c, body);
    if (status == UNECHO_OK)
        status = check_counts(g, &c);
    if (status == UNECHO_OK)
        status = allocate(g, &c);
    if (status == UNECHO_OK)
        status = read_graph(g, body);
    if (status == UNECHO_OK)
        status = check_opset(g);
    if (status == UNECHO_OK)
        status = onnx_link(g);
    return status;
}

int onnx_read(onnx_graph *graph, const unsigned char *bytes, size_t size, const char *name,
              const message *to)
{
    memset(graph, 0, sizeof *graph);
    graph->file = (pb_file){name, bytes, size, to};
    /* Enough to follow every element of every tensor through 16 nodes. */
    graph->steps_left = ((uint64_t)1 << 20) + 4 * (uint64_t)size;
    const int status = read_all(graph);
    if (status != UNECHO_OK)
        onnx_free(graph);
    return status;
}

void onnx_free(onnx_graph *graph)
{
    free(graph->nodes);
    free(graph->attributes);
    free(graph->tensors);
    free(graph->names);
    free(graph->lists);
    free(graph->links);
    free(graph->values);
    free(graph->inputs);
    free(graph->outputs);
    free(graph->order);
    memset(graph, 0, sizeof *graph);
}
