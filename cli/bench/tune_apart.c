/* A search in a process of its own. */
#include "bench/tune_search.h"
#include "bench/worker.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* false: reported. */
static bool wait_for(pid_t child)
{
    int how = 0;
    while (waitpid(child, &how, 0) < 0) {
        if (errno != EINTR) {
            report_error("lost the process that searches for settings: %s", strerror(errno));
            return false;
        }
        if (interrupted())
            kill(child, SIGTERM);
    }
    if (WIFSIGNALED(how))
        report_error("signal %d ended the search for settings", WTERMSIG(how));
    return WIFEXITED(how) && WEXITSTATUS(how) == EXIT_DONE;
}

bool tune_search_apart(const struct tune_request *request, struct tune_finding *finding)
{
    float *shared = worker_share(sizeof(*finding) / sizeof(float) + 1);
    bool done = false;
    pid_t child;
    if (!shared)
        return false;
    child = fork();
    if (child == 0) {
        const bool found = tune_search(request, finding);
        memcpy(shared, finding, sizeof(*finding));
        _exit(found ? EXIT_DONE : EXIT_FAILED);
    }
    if (child < 0)
        report_error("cannot start a process: %s", strerror(errno));
    else
        done = wait_for(child);
    memcpy(finding, shared, sizeof(*finding));
    worker_unshare(&shared, sizeof(*finding) / sizeof(float) + 1);
    return done;
}
