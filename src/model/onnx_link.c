/*
 * From names to references: who makes the value that a node reads, and in which order nodes can be
 * computed. Names are used for this alone.
 */
#include "onnx.h"

#include "unecho.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    onnx_text name;
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

static size_t find(const name_index *index, onnx_text name)
{
    const entry key = {name, 0};
    if (index->count == 0)
        return ONNX_NONE;
    const entry *found =
        bsearch(&key, index->entries, index->count, sizeof *index->entries, compare);
    return found ? found->value : ONNX_NONE;
}

static size_t add_value(onnx_graph *g, onnx_text name, onnx_from from, size_t index)
{
    onnx_value *v = &g->values[g->value_count];
    v->name = name;
    v->from = from;
    v->index = index;
    return g->value_count++;
}

/* A Constant node is a tensor that stands elsewhere in the file. */
static int read_constants(onnx_graph *g)
{
    for (size_t i = 0; i < g->node_count; i++) {
        const onnx_node *n = &g->nodes[i];
        if (n->op != ONNX_CONSTANT || n->outputs != 1)
            continue;
        const onnx_attribute *a = onnx_attribute_of(g, n, "value");
        if (!a || !a->tensor.at)
            continue; /* the node stays one that cannot be computed, and is named if it matters */
        onnx_tensor *t = &g->tensors[g->tensor_count];
        const int status = onnx_read_tensor(t, a->tensor);
        if (status != UNECHO_OK)
            return status;
        onnx_value *v = &g->values[n->first_output];
        t->name = v->name;
        v->from = ONNX_FROM_TENSOR;
        v->index = g->tensor_count++;
        v->shaped = true;
        v->shape = t->shape;
    }
    return UNECHO_OK;
}

static int add_tensors(onnx_graph *g)
{
    for (size_t i = 0; i < g->initialiser_count; i++) {
        if (g->tensors[i].name.size == 0)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: initialiser %zu has no name", g->file.name, i);
        const size_t value = add_value(g, g->tensors[i].name, ONNX_FROM_TENSOR, i);
        g->values[value].shaped = true;
        g->values[value].shape = g->tensors[i].shape;
    }
    return UNECHO_OK;
}

/* Files of IR version 3 list initialisers among the inputs, too: those are none. */
static int add_inputs(onnx_graph *g, name_index *tensors)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->tensor_count; i++)
        tensors->entries[tensors->count++] = (entry){g->tensors[i].name, i};
    qsort(tensors->entries, tensors->count, sizeof *tensors->entries, compare);
    for (size_t i = 0; i < g->input_count; i++) {
        onnx_port *port = &g->inputs[i];
        if (port->name.size == 0)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph input %zu has no name", g->file.name, i);
        if (find(tensors, port->name) != ONNX_NONE)
            continue;
        port->value = add_value(g, port->name, ONNX_FROM_INPUT, kept);
        g->values[port->value].shaped = port->shaped;
        g->values[port->value].shape = port->shape;
        g->inputs[kept++] = *port;
    }
    g->input_count = kept;
    return UNECHO_OK;
}

static int index_values(const onnx_graph *g, name_index *index)
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
                                onnx_label_of(index->entries[i].name).text);
    return UNECHO_OK;
}

static int resolve(onnx_graph *g, const name_index *index)
{
    for (size_t i = 0; i < g->node_count; i++) {
        const onnx_node *n = &g->nodes[i];
        for (size_t k = 0; k < n->inputs; k++) {
            const onnx_text name = g->names[n->first_input + k];
            size_t *link = &g->links[n->first_input + k];
            *link = name.size > 0 ? find(index, name) : ONNX_NONE;
            if (name.size > 0 && *link == ONNX_NONE)
                return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT,
                                      "its input '%s' is missing: no initialiser, graph input or "
                                      "node output has that name",
                                      onnx_label_of(name).text);
        }
    }
    for (size_t i = 0; i < g->output_count; i++) {
        onnx_port *port = &g->outputs[i];
        port->value = find(index, port->name);
        if (port->name.size == 0 || port->value == ONNX_NONE)
            return message_fail(g->file.message, UNECHO_ERROR_FORMAT,
                                "%s: graph output '%s' is missing: no node makes it", g->file.name,
                                onnx_label_of(port->name).text);
    }
    return UNECHO_OK;
}

/* ---- Order ------------------------------------------------------------------------------ */

enum { UNSEEN, OPEN, DONE };

typedef struct walk {
    unsigned char *seen;  /* per node */
    size_t *stack, *next; /* nodes on the way down, and which input of each comes next */
    size_t depth;
} walk;

static void enter(const onnx_graph *g, walk *w, size_t value)
{
    const onnx_value *v = &g->values[value];
    if (v->from != ONNX_FROM_NODE || w->seen[v->index] != UNSEEN)
        return;
    w->seen[v->index] = OPEN;
    w->stack[w->depth] = v->index;
    w->next[w->depth++] = 0;
}

static int descend(onnx_graph *g, walk *w)
{
    while (w->depth > 0) {
        const size_t index = w->stack[w->depth - 1];
        const onnx_node *n = &g->nodes[index];
        const size_t k = w->next[w->depth - 1]++;
        if (k == n->inputs) {
            w->seen[index] = DONE;
            g->order[g->order_count++] = index;
            w->depth--;
            continue;
        }
        const size_t value = onnx_in(g, n, k);
        if (value == ONNX_NONE)
            continue;
        const onnx_value *v = &g->values[value];
        if (v->from == ONNX_FROM_NODE && w->seen[v->index] == OPEN)
            return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT,
                                  "its input '%s' depends on its own output",
                                  onnx_label_of(v->name).text);
        enter(g, w, value);
    }
    return UNECHO_OK;
}

static int sort_nodes(onnx_graph *g)
{
    const size_t n = g->node_count + 1;
    walk w = {calloc(n, 1), calloc(n, sizeof *w.stack), calloc(n, sizeof *w.next), 0};
    const bool ready = w.seen && w.stack && w.next;
    int status = UNECHO_OK;
    for (size_t i = 0; ready && i < g->output_count && status == UNECHO_OK; i++) {
        enter(g, &w, g->outputs[i].value);
        status = descend(g, &w);
    }
    free(w.seen);
    free(w.stack);
    free(w.next);
    if (!ready)
        return message_fail(g->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory",
                            g->file.name);
    return status;
}

/* ---- Operators -------------------------------------------------------------------------- */

static void name_operators(onnx_graph *g)
{
    size_t least, most;
    for (size_t i = 0; i < g->node_count; i++) {
        onnx_node *n = &g->nodes[i];
        n->op = onnx_op_of(n->domain, n->op_type, &least, &most);
    }
}

/* Only of the nodes that the outputs depend on: what else a file holds is its own affair. */
static int check_operators(const onnx_graph *g)
{
    for (size_t i = 0; i < g->order_count; i++) {
        const onnx_node *n = &g->nodes[g->order[i]];
        size_t least, most;
        onnx_op_of(n->domain, n->op_type, &least, &most);
        if (n->op == ONNX_UNKNOWN)
            return onnx_fail_node(g, n, UNECHO_ERROR_MODEL,
                                  "this operator is none of those that unecho reads");
        if (n->op == ONNX_CONSTANT)
            return onnx_fail_node(g, n, UNECHO_ERROR_MODEL, "no tensor in its attribute 'value'");
        if (n->inputs < least || n->inputs > most)
            return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT, "%zu inputs, expected %zu to %zu",
                                  n->inputs, least, most);
        for (size_t k = 0; k < n->inputs; k++)
            if (onnx_in(g, n, k) == ONNX_NONE && (k < least || n->op == ONNX_CONCAT))
                return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT, "its input %zu is left out", k);
    }
    return UNECHO_OK;
}

int onnx_order(onnx_graph *graph)
{
    const int status = sort_nodes(graph);
    return status == UNECHO_OK ? check_operators(graph) : status;
}

int onnx_link(onnx_graph *graph)
{
    name_operators(graph);
    int status = read_constants(graph);
    if (status == UNECHO_OK)
        status = add_tensors(graph);
    if (status != UNECHO_OK)
        return status;
    const size_t most = graph->value_count + graph->input_count + graph->tensor_count + 1;
    name_index index = {calloc(most, sizeof *index.entries), 0};
    if (!index.entries)
        return message_fail(graph->file.message, UNECHO_ERROR_MEMORY, "%s: out of memory",
                            graph->file.name);
    status = add_inputs(graph, &index);
    if (status == UNECHO_OK)
        status = index_values(graph, &index);
    if (status == UNECHO_OK)
        status = resolve(graph, &index);
    free(index.entries);
    if (status == UNECHO_OK)
        status = onnx_order(graph);
    return status == UNECHO_OK ? onnx_dequantize(graph) : status;
}
