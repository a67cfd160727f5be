/*
 * One pair after the other, each in steps: from the request to the first call of the library that
 * it waits for, from call to call, and to the answer. So a process can have several under way.
 */
#ifndef UNECHO_CLI_BATCH_LANE_H
#define UNECHO_CLI_BATCH_LANE_H

#include "batch/batch_options.h"
#include "batch/exchange.h"
#include "batch/journal.h"
#include "process/session.h"

#include "unecho_model.h"

#include <stdbool.h>
#include <stdint.h>

/* What all pairs of a run have in common. */
struct batch_run {
    const batch_options *options;
    struct journal *journal;
    char *options_text;
    unecho_model *model; /* NULL: the engine has none */
    uint64_t model_hash;
    unecho *stream; /* keeps the packed weights in memory; NULL: none */
};

/* Of the pair in a lane, in memory that the process shares with the one that started it. */
struct lane_state {
    volatile float share; /* that is done, 0 to 1 */
    volatile bool begun;  /* the journal says so */
};

struct lane;

/* The lane of that number, whose answers go to fd. NULL: out of memory. */
struct lane *lane_open(const struct batch_run *run, struct lane_state *state, int fd,
                       unsigned number);

/* Begin with the pair of a request, whose text becomes the lane's, unless its line in the journal
 * and its output are what would come of it. */
void lane_begin(struct lane *lane, const struct request *request);

/* The call that the pair waits for; NULL: no pair is under way. */
const struct session_call *lane_call(const struct lane *lane);

/* Go on after that call. status: what it returned; cpu_seconds: what it has cost. */
void lane_go_on(struct lane *lane, int status, double cpu_seconds);

#endif
