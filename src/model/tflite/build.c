/* What translations of operators share: reading options and inputs, adding nodes to the graph. */
#include "operation.h"

#include "unecho.h"

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

static graph_text text_of(const char *word)
{
    return (graph_text){word, strlen(word)};
}

graph_node op_node(const operation *o)
{
    return (graph_node){.name = o->label, .op_type = text_of(o->name)};
}

int op_fail(const operation *o, int status, const char *what)
{
    const graph_node n = op_node(o);
    return graph_fail_node(o->t->graph, &n, status, "%s", what);
}

/* ---- Building --------------------------------------------------------------------------- */

void tflite_add_room(tflite_room *room, size_t inputs, size_t outputs)
{
    const size_t ends = inputs + outputs;
    room->nodes += 3 + ends;
    room->values += 3 + ends + outputs;
    room->links += 5 + 2 * ends;
    room->attributes += 3 * (3 + ends);
    room->lists += 4 * GRAPH_LIST_MAX + ends;
    room->tensors += 1;
}

graph_node *op_add_node(const operation *o, graph_op op)
{
    graph *const g = o->t->graph;
    graph_node *const n = &g->nodes[g->node_count++];
    n->name = o->label;
    n->op_type = text_of(o->name);
    n->op = op;
    n->first_input = g->link_count;
    n->first_output = g->value_count;
    n->first_attribute = g->attribute_count;
    return n;
}

void op_add_input(const operation *o, graph_node *n, size_t value)
{
    graph *const g = o->t->graph;
    g->links[g->link_count++] = value;
    n->inputs++;
}

size_t op_add_value(const operation *o, graph_node *n)
{
    graph *const g = o->t->graph;
    graph_value *const v = &g->values[g->value_count];
    v->name = o->label;
    v->from = FROM_NODE;
    v->index = g->node_count - 1;
    v->output = n->outputs++;
    return g->value_count++;
}

tflite_tensor *op_output_tensor(const operation *o, size_t k)
{
    return &o->t->tensors[fb_int_at(&o->outputs, k)];
}

void op_add_output(const operation *o, graph_node *n, size_t k)
{
    tflite_tensor *const tensor = op_output_tensor(o, k);
    tensor->value = op_add_value(o, n);
    graph_value *const v = &o->t->graph->values[tensor->value];
    v->name = tensor->name;
    v->shaped = tensor->shaped;
    v->shape = tensor->shape;
}

static graph_attribute *add_attribute(const operation *o, graph_node *n, const char *name)
{
    graph *const g = o->t->graph;
    graph_attribute *const a = &g->attributes[g->attribute_count++];
    a->name = text_of(name);
    n->attributes++;
    return a;
}

void op_add_int(const operation *o, graph_node *n, const char *name, int64_t value)
{
    add_attribute(o, n, name)->i = value;
}

void op_add_list(const operation *o, graph_node *n, const char *name, const int64_t *list,
                 size_t count)
{
    graph_attribute *const a = add_attribute(o, n, name);
    int64_t *const to = o->t->graph->lists + o->t->graph->list_count;
    if (count > 0)
        memcpy(to, list, count * sizeof *list);
    a->list = to;
    a->listed = count;
    o->t->graph->list_count += count;
}

/* ---- Reading ---------------------------------------------------------------------------- */

size_t op_input(const operation *o, size_t k)
{
    const int32_t index = k < o->inputs.count ? fb_int_at(&o->inputs, k) : -1;
    return index >= 0 ? o->t->tensors[index].value : GRAPH_NONE;
}

const graph_shape *op_shape(const operation *o, size_t value)
{
    return &o->t->graph->values[value].shape;
}

int op_option(const operation *o, unsigned field, size_t bytes, int32_t otherwise, int32_t *value)
{
    return fb_int(&o->options, field, bytes, otherwise, value);
}

int op_want_none(const operation *o, unsigned field, const char *what)
{
    const graph_node n = op_node(o);
    int32_t found = 0;
    const int status = op_option(o, field, 1, 0, &found);
    if (status != UNECHO_OK || found == 0)
        return status;
    return graph_fail_node(o->t->graph, &n, MODEL, "%s %ld, expected none (0)", what, (long)found);
}

int op_integers(const operation *o, size_t k, const char *what, int64_t *list, size_t *count)
{
    const graph *const g = o->t->graph;
    const graph_node n = op_node(o);
    const graph_value *const v = &g->values[op_input(o, k)];
    if (v->from == FROM_TENSOR && graph_tensor_ints(&g->tensors[v->index], list, count))
        return UNECHO_OK;
    return graph_fail_node(g, &n, MODEL, "its %s '%s' must be a few constant integers", what,
                           graph_label_of(v->name).text);
}

int op_simple(operation *o, graph_op op)
{
    graph_node *const n = op_add_node(o, op);
    for (size_t k = 0; k < o->inputs.count; k++)
        op_add_input(o, n, op_input(o, k));
    op_add_output(o, n, 0);
    return UNECHO_OK;
}
