/* A connection to PipeWire, its graph, and waiting for what happens there. */
#ifndef UNECHO_CLI_LIVE_CONNECTION_H
#define UNECHO_CLI_LIVE_CONNECTION_H

#include "live/graph.h"

#include <pipewire/pipewire.h>

#include <stdbool.h>

typedef struct connection {
    struct pw_main_loop *loop;
    struct pw_context *context; /* NULL: not connected */
    struct pw_core *core;
    struct spa_hook hook;
    graph graph;
    int awaited; /* the number of a request whose end is waited for */
    bool lost;   /* the server is gone: close it */
} connection;

/* Once in the program. false: reported. */
bool connection_begin(connection *s);
void connection_end(connection *s);

/* Connect, and see all that is there. false: there is no server, and nothing is reported. */
bool connection_open(connection *s);
void connection_close(connection *s);

/* Let things happen for about so long, or until an interrupt. */
void connection_wait(connection *s, int milliseconds);

#endif
