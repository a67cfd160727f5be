/* An order in which the nodes can be computed: depth first from the outputs. */
#include "graph.h"

#include "unecho.h"

#include <stdlib.h>

enum { UNSEEN, OPEN, DONE };

typedef struct walk {
    unsigned char *seen;  /* per node */
    size_t *stack, *next; /* the nodes being visited, and the next input of each */
    size_t depth;
} walk;

static void enter(const graph *g, walk *w, size_t value)
{
    const graph_value *v = &g->values[value];
    if (v->from != FROM_NODE || w->seen[v->index] != UNSEEN)
        return;
    w->seen[v->index] = OPEN;
    w->stack[w->depth] = v->index;
    w->next[w->depth++] = 0;
}

static int descend(graph *g, walk *w)
{
    while (w->depth > 0) {
        const size_t index = w->stack[w->depth - 1];
        const graph_node *n = &g->nodes[index];
        const size_t k = w->next[w->depth - 1]++;
        if (k == n->inputs) {
            w->seen[index] = DONE;
            g->order[g->order_count++] = index;
            w->depth--;
            continue;
        }
        const size_t value = graph_in(g, n, k);
        if (value == GRAPH_NONE)
            continue;
        const graph_value *v = &g->values[value];
        if (v->from == FROM_NODE && w->seen[v->index] == OPEN)
            return graph_fail_node(g, n, UNECHO_ERROR_FORMAT,
                                   "its input '%s' depends on its own output",
                                   graph_label_of(v->name).text);
        enter(g, w, value);
    }
    return UNECHO_OK;
}

int graph_sort(graph *g)
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
