/* One run of `unecho process` in steps, for commands that cancel the echo of many pairs and have
 * several under way. */
#ifndef UNECHO_CLI_PROCESS_H
#define UNECHO_CLI_PROCESS_H

#include "process/process_options.h"
#include "process/session.h"
#include "process/summary.h"

#include "unecho_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes what would otherwise be shown to the user. */
struct process_watch {
    void *user;
    unecho_model *model; /* already loaded; NULL: the one that the options name */
    /* Gets each chunk of the output; length: of the whole, -1 if unknown. */
    void (*output)(void *user, const float *samples, size_t n, int64_t length);
    void (*done)(void *user, const struct summary *summary);
    double (*cpu_seconds)(void *user); /* that the job has cost so far */
};

struct process_job;

/*
 * Open inputs and output, and examine the pair. options: checked; they and watch outlive the job;
 * watch NULL: progress and summary go to the user. What fails is reported, and the job is over.
 * NULL: out of memory, reported.
 */
struct process_job *process_begin(const process_options *options,
                                  const struct process_watch *watch);

/* The next call of the library, to be made before anything else is done with the job. false: there
 * is none, as the job is over. */
bool process_next(struct process_job *job, struct session_call *call);

/* Take the status that the call has returned. */
void process_take(struct process_job *job, int status);

/* Complete the output, sum up, and free the job. Returns an exit code. */
int process_end(struct process_job *job);

#endif
