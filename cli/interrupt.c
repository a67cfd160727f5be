/* A signal sets a flag, which the work checks between chunks. */
#include "interrupt.h"

#include "report.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Files written at the same time. */
enum { UNFINISHED_MOST = 8 };

/* The number of the first signal. */
static volatile sig_atomic_t request;
static volatile sig_atomic_t nothing_to_finish, is_child;
static const char *volatile unfinished[UNFINISHED_MOST];

_Noreturn void interrupt_end(void)
{
    for (int i = 0; i < UNFINISHED_MOST; i++)
        if (unfinished[i])
            unlink(unfinished[i]);
    _exit(EXIT_FAILED);
}

static void on_request(int signal_number)
{
    static const char why[] = "unecho: interrupted\n";
#if defined(_WIN32)
    signal(signal_number, on_request); /* which is forgotten each time */
#endif
    if (nothing_to_finish && !is_child)
        (void)!write(STDERR_FILENO, why, sizeof(why) - 1);
    if (request || nothing_to_finish)
        interrupt_end();
    request = signal_number;
}

/* All that would end the program, and leave unfinished files with voices in them. */
static const int ends[] = {
#if defined(_WIN32)
    SIGINT,
    SIGTERM,
    SIGBREAK,
#else
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF,
#endif
};

#if defined(_WIN32)
static void handle(int signal_number)
{
    signal(signal_number, on_request);
}
#else
static void handle(int signal_number)
{
    struct sigaction action = {0}, old;
    /* nohup, and shells for background jobs, ignore some signals: keep it so. */
    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return;
    /* No SA_RESTART: a read from a silent pipe must return. */
    action.sa_handler = on_request;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}
#endif

void interrupt_install(void)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        handle(ends[i]);
#if !defined(_WIN32)
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
#endif
}

void interrupt_ends_at_once(void)
{
    nothing_to_finish = 1;
}

void interrupt_become_child(void)
{
    signal(SIGINT, SIG_IGN);
    is_child = nothing_to_finish = 1;
    request = 0;
}

bool interrupted(void)
{
    return request != 0;
}

int interrupt_signal(void)
{
    return request;
}

static void replace(const char *old, const char *path)
{
    int i = 0;
    while (i < UNFINISHED_MOST && unfinished[i] != old)
        i++;
    if (i < UNFINISHED_MOST)
        unfinished[i] = path;
}

void interrupt_removes(const char *path)
{
    replace(NULL, path);
}

void interrupt_keeps(const char *path)
{
    replace(path, NULL);
}
