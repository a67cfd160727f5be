/*
 * A process for pairs: a file that crashes a decoder, or exhausts the memory, ends that process and
 * no other. The model's weights are loaded before and shared. It has several pairs at a time, as
 * the library takes less time for streams in one call than for one after the other.
 */
#ifndef UNECHO_CLI_BATCH_WORKER_H
#define UNECHO_CLI_BATCH_WORKER_H

#include "batch/lane.h"

#include <stdnoreturn.h>

/* With two the library takes 7 % less time, with four 12 %. */
enum { WORKER_LANES = 4 };

/* Process each pair that is requested by fd, a socket, in a lane that is free. Ends the process
 * when the other end of fd is closed. */
noreturn void batch_worker_run(const struct batch_run *run, struct lane_state states[WORKER_LANES],
                               int fd);

#endif
