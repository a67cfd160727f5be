/*
 * What is in PipeWire's graph, kept up to date: microphones, sinks, their ports, and which are the
 * defaults. It changes nothing there.
 */
#ifndef UNECHO_CLI_LIVE_GRAPH_H
#define UNECHO_CLI_LIVE_GRAPH_H

#include <pipewire/pipewire.h>

#include <pipewire/extensions/metadata.h> /* needs the other */

#include <stdbool.h>
#include <stddef.h>

typedef enum graph_kind { GRAPH_SOURCE, GRAPH_SINK, GRAPH_OTHER } graph_kind;

typedef struct graph_node {
    uint32_t id;
    graph_kind kind;
    int priority;
    char *name;        /* never NULL */
    char *description; /* as users know it; never NULL */
} graph_node;

typedef struct graph_port {
    uint32_t id, node;
    unsigned number; /* in its node */
    bool is_output, is_monitor;
} graph_port;

/* From a node, wherever it goes. */
typedef struct graph_link {
    uint32_t id, from;
} graph_link;

/* A metadata object that is watched. */
typedef struct graph_metadata {
    struct graph *graph;
    uint32_t id;
    struct pw_metadata *proxy; /* NULL: there is none */
    struct spa_hook hook;
} graph_metadata;

typedef struct graph {
    struct pw_registry *registry;
    struct spa_hook hook;
    graph_node *nodes;
    graph_port *ports;
    graph_link *links;
    size_t node_count, port_count, link_count;
    graph_metadata defaults, settings;
    char *default_names[GRAPH_OTHER];             /* of source and sink; NULL: none */
    unsigned rate, least_quantum, forced_quantum; /* the settings; 0: unknown, or none */
    bool changed;                                 /* since this was last set to false */
} graph;

/* false: no memory, or the connection is lost. */
bool graph_open(graph *g, struct pw_core *core);
void graph_close(graph *g);

const graph_node *graph_find(const graph *g, const char *name);

/* The device of that name or description; NULL: the default one, or where that is not there the one
 * of the highest priority. Never one of ours. NULL if there is none. */
const graph_node *graph_choose(const graph *g, graph_kind kind, const char *wanted);

/* Whether a node is the work of this program. */
bool graph_is_ours(const char *name);

/* Whether anything is linked to the outputs of a node. */
bool graph_is_used(const graph *g, uint32_t node);

/* The ports of a node on one side, in their order: at most `most` into `ports`. Returns how many. A
 * node that has monitors and other outputs gives those that are asked for. */
size_t graph_ports(const graph *g, uint32_t node, bool outputs, bool monitors,
                   const graph_port **ports, size_t most);

/* How long a cycle of the graph may be while we ask for `frames` at 48 kHz, in milliseconds. */
double graph_cycle_ms(const graph *g, unsigned frames);

#endif
