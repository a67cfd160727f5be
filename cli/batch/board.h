/* How far a run has come: a status line on a terminal, now and then a line elsewhere. */
#ifndef UNECHO_CLI_BATCH_BOARD_H
#define UNECHO_CLI_BATCH_BOARD_H

#include "batch/plan.h"

#include <stdbool.h>
#include <stddef.h>

struct board {
    size_t total; /* pairs */
    double weight;
    size_t done, unchanged, failed;
    size_t warned;      /* of those done */
    size_t unfit;       /* of those done: see struct summary */
    size_t unrecorded;  /* of those failed: not in the journal, where another has their output */
    double seconds;     /* of audio processed */
    double processed;   /* weight of what this run has processed */
    double passed_over; /* weight of what was unchanged, or failed at once */
    double start, last; /* s */
    bool on_terminal, quiet;
};

void board_start(struct board *board, const struct plan *plan, bool quiet);

/* under_way: weight of the finished parts of unfinished pairs. Cheap when nothing is due. */
void board_show(struct board *board, double under_way);

/* Remove the status line. */
void board_end(struct board *board);

/* "1 h 5 min" */
void board_write_time(char *text, size_t size, double seconds);

#endif
