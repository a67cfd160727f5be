/* The progress of a long job on the status line, at most five times a second. */
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

/* Seconds of a monotonic clock. */
double progress_now(void);

/* CPU seconds of this process; NAN: unknown. */
double progress_cpu_now(void);

void progress_start(struct progress *progress, int64_t total, int rate);

/* Whether to show it again. Cheap enough for every chunk. */
bool progress_is_due(const struct progress *progress);

/* details: appended, may be "". */
void progress_show(struct progress *progress, int64_t done, const char *details);

void progress_end(struct progress *progress);

#endif
