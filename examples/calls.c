#include "calls.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_HOP = 2 * UNECHO_HOP * sizeof(int16_t), OUT_HOP = UNECHO_HOP * sizeof(int16_t) };

/* ---- Opening and closing ---------------------------------------------------------------- */

static bool open_stream(unecho **stream, unsigned hops_at_once, huge_pages *memory)
{
    unecho_config config;
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.whole_hops = 1; /* 8 ms of latency less */
    config.hops_at_once = hops_at_once;
    config.allocate = huge_pages_allocate;
    config.release = huge_pages_release;
    config.user = memory;
    if (unecho_open(stream, &config) == UNECHO_OK)
        return true;
    fprintf(stderr, "unecho_open: %s\n", message);
    return false;
}

/*
 * All streams are opened now and reset between calls, which takes no time. One of them has the
 * memory to take the hops of many others through together: nobody's call, which is always there.
 */
bool calls_open(calls *c, size_t limit)
{
    *c = (calls){.limit = limit};
    c->all = calloc(limit, sizeof *c->all);
    c->streams = calloc(limit + 1, sizeof *c->streams);
    c->mics = calloc(limit + 1, sizeof *c->mics);
    c->fars = calloc(limit + 1, sizeof *c->fars);
    c->nears = calloc(limit + 1, sizeof *c->nears);
    if (!c->all || !c->streams || !c->mics || !c->fars || !c->nears) {
        fprintf(stderr, "server: out of memory\n");
        c->limit = 0;
        return false;
    }
    for (size_t i = 0; i < limit; i++)
        c->all[i].fd = -1;
    for (size_t i = 0; i < limit; i++) {
        snprintf(c->all[i].name, sizeof c->all[i].name, "%zu", i);
        if (!open_stream(&c->all[i].stream, 1, &c->memory))
            return false;
    }
    return open_stream(&c->host, UNECHO_HOPS_AT_ONCE_MAX, &c->memory);
}

static void end(calls *c, call *one)
{
    close(one->fd);
    one->fd = -1;
    unecho_reset(one->stream);
    c->active--;
}

void calls_close(calls *c)
{
    for (size_t i = 0; i < c->limit; i++) {
        if (c->all[i].fd >= 0)
            end(c, &c->all[i]);
        unecho_close(&c->all[i].stream);
    }
    unecho_close(&c->host);
    huge_pages_close(&c->memory);
    free(c->all);
    free(c->streams);
    free(c->mics);
    free(c->fars);
    free(c->nears);
    *c = (calls){0};
}

void calls_add(calls *c, int fd)
{
    for (size_t i = 0; i < c->limit; i++) {
        call *const one = &c->all[i];
        if (one->fd >= 0)
            continue;
        one->fd = fd;
        one->ended = false;
        one->in_bytes = one->out_bytes = 0;
        c->active++;
        c->started++;
        return;
    }
    c->refused++;
    close(fd);
}

/* ---- Sockets ---------------------------------------------------------------------------- */

/* What has come. After the end silence completes the last hop. */
static void take(calls *c, call *one)
{
    while (!one->ended && one->in_bytes < sizeof one->in) {
        const ssize_t n = recv(one->fd, (char *)one->in + one->in_bytes,
                               sizeof one->in - one->in_bytes, MSG_DONTWAIT);
        if (n > 0)
            one->in_bytes += (size_t)n;
        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            end(c, one);
        if (n < 0)
            return;
        one->ended = true;
        const size_t part = one->in_bytes % IN_HOP, rest = part > 0 ? IN_HOP - part : 0;
        memset((char *)one->in + one->in_bytes, 0, rest);
        one->in_bytes += rest;
    }
}

/* What the socket does not take waits, and the call stands still until it does. */
static void give(calls *c, call *one)
{
    while (one->out_bytes > 0) {
        const ssize_t n = send(one->fd, one->out, one->out_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            end(c, one);
        if (n <= 0)
            return;
        one->out_bytes -= (size_t)n;
        memmove(one->out, (char *)one->out + n, one->out_bytes);
    }
}

/* ---- Processing ------------------------------------------------------------------------- */

static bool is_due(const call *one)
{
    return one->fd >= 0 && one->in_bytes >= IN_HOP && one->out_bytes + OUT_HOP <= sizeof one->out;
}

static void unpack(call *one)
{
    for (size_t i = 0; i < UNECHO_HOP; i++) {
        one->mic[i] = (float)one->in[2 * i] * 0x1p-15f;
        one->far[i] = (float)one->in[2 * i + 1] * 0x1p-15f;
    }
    one->in_bytes -= IN_HOP;
    memmove(one->in, (char *)one->in + IN_HOP, one->in_bytes);
}

static void pack(call *one)
{
    int16_t near[UNECHO_HOP];
    for (size_t i = 0; i < UNECHO_HOP; i++)
        near[i] = (int16_t)lrintf(fmaxf(-32768.0f, fminf(32767.0f, one->near[i] * 0x1p15f)));
    memcpy((char *)one->out + one->out_bytes, near, sizeof near);
    one->out_bytes += sizeof near;
}

static void add(calls *c, size_t at, unecho *stream, const float *mic, const float *far,
                float *near)
{
    c->streams[at] = stream;
    c->mics[at] = mic;
    c->fars[at] = far;
    c->nears[at] = near;
}

/* A hop of every call that has one. Returns how many did. */
static size_t run_hop(calls *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->limit; i++) {
        call *const one = &c->all[i];
        one->due = is_due(one);
        if (!one->due)
            continue;
        unpack(one);
        add(c, n++, one->stream, one->mic, one->far, one->near);
    }
    if (n == 0)
        return 0;
    add(c, n, c->host, c->silence, c->silence, c->unheard);
    /* Fails only for arguments that make no sense. */
    if (unecho_process_many(c->streams, c->mics, c->fars, c->nears, n + 1, UNECHO_HOP) < 0)
        abort();
    /* After a pause many hops wait: the oldest go out before the next are processed. */
    for (size_t i = 0; i < c->limit; i++) {
        if (!c->all[i].due)
            continue;
        pack(&c->all[i]);
        give(c, &c->all[i]);
    }
    return n;
}

void calls_run(calls *c)
{
    for (size_t i = 0; i < c->limit; i++)
        if (c->all[i].fd >= 0)
            take(c, &c->all[i]);
    for (size_t round = 0, n = 1; round < CALL_HOPS && n > 0; round++) {
        n = run_hop(c);
        c->hops += n;
    }
    for (size_t i = 0; i < c->limit; i++) {
        call *const one = &c->all[i];
        if (one->fd >= 0)
            give(c, one);
        if (one->fd >= 0 && one->ended && one->in_bytes == 0 && one->out_bytes == 0)
            end(c, one);
    }
}

size_t calls_stats(const calls *c, metrics_call *metrics)
{
    size_t n = 0;
    for (size_t i = 0; i < c->limit; i++) {
        const call *const one = &c->all[i];
        if (one->fd < 0)
            continue;
        metrics[n] = (metrics_call){.name = one->name, .stats = {.size = sizeof(unecho_stats)}};
        unecho_get_stats(one->stream, &metrics[n++].stats);
    }
    return n;
}
