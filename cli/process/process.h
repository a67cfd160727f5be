/* One run of `unecho process`, for commands that cancel the echo of many pairs. */
#ifndef UNECHO_CLI_PROCESS_H
#define UNECHO_CLI_PROCESS_H

#include "process/process_options.h"
#include "process/summary.h"

#include "unecho_model.h"

#include <stddef.h>
#include <stdint.h>

/* Takes what would otherwise be shown to the user. */
struct process_watch {
    void *user;
    unecho_model *model; /* already loaded; NULL: the one that the options name */
    /* Gets each chunk of the output; length: of the whole, -1 if unknown. */
    void (*output)(void *user, const float *samples, size_t n, int64_t length);
    void (*done)(void *user, const struct summary *summary);
};

/* options: checked. watch NULL: progress and summary go to the user. Returns an exit code. */
int process_run(const process_options *options, const struct process_watch *watch);

#endif
