#include "batch/worker.h"

#include "interrupt.h"
#include "progress.h"
#include "report.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <unistd.h>

/* Bytes that a process keeps for its next pair. */
#define MOST_KEPT (32 << 20)

/* What a pair has freed is the next one's: fresh memory from the system takes longer than some of
 * what is done in it. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, MOST_KEPT);
    mallopt(M_TRIM_THRESHOLD, MOST_KEPT);
#endif
}

/* The lanes in which a pair waits for a call. */
static size_t find_due(struct lane *const *lanes, struct lane **due)
{
    size_t count = 0;
    for (size_t i = 0; i < WORKER_LANES; i++)
        if (lane_call(lanes[i]))
            due[count++] = lanes[i];
    return count;
}

/* Waits for one only if no pair is under way. false: there will be none. */
static bool take_requests(struct lane *const *lanes, int fd)
{
    struct lane *due[WORKER_LANES];
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    struct request request;
    while (poll(&waiting, 1, find_due(lanes, due) > 0 ? 0 : -1) > 0) {
        if (!request_receive(fd, &request))
            return false;
        lane_begin(lanes[request.lane], &request);
    }
    return true;
}

static void make_call(struct lane *lane)
{
    const double before = progress_cpu_now();
    const int status = session_make_call(lane_call(lane));
    lane_go_on(lane, status, progress_cpu_now() - before);
}

/* Of equal length. false: the streams cannot be in one call, and none was made. */
static bool make_common_call(struct lane *const *lanes, size_t count)
{
    unecho *streams[WORKER_LANES];
    const float *mic[WORKER_LANES], *far[WORKER_LANES];
    float *out[WORKER_LANES];
    double spent = progress_cpu_now();
    for (size_t i = 0; i < count; i++) {
        const struct session_call *call = lane_call(lanes[i]);
        streams[i] = call->stream;
        mic[i] = call->mic;
        far[i] = call->far;
        out[i] = call->out;
    }
    if (unecho_process_many(streams, mic, far, out, count, lane_call(lanes[0])->n) != UNECHO_OK)
        return false;
    spent = (progress_cpu_now() - spent) / (double)count;
    for (size_t i = 0; i < count; i++)
        lane_go_on(lanes[i], UNECHO_OK, spent);
    return true;
}

/* Moves the lanes whose calls are as long as the first one's to the front. Returns how many. */
static size_t gather_equal(struct lane **due, size_t count)
{
    size_t equal = 1;
    for (size_t i = 1; i < count; i++) {
        struct lane *const lane = due[i];
        if (lane_call(lane)->n != lane_call(due[0])->n)
            continue;
        due[i] = due[equal];
        due[equal++] = lane;
    }
    return equal;
}

static void make_calls(struct lane *const *lanes)
{
    struct lane *due[WORKER_LANES];
    const size_t count = find_due(lanes, due);
    for (size_t first = 0, equal; first < count; first += equal) {
        equal = gather_equal(due + first, count - first);
        if (equal > 1 && make_common_call(due + first, equal))
            continue;
        for (size_t i = first; i < first + equal; i++)
            make_call(due[i]);
    }
}

noreturn void batch_worker_run(const struct batch_run *run, struct lane_state states[WORKER_LANES],
                               int fd)
{
    struct lane *lanes[WORKER_LANES];
    interrupt_become_child();
    keep_memory();
    for (unsigned i = 0; i < WORKER_LANES; i++) {
        lanes[i] = lane_open(run, &states[i], fd, i);
        if (!lanes[i])
            _exit(EXIT_FAILED);
    }
    while (take_requests(lanes, fd))
        make_calls(lanes);
    /* Nobody waits for what is under way. */
    interrupt_end();
}
