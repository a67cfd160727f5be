/*
 * The page /metrics by HTTP, for Prometheus. It is written a metric at a time, whenever the socket
 * takes more, so that the page about hundreds of calls never stops the audio for milliseconds.
 */
#ifndef EXAMPLE_SCRAPES_H
#define EXAMPLE_SCRAPES_H

#include "metrics.h"

#include <stdbool.h>
#include <stddef.h>

/* What the page says besides the calls, and where it is from. */
typedef struct scrape_source {
    void *user;
    /* The statistics of the calls at present. Returns how many. */
    size_t (*calls)(void *user, metrics_call *calls);
    /* The server's own metrics. */
    void (*server)(void *user, metrics_text *text);
    size_t calls_limit;
} scrape_source;

typedef struct scrape {
    int fd; /* -1: free */
    char request[2048];
    size_t request_n;
    bool answers;        /* the request is complete */
    metrics_call *calls; /* as they were when the page was asked for */
    size_t calls_n, piece, sent;
    metrics_text text; /* the piece that is being sent */
} scrape;

/* More at once end the oldest one: nobody can keep Prometheus out by holding connections. */
enum { SCRAPES = 4 };

typedef struct scrapes {
    scrape_source source;
    scrape all[SCRAPES];
    size_t next;
    int epoll;
} scrapes;

/* epoll: where the sockets wait, each with its scrape as data. false: out of memory. */
bool scrapes_open(scrapes *s, int epoll, const scrape_source *source);
void scrapes_close(scrapes *s);

/* A new connection, non-blocking. */
void scrapes_add(scrapes *s, int fd);

/* Something came, or there is room for more: a short step. */
void scrapes_step(scrapes *s, scrape *one);

#endif
