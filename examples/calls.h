/*
 * The calls of the server: what their sockets bring, in whole hops through one unecho_process_many,
 * and back. Knows nothing of time: the caller says when.
 *
 * A call is a stream socket. It brings 16-bit samples at 16 kHz in the machine's byte order,
 * microphone and far end in turn, and gets the near end, one sample for each pair. Neither end of
 * it needs to keep to hops. When the other side has shut its end down, the call gets the rest and
 * ends.
 */
#ifndef EXAMPLE_CALLS_H
#define EXAMPLE_CALLS_H

#include "huge_pages.h"
#include "metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unecho.h>

/* More than this many hops that wait in one call stay in its socket, and the other side waits. */
enum { CALL_HOPS = 16 };

typedef struct call {
    int fd; /* -1: free */
    unecho *stream;
    char name[24];
    bool ended;                                               /* no more comes */
    bool due;                                                 /* its next hop is in mic and far */
    size_t in_bytes, out_bytes;                               /* that wait */
    int16_t in[2 * UNECHO_HOP * CALL_HOPS];                   /* microphone, far end, ... */
    int16_t out[UNECHO_HOP * CALL_HOPS];                      /* what the socket did not take */
    float mic[UNECHO_HOP], far[UNECHO_HOP], near[UNECHO_HOP]; /* of the hop that is due */
} call;

typedef struct calls {
    call *all;
    size_t limit, active;
    huge_pages memory; /* of the streams */
    unecho *host;      /* nobody's call: see calls_open */
    float silence[UNECHO_HOP], unheard[UNECHO_HOP];
    /* The arguments of unecho_process_many, room for all and the host. */
    unecho **streams;
    const float **mics, **fars;
    float **nears;
    uint64_t started, refused, hops;
} calls;

/* Open the streams of as many calls as there may be at once. false: failed, with a message. */
bool calls_open(calls *c, size_t limit);
void calls_close(calls *c);

/* A new call; it takes the socket, which must be non-blocking, or closes it if there are too many.
 */
void calls_add(calls *c, int fd);

/* Read what has come, process it, send what has become of it; end calls that are over. At most
 * CALL_HOPS hops of each, all real-time safe but the sockets. */
void calls_run(calls *c);

/* The statistics of all calls into `metrics`, room for limit. Returns how many there are. */
size_t calls_stats(const calls *c, metrics_call *metrics);

#endif
