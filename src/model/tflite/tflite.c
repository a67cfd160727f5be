/*
 * Model, SubGraph and Buffer: counted first, then filled in, in the order of the file, in which
 * each operator must follow those whose outputs it reads.
 */
#include "tflite.h"

#include "tflite_reader.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

/* Far above any export of the network (106 tensors, 70 operators). */
enum { OPERATORS_MAX = 16384, LISTED_MAX = 65536 };

enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS };
enum { SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS };
enum { OPERATOR_INPUTS = 1, OPERATOR_OUTPUTS = 2 };

static const char identifier[] = "TFL3";
enum { SCHEMA_VERSION = 3 };

/* The first subgraph of the file. */
typedef struct parts {
    fb_vector tensors, inputs, outputs;
} parts;

bool tflite_is(const unsigned char *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes + 4, identifier, 4) == 0;
}

static int check_kind(const source *file)
{
    if (tflite_is(file->bytes, file->size))
        return UNECHO_OK;
    if (file->size < 8)
        return message_fail(file->message, UNECHO_ERROR_FORMAT,
                            "%s: not a TFLite model: %zu bytes are too few", file->name,
                            file->size);
    return message_fail(file->message, UNECHO_ERROR_FORMAT,
                        "%s: not a TFLite model: no identifier '%s' at byte 4", file->name,
                        identifier);
}

/* The lists of the root table, and the table of the first subgraph. */
static int read_root(tflite_reader *t, const fb_table *root, fb_table *subgraph)
{
    graph *const g = t->graph;
    fb_vector subgraphs = {NULL, 0}, description = {NULL, 0};
    uint64_t version = 0;
    int status = fb_number(root, MODEL_VERSION, 4, 0, &version);
    if (status != UNECHO_OK)
        return status;
    if (version != SCHEMA_VERSION)
        return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                            "%s: version %llu of TFLite's schema, expected %d", g->file.name,
                            (unsigned long long)version, SCHEMA_VERSION);
    status = fb_vector_of(root, MODEL_CODES, 4, &t->codes);
    if (status == UNECHO_OK)
        status = fb_vector_of(root, MODEL_BUFFERS, 4, &t->buffers);
    if (status == UNECHO_OK)
        status = fb_vector_of(root, MODEL_DESCRIPTION, 1, &description);
    if (status == UNECHO_OK)
        status = fb_vector_of(root, MODEL_SUBGRAPHS, 4, &subgraphs);
    if (status != UNECHO_OK)
        return status;
    if (subgraphs.count == 0)
        return message_fail(g->file.message, UNECHO_ERROR_FORMAT, "%s: no subgraph", g->file.name);
    g->version = version;
    g->producer_name = (graph_text){(const char *)description.at, description.count};
    return fb_element(&g->file, &subgraphs, 0, subgraph);
}

static int read_model(tflite_reader *t, parts *p)
{
    fb_table root = {0}, subgraph = {0};
    int status = check_kind(&t->graph->file);
    if (status == UNECHO_OK)
        status = fb_open(&t->graph->file, identifier, &root);
    if (status == UNECHO_OK)
        status = read_root(t, &root, &subgraph);
    if (status == UNECHO_OK)
        status = fb_vector_of(&subgraph, SUBGRAPH_TENSORS, 4, &p->tensors);
    if (status == UNECHO_OK)
        status = fb_vector_of(&subgraph, SUBGRAPH_INPUTS, 4, &p->inputs);
    if (status == UNECHO_OK)
        status = fb_vector_of(&subgraph, SUBGRAPH_OUTPUTS, 4, &p->outputs);
    if (status == UNECHO_OK)
        status = fb_vector_of(&subgraph, SUBGRAPH_OPERATORS, 4, &t->operators);
    return status;
}

static int check_counts(const tflite_reader *t, const parts *p, size_t ends)
{
    const struct {
        const char *what;
        size_t found, most;
    } limits[] = {
        {"operators", t->operators.count, OPERATORS_MAX},
        {"tensors", p->tensors.count, OPERATORS_MAX},
        {"graph inputs", p->inputs.count, OPERATORS_MAX},
        {"graph outputs", p->outputs.count, OPERATORS_MAX},
        {"inputs and outputs of operators", ends, LISTED_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].found > limits[i].most)
            return message_fail(t->graph->file.message, UNECHO_ERROR_MODEL,
                                "%s: %zu %s, expected at most %zu", t->graph->file.name,
                                limits[i].found, limits[i].what, limits[i].most);
    return UNECHO_OK;
}

/* Room for all operators; refuses a file in which they have too many inputs and outputs. */
static int count(const tflite_reader *t, const parts *p, tflite_room *room)
{
    size_t ends = 0;
    int status = check_counts(t, p, ends);
    for (size_t i = 0; i < t->operators.count && status == UNECHO_OK; i++) {
        fb_table op;
        fb_vector inputs = {NULL, 0}, outputs = {NULL, 0};
        status = fb_element(&t->graph->file, &t->operators, i, &op);
        if (status == UNECHO_OK)
            status = fb_vector_of(&op, OPERATOR_INPUTS, 4, &inputs);
        if (status == UNECHO_OK)
            status = fb_vector_of(&op, OPERATOR_OUTPUTS, 4, &outputs);
        ends += inputs.count + outputs.count;
        if (status == UNECHO_OK)
            status = check_counts(t, p, ends);
        tflite_add_room(room, inputs.count, outputs.count);
    }
    room->values += p->tensors.count + p->inputs.count;
    room->tensors += p->tensors.count;
    return status;
}

static int allocate(tflite_reader *t, const parts *p, const tflite_room *room)
{
    graph *const g = t->graph;
    t->tensors = calloc(p->tensors.count + 1, sizeof *t->tensors);
    g->nodes = calloc(room->nodes + 1, sizeof *g->nodes);
    g->attributes = calloc(room->attributes + 1, sizeof *g->attributes);
    g->tensors = calloc(room->tensors + 1, sizeof *g->tensors);
    g->links = calloc(room->links + 1, sizeof *g->links);
    g->values = calloc(room->values + 1, sizeof *g->values);
    g->lists = calloc(room->lists + 1, sizeof *g->lists);
    g->inputs = calloc(p->inputs.count + 1, sizeof *g->inputs);
    g->outputs = calloc(p->outputs.count + 1, sizeof *g->outputs);
    g->order = calloc(room->nodes + 1, sizeof *g->order);
    if (t->tensors && g->nodes && g->attributes && g->tensors && g->links && g->values &&
        g->lists && g->inputs && g->outputs && g->order)
        return UNECHO_OK;
    return message_fail(g->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory", g->file.name);
}

static int read_tensors(tflite_reader *t, const parts *p)
{
    int status = UNECHO_OK;
    for (size_t i = 0; i < p->tensors.count && status == UNECHO_OK; i++) {
        fb_table table;
        status = fb_element(&t->graph->file, &p->tensors, i, &table);
        if (status == UNECHO_OK)
            status = tflite_read_tensor(t, t->tensor_count++, &table);
    }
    return status;
}

/* The tensor that is graph input or output i; NULL: none, with a message. */
static tflite_tensor *port_tensor(const tflite_reader *t, const fb_vector *list, size_t i,
                                  const char *what)
{
    const int32_t index = fb_int_at(list, i);
    if (index >= 0 && (size_t)index < t->tensor_count)
        return &t->tensors[index];
    message_fail(t->graph->file.message, UNECHO_ERROR_FORMAT,
                 "%s: graph %s %zu is tensor %ld of %zu", t->graph->file.name, what, i, (long)index,
                 t->tensor_count);
    return NULL;
}

static graph_port port_of(const tflite_tensor *tensor)
{
    return (graph_port){tensor->name,   tensor->value, tensor->type,
                        tensor->shaped, tensor->shape, tensor->open};
}

static int read_inputs(tflite_reader *t, const fb_vector *list)
{
    graph *const g = t->graph;
    for (size_t i = 0; i < list->count; i++) {
        tflite_tensor *const tensor = port_tensor(t, list, i, "input");
        if (!tensor)
            return UNECHO_ERROR_FORMAT;
        if (tensor->value != GRAPH_NONE)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph input '%s' is constant or listed twice", g->file.name,
                                graph_label_of(tensor->name).text);
        tensor->value = g->value_count++;
        g->values[tensor->value] =
            (graph_value){tensor->name, FROM_INPUT, i, 0, tensor->shaped, tensor->shape};
        g->inputs[g->input_count++] = port_of(tensor);
    }
    return UNECHO_OK;
}

static int read_outputs(tflite_reader *t, const fb_vector *list)
{
    graph *const g = t->graph;
    for (size_t i = 0; i < list->count; i++) {
        const tflite_tensor *const tensor = port_tensor(t, list, i, "output");
        if (!tensor)
            return UNECHO_ERROR_FORMAT;
        if (tensor->value == GRAPH_NONE)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph output '%s' is missing: no operator makes it",
                                g->file.name, graph_label_of(tensor->name).text);
        g->outputs[g->output_count++] = port_of(tensor);
    }
    return UNECHO_OK;
}

static int read_operators(tflite_reader *t)
{
    int status = UNECHO_OK;
    for (size_t i = 0; i < t->operators.count && status == UNECHO_OK; i++) {
        fb_table op;
        status = fb_element(&t->graph->file, &t->operators, i, &op);
        if (status == UNECHO_OK)
            status = tflite_read_operator(t, &op);
    }
    return status;
}

static int read_all(tflite_reader *t)
{
    parts p = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    tflite_room room = {0};
    int status = read_model(t, &p);
    if (status == UNECHO_OK)
        status = count(t, &p, &room);
    if (status == UNECHO_OK)
        status = allocate(t, &p, &room);
    if (status == UNECHO_OK)
        status = read_tensors(t, &p);
    if (status == UNECHO_OK)
        status = read_inputs(t, &p.inputs);
    if (status == UNECHO_OK)
        status = read_operators(t);
    if (status == UNECHO_OK)
        status = read_outputs(t, &p.outputs);
    return status == UNECHO_OK ? graph_sort(t->graph) : status;
}

int tflite_read(graph *g, const unsigned char *bytes, size_t size, const char *name,
                const message *to)
{
    tflite_reader t = {.graph = g};
    memset(g, 0, sizeof *g);
    g->file = (source){name, bytes, size, to};
    /* Enough to follow every element of every tensor, int8 included, through 16 nodes. */
    g->steps_left = ((uint64_t)1 << 20) + 16 * (uint64_t)size;
    const int status = read_all(&t);
    free(t.tensors);
    if (status != UNECHO_OK)
        graph_free(g);
    return status;
}
