/* Runs the pairs of a plan in processes, several at a time, and records what comes of them. */
#ifndef UNECHO_CLI_BATCH_POOL_H
#define UNECHO_CLI_BATCH_POOL_H

#include "batch/board.h"
#include "batch/plan.h"
#include "batch/worker.h"

#include <stdbool.h>

/*
 * After SIGINT the pairs that have begun are completed; other signals end them at once. false: the
 * journal cannot be written, or no process started; reported.
 */
bool pool_run(const struct batch_run *run, struct plan *plan, struct board *board, unsigned jobs);

#endif
