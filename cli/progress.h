/*
 * How far the work has come, on the status line. It does not know what the work is.
 */
#ifndef UNECHO_CLI_PROGRESS_H
#define UNECHO_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;
    double start, last; /* seconds, monotonic */
    int64_t total;      /* samples, -1 if unknown */
    int rate;           /* of the samples, Hz */
};

/* Seconds of a clock that only goes forward. */
double progress_now(void);

void progress_start(struct progress *progress, int64_t total, int rate);

/* Whether it is time to show it again. Cheap enough for every chunk. */
bool progress_is_due(const struct progress *progress);

/* details: what else is to be said, "" for nothing. */
void progress_show(struct progress *progress, int64_t done, const char *details);

void progress_end(struct progress *progress);

#endif
