/*
 * A process for one pair after the other: a file that crashes a decoder, or exhausts the memory,
 * ends that process and no other, and fails its pair only. The model's weights are loaded before
 * and shared.
 */
#ifndef UNECHO_CLI_BATCH_WORKER_H
#define UNECHO_CLI_BATCH_WORKER_H

#include "batch/batch_options.h"
#include "batch/journal.h"
#include "batch/plan.h"

#include "unecho_model.h"

#include <stdint.h>
#include <stdnoreturn.h>

/* What all pairs of a run have in common. */
struct batch_run {
    const batch_options *options;
    struct journal *journal;
    char *options_text;
    unecho_model *model; /* NULL: the engine has none */
    uint64_t model_hash;
    unecho *stream; /* keeps the packed weights in memory; NULL: none */
};

/* The first byte of the answer; then comes the pair's line. */
enum { WORKER_NEW = 'n', WORKER_UNCHANGED = 'u' };

/*
 * Process each pair that comes from fd, a socket, unless its line in the journal and its output are
 * what would come of it. Writes the answer to fd, and to *share how much is done, 0 to 1. Ends the
 * process when the other end of fd is closed.
 */
noreturn void batch_worker_run(const struct batch_run *run, volatile float *share, int fd);

/* Have the process at the other end of fd process a pair. false: it is gone. */
bool batch_worker_ask(int fd, const struct batch_pair *pair);

#endif
