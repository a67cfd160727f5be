#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "batch/pool.h"

#include "batch/folder.h"
#include "files/json.h"
#include "files/json_read.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
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

struct slot {
    pid_t pid; /* 0: there is none */
    int fd;    /* of a socket to it */
    bool busy; /* with the pair: */
    char *mic, *far, *out;
    double weight;
    char *text; /* the answer so far */
    size_t length, room;
};

struct pool {
    const struct batch_run *run;
    struct plan *plan;
    struct board *board;
    struct slot *slots;
    struct pollfd *waiting;
    volatile float *shares; /* of each slot, written by its process */
    unsigned jobs, running;
    bool over, failed, stopping;
};

/* ---- Starting --------------------------------------------------------------------------- */

static void forget_pair(struct slot *slot)
{
    free(slot->mic);
    free(slot->far);
    free(slot->out);
    free(slot->text);
    *slot = (struct slot){.pid = slot->pid, .fd = slot->fd};
}

static void fail(struct pool *p, const char *what)
{
    report_error("%s: %s", what, strerror(errno));
    p->failed = p->over = true;
}

/* Returns its status. */
static int end_process(struct slot *slot)
{
    int status = 0;
    if (slot->pid == 0)
        return 0;
    close(slot->fd);
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
        ;
    slot->pid = 0;
    slot->fd = -1;
    return status;
}

static bool start_process(struct pool *p, unsigned index)
{
    struct slot *slot = &p->slots[index];
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
        fail(p, "cannot make a socket");
        return false;
    }
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    fflush(stdout);
    slot->pid = fork();
    if (slot->pid == 0) {
        /* Those of the others end when we close their sockets, which must not stay open here. */
        for (unsigned i = 0; i < p->jobs; i++)
            if (i != index && p->slots[i].pid)
                close(p->slots[i].fd);
        close(fds[0]);
        batch_worker_run(p->run, &p->shares[index], fds[1]);
    }
    close(fds[1]);
    slot->fd = fds[0];
    if (slot->pid > 0)
        return true;
    fail(p, "cannot start a process");
    close(fds[0]);
    slot->pid = 0;
    slot->fd = -1;
    return false;
}

/* false: it cannot be asked. */
static bool ask(struct pool *p, unsigned index, const struct batch_pair *pair)
{
    struct slot *slot = &p->slots[index];
    if (slot->pid && batch_worker_ask(slot->fd, pair))
        return true;
    /* There is none yet, or it has died since its last answer. */
    end_process(slot);
    return start_process(p, index) && batch_worker_ask(slot->fd, pair);
}

static void start(struct pool *p, unsigned index, const struct batch_pair *pair)
{
    struct slot *slot = &p->slots[index];
    slot->mic = strdup(pair->mic);
    slot->far = pair->far ? strdup(pair->far) : NULL;
    slot->out = strdup(pair->out);
    slot->weight = pair->weight;
    p->shares[index] = 0.0f;
    slot->busy = slot->mic && slot->out && ask(p, index, pair);
    if (slot->busy) {
        p->running++;
        return;
    }
    if (!p->failed)
        fail(p, "cannot start a process");
    forget_pair(slot);
}

/* The next pair whose output is its own. */
static bool take_next(struct pool *p, struct batch_pair *pair)
{
    while (!interrupted() && plan_next(p->plan, pair)) {
        if (journal_claim(p->run->journal, pair->out))
            return true;
        p->board->failed++;
        p->board->passed_over += pair->weight;
    }
    return false;
}

static void start_more(struct pool *p)
{
    struct batch_pair pair;
    for (unsigned i = 0; i < p->jobs && !p->over; i++) {
        if (p->slots[i].busy)
            continue;
        if (take_next(p, &pair))
            start(p, i, &pair);
        else
            p->over = true;
    }
}

/* ---- Results ---------------------------------------------------------------------------- */

/* What is worth more than a line in the journal. Returns whether it is a warning. */
static bool show_message(const struct slot *slot, const char *message, bool failed)
{
    static const char note[] = "note: ", warning[] = "warning: ";
    const bool names = strstr(message, slot->mic) || (slot->far && strstr(message, slot->far)) ||
                       strstr(message, slot->out);
    if (strncmp(message, note, sizeof(note) - 1) == 0)
        return false;
    if (strncmp(message, warning, sizeof(warning) - 1) == 0) {
        report_warning("%s%s%s", names ? "" : slot->mic, names ? "" : ": ",
                       message + sizeof(warning) - 1);
        return true;
    }
    if (failed)
        report_error("%s%s%s", names ? "" : slot->mic, names ? "" : ": ", message);
    return false;
}

/* Returns whether one of them is a warning. */
static bool show_messages(const struct slot *slot, char *messages, bool failed)
{
    char *lines[JOURNAL_MEMBERS];
    size_t count;
    bool warned = false;
    if (json_read_strings(messages, lines, JOURNAL_MEMBERS, &count) != NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        warned = show_message(slot, lines[i], failed) || warned;
    return warned;
}

/* The line of a pair whose process ended without one. */
static bool write_end(struct slot *slot, int status)
{
    size_t size;
    FILE *stream;
    free(slot->text);
    stream = open_memstream(&slot->text, &size);
    if (!stream)
        return false;
    fprintf(stream, "%c{\"time\": %.3f, \"out\": ", WORKER_NEW, journal_now());
    json_print_string(slot->out, stream);
    fputs(", \"mic\": ", stream);
    json_print_string(slot->mic, stream);
    if (WIFSIGNALED(status))
        fprintf(
            stream,
            ", \"status\": \"failed\", \"messages\": [\"its process was ended by signal %d%s\"]}\n",
            WTERMSIG(status),
            WTERMSIG(status) == SIGKILL   ? " (out of memory?)"
            : WTERMSIG(status) == SIGSEGV ? " (a crash)"
                                          : "");
    else
        fprintf(stream,
                ", \"status\": \"failed\", \"messages\": [\"its process ended with status %d\"]}\n",
                WEXITSTATUS(status));
    if (fclose(stream) != 0)
        return false;
    slot->length = size;
    return true;
}

static void remove_leftovers(const struct pool *p, const char *out)
{
    char *path = out[0] == '/' ? strdup(out) : folder_join(p->run->options->folder, out);
    if (path)
        output_remove_leftovers(path);
    free(path);
}

static double number(const struct json_member *members, size_t count, const char *key)
{
    const struct json_member *member = json_find(members, count, key);
    return member && member->type == JSON_NUMBER ? member->number : 0.0;
}

/* The text of the answer is a letter and a line. */
static void take_answer(struct pool *p, struct slot *slot)
{
    struct json_member members[JOURNAL_MEMBERS];
    const struct json_member *messages;
    const char *line = slot->text + 1, *status;
    const size_t length = slot->length - 1;
    size_t count;
    char *copy = strdup(line);
    bool failed, warned = false;
    if (!copy || json_read_object(copy, members, JOURNAL_MEMBERS, &count) != NULL) {
        free(copy);
        errno = copy ? EPROTO : ENOMEM;
        fail(p, slot->out);
        return;
    }
    status = json_find_text(members, count, "status");
    failed = !status || strcmp(status, "done") != 0;
    if (slot->text[0] == WORKER_NEW &&
        !journal_record(p->run->journal, slot->out, number(members, count, "time"), line, length))
        p->failed = p->over = true;
    if (p->run->options->json)
        fwrite(line, 1, length, stdout);
    messages = json_find(members, count, "messages");
    if (slot->text[0] == WORKER_NEW && messages && messages->type == JSON_NESTED)
        warned = show_messages(slot, messages->text, failed);
    if (slot->text[0] == WORKER_UNCHANGED) {
        p->board->unchanged++;
        p->board->passed_over += slot->weight;
    } else if (failed) {
        p->board->failed++;
        p->board->passed_over += slot->weight;
    } else {
        p->board->done++;
        p->board->warned += warned;
        p->board->processed += slot->weight;
        p->board->seconds += number(members, count, "seconds");
    }
    free(copy);
}

/* whole: its process has answered and waits for the next pair. */
static void finish(struct pool *p, struct slot *slot, bool whole)
{
    p->running--;
    if (whole) {
        slot->text[slot->length] = '\0';
        take_answer(p, slot);
    } else {
        const int status = end_process(slot);
        remove_leftovers(p, slot->out);
        /* What was told to end has not failed: the next run does it again. */
        if (!p->stopping && write_end(slot, status))
            take_answer(p, slot);
    }
    forget_pair(slot);
}

/* false: its process has ended. */
static bool read_some(struct slot *slot)
{
    ssize_t more;
    if (slot->room - slot->length < 4096) {
        char *text = realloc(slot->text, 2 * slot->room + 8192);
        if (!text)
            return false;
        slot->text = text;
        slot->room = 2 * slot->room + 8192;
    }
    more = read(slot->fd, slot->text + slot->length, slot->room - slot->length - 1);
    if (more > 0)
        slot->length += (size_t)more;
    return more > 0 || (more < 0 && errno == EINTR);
}

/* ---- Waiting ---------------------------------------------------------------------------- */

static void wait_for_answers(struct pool *p)
{
    nfds_t count = 0;
    for (unsigned i = 0; i < p->jobs; i++)
        p->waiting[i] =
            (struct pollfd){.fd = p->slots[i].busy ? p->slots[i].fd : -1, .events = POLLIN};
    count = p->jobs;
    if (poll(p->waiting, count, WAIT_MILLISECONDS) <= 0)
        return;
    for (unsigned i = 0; i < p->jobs; i++) {
        struct slot *slot = &p->slots[i];
        if (!p->waiting[i].revents)
            continue;
        if (!read_some(slot))
            finish(p, slot, false);
        else if (slot->length > 1 && slot->text[slot->length - 1] == '\n')
            finish(p, slot, true);
    }
}

static double under_way(const struct pool *p)
{
    double weight = 0.0;
    for (unsigned i = 0; i < p->jobs; i++)
        if (p->slots[i].busy)
            weight += (double)p->shares[i] * p->slots[i].weight;
    return weight;
}

/* A terminal's Ctrl-C may wait; a system that shuts down or takes the machine back does not. */
static void heed_signals(struct pool *p)
{
    const int number = interrupt_signal();
    if (!number || p->stopping)
        return;
    if (!p->over && number == SIGINT && p->running > 0)
        report_note("completing %u pair%s that ha%s begun; Ctrl-C again: end at once", p->running,
                    p->running == 1 ? "" : "s", p->running == 1 ? "s" : "ve");
    p->over = true;
    if (number == SIGINT)
        return;
    p->stopping = true;
    for (unsigned i = 0; i < p->jobs; i++)
        if (p->slots[i].busy)
            kill(p->slots[i].pid, SIGTERM);
}

static void run_all(struct pool *p)
{
    start_more(p);
    while (p->running > 0) {
        wait_for_answers(p);
        heed_signals(p);
        start_more(p);
        board_show(p->board, under_way(p));
    }
}

bool pool_run(const struct batch_run *run, struct plan *plan, struct board *board, unsigned jobs)
{
    struct pool p = {.run = run, .plan = plan, .board = board, .jobs = jobs};
    const size_t size = jobs * sizeof(*p.shares);
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    p.slots = calloc(jobs, sizeof(*p.slots));
    p.waiting = calloc(jobs, sizeof(*p.waiting));
    if (shared == MAP_FAILED || !p.slots || !p.waiting) {
        fail(&p, "cannot start");
    } else {
        p.shares = shared;
        run_all(&p);
        for (unsigned i = 0; i < jobs; i++)
            end_process(&p.slots[i]);
    }
    board_end(board);
    free(p.slots);
    free(p.waiting);
    if (shared != MAP_FAILED)
        munmap(shared, size);
    return !p.failed;
}
