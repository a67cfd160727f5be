/*
 * ModelProto and GraphProto: bytes to the lists of the graph, counted first, then filled.
 */
#include "onnx.h"

#include "onnx_reader.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

/* Far above any export of the network (84 nodes), far below what exhausts memory. */
enum { NODES_MAX = 16384, LISTED_MAX = 65536 };

/* The wire type of a field of ModelProto, plus 1; 0: no such field. */
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

/* ONNX files have no magic number: check the fields of ModelProto up to the graph. */
static int check_kind(const source *file)
{
    const message silent = {NULL, 0};
    source quiet = *file;
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
                                "%s: not an ONNX model: unknown field at byte %zu", file->name,
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

/* ---- Model ------------------------------------------------------------------------------ */

static int read_opset(graph *g, pb_cursor body)
{
    graph_text domain = {NULL, 0};
    uint64_t version = 0;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number == 1)
            status = onnx_want_text(&field, &domain);
        else if (field.number == 2) {
            status = pb_want(&field, PB_VARINT);
            version = field.value;
        }
        if (status < 0)
            return status;
    }
    if (status == 0 && (domain.size == 0 || graph_text_is(domain, "ai.onnx")))
        g->version = version;
    return status;
}

static int read_model(graph *g, pb_cursor *graph_body)
{
    pb_cursor body = pb_open(&g->file);
    pb_field field;
    int status;
    graph_body->at = NULL;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 2:
            status = onnx_want_text(&field, &g->producer_name);
            break;
        case 3:
            status = onnx_want_text(&field, &g->producer_version);
            break;
        case 7:
            if (graph_body->at)
                return source_fail(&g->file, field.body.at, "a second graph");
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
static int check_opset(const graph *g)
{
    if (g->version == 0)
        return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                            "%s: no opset of ai.onnx; the file may be truncated", g->file.name);
    if (g->version < 7)
        return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                            "%s: opset %llu of ai.onnx, expected 7 or later", g->file.name,
                            (unsigned long long)g->version);
    return UNECHO_OK;
}

/* ---- Counting --------------------------------------------------------------------------- */

typedef struct counts {
    size_t nodes, names, outputs, attributes, integers, tensors, graph_inputs, graph_outputs;
} counts;

/* A varint ends with the only byte below 128. */
static int count_attribute(counts *c, pb_cursor body)
{
    size_t integers = 0;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0)
        for (const unsigned char *at = field.body.at;
             field.number == ONNX_ATTRIBUTE_INTS && at < field.body.end &&
             integers < GRAPH_LIST_MAX;
             at++)
            integers += *at < 128;
    c->integers += integers;
    return status;
}

static int count_node(counts *c, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        c->names += field.number == 1;
        c->outputs += field.number == 2;
        c->attributes += field.number == 5;
        if (field.number == 5 && field.wire == PB_BYTES)
            status = count_attribute(c, field.body);
        if (status < 0)
            return status;
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

static int check_counts(const graph *g, const counts *c)
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

static int allocate(onnx_reader *r, const counts *c)
{
    graph *const g = r->graph;
    g->nodes = list(c->nodes, sizeof *g->nodes);
    g->attributes = list(c->attributes, sizeof *g->attributes);
    g->tensors = list(c->tensors + c->nodes, sizeof *g->tensors); /* any node may be a Constant */
    g->lists = list(c->integers, sizeof *g->lists);
    g->links = list(c->names, sizeof *g->links);
    g->values = list(c->tensors + c->graph_inputs + c->outputs, sizeof *g->values);
    g->inputs = list(c->graph_inputs, sizeof *g->inputs);
    g->outputs = list(c->graph_outputs, sizeof *g->outputs);
    g->order = list(c->nodes, sizeof *g->order);
    r->names = list(c->names, sizeof *r->names);
    r->constants = list(c->nodes, sizeof *r->constants);
    if (g->nodes && g->attributes && g->tensors && g->lists && g->links && g->values && g->inputs &&
        g->outputs && g->order && r->names && r->constants)
        return UNECHO_OK;
    return message_fail(g->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory", g->file.name);
}

/* ---- Filling ---------------------------------------------------------------------------- */

static int read_initialiser(graph *g, const pb_field *field)
{
    int status = pb_want(field, PB_BYTES);
    if (status == UNECHO_OK)
        status = onnx_read_tensor(&g->tensors[g->tensor_count], field->body);
    if (status == UNECHO_OK)
        g->tensor_count++;
    return status;
}

static int read_graph(onnx_reader *r, pb_cursor body)
{
    graph *const g = r->graph;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            status = onnx_read_node(r, field.body);
            break;
        case 5:
            status = read_initialiser(g, &field);
            break;
        case 11:
            status = onnx_read_port(&g->inputs[g->input_count++], &field);
            break;
        case 12:
            status = onnx_read_port(&g->outputs[g->output_count++], &field);
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
    r->initialisers = g->tensor_count;
    return status;
}

static int read_all(onnx_reader *r)
{
    graph *const g = r->graph;
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
        status = allocate(r, &c);
    if (status == UNECHO_OK)
        status = read_graph(r, body);
    if (status == UNECHO_OK)
        status = check_opset(g);
    if (status != UNECHO_OK)
        return status;
    onnx_name_operators(g);
    status = onnx_link(r);
    if (status == UNECHO_OK)
        status = graph_sort(g);
    if (status == UNECHO_OK)
        status = onnx_check_operators(g);
    return status == UNECHO_OK ? graph_dequantize(g) : status;
}

int onnx_read(graph *g, const unsigned char *bytes, size_t size, const char *name,
              const message *to)
{
    onnx_reader r = {.graph = g};
    memset(g, 0, sizeof *g);
    g->file = (source){name, bytes, size, to};
    /* Enough to follow every element of every tensor through 16 nodes. */
    g->steps_left = ((uint64_t)1 << 20) + 4 * (uint64_t)size;
    const int status = read_all(&r);
    free(r.names);
    free(r.constants);
    if (status != UNECHO_OK)
        graph_free(g);
    return status;
}
