/*
 * Orders and results go through a pair of sockets, samples and durations through shared memory.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "bench/worker.h"

#include "bench/recording.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"
#include "transfer.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
    size_t n, chunk;
    bool record;
};

/* What the child works with. */
struct task {
    const struct backend *backend;
    const model_choice *model;
    const struct bench_audio *audio;
    struct worker *worker;
    uint64_t rss_before, resident_before;
};

float *worker_share(size_t n)
{
    const size_t size = (n ? n : 1) * sizeof(float);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        return memory;
    report_no_memory();
    return NULL;
}

void worker_unshare(float **memory, size_t n)
{
    if (*memory)
        munmap(*memory, (n ? n : 1) * sizeof(float));
    *memory = NULL;
}

/* ---- The child -------------------------------------------------------------------------- */

static uint64_t peak_rss(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
#if defined(__APPLE__)
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

/* 0: unknown on this system. */
static uint64_t resident(void)
{
    char line[256] = "", *second = line;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (!fgets(line, sizeof(line), file))
        line[0] = '\0';
    fclose(file);
    /* All pages, then the resident ones. */
    strtoul(line, &second, 10);
    const unsigned long pages = strtoul(second, NULL, 10);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * The memory of recording and results is not the backend's: touch all pages before counting.
 */
static void touch(const struct task *task)
{
    const size_t n = task->audio->n;
    for (size_t i = 0; i < n; i += 256) {
        (void)*(volatile float *)&task->audio->mic[i];
        (void)*(volatile float *)&task->audio->far[i];
    }
    memset(task->worker->out, 0, n * sizeof(float));
    memset(task->worker->call_us, 0, n / UNECHO_HOP * sizeof(float));
}

static void run_stream(const struct task *task, const struct order *order, unecho *stream,
                       struct worker_result *result)
{
    const struct pass pass = {.n = order->n,
                              .chunk = order->chunk,
                              .limit_seconds = (double)INFINITY,
                              .out = task->worker->out,
                              .call_us = order->record ? task->worker->call_us : NULL};
    snprintf(result->kernels, sizeof(result->kernels), "%s", unecho_kernels(stream));
    result->status = measure(stream, task->audio, &pass, &result->measured);
    result->rss_bytes = peak_rss() - task->rss_before;
    result->resident_bytes = resident() - task->resident_before;
}

static void run(const struct task *task, const struct order *order, struct worker_result *result)
{
    unecho_model_info info = {.size = sizeof(info)};
    unecho *stream = NULL;
    const double start = progress_now();
    unecho_model *model = recording_model(task->model);
    if (!model) {
        result->status = UNECHO_ERROR_MODEL;
        result->model_failed = true;
        return;
    }
    result->status = backend_open(&stream, task->backend, model, order->chunk, result->message,
                                  sizeof(result->message));
    result->open_seconds = progress_now() - start;
    if (unecho_model_get_info(model, &info) == UNECHO_OK) {
        snprintf(result->model, sizeof(result->model), "%s", info.name);
        result->units = info.units;
    }
    unecho_model_unref(&model);
    if (result->status == UNECHO_OK)
        run_stream(task, order, stream, result);
    unecho_close(&stream);
}

static void serve(const struct task *task, int fd)
{
    struct order order;
    while (read_all(fd, &order, sizeof(order))) {
        struct worker_result result;
        memset(&result, 0, sizeof(result));
        run(task, &order, &result);
        if (!write_all(fd, &result, sizeof(result)))
            return;
    }
}

/* ---- The parent ------------------------------------------------------------------------- */

bool worker_start(struct worker *worker, const struct backend *backend, const model_choice *model,
                  const struct bench_audio *audio, const struct worker *earlier, size_t count)
{
    struct task task = {backend, model, audio, worker, 0, 0};
    int ends[2];
    memset(worker, 0, sizeof(*worker));
    worker->name = backend->name;
    worker->fd = -1;
    worker->n = audio->n;
    worker->out = worker_share(audio->n);
    worker->call_us = worker_share(audio->n / UNECHO_HOP);
    if (!worker->out || !worker->call_us)
        goto fail;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        report_error("cannot start a process for '%s': %s", backend->name, strerror(errno));
        goto fail;
    }
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        /* A copy of another worker's socket would keep that worker from seeing it closed. */
        for (size_t i = 0; i < count; i++)
            if (earlier[i].pid)
                close(earlier[i].fd);
        touch(&task);
        task.rss_before = peak_rss();
        task.resident_before = resident();
        serve(&task, ends[1]);
        _exit(EXIT_DONE);
    }
    close(ends[1]);
    worker->fd = ends[0];
    if (worker->pid > 0)
        return true;
    worker->pid = 0;
    report_error("cannot start a process for '%s': %s", backend->name, strerror(errno));

fail:
    worker_stop(worker);
    return false;
}

/* Why the process is gone. */
static void report_end(struct worker *worker)
{
    int how = 0;
    if (interrupted()) {
        report_error("interrupted");
        return;
    }
    if (waitpid(worker->pid, &how, 0) == worker->pid)
        worker->pid = 0;
    if (WIFSIGNALED(how))
        report_error("%s: its process was ended by signal %d", worker->name, WTERMSIG(how));
    else
        report_error("%s: its process ended with status %d", worker->name, WEXITSTATUS(how));
}

bool worker_run(struct worker *worker, size_t n, size_t chunk, bool record,
                struct worker_result *result)
{
    const struct order order = {n, chunk, record && chunk >= UNECHO_HOP};
    if (!interrupted() && write_all(worker->fd, &order, sizeof(order)) &&
        read_all(worker->fd, result, sizeof(*result)) && !interrupted())
        return true;
    report_end(worker);
    return false;
}

void worker_stop(struct worker *worker)
{
    if (worker->pid > 0) {
        kill(worker->pid, SIGKILL);
        waitpid(worker->pid, NULL, 0);
    }
    if (worker->fd >= 0 && worker->n)
        close(worker->fd);
    worker_unshare(&worker->out, worker->n);
    worker_unshare(&worker->call_us, worker->n / UNECHO_HOP);
    memset(worker, 0, sizeof(*worker));
    worker->fd = -1;
}
