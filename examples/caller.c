/*
 * Makes calls to the server, each a recording in real time, and measures how long every hop takes.
 *
 *     cc -o caller caller.c sound.c $(pkg-config --cflags --libs unecho sndfile) -lm
 *     ./caller SOCKET MIC.wav FAR.wav OUT.wav [CALLS [SECONDS [BUDGET]]]
 *
 * OUT is the near end that the first call gets back. The others play the same recording, starting
 * at other places. SECONDS 0: once, as fast as the server goes.
 *
 * The hops of the calls come at any time between two ticks of the server, so they wait up to 8 ms
 * for a tick, which is part of a call's constant latency. From then on there are BUDGET ms (20)
 * until the hop is late: the listener's playout buffer. A receiver of packets of 20 ms, as Opus and
 * WebRTC send them, has at least one of them in reserve. With 8 ms a hop is late if it is not out
 * when the next tick is due, as in a server that plays its output itself without a buffer; their
 * number is always printed. Time counts from when a hop was due to be sent, so it includes any
 * delay of this program itself.
 */
#define _GNU_SOURCE
#include "sound.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unecho.h>
#include <unistd.h>

#define SECOND_NS 1000000000
#define STEP_NS   1000000
#define HOP_NS    8000000
#define BUDGET_MS 20.0

/* HISTORY: hops that may be on their way, which is more than sockets hold. BINS: of 0.1 ms. */
enum { PHASES = 8, HISTORY = 4096, BINS = 10000, BIN_NS = 100000 };

typedef struct one_call {
    int fd;
    size_t start;         /* where in the recording it begins */
    size_t sent, got;     /* bytes */
    int64_t due[HISTORY]; /* when its hops were to be sent */
} one_call;

typedef struct caller {
    int16_t *both; /* the recording, microphone and far end in turn */
    size_t frames;
    one_call *calls;
    size_t count, hops; /* of each call */
    bool fast;
    sound out;
    int epoll, timer;
    int64_t start, budget; /* of the timer; ns */
    size_t over;           /* calls that have all */
    uint64_t bins[BINS], received, late, late_by_hop;
    int64_t longest;
    uint64_t behind; /* steps that this program itself came too late, at most */
} caller;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "caller: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* No error of the system, whose text would be "Success". */
static _Noreturn void fail_ended(void)
{
    fprintf(stderr, "caller: the server has ended a call: it refuses calls beyond its limit\n");
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- Sending ---------------------------------------------------------------------------- */

/* The recording over and over; the last hop of a call that plays it once is silence. */
static void fill(const caller *c, const one_call *one, int16_t *hop)
{
    const size_t at = one->sent / (2 * sizeof *hop);
    for (size_t i = 0; i < UNECHO_HOP; i++) {
        const size_t frame = (one->start + at + i) % c->frames;
        const bool silent = c->fast && at + i >= c->frames;
        hop[2 * i] = silent ? 0 : c->both[2 * frame];
        hop[2 * i + 1] = silent ? 0 : c->both[2 * frame + 1];
    }
}

/* due: when. false: it cannot take more now. */
static bool send_hop(const caller *c, one_call *one, int64_t due)
{
    int16_t hop[2 * UNECHO_HOP];
    const size_t index = one->sent / sizeof hop;
    if (index == c->hops)
        return false;
    fill(c, one, hop);
    /* Small enough that a Unix socket takes all or nothing. */
    const ssize_t n = send(one->fd, hop, sizeof hop, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n != sizeof hop)
        fail_ended();
    one->due[index % HISTORY] = due;
    one->sent += sizeof hop;
    if (index + 1 == c->hops)
        shutdown(one->fd, SHUT_WR);
    return true;
}

/* Every call has its place within a hop, as if they were from different networks. */
static void send_due(caller *c, uint64_t steps, uint64_t *step)
{
    c->behind = steps - 1 > c->behind ? steps - 1 : c->behind;
    for (; steps > 0; steps--, (*step)++) {
        const int64_t due = c->start + (int64_t)*step * STEP_NS;
        for (size_t i = *step % PHASES; i < c->count; i += PHASES)
            if (!send_hop(c, &c->calls[i], due) && c->calls[i].sent / (4 * UNECHO_HOP) < c->hops)
                fail("the server is behind by more than the sockets hold");
    }
}

/* ---- Receiving -------------------------------------------------------------------------- */

static void count_hop(caller *c, int64_t took)
{
    const int64_t bin = took / BIN_NS;
    c->bins[bin < BINS ? bin : BINS - 1]++;
    c->received++;
    c->late += took > HOP_NS + c->budget;
    c->late_by_hop += took > 2 * HOP_NS;
    c->longest = took > c->longest ? took : c->longest;
}

/* The server's output lags by a hop. */
static void keep(caller *c, size_t at, const int16_t *samples, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at + i >= UNECHO_HOP && at + i - UNECHO_HOP < c->out.frames)
            c->out.samples[at + i - UNECHO_HOP] = (float)samples[i] * 0x1p-15f;
}

static void receive(caller *c, one_call *one)
{
    enum { OUT_HOP = UNECHO_HOP * sizeof(int16_t) };
    int16_t samples[UNECHO_HOP];
    /* Whole samples: what is left of one stays in the socket. */
    const ssize_t n = recv(one->fd, samples, sizeof samples - one->got % 2, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 && one->got / OUT_HOP < c->hops)
        fail_ended();
    if (n <= 0) {
        close(one->fd);
        c->over++;
        return;
    }
    const int64_t at = now();
    if (one == c->calls)
        keep(c, one->got / 2, samples, (size_t)n / 2);
    for (size_t hop = one->got / OUT_HOP; hop < (one->got + (size_t)n) / OUT_HOP; hop++)
        count_hop(c, at - one->due[hop % HISTORY]);
    one->got += (size_t)n;
}

/* ---- The calls -------------------------------------------------------------------------- */

static void watch(const caller *c, int fd, void *what, unsigned events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = what}};
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("epoll");
}

static void open_calls(caller *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->calls = calloc(c->count, sizeof *c->calls);
    if (c->epoll < 0 || !c->calls || strlen(path) >= sizeof address.sun_path)
        fail(path);
    strcpy(address.sun_path, path);
    for (size_t i = 0; i < c->count; i++) {
        one_call *const one = &c->calls[i];
        one->start = i * (c->frames / c->count);
        one->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (one->fd < 0 || connect(one->fd, (struct sockaddr *)&address, sizeof address) != 0)
            fail(path);
        watch(c, one->fd, one, c->fast ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void start_timer(caller *c)
{
    c->start = now() + STEP_NS;
    const struct itimerspec times = {
        .it_value = {.tv_sec = c->start / SECOND_NS, .tv_nsec = c->start % SECOND_NS},
        .it_interval = {.tv_nsec = STEP_NS},
    };
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (c->timer < 0 || timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &times, NULL) != 0)
        fail("timer");
    watch(c, c->timer, &c->timer, EPOLLIN);
}

/* No longer interested in room for more. */
static void stop_sending(const caller *c, one_call *one)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = one}};
    if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, one->fd, &event) != 0)
        fail("epoll");
}

static void run(caller *c)
{
    uint64_t step = 0;
    while (c->over < c->count) {
        struct epoll_event events[64];
        const int n = epoll_wait(c->epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            one_call *const one = events[i].data.ptr;
            uint64_t steps = 0;
            if (events[i].data.ptr == &c->timer) {
                if (read(c->timer, &steps, sizeof steps) == sizeof steps)
                    send_due(c, steps, &step);
                continue;
            }
            if (events[i].events & EPOLLOUT && !send_hop(c, one, now()) &&
                one->sent / (4 * UNECHO_HOP) == c->hops)
                stop_sending(c, one);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(c, one);
        }
    }
}

/* ---- The result ------------------------------------------------------------------------- */

static double percentile(const caller *c, double share)
{
    uint64_t sum = 0;
    size_t bin = 0;
    while (bin < BINS - 1 && (double)(sum += c->bins[bin]) < share * (double)c->received)
        bin++;
    return 1e-6 * (double)BIN_NS * (double)(bin + 1);
}

static void print(const caller *c)
{
    printf("%zu calls, %.1f s: %llu hops", c->count, (double)c->hops * HOP_NS / SECOND_NS,
           (unsigned long long)c->received);
    if (!c->fast)
        printf(", %llu late by %g ms, %llu by 8 ms; median %.1f ms, 99 %% within %.1f, 99.9 %% "
               "%.1f, 99.99 %% %.1f, slowest %.1f; the caller itself up to %.0f ms late",
               (unsigned long long)c->late, 1e-6 * (double)c->budget,
               (unsigned long long)c->late_by_hop, percentile(c, 0.5), percentile(c, 0.99),
               percentile(c, 0.999), percentile(c, 0.9999), 1e-6 * (double)c->longest,
               1e-6 * STEP_NS * (double)c->behind);
    printf("\n");
}

static void take_recording(caller *c, const char *mic_path, const char *far_path)
{
    const sound mic = sound_read(mic_path), far = sound_read(far_path);
    if (mic.rate != UNECHO_SAMPLE_RATE || far.rate != UNECHO_SAMPLE_RATE) {
        fprintf(stderr, "caller: both files must have %d Hz\n", UNECHO_SAMPLE_RATE);
        exit(1);
    }
    c->frames = mic.frames < far.frames ? mic.frames : far.frames;
    c->both = calloc(2 * c->frames + 1, sizeof *c->both);
    if (!c->both || c->frames == 0)
        fail(mic_path);
    for (size_t i = 0; i < c->frames; i++) {
        c->both[2 * i] = (int16_t)lrintf(fminf(mic.samples[i] * 0x1p15f, 32767.0f));
        c->both[2 * i + 1] = (int16_t)lrintf(fminf(far.samples[i] * 0x1p15f, 32767.0f));
    }
    free(mic.samples);
    free(far.samples);
}

/* The argument at index, if there is one; NaN: it is no number. */
static double number(int argc, char **argv, int index, double otherwise)
{
    if (index >= argc)
        return otherwise;
    char *rest;
    const double value = strtod(argv[index], &rest);
    return rest == argv[index] || *rest ? (double)NAN : value;
}

int main(int argc, char **argv)
{
    static caller c;
    const double count = number(argc, argv, 5, 1.0);
    const double seconds = number(argc, argv, 6, 0.0);
    const double budget = number(argc, argv, 7, BUDGET_MS);
    if (argc < 5 || argc > 8 || !(count >= 1.0 && count <= 10000.0) ||
        !(seconds >= 0.0 && seconds < 1e7) || !(budget > 0.0 && budget < 1e4)) {
        fprintf(stderr, "usage: caller SOCKET MIC FAR OUT [CALLS [SECONDS [BUDGET]]]\n");
        return 2;
    }
    c.count = (size_t)count;
    c.budget = (int64_t)(1e6 * budget);
    take_recording(&c, argv[2], argv[3]);
    /* A hop more than the recording, for the lag. */
    const size_t once = (c.frames + UNECHO_HOP - 1) / UNECHO_HOP + 1;
    c.fast = argc > 6 && seconds <= 0.0;
    c.hops = seconds > 0.0 ? (size_t)(seconds * SECOND_NS / HOP_NS) : once;
    c.out = sound_silence(UNECHO_SAMPLE_RATE, c.frames);
    open_calls(&c, argv[1]);
    if (!c.fast)
        start_timer(&c);
    run(&c);
    /* The figures of hours are not lost with a file that cannot be written. */
    print(&c);
    sound_write(argv[4], &c.out);
    free(c.both);
    free(c.calls);
    free(c.out.samples);
    return 0;
}
