/* What goes into a graph and comes out of it. Knows no network. */
#include "match.h"

#include "unecho.h"

#include <stdio.h>

#define MODEL UNECHO_ERROR_MODEL

size_t match_vector_size(const graph_shape *shape)
{
    for (size_t d = 0; d < shape->rank; d++)
        if (shape->dims[d] != 1 && shape->dims[d] != shape->elements)
            return 0;
    return shape->elements;
}

int match_count_error(const graph *g, const char *what, size_t found, size_t expected)
{
    return message_fail(g->file.message, MODEL, "%s: %zu graph %s, expected %zu", g->file.name,
                        found, what, expected);
}

int match_declared(const graph *g, const graph_port *port)
{
    const graph_value *v = &g->values[port->value];
    bool fits = port->shape.rank == v->shape.rank;
    if (!v->shaped)
        return graph_fail_value(g, port->value, MODEL, "its shape is not known");
    for (size_t d = 0; fits && d < v->shape.rank; d++)
        fits = (port->open >> d & 1) || port->shape.dims[d] == v->shape.dims[d];
    if (fits || !port->shaped)
        return UNECHO_OK;
    return message_fail(g->file.message, MODEL,
                        "%s: graph output '%s' is declared as %s, but its nodes make %s",
                        g->file.name, graph_label_of(port->name).text,
                        graph_shape_label(&port->shape).text, graph_shape_label(&v->shape).text);
}

void match_producer(const graph *g, char *text, size_t size)
{
    snprintf(text, size, "%.40s%s%.22s", graph_label_of(g->producer_name).text,
             g->producer_version.size > 0 ? " " : "", graph_label_of(g->producer_version).text);
}
