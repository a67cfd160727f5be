#include "live/graph.h"

#include <spa/utils/json.h>
#include <spa/utils/string.h>

#include <stdlib.h>
#include <string.h>

/* ---- Nodes, ports and links -------------------------------------------------------------- */

static const char *property(const struct spa_dict *dict, const char *key)
{
    return dict ? spa_dict_lookup(dict, key) : NULL;
}

static unsigned number(const struct spa_dict *dict, const char *key)
{
    const char *const text = property(dict, key);
    uint32_t value = 0;
    return text && spa_atou32(text, &value, 10) ? value : 0;
}

static graph_kind kind_of(const char *class)
{
    if (class && spa_strstartswith(class, "Audio/Source"))
        return GRAPH_SOURCE;
    return class && spa_strstartswith(class, "Audio/Sink") ? GRAPH_SINK : GRAPH_OTHER;
}

static void free_node(graph_node *n)
{
    free(n->name);
    free(n->description);
}

static void add_node(graph *g, uint32_t id, const struct spa_dict *dict)
{
    const char *const name = property(dict, PW_KEY_NODE_NAME);
    const char *description = property(dict, PW_KEY_NODE_DESCRIPTION);
    graph_node *const nodes = realloc(g->nodes, (g->node_count + 1) * sizeof(*nodes));
    if (nodes)
        g->nodes = nodes;
    if (!nodes || !name)
        return;
    if (!description || !*description)
        description = name;
    graph_node *const n = &nodes[g->node_count];
    *n = (graph_node){
        .id = id,
        .kind = kind_of(property(dict, PW_KEY_MEDIA_CLASS)),
        .priority = (int)number(dict, PW_KEY_PRIORITY_SESSION),
        .name = strdup(name),
        .description = strdup(description),
    };
    if (n->name && n->description) {
        g->node_count++;
        return;
    }
    free_node(n);
}

static void add_port(graph *g, uint32_t id, const struct spa_dict *dict)
{
    graph_port *const ports = realloc(g->ports, (g->port_count + 1) * sizeof(*ports));
    const char *const direction = property(dict, PW_KEY_PORT_DIRECTION);
    if (!ports)
        return;
    g->ports = ports;
    ports[g->port_count++] = (graph_port){
        .id = id,
        .node = number(dict, PW_KEY_NODE_ID),
        .number = number(dict, PW_KEY_PORT_ID),
        .is_output = spa_streq(direction, "out"),
        .is_monitor = spa_streq(property(dict, PW_KEY_PORT_MONITOR), "true"),
    };
}

static void add_link(graph *g, uint32_t id, const struct spa_dict *dict)
{
    graph_link *const links = realloc(g->links, (g->link_count + 1) * sizeof(*links));
    if (!links)
        return;
    g->links = links;
    links[g->link_count++] = (graph_link){id, number(dict, PW_KEY_LINK_OUTPUT_NODE)};
}

static void remove_global(graph *g, uint32_t id)
{
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].id == id) {
            free_node(&g->nodes[i]);
            g->nodes[i] = g->nodes[--g->node_count];
            return;
        }
    for (size_t i = 0; i < g->port_count; i++)
        if (g->ports[i].id == id) {
            g->ports[i] = g->ports[--g->port_count];
            return;
        }
    for (size_t i = 0; i < g->link_count; i++)
        if (g->links[i].id == id) {
            g->links[i] = g->links[--g->link_count];
            return;
        }
}

/* ---- Defaults and settings ---------------------------------------------------------------- */

bool graph_is_ours(const char *name)
{
    return spa_streq(name, "unecho") || spa_strstartswith(name, "unecho.");
}

/* From {"name": "..."}. */
static void set_default(graph *g, graph_kind kind, const char *value)
{
    struct spa_json it[2];
    char key[64], text[512], *name = NULL;
    if (value) {
        spa_json_init(&it[0], value, strlen(value));
        if (spa_json_enter_object(&it[0], &it[1]) > 0)
            while (spa_json_get_string(&it[1], key, sizeof(key)) > 0 &&
                   spa_json_get_string(&it[1], text, sizeof(text)) > 0)
                if (spa_streq(key, "name") && !name)
                    name = strdup(text);
    }
    /* Users make our microphone the default one: then it stays with its own. */
    if (name && graph_is_ours(name)) {
        free(name);
        return;
    }
    free(g->default_names[kind]);
    g->default_names[kind] = name;
}

static int on_default(void *data, uint32_t subject, const char *key, const char *type,
                      const char *value)
{
    graph *const g = ((graph_metadata *)data)->graph;
    (void)type;
    if (subject != PW_ID_CORE)
        return 0;
    if (!key || spa_streq(key, "default.audio.source"))
        set_default(g, GRAPH_SOURCE, key ? value : NULL);
    if (!key || spa_streq(key, "default.audio.sink"))
        set_default(g, GRAPH_SINK, key ? value : NULL);
    g->changed = true;
    return 0;
}

static int on_setting(void *data, uint32_t subject, const char *key, const char *type,
                      const char *value)
{
    graph *const g = ((graph_metadata *)data)->graph;
    uint32_t set = 0;
    (void)subject;
    (void)type;
    if (!key || !value || !spa_atou32(value, &set, 10))
        return 0;
    if (spa_streq(key, "clock.rate"))
        g->rate = set;
    else if (spa_streq(key, "clock.min-quantum"))
        g->least_quantum = set;
    else if (spa_streq(key, "clock.force-quantum"))
        g->forced_quantum = set;
    return 0;
}

static const struct pw_metadata_events default_events = {PW_VERSION_METADATA_EVENTS, on_default};
static const struct pw_metadata_events setting_events = {PW_VERSION_METADATA_EVENTS, on_setting};

static void unwatch(graph_metadata *m)
{
    if (!m->proxy)
        return;
    spa_hook_remove(&m->hook);
    pw_proxy_destroy((struct pw_proxy *)m->proxy);
    m->proxy = NULL;
}

static void watch(graph *g, graph_metadata *m, uint32_t id, const struct pw_metadata_events *events)
{
    unwatch(m);
    m->graph = g;
    m->id = id;
    m->proxy =
        pw_registry_bind(g->registry, id, PW_TYPE_INTERFACE_Metadata, PW_VERSION_METADATA, 0);
    if (m->proxy)
        pw_metadata_add_listener(m->proxy, &m->hook, events, m);
}

/* ---- The registry -------------------------------------------------------------------------- */

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type,
                      uint32_t version, const struct spa_dict *dict)
{
    graph *const g = data;
    (void)permissions;
    (void)version;
    if (spa_streq(type, PW_TYPE_INTERFACE_Node)) {
        add_node(g, id, dict);
    } else if (spa_streq(type, PW_TYPE_INTERFACE_Port)) {
        add_port(g, id, dict);
    } else if (spa_streq(type, PW_TYPE_INTERFACE_Link)) {
        add_link(g, id, dict);
    } else if (spa_streq(type, PW_TYPE_INTERFACE_Metadata)) {
        const char *const name = property(dict, PW_KEY_METADATA_NAME);
        if (spa_streq(name, "default"))
            watch(g, &g->defaults, id, &default_events);
        else if (spa_streq(name, "settings"))
            watch(g, &g->settings, id, &setting_events);
    } else {
        return;
    }
    g->changed = true;
}

static void on_global_remove(void *data, uint32_t id)
{
    graph *const g = data;
    if (g->defaults.proxy && g->defaults.id == id)
        unwatch(&g->defaults);
    else if (g->settings.proxy && g->settings.id == id)
        unwatch(&g->settings);
    else
        remove_global(g, id);
    g->changed = true;
}

static const struct pw_registry_events registry_events = {
    PW_VERSION_REGISTRY_EVENTS,
    .global = on_global,
    .global_remove = on_global_remove,
};

bool graph_open(graph *g, struct pw_core *core)
{
    *g = (graph){.changed = true};
    g->registry = pw_core_get_registry(core, PW_VERSION_REGISTRY, 0);
    if (g->registry)
        pw_registry_add_listener(g->registry, &g->hook, &registry_events, g);
    return g->registry != NULL;
}

void graph_close(graph *g)
{
    unwatch(&g->defaults);
    unwatch(&g->settings);
    if (g->registry) {
        spa_hook_remove(&g->hook);
        pw_proxy_destroy((struct pw_proxy *)g->registry);
    }
    for (size_t i = 0; i < g->node_count; i++)
        free_node(&g->nodes[i]);
    for (int kind = 0; kind < GRAPH_OTHER; kind++)
        free(g->default_names[kind]);
    free(g->nodes);
    free(g->ports);
    free(g->links);
    *g = (graph){0};
}

/* ---- Questions ----------------------------------------------------------------------------- */

const graph_node *graph_find(const graph *g, const char *name)
{
    for (size_t i = 0; name && i < g->node_count; i++)
        if (spa_streq(g->nodes[i].name, name))
            return &g->nodes[i];
    return NULL;
}

static const graph_node *find_wanted(const graph *g, graph_kind kind, const char *wanted)
{
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *const n = &g->nodes[i];
        if (n->kind == kind && (spa_streq(n->name, wanted) || spa_streq(n->description, wanted)))
            return n;
    }
    return NULL;
}

const graph_node *graph_choose(const graph *g, graph_kind kind, const char *wanted)
{
    const graph_node *best = NULL;
    if (wanted)
        return find_wanted(g, kind, wanted);
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_node *const n = &g->nodes[i];
        if (n->kind != kind || graph_is_ours(n->name))
            continue;
        if (spa_streq(n->name, g->default_names[kind]))
            return n;
        if (!best || n->priority > best->priority ||
            (n->priority == best->priority && n->id < best->id))
            best = n;
    }
    return best;
}

bool graph_is_used(const graph *g, uint32_t node)
{
    for (size_t i = 0; i < g->link_count; i++)
        if (g->links[i].from == node)
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    const graph_port *const p = *(const graph_port *const *)a, *const q =
                                                                   *(const graph_port *const *)b;
    return p->number < q->number ? -1 : p->number > q->number;
}

size_t graph_ports(const graph *g, uint32_t node, bool outputs, bool monitors,
                   const graph_port **ports, size_t most)
{
    bool has_wanted = false;
    size_t count = 0;
    for (size_t i = 0; i < g->port_count; i++) {
        const graph_port *const p = &g->ports[i];
        has_wanted |= p->node == node && p->is_output == outputs && p->is_monitor == monitors;
    }
    for (size_t i = 0; i < g->port_count && count < most; i++) {
        const graph_port *const p = &g->ports[i];
        if (p->node == node && p->is_output == outputs &&
            (p->is_monitor == monitors || !has_wanted))
            ports[count++] = p;
    }
    qsort(ports, count, sizeof(ports[0]), by_number);
    return count;
}

double graph_cycle_ms(const graph *g, unsigned frames)
{
    const unsigned rate = g->rate ? g->rate : 48000;
    const unsigned set = g->forced_quantum ? g->forced_quantum : g->least_quantum;
    const double asked = frames / 48.0, least = 1000.0 * set / rate;
    return g->forced_quantum || least > asked ? least : asked;
}
