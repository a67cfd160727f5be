/* Access to a graph: attributes, inputs, shapes, and the names of things in messages. */
#include "graph.h"

#include "unecho.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest matrix of any network here has 2^24. */
#define ELEMENTS_MAX ((size_t)1 << 27)

bool graph_text_is(graph_text text, const char *word)
{
    return text.size == strlen(word) && (text.size == 0 || memcmp(text.at, word, text.size) == 0);
}

graph_label graph_label_of(graph_text text)
{
    graph_label label;
    const size_t room = sizeof label.text - 1;
    const size_t head = text.size <= room ? text.size : room / 2 - 3;
    size_t n = 0;
    for (size_t i = 0; i < head; i++)
        label.text[n++] = text.at[i];
    if (text.size > room) {
        for (size_t i = 0; i < 3; i++)
            label.text[n++] = '.';
        for (size_t i = text.size - (room - n); n < room; i++)
            label.text[n++] = text.at[i];
    }
    label.text[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (label.text[i] < ' ' || label.text[i] > '~')
            label.text[i] = '?';
    return label;
}

graph_label graph_shape_label(const graph_shape *shape)
{
    graph_label label;
    size_t n = 0;
    label.text[n++] = '[';
    for (size_t d = 0; d < shape->rank && n + 24 < sizeof label.text; d++) {
        const int written = snprintf(label.text + n, sizeof label.text - n, "%s%zu",
                                     d > 0 ? ", " : "", shape->dims[d]);
        n += written > 0 ? (size_t)written : 0;
    }
    label.text[n++] = ']';
    label.text[n] = 0;
    return label;
}

bool graph_shape_set(graph_shape *shape, size_t rank, const size_t *dims)
{
    size_t elements = 1;
    bool fits = true;
    shape->rank = rank;
    for (size_t d = 0; d < rank; d++) {
        shape->dims[d] = dims[d];
        if (dims[d] != 0 && elements > ELEMENTS_MAX / dims[d])
            fits = false;
        else
            elements *= dims[d];
    }
    shape->elements = elements;
    return fits;
}

const graph_attribute *graph_attribute_of(const graph *g, const graph_node *node, const char *name)
{
    for (size_t i = 0; i < node->attributes; i++) {
        const graph_attribute *attribute = &g->attributes[node->first_attribute + i];
        if (graph_text_is(attribute->name, name))
            return attribute;
    }
    return NULL;
}

int64_t graph_attribute_int(const graph *g, const graph_node *node, const char *name,
                            int64_t otherwise)
{
    const graph_attribute *attribute = graph_attribute_of(g, node, name);
    return attribute ? attribute->i : otherwise;
}

size_t graph_in(const graph *g, const graph_node *node, size_t k)
{
    return k < node->inputs ? g->links[node->first_input + k] : GRAPH_NONE;
}

static void name_node(const graph *g, const graph_node *node, char *text, size_t size)
{
    const graph_label op = graph_label_of(node->op_type);
    if (node->name.size > 0)
        snprintf(text, size, "node '%s' (%.40s)", graph_label_of(node->name).text, op.text);
    else if (node->outputs > 0)
        snprintf(text, size, "node that makes '%s' (%.40s)",
                 graph_label_of(g->values[node->first_output].name).text, op.text);
    else
        snprintf(text, size, "node without a name (%.40s)", op.text);
}

int graph_fail_node(const graph *g, const graph_node *node, int status, const char *format, ...)
{
    char who[256], what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    name_node(g, node, who, sizeof who);
    return message_fail(g->file.message, status, "%s: %s: %s", g->file.name, who, what);
}

int graph_fail_value(const graph *g, size_t value, int status, const char *format, ...)
{
    char who[256], what[256];
    const graph_value *v = &g->values[value];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (v->from == FROM_NODE)
        name_node(g, &g->nodes[v->index], who, sizeof who);
    else
        snprintf(who, sizeof who, "%s '%s'", v->from == FROM_INPUT ? "graph input" : "tensor",
                 graph_label_of(v->name).text);
    return message_fail(g->file.message, status, "%s: %s: %s", g->file.name, who, what);
}

void graph_free(graph *g)
{
    free(g->nodes);
    free(g->attributes);
    free(g->tensors);
    free(g->lists);
    free(g->links);
    free(g->values);
    free(g->inputs);
    free(g->outputs);
    free(g->order);
    memset(g, 0, sizeof *g);
}
