/* From names to links: which value each input of a node is. Names are used for nothing else. */
#include "onnx_reader.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    graph_text name;
    size_t value;
} entry;

typedef struct name_index {
    entry *entries;
    size_t count;
} name_index;

static int compare(const void *left, const void *right)
{
    const entry *a = left;
    const entry *b = right;
    if (a->name.size != b->name.size)
        return a->name.size < b->name.size ? -1 : 1;
    return a->name.size == 0 ? 0 : memcmp(a->name.at, b->name.at, a->name.size);
}

static size_t find(const name_index *index, graph_text name)
{
    const entry key = {name, 0};
    if (index->count == 0)
        return GRAPH_NONE;
    const entry *found =
        bsearch(&key, index->entries, index->count, sizeof *index->entries, compare);
    return found ? found->value : GRAPH_NONE;
}

static size_t add_value(graph *g, graph_text name, graph_from from, size_t index)
{
    graph_value *v = &g->values[g->value_count];
    v->name = name;
    v->from = from;
    v->index = index;
    return g->value_count++;
}

/* A Constant node is a tensor that is stored elsewhere in the file. */
static int read_constants(onnx_reader *r)
{
    graph *const g = r->graph;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *n = &g->nodes[i];
        if (n->op != OP_CONSTANT || n->outputs != 1 || !r->constants[i].at)
            continue; /* onnx_check_operators refuses a Constant that is still a node */
        graph_tensor *t = &g->tensors[g->tensor_count];
        const int status = onnx_read_tensor(t, r->constants[i]);
        if (status != UNECHO_OK)
            return status;
        graph_value *v = &g->values[n->first_output];
        t->name = v->name;
        v->from = FROM_TENSOR;
        v->index = g->tensor_count++;
        v->shaped = true;
        v->shape = t->shape;
    }
    return UNECHO_OK;
}

static int add_tensors(const onnx_reader *r)
{
    graph *const g = r->graph;
    for (size_t i = 0; i < r->initialisers; i++) {
        if (g->tensors[i].name.size == 0)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: initialiser %zu has no name", g->file.name, i);
        const size_t value = add_value(g, g->tensors[i].name, FROM_TENSOR, i);
        g->values[value].shaped = true;
        g->values[value].shape = g->tensors[i].shape;
    }
    return UNECHO_OK;
}

/* Files of IR version 3 list the initialisers among the inputs; drop them. */
static int add_inputs(graph *g, name_index *tensors)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->tensor_count; i++)
        tensors->entries[tensors->count++] = (entry){g->tensors[i].name, i};
    qsort(tensors->entries, tensors->count, sizeof *tensors->entries, compare);
    for (size_t i = 0; i < g->input_count; i++) {
        graph_port *port = &g->inputs[i];
        if (port->name.size == 0)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph input %zu has no name", g->file.name, i);
        if (find(tensors, port->name) != GRAPH_NONE)
            continue;
        port->value = add_value(g, port->name, FROM_INPUT, kept);
        g->values[port->value].shaped = port->shaped;
        g->values[port->value].shape = port->shape;
        g->inputs[kept++] = *port;
    }
    g->input_count = kept;
    return UNECHO_OK;
}

static int index_values(const graph *g, name_index *index)
{
    index->count = 0;
    for (size_t i = 0; i < g->value_count; i++)
        if (g->values[i].name.size > 0)
            index->entries[index->count++] = (entry){g->values[i].name, i};
    if (index->count > 0)
        qsort(index->entries, index->count, sizeof *index->entries, compare);
    for (size_t i = 1; i < index->count; i++)
        if (compare(&index->entries[i - 1], &index->entries[i]) == 0)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: two tensors are called '%s'", g->file.name,
                                graph_label_of(index->entries[i].name).text);
    return UNECHO_OK;
}

static int resolve(const onnx_reader *r, const name_index *index)
{
    graph *const g = r->graph;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *n = &g->nodes[i];
        for (size_t k = 0; k < n->inputs; k++) {
            const graph_text name = r->names[n->first_input + k];
            size_t *link = &g->links[n->first_input + k];
            *link = name.size > 0 ? find(index, name) : GRAPH_NONE;
            if (name.size > 0 && *link == GRAPH_NONE)
                return graph_fail_node(g, n, UNECHO_ERROR_FORMAT,
                                       "its input '%s' is missing: no initialiser, graph input or "
                                       "node output has that name",
                                       graph_label_of(name).text);
        }
    }
    for (size_t i = 0; i < g->output_count; i++) {
        graph_port *port = &g->outputs[i];
        port->value = find(index, port->name);
        if (port->name.size == 0 || port->value == GRAPH_NONE)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph output '%s' is missing: no node makes it", g->file.name,
                                graph_label_of(port->name).text);
    }
    return UNECHO_OK;
}

int onnx_link(onnx_reader *r)
{
    graph *const g = r->graph;
    int status = read_constants(r);
    if (status == UNECHO_OK)
        status = add_tensors(r);
    if (status != UNECHO_OK)
        return status;
    const size_t most = g->value_count + g->input_count + g->tensor_count + 1;
    name_index index = {calloc(most, sizeof *index.entries), 0};
    if (!index.entries)
        return message_fail(g->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory",
                            g->file.name);
    status = add_inputs(g, &index);
    if (status == UNECHO_OK)
        status = index_values(g, &index);
    if (status == UNECHO_OK)
        status = resolve(r, &index);
    free(index.entries);
    return status;
}
