/* What comes of a pair: its line goes to the journal, its messages to the user, and the board
 * counts it. */
#ifndef UNECHO_CLI_BATCH_OUTCOME_H
#define UNECHO_CLI_BATCH_OUTCOME_H

#include "batch/board.h"
#include "batch/exchange.h"
#include "batch/lane.h"

#include <stdbool.h>

/* false: the journal cannot be written, or the answer makes no sense; reported. */
bool outcome_take(const struct batch_run *run, struct board *board, const struct batch_pair *pair,
                  const struct answer *answer);

/* Of a pair that has failed, as it has ended its process. status: as waitpid gives it. */
bool outcome_take_end(const struct batch_run *run, struct board *board,
                      const struct batch_pair *pair, int status);

#endif
