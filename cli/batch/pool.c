#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "batch/pool.h"

#include "batch/exchange.h"
#include "batch/folder.h"
#include "batch/outcome.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the status line may stand still. */
#define WAIT_MILLISECONDS 200

/* What each of the others must have left, of what a process would have with another pair: with 1,
 * equal pairs would wait for each other. */
#define ENOUGH 0.9

/* A lane of a process as the run sees it. */
struct place {
    /* AGAIN: its process ended with several pairs, and it waits for one of its own. */
    enum { FREE, UNDER_WAY, AGAIN } state;
    struct request request;
};

struct process {
    pid_t pid; /* 0: there is none */
    int fd;    /* of a socket to it */
    struct inbox inbox;
    bool alone; /* with a pair that may have ended another process */
    struct place places[WORKER_LANES];
    struct lane_state *states; /* of the lanes, written by the process */
};

struct pool {
    const struct batch_run *run;
    struct plan *plan;
    struct board *board;
    struct process *processes;
    struct pollfd *waiting;
    unsigned jobs;
    unsigned begun;         /* pairs that are not finished */
    struct batch_pair next; /* mic NULL: not known yet */
    double left;            /* weight of the pairs after it */
    bool over, failed, stopping;
};

static unsigned count_places(const struct process *process, int state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WORKER_LANES; i++)
        count += (int)process->places[i].state == state;
    return count;
}

static bool is_busy(const struct process *process)
{
    return count_places(process, UNDER_WAY) > 0;
}

/* ---- Processes -------------------------------------------------------------------------- */

static void fail(struct pool *p, const char *what)
{
    report_error("%s: %s", what, strerror(errno));
    p->failed = p->over = true;
}

/* Returns its status. */
static int end_process(struct process *process)
{
    int status = 0;
    if (process->pid == 0)
        return 0;
    close(process->fd);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    inbox_free(&process->inbox);
    process->pid = 0;
    process->fd = -1;
    return status;
}

static bool start_process(struct pool *p, struct process *process)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
        fail(p, "cannot make a socket");
        return false;
    }
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    fflush(stdout);
    process->pid = fork();
    if (process->pid == 0) {
        /* Those of the others end when we close their sockets, which must not stay open here. */
        for (unsigned i = 0; i < p->jobs; i++)
            if (p->processes[i].pid)
                close(p->processes[i].fd);
        close(fds[0]);
        batch_worker_run(p->run, process->states, fds[1]);
    }
    close(fds[1]);
    process->fd = fds[0];
    if (process->pid > 0)
        return true;
    fail(p, "cannot start a process");
    close(fds[0]);
    process->pid = 0;
    process->fd = -1;
    return false;
}

/* false: it cannot be asked. */
static bool ask(struct pool *p, struct process *process, const struct request *request)
{
    process->states[request->lane] = (struct lane_state){0};
    if (process->pid && request_send(process->fd, request))
        return true;
    /* There is none yet, or it has died; with another pair, its end is still to be noticed. */
    if (is_busy(process))
        return true;
    end_process(process);
    return start_process(p, process) && request_send(process->fd, request);
}

/* ---- Starting --------------------------------------------------------------------------- */

static void forget_pair(struct pool *p, struct place *place)
{
    request_free(&place->request);
    place->state = FREE;
    p->begun--;
}

static void begin(struct pool *p, struct process *process, struct place *place)
{
    if (ask(p, process, &place->request)) {
        place->state = UNDER_WAY;
        return;
    }
    if (!p->failed)
        fail(p, "cannot start a process");
    forget_pair(p, place);
}

static unsigned find_place(const struct process *process, int state)
{
    unsigned i = 0;
    while ((int)process->places[i].state != state)
        i++;
    return i;
}

/* One of the pairs with which a process has ended, alone in a new one. */
static void begin_again(struct pool *p, struct process *process)
{
    struct place *place = &process->places[find_place(process, AGAIN)];
    end_process(process);
    process->alone = true;
    if (p->stopping)
        forget_pair(p, place);
    else
        begin(p, process, place);
}

/* false: there is no next pair. */
static bool find_next(struct pool *p)
{
    if (interrupted())
        p->over = true;
    if (p->over || p->next.mic)
        return !p->over;
    p->over = !plan_next(p->plan, &p->next);
    p->left -= p->next.weight;
    return !p->over;
}

static void begin_next(struct pool *p, struct process *process)
{
    const struct batch_pair pair = p->next;
    const unsigned lane = find_place(process, FREE);
    struct place *place = &process->places[lane];
    p->next = (struct batch_pair){0};
    if (!journal_claim(p->run->journal, pair.out, pair.mic)) {
        p->board->failed++;
        p->board->unrecorded++;
        p->board->passed_over += pair.weight;
    } else if (request_make(&place->request, lane, &pair)) {
        p->begun++;
        begin(p, process, place);
    } else {
        fail(p, pair.mic);
    }
}

static double weight_left(const struct process *process)
{
    double weight = 0.0;
    for (unsigned i = 0; i < WORKER_LANES; i++)
        weight += (1.0 - (double)process->states[i].share) * process->places[i].request.pair.weight;
    return weight;
}

/* Beside those that it has: if the others have enough to do meanwhile. Otherwise they would be idle
 * while its pairs slow each other down. */
static bool may_take_more(const struct pool *p, const struct process *process)
{
    const double own = weight_left(process) + p->next.weight;
    double others = fmax(p->left, 0.0);
    for (unsigned i = 0; i < p->jobs; i++)
        if (&p->processes[i] != process)
            others += weight_left(&p->processes[i]);
    return others >= ENOUGH * (p->jobs - 1) * own;
}

/* For processes with so many pairs. */
static void begin_more_beside(struct pool *p, unsigned pairs)
{
    for (unsigned i = 0; i < p->jobs; i++) {
        struct process *process = &p->processes[i];
        while (!process->alone && count_places(process, UNDER_WAY) == pairs && find_next(p) &&
               (pairs == 0 || may_take_more(p, process)))
            begin_next(p, process);
    }
}

static void begin_more(struct pool *p)
{
    for (unsigned i = 0; i < p->jobs; i++) {
        struct process *process = &p->processes[i];
        while (count_places(process, AGAIN) > 0 && !is_busy(process))
            begin_again(p, process);
    }
    for (unsigned pairs = 0; pairs < WORKER_LANES; pairs++)
        begin_more_beside(p, pairs);
}

/* ---- Results ---------------------------------------------------------------------------- */

static void take_answers(struct pool *p, struct process *process)
{
    struct answer answer;
    while (inbox_next(&process->inbox, &answer)) {
        struct place *place = &process->places[answer.lane % WORKER_LANES];
        if (answer.lane >= WORKER_LANES || place->state != UNDER_WAY) {
            errno = EPROTO;
            fail(p, "a process");
            continue;
        }
        if (!outcome_take(p->run, p->board, &place->request.pair, &answer))
            p->failed = p->over = true;
        forget_pair(p, place);
        process->alone = false;
    }
}

static void remove_leftovers(const struct pool *p, const char *out)
{
    char *path = out[0] == '/' ? strdup(out) : folder_join(p->run->options->folder, out);
    if (path)
        output_remove_leftovers(path);
    free(path);
}

/* A pair that was alone in a process has ended it; one of several has another chance. */
static void heed_end(struct pool *p, struct process *process)
{
    const bool again = count_places(process, UNDER_WAY) > 1;
    const int status = end_process(process);
    process->alone = false;
    for (unsigned i = 0; i < WORKER_LANES; i++) {
        struct place *place = &process->places[i];
        const struct batch_pair *pair = &place->request.pair;
        if (place->state != UNDER_WAY)
            continue;
        remove_leftovers(p, pair->out);
        if (again && process->states[i].begun)
            journal_has_begun(p->run->journal, pair->out);
        process->states[i] = (struct lane_state){0};
        if (again) {
            place->state = AGAIN;
            continue;
        }
        /* What was told to end has not failed: the next run does it again. */
        if (!p->stopping && !outcome_take_end(p->run, p->board, pair, status))
            p->failed = p->over = true;
        forget_pair(p, place);
    }
}

/* ---- Waiting ---------------------------------------------------------------------------- */

static void wait_for_answers(struct pool *p)
{
    for (unsigned i = 0; i < p->jobs; i++) {
        const struct process *process = &p->processes[i];
        p->waiting[i] =
            (struct pollfd){.fd = is_busy(process) ? process->fd : -1, .events = POLLIN};
    }
    if (poll(p->waiting, p->jobs, WAIT_MILLISECONDS) <= 0)
        return;
    for (unsigned i = 0; i < p->jobs; i++) {
        struct process *process = &p->processes[i];
        if (!p->waiting[i].revents)
            continue;
        if (inbox_read(&process->inbox, process->fd))
            take_answers(p, process);
        else
            heed_end(p, process);
    }
}

static double under_way(const struct pool *p)
{
    double weight = 0.0;
    for (unsigned i = 0; i < p->jobs; i++)
        for (unsigned k = 0; k < WORKER_LANES; k++)
            weight += (double)p->processes[i].states[k].share *
                      p->processes[i].places[k].request.pair.weight;
    return weight;
}

/* A terminal's Ctrl-C may wait; a system that shuts down or takes the machine back does not. */
static void heed_signals(struct pool *p)
{
    const int number = interrupt_signal();
    if (!number || p->stopping)
        return;
    if (!p->over && number == SIGINT && p->begun > 0)
        report_note("completing %u pair%s that ha%s begun; Ctrl-C again: end at once", p->begun,
                    p->begun == 1 ? "" : "s", p->begun == 1 ? "s" : "ve");
    p->over = true;
    if (number == SIGINT)
        return;
    p->stopping = true;
    for (unsigned i = 0; i < p->jobs; i++)
        if (is_busy(&p->processes[i]))
            kill(p->processes[i].pid, SIGTERM);
}

static void run_all(struct pool *p)
{
    begin_more(p);
    while (p->begun > 0) {
        wait_for_answers(p);
        heed_signals(p);
        begin_more(p);
        board_show(p->board, under_way(p));
    }
}

bool pool_run(const struct batch_run *run, struct plan *plan, struct board *board, unsigned jobs)
{
    struct pool p = {.run = run, .plan = plan, .board = board, .jobs = jobs, .left = plan->weight};
    const size_t size = jobs * WORKER_LANES * sizeof(struct lane_state);
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    p.processes = calloc(jobs, sizeof(*p.processes));
    p.waiting = calloc(jobs, sizeof(*p.waiting));
    if (shared == MAP_FAILED || !p.processes || !p.waiting) {
        fail(&p, "cannot start");
    } else {
        for (unsigned i = 0; i < jobs; i++)
            p.processes[i].states = (struct lane_state *)shared + (size_t)i * WORKER_LANES;
        run_all(&p);
        for (unsigned i = 0; i < jobs; i++)
            end_process(&p.processes[i]);
    }
    board_end(board);
    free(p.processes);
    free(p.waiting);
    if (shared != MAP_FAILED)
        munmap(shared, size);
    return !p.failed;
}
