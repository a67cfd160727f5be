/*
 * A server that cancels the echo of many calls in real time, in one thread on one core: an event
 * loop whose timer ticks every hop of 8 ms, and a call of unecho_process_many for all calls whose
 * hop is complete by then. The weights are read once for all of them.
 *
 *     cc -o server server.c calls.c huge_pages.c scrapes.c metrics.c \
 *         $(pkg-config --cflags --libs unecho) -lm
 *     ./server SOCKET PORT [CALLS]
 *
 * Calls come to the Unix socket SOCKET, as many as CALLS (100) at once; calls.h says what they send
 * and get. http://127.0.0.1:PORT/metrics is for Prometheus; port 0 takes a free one. caller.c makes
 * calls. On a machine of your own give it a core and let nothing interrupt it:
 *
 *     taskset -c 1 chrt -f 50 ./server /run/unecho.sock 9464 200
 *
 * Here the sound comes through sockets. A server that already has the sound needs only run_hop of
 * calls.c.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "scrapes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000
#define TICK_NS   (SECOND_NS / UNECHO_SAMPLE_RATE * UNECHO_HOP)

/* How long a tick takes and how late it is, seconds; the last bound is infinity. */
static const double bounds[] = {0.0005, 0.001, 0.002, 0.004, 0.006, 0.008,
                                0.012,  0.016, 0.02,  0.03,  0.04,  0.06};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

/* The standard ones, those of the server below, and some that who started it has left open. */
enum { OTHER_DESCRIPTORS = 32 };

typedef struct histogram {
    uint64_t within[BOUNDS + 1];
    double sum;
} histogram;

typedef struct server {
    calls calls;
    scrapes scrapes;
    int epoll, timer, signals, call_listener, scrape_listener;
    int64_t due; /* when this tick was due */
    histogram ticks, delays;
    uint64_t late_ticks, overloaded_ticks;
    int64_t cpu_time, backlog; /* at the last tick; work that was left over then */
} server;

static int64_t now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- What happens ----------------------------------------------------------------------- */

/*
 * Whether the core is too slow, whatever else the machine makes it do: the CPU time since the last
 * tick, and what was left over then, exceed the time of the ticks.
 */
static void count_work(server *s, int64_t ticks)
{
    const int64_t cpu_time = now(CLOCK_PROCESS_CPUTIME_ID);
    s->backlog += cpu_time - s->cpu_time - ticks * TICK_NS;
    s->cpu_time = cpu_time;
    s->overloaded_ticks += s->backlog > 0;
    if (s->backlog < 0)
        s->backlog = 0;
}

static void count(histogram *h, int64_t duration)
{
    const double seconds = (double)duration / SECOND_NS;
    size_t bound = 0;
    while (bound < BOUNDS && seconds > bounds[bound])
        bound++;
    h->within[bound]++;
    h->sum += seconds;
}

/* After a pause several ticks are due at once, and each of them is as late as it is. */
static void on_tick(server *s)
{
    uint64_t ticks = 0;
    if (read(s->timer, &ticks, sizeof ticks) != sizeof ticks)
        return;
    const int64_t begin = now(CLOCK_MONOTONIC);
    calls_run(&s->calls);
    const int64_t end = now(CLOCK_MONOTONIC);
    count(&s->ticks, end - begin);
    for (uint64_t i = 0; i < ticks; i++) {
        s->due += TICK_NS;
        count(&s->delays, end - s->due);
        s->late_ticks += end > s->due + TICK_NS;
    }
    count_work(s, (int64_t)ticks);
}

static void on_call(server *s)
{
    const int fd = accept4(s->call_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        calls_add(&s->calls, fd);
}

static void on_scrape(server *s)
{
    const int fd = accept4(s->scrape_listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        scrapes_add(&s->scrapes, fd);
}

/* Every step is short, so no order among them is needed. */
static void run(server *s)
{
    for (;;) {
        struct epoll_event events[8];
        const int n = epoll_wait(s->epoll, events, 8, -1);
        for (int i = 0; i < n; i++) {
            void *const what = events[i].data.ptr;
            if (what == &s->timer)
                on_tick(s);
            else if (what == &s->call_listener)
                on_call(s);
            else if (what == &s->scrape_listener)
                on_scrape(s);
            else if (what == &s->signals)
                return;
            else
                scrapes_step(&s->scrapes, what);
        }
    }
}

/* ---- Its own metrics -------------------------------------------------------------------- */

static size_t stats_of_calls(void *user, metrics_call *metrics)
{
    return calls_stats(&((server *)user)->calls, metrics);
}

static void put(metrics_text *t, const char *name, metrics_type type, const char *help,
                double number)
{
    metrics_head(t, name, type, help);
    metrics_sample(t, name, NULL, NULL, number);
}

static void put_histogram(metrics_text *t, const char *name, const char *help, const histogram *h)
{
    char sample[64];
    uint64_t sum = 0;
    metrics_head(t, name, METRICS_HISTOGRAM, help);
    snprintf(sample, sizeof sample, "%s_bucket", name);
    for (size_t i = 0; i <= BOUNDS; i++) {
        char bound[16] = "+Inf";
        if (i < BOUNDS)
            snprintf(bound, sizeof bound, "%g", bounds[i]);
        sum += h->within[i];
        metrics_sample(t, sample, "le", bound, (double)sum);
    }
    snprintf(sample, sizeof sample, "%s_sum", name);
    metrics_sample(t, sample, NULL, NULL, h->sum);
    snprintf(sample, sizeof sample, "%s_count", name);
    metrics_sample(t, sample, NULL, NULL, (double)sum);
}

static void own_metrics(void *user, metrics_text *t)
{
    const server *const s = user;
    metrics_head(t, "unecho_build_info", METRICS_GAUGE, "The library that runs, always 1.");
    metrics_sample(t, "unecho_build_info", "version", unecho_version(), 1.0);
    put(t, "unecho_calls", METRICS_GAUGE, "Calls at present.", (double)s->calls.active);
    put(t, "unecho_calls_limit", METRICS_GAUGE, "The most calls at once.", (double)s->calls.limit);
    put(t, "unecho_calls_started_total", METRICS_COUNTER, "Calls that have begun.",
        (double)s->calls.started);
    put(t, "unecho_calls_refused_total", METRICS_COUNTER, "Calls that were one too many.",
        (double)s->calls.refused);
    put(t, "unecho_hops_total", METRICS_COUNTER, "Hops of 8 ms of all calls that were processed.",
        (double)s->calls.hops);
    put(t, "unecho_late_ticks_total", METRICS_COUNTER,
        "Ticks whose hops were not out when the next tick was due.", (double)s->late_ticks);
    put(t, "unecho_overloaded_ticks_total", METRICS_COUNTER,
        "Ticks whose hops took more CPU time than there is, those before them included.",
        (double)s->overloaded_ticks);
    put_histogram(t, "unecho_tick_seconds",
                  "How long the calls' hops of a tick took, of the 0.008 s that there are.",
                  &s->ticks);
    put_histogram(t, "unecho_tick_delay_seconds",
                  "From when a tick was due until its hops were out.", &s->delays);
    put(t, "process_cpu_seconds_total", METRICS_COUNTER, "CPU time of the server.",
        (double)now(CLOCK_PROCESS_CPUTIME_ID) / SECOND_NS);
}

/* ---- Opening ---------------------------------------------------------------------------- */

static bool failed(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    return false;
}

static bool watch(const server *s, const int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = (void *)fd}};
    return *fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, *fd, &event) == 0;
}

/* A socket that a server which was killed has left is in the way. Any other file stays, and so does
 * the socket of a server that runs, which would get no more calls. */
static bool left_behind(const char *path, const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool refused = connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
                         errno == ECONNREFUSED;
    close(probe);
    return refused;
}

static bool listen_for_calls(server *s, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return failed(path);
    }
    strcpy(address.sun_path, path);
    if (left_behind(path, &address))
        unlink(path);
    s->call_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(s->call_listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->call_listener, SOMAXCONN) != 0 || !watch(s, &s->call_listener))
        return failed(path);
    return true;
}

static bool listen_for_scrapes(server *s, const char *port)
{
    char *rest;
    const unsigned long number = strtoul(port, &rest, 10);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int yes = 1;
    if (rest == port || *rest || number > 65535) {
        errno = EINVAL;
        return failed(port);
    }
    s->scrape_listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (setsockopt(s->scrape_listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(s->scrape_listener, (struct sockaddr *)&address, size) != 0 ||
        listen(s->scrape_listener, SCRAPES) != 0 || !watch(s, &s->scrape_listener) ||
        getsockname(s->scrape_listener, (struct sockaddr *)&address, &size) != 0)
        return failed(port);
    printf("metrics: http://127.0.0.1:%d/metrics\n", ntohs(address.sin_port));
    return true;
}

static bool watch_signals(server *s)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return failed("signals");
    s->signals = signalfd(-1, &signals, SFD_CLOEXEC);
    return watch(s, &s->signals) || failed("signals");
}

/* From now on. */
static bool start_timer(server *s)
{
    s->cpu_time = now(CLOCK_PROCESS_CPUTIME_ID);
    s->due = now(CLOCK_MONOTONIC);
    const int64_t first = s->due + TICK_NS;
    const struct itimerspec times = {
        .it_value = {.tv_sec = first / SECOND_NS, .tv_nsec = first % SECOND_NS},
        .it_interval = {.tv_nsec = TICK_NS},
    };
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return (timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &times, NULL) == 0 &&
            watch(s, &s->timer)) ||
           failed("timer");
}

/* For all calls, one more to refuse the next, and what else is open. Where accept4 finds none, what
 * has come stays, and epoll_wait returns at once for it, again and again. */
static bool have_descriptors(size_t limit)
{
    const rlim_t needed = limit + SCRAPES + OTHER_DESCRIPTORS;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return failed("open files");
    if (files.rlim_cur >= needed)
        return true;
    files.rlim_cur = needed;
    if (files.rlim_cur <= files.rlim_max && setrlimit(RLIMIT_NOFILE, &files) == 0)
        return true;
    fprintf(stderr, "server: %zu calls need %llu open files, and the limit is %llu (ulimit -Hn)\n",
            limit, (unsigned long long)needed, (unsigned long long)files.rlim_max);
    return false;
}

static bool open_all(server *s, const char *path, const char *port, size_t limit)
{
    const scrape_source source = {s, stats_of_calls, own_metrics, limit};
    *s = (server){.epoll = epoll_create1(EPOLL_CLOEXEC),
                  .timer = -1,
                  .signals = -1,
                  .call_listener = -1,
                  .scrape_listener = -1};
    return have_descriptors(limit) && calls_open(&s->calls, limit) &&
           scrapes_open(&s->scrapes, s->epoll, &source) && watch_signals(s) &&
           listen_for_scrapes(s, port) && listen_for_calls(s, path) && start_timer(s);
}

static void close_all(server *s)
{
    const int fds[] = {s->timer, s->signals, s->call_listener, s->scrape_listener, s->epoll};
    calls_close(&s->calls);
    scrapes_close(&s->scrapes);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

int main(int argc, char **argv)
{
    static server s;
    char *rest = NULL;
    const size_t limit = argc == 4 ? strtoul(argv[3], &rest, 10) : 100;
    if (argc < 3 || argc > 4 || !*argv[1] || limit < 1 || limit > 1000 || (rest && *rest)) {
        fprintf(stderr, "usage: server SOCKET PORT [1 to 1000 CALLS]\n");
        return 2;
    }
    const bool opened = open_all(&s, argv[1], argv[2], limit);
    if (opened) {
        printf("calls: %s\n", argv[1]);
        fflush(stdout);
        run(&s);
        unlink(argv[1]);
    }
    close_all(&s);
    return opened ? 0 : 1;
}
