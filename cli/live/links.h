/*
 * The links that this program keeps in PipeWire's graph: it states which it wants, and they are
 * made and removed to match. PipeWire removes them with the connection.
 */
#ifndef UNECHO_CLI_LIVE_LINKS_H
#define UNECHO_CLI_LIVE_LINKS_H

#include <pipewire/pipewire.h>

#include <stdbool.h>
#include <stddef.h>

enum { LINKS_MOST = 16 };

/* From an output port to an input port, by their ids. */
typedef struct link_wish {
    uint32_t from, to;
} link_wish;

typedef struct live_link {
    link_wish wish;
    struct pw_proxy *proxy; /* NULL: this entry is free */
    struct spa_hook hook;
    bool gone; /* the server removed or refused it */
} live_link;

typedef struct links {
    struct pw_core *core;
    bool passive; /* the devices may rest while nothing else keeps them busy */
    live_link all[LINKS_MOST];
} links;

void links_set(links *l, const link_wish *wishes, size_t count);
/* Remove all; before the core goes. */
void links_close(links *l);

/* Whether one is gone that was not given up: call links_set again, but not at once. */
bool links_broken(const links *l);

#endif
