/*
 * unecho live at work: keeps a virtual microphone, links the microphone and what the sink plays to
 * it, follows changes of either, connects again when PipeWire restarts.
 */
#include "live/chain.h"
#include "live/connection.h"
#include "live/graph.h"
#include "live/links.h"
#include "live/live.h"
#include "live/plugin.h"
#include "live/state.h"
#include "live/view.h"

#include "interrupt.h"
#include "progress.h"
#include "report.h"

#include <spa/utils/string.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Milliseconds between two looks at the statistics. */
#define STEP_MS 100
/* Without statistics for so long nothing runs. */
#define IDLE_SECONDS 0.5
/* Between attempts to connect, or to make a link again. */
#define RETRY_SECONDS 1.0
/* How long the node of an earlier run may take to go. */
#define LEFTOVER_SECONDS 3.0
/* The delay is known to a millisecond. */
#define LATE_MARGIN_MS 1.0

typedef struct live {
    const live_options *options;
    connection connection;
    live_plugin plugin;
    chain chain;
    links links;
    live_state state;
    char mic[256]; /* after which the virtual microphone is named */
    char used_mic[256], used_sink[256];
    double seen;  /* when the last statistics came */
    double retry; /* when to try again what failed */
    live_view view;
} live;

/* ---- The graph as it should be --------------------------------------------------------------- */

/* Channels in turn go left and right; one channel goes to both. */
static size_t wish(link_wish *wishes, const graph_port *const *from, size_t from_count,
                   const graph_port *const *to)
{
    size_t count = 0;
    for (size_t i = 0; i < from_count; i++)
        wishes[count++] = (link_wish){from[i]->id, to[i % 2]->id};
    if (from_count == 1)
        wishes[count++] = (link_wish){from[0]->id, to[1]->id};
    return count;
}

/* Two microphones; of a sink as many channels as it has. */
enum { MIC_PORTS = 2, SINK_PORTS = 8 };

static void link_devices(live *l, const graph_node *mic, const graph_node *sink)
{
    const graph *const g = &l->connection.graph;
    const graph_node *const input = graph_find(g, l->chain.input);
    const graph_port *inputs[CHAIN_INPUTS], *outputs[SINK_PORTS];
    link_wish wishes[LINKS_MOST];
    size_t count = 0;
    if (input && graph_ports(g, input->id, false, false, inputs, CHAIN_INPUTS) == CHAIN_INPUTS) {
        if (mic)
            count += wish(wishes, outputs, graph_ports(g, mic->id, true, false, outputs, MIC_PORTS),
                          inputs + CHAIN_MIC);
        if (sink)
            count +=
                wish(wishes + count, outputs,
                     graph_ports(g, sink->id, true, true, outputs, SINK_PORTS), inputs + CHAIN_FAR);
    }
    links_set(&l->links, wishes, count);
}

/* ---- The virtual microphone ---------------------------------------------------------------- */

/* A cycle is what the monitor of a sink that drives the graph is late. */
static unsigned reference_late(const live *l)
{
    if (l->options->reference_late_given)
        return l->options->reference_late_ms;
    const double late = ceil(graph_cycle_ms(&l->connection.graph, CHAIN_FRAMES) + LATE_MARGIN_MS);
    return (unsigned)fmin(late, UNECHO_REFERENCE_LATE_MAX_MS);
}

/* Another program has one of this name, unless it goes shortly, having been killed. */
static bool is_taken(live *l)
{
    const graph *const g = &l->connection.graph;
    const double end = progress_now() + LEFTOVER_SECONDS;
    while (graph_find(g, l->chain.name) && progress_now() < end && !interrupted() &&
           !l->connection.lost)
        connection_wait(&l->connection, STEP_MS);
    if (!graph_find(g, l->chain.name))
        return false;
    report_error("there is already a microphone '%s': unecho live runs already, perhaps as the "
                 "service (systemctl --user status unecho-live)",
                 l->chain.name);
    return true;
}

/* It takes the name of another microphone when no program holds it: to programs it is another one
 * then. false: reported. */
static bool keep_chain(live *l, const graph_node *mic)
{
    const graph_node *const own = graph_find(&l->connection.graph, l->chain.name);
    if (!mic || (l->chain.module && spa_streq(l->mic, mic->description)))
        return true;
    if (l->chain.module && own && graph_is_used(&l->connection.graph, own->id))
        return true;
    snprintf(l->mic, sizeof(l->mic), "%s", mic->description);
    /* The plugin may have something to say. */
    view_clear(&l->view);
    chain_close(&l->chain);
    return chain_open(&l->chain, l->connection.context, l->plugin.path, l->mic, l->options,
                      reference_late(l));
}

static const char *keep_name(char *to, size_t size, const graph_node *device)
{
    if (device)
        snprintf(to, size, "%s", device->description);
    return device ? to : NULL;
}

/* false: reported. */
static bool follow(live *l)
{
    const live_options *const o = l->options;
    graph *const g = &l->connection.graph;
    const graph_node *const mic = graph_choose(g, GRAPH_SOURCE, o->mic);
    const graph_node *const sink = graph_choose(g, GRAPH_SINK, o->sink);
    g->changed = false;
    if (!keep_chain(l, mic))
        return false;
    link_devices(l, mic, sink);
    l->state.mic = keep_name(l->used_mic, sizeof(l->used_mic), mic);
    l->state.sink = keep_name(l->used_sink, sizeof(l->used_sink), sink);
    l->state.name = l->chain.module ? l->chain.description : NULL;
    return true;
}

/* ---- The connection ------------------------------------------------------------------------ */

/* It may come; or the name is a mistake. */
static void mention_if_missing(const live *l, graph_kind kind, const char *wanted, const char *what)
{
    if (wanted && !graph_choose(&l->connection.graph, kind, wanted))
        report_note("there is no %s '%s' at present; 'unecho live --list' lists them", what,
                    wanted);
}

static void disconnect(live *l)
{
    if (!l->connection.context)
        return;
    links_close(&l->links);
    chain_close(&l->chain);
    connection_close(&l->connection);
    l->state.mic = l->state.sink = l->state.name = NULL;
    l->retry = progress_now() + RETRY_SECONDS;
}

/* false: it cannot go on, reported. */
static bool connect_again(live *l)
{
    l->retry = progress_now() + RETRY_SECONDS;
    if (!connection_open(&l->connection))
        return true;
    view_clear(&l->view);
    l->links = (links){.core = l->connection.core, .passive = !l->view.draws};
    mention_if_missing(l, GRAPH_SOURCE, l->options->mic, "microphone");
    mention_if_missing(l, GRAPH_SINK, l->options->sink, "loudspeaker");
    return !is_taken(l);
}

/* ---- The loop ----------------------------------------------------------------------------------
 */

static void look(live *l)
{
    unecho_stats stats;
    live_state *const state = &l->state;
    const double now = progress_now();
    if (l->connection.context && plugin_stats(&l->plugin, &stats)) {
        l->seen = now;
        live_state_take(state, &stats, now);
    }
    const bool runs = l->seen > 0.0 && now - l->seen < IDLE_SECONDS;
    state->stage = !l->connection.context ? LIVE_NO_SERVER
                   : !state->mic          ? LIVE_NO_MIC
                   : !state->sink         ? LIVE_NO_SINK
                   : !runs                ? LIVE_IDLE
                                          : LIVE_RUNS;
    view_show(&l->view, state);
}

/* false: it cannot go on, reported. */
static bool step(live *l)
{
    bool goes_on = true;
    if (l->connection.lost)
        disconnect(l);
    if (!l->connection.context && progress_now() >= l->retry)
        goes_on = connect_again(l);
    connection_wait(&l->connection, STEP_MS);
    if (goes_on && l->connection.context && !l->connection.lost && !interrupted()) {
        const bool broken = links_broken(&l->links) || (l->state.mic && !l->chain.module);
        const bool again = broken && progress_now() >= l->retry;
        if (again)
            l->retry = progress_now() + RETRY_SECONDS;
        if (l->connection.graph.changed || again)
            goes_on = follow(l);
    }
    look(l);
    return goes_on;
}

int live_run(const live_options *options)
{
    live *const l = calloc(1, sizeof(*l));
    bool works = false;
    if (!l) {
        report_no_memory();
        return EXIT_FAILED;
    }
    interrupt_install();
    l->options = options;
    chain_name(&l->chain, options->mic);
    if (plugin_open(&l->plugin, options->plugin)) {
        if (connection_begin(&l->connection)) {
            view_begin(&l->view);
            for (works = true; works && !interrupted();)
                works = step(l);
            disconnect(l);
            view_end(&l->view);
            connection_end(&l->connection);
        }
        plugin_close(&l->plugin);
    }
    free(l);
    return works ? EXIT_DONE : EXIT_FAILED;
}

/* ---- The list -----------------------------------------------------------------------------------
 */

static void print_kind(const graph *g, graph_kind kind, const char *title, const char *wanted)
{
    const graph_node *const used = graph_choose(g, kind, wanted);
    printf("%s\n", title);
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *const n = &g->nodes[i];
        if (n->kind == kind && !graph_is_ours(n->name))
            printf("  %c %s\n      %s\n", n == used ? '*' : ' ', n->description, n->name);
    }
    if (!used)
        printf("    %s\n", wanted ? "none of that name" : "none");
}

int live_list(const live_options *options)
{
    connection s;
    if (!connection_begin(&s))
        return EXIT_FAILED;
    const bool connected = connection_open(&s);
    if (connected) {
        print_kind(&s.graph, GRAPH_SOURCE, "microphones (--mic)", options->mic);
        print_kind(&s.graph, GRAPH_SINK, "loudspeakers (--sink)", options->sink);
        puts("* is what unecho live uses");
        connection_close(&s);
    } else {
        report_error("cannot connect to PipeWire: is it running?");
    }
    connection_end(&s);
    return connected && report_output_written() ? EXIT_DONE : EXIT_FAILED;
}
